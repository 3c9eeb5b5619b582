package openstack_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/openstack"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/platformtest"
)

// machines is the fixture of servers.
func (p *person) machines() fixture {
	return fixture{
		Case: platformtest.Case{
			Values: p.machineValues(),
			Minimal: func(*platformtest.Bench) block {
				return block{"image_id": p.image}
			},
			Elements: map[string]func(*platformtest.Bench, int) block{"nics": p.nic},
			Slow:     20 * time.Second,
			Together: 6,
		},
		remove: p.removeMachine,
		change: p.changeMachine,
		slots:  p.machineSlots,
		twin:   p.twinMachine,
		faults: map[string][]lab.Fault{
			"create":      {{Service: "compute", Method: "POST", Path: "/servers"}},
			"create half": {{Service: "compute", Method: "PUT", Path: "/servers/{id}/tags"}},
			"update":      {{Service: "compute", Method: "PUT", Path: "/servers/{id}"}},
			"update half": {{Service: "compute", Method: "POST", Path: "/servers/{id}/os-volume_attachments"}},
			"delete half": {{Service: "volume", Method: "DELETE", Path: "/volumes/{id}"}},
		},
		cannot: map[string]string{
			"path machine": "servers have names and ids and nothing else",
			"another value of machine placement.host": "the lab has one host",
			"another value of machine placement.zone": "the lab has one zone",
			"slots machine nics":                      "no service tells in which order a server has its ports",
			"change machine nics.*.network_id":        "a port keeps its network for life",
		},
	}
}

func (p *person) nic(*platformtest.Bench, int) block { return block{"network_id": p.network(0)} }

func (p *person) machineValues() platformtest.Values {
	of := func(what func(int) string) platformtest.Pair {
		return platformtest.Of(func(*platformtest.Bench) any { return what(0) }, func(*platformtest.Bench) any { return what(1) })
	}
	fresh := func(make func() any) platformtest.Pair {
		value := func(*platformtest.Bench) any { return make() }
		return platformtest.Of(value, value)
	}
	list := func(what func(int) string) platformtest.Pair {
		return platformtest.Of(func(*platformtest.Bench) any { return []any{what(0)} }, func(*platformtest.Bench) any { return []any{what(1)} })
	}
	eth0 := func(*platformtest.Bench) any { return block{"eth0": p.nic(nil, 0)} }
	imageID := of(p.images)
	imageID.Missed = "is made from an image"
	network, subnet := of(p.network), of(p.subnet)
	network.Missed, subnet.Alone = "needs a network", true
	v := platformtest.Values{
		"image_id":            imageID,
		"size":                {Old: "t1.small", New: "t1.medium", Without: []string{"cpus", "memory"}, Alone: true},
		"boot_disk.size":      platformtest.Of("1GiB", "2GiB"),
		"boot_disk.type":      {Old: "__DEFAULT__", New: "fast", With: block{"boot_disk": block{"size": "1GiB"}}},
		"disks.*.type":        {Old: "__DEFAULT__", New: "fast"},
		"disks.*.disk_id":     fresh(p.volume),
		"nics.*.network_id":   network,
		"nics.*.subnet_id":    subnet,
		"nics.*.mac":          fresh(p.mac),
		"nics.*.addresses":    platformtest.Of(func(*platformtest.Bench) any { return []any{p.ip()} }, func(*platformtest.Bench) any { return []any{p.ip(), p.ip()} }),
		"nics.*.firewall_ids": list(p.group),
		"placement.host":      {Old: p.host(), New: p.host(), Alone: true},
		"placement.zone":      platformtest.Of("nova", "nova"),
		"placement.group":     of(p.serverGroup),
	}
	attached := v["disks.*.disk_id"]
	attached.Alone = true
	v["disks.*.disk_id"] = attached
	ports := fresh(func() any { return block{"eth0": p.port()} })
	ports.With, ports.Alone = block{"nics": eth0}, true
	for name, pair := range map[string]platformtest.Pair{
		"key_pair":        of(p.keyPair),
		"config_drive":    platformtest.Of(false, true),
		"ports":           ports,
		"port_security":   {Old: true, New: false, With: block{"nics": eth0}},
		"locked":          platformtest.Of(false, true),
		"scheduler_hints": platformtest.Of(block{"ct": "1"}, block{"ct": "2"}),
		"volume_boot":     {Old: true, New: false, Without: []string{"boot_disk"}, Alone: true},
	} {
		v["openstack."+name] = pair
	}
	return v
}

// volumeIs waits until a volume has a status, and a size in GiB unless that is 0.
func (p *person) volumeIs(ctx context.Context, id, status string, size int) error {
	return until(ctx, func() (bool, error) {
		var said struct {
			Volume struct {
				Status string
				Size   int
			}
		}
		err := p.do(ctx, "GET", "volumev3", "volumes/"+id, nil, &said)
		return said.Volume.Status == status && (size == 0 || said.Volume.Size == size), err
	})
}

// serverIs waits until a server has a status.
func (p *person) serverIs(ctx context.Context, id string, status ...string) error {
	return until(ctx, func() (bool, error) {
		var said struct {
			Server struct {
				Status string
				Task   *string `json:"OS-EXT-STS:task_state"`
			}
		}
		err := p.do(ctx, "GET", "compute", "servers/"+id, nil, &said)
		return slices.Contains(status, said.Server.Status) && said.Server.Task == nil, err
	})
}

func (p *person) act(ctx context.Context, id, action string, with any) error {
	return p.do(ctx, "POST", "compute", "servers/"+id+"/action", block{action: with}, nil)
}

func (p *person) removeMachine(ctx context.Context, id string) error {
	if err := p.do(ctx, "DELETE", "compute", "servers/"+id, nil, nil); err != nil {
		return err
	}
	return until(ctx, func() (bool, error) {
		err := p.do(ctx, "GET", "compute", "servers/"+id, nil, nil)
		if gone(err) {
			return true, nil
		}
		return false, err
	})
}

func (p *person) twinMachine(ctx context.Context, id string) error {
	var said struct{ Server struct{ Name string } }
	if err := p.do(ctx, "GET", "compute", "servers/"+id, nil, &said); err != nil {
		return err
	}
	twin, err := p.made(ctx, "compute", "servers", "server", block{"name": said.Server.Name, "flavorRef": "1", "imageRef": p.image, "networks": "none"})
	if err != nil {
		return err
	}
	return p.serverIs(ctx, twin, "ACTIVE")
}

// attachment is a volume of a server as nova lists it.
type attachment struct {
	Volume string `json:"volumeId"`
	Device string `json:"device"`
}

func (p *person) attachments(ctx context.Context, id string) ([]attachment, error) {
	var said struct {
		List []attachment `json:"volumeAttachments"`
	}
	err := p.do(ctx, "GET", "compute", "servers/"+id+"/os-volume_attachments", nil, &said)
	slices.SortFunc(said.List, func(a, b attachment) int { return strings.Compare(a.Device, b.Device) })
	return said.List, err
}

func (p *person) machineSlots(ctx context.Context, id, what string) ([]string, error) {
	if what != "disks" {
		return nil, platformtest.ErrCannot
	}
	list, err := p.attachments(ctx, id)
	var slots []string
	for _, a := range list {
		if !strings.HasSuffix(a.Device, "da") {
			slots = append(slots, a.Volume)
		}
	}
	return slots, err
}

// Attach adds a disk or an adapter to a machine.
func (p *person) Attach(ctx context.Context, machine, what string) error {
	if what == "nics" {
		return p.do(ctx, "POST", "compute", "servers/"+machine+"/os-interface", block{"interfaceAttachment": block{"net_id": p.network(1)}}, nil)
	}
	id, err := p.newVolume(ctx)
	if err != nil {
		return err
	}
	if err := p.do(ctx, "POST", "compute", "servers/"+machine+"/os-volume_attachments", block{"volumeAttachment": block{"volumeId": id}}, nil); err != nil {
		return err
	}
	return p.volumeIs(ctx, id, "in-use", 0)
}

// Detach takes a disk or an adapter off a machine.
func (p *person) Detach(ctx context.Context, machine, what, id string) error {
	if what == "nics" {
		if err := p.do(ctx, "DELETE", "compute", "servers/"+machine+"/os-interface/"+id, nil, nil); err != nil {
			return err
		}
		return until(ctx, func() (bool, error) {
			var said struct {
				Port struct {
					Device string `json:"device_id"`
				}
			}
			err := p.do(ctx, "GET", "network", "ports/"+id, nil, &said)
			return said.Port.Device == "", err
		})
	}
	if err := p.do(ctx, "DELETE", "compute", "servers/"+machine+"/os-volume_attachments/"+id, nil, nil); err != nil {
		return err
	}
	return p.volumeIs(ctx, id, "available", 0)
}

// Kept says whether a volume is still there.
func (p *person) Kept(ctx context.Context, disk string) (bool, error) {
	err := p.do(ctx, "GET", "volumev3", "volumes/"+disk, nil, nil)
	if gone(err) {
		return false, nil
	}
	return err == nil, err
}

func (p *person) changeMachine(ctx context.Context, c platformtest.Change) error {
	server := func(what block) error {
		return p.do(ctx, "PUT", "compute", "servers/"+c.ID, block{"server": what}, nil)
	}
	switch c.Attribute {
	case "name", "description":
		return server(block{c.Attribute: c.Value})
	case "cpus":
		return p.resize(ctx, c.ID, "t1.large")
	case "memory":
		return p.resize(ctx, c.ID, p.flavor)
	case "power":
		if err := p.act(ctx, c.ID, "os-stop", nil); err != nil {
			return err
		}
		return p.serverIs(ctx, c.ID, "SHUTOFF")
	case "tags":
		var list []string
		for key, v := range c.Value.(map[string]any) {
			list = append(list, fmt.Sprintf("%s=%v", key, v))
		}
		return p.do(ctx, "PUT", "compute", "servers/"+c.ID+"/tags", block{"tags": list}, nil)
	case "nics.eth0.connected":
		return p.do(ctx, "PUT", "network", "ports/"+c.Element, block{"port": block{"admin_state_up": c.Value}}, nil)
	case "boot_disk.size", "disks.data.size":
		return p.grow(ctx, c)
	}
	return platformtest.ErrCannot
}

func (p *person) grow(ctx context.Context, c platformtest.Change) error {
	id := c.Element
	if id == "" {
		list, err := p.attachments(ctx, c.ID)
		if err != nil || len(list) == 0 {
			return fmt.Errorf("no volume: %w", err)
		}
		id = list[0].Volume
	}
	size, err := platform.ParseSize(c.Value.(string))
	if err != nil {
		return err
	}
	gib := int(size / platform.GiB)
	if err := p.do(ctx, "POST", "volumev3", "volumes/"+id+"/action", block{"os-extend": block{"new_size": gib}}, nil); err != nil {
		return err
	}
	return p.volumeIs(ctx, id, "in-use", gib)
}

func (p *person) resize(ctx context.Context, id, flavor string) error {
	var said struct{ Flavors []struct{ ID, Name string } }
	if err := p.do(ctx, "GET", "compute", "flavors", nil, &said); err != nil {
		return err
	}
	for _, f := range said.Flavors {
		if f.Name == flavor {
			flavor = f.ID
		}
	}
	if err := p.act(ctx, id, "resize", block{"flavorRef": flavor}); err != nil {
		return err
	}
	if err := p.serverIs(ctx, id, "VERIFY_RESIZE"); err != nil {
		return err
	}
	if err := p.act(ctx, id, "confirmResize", nil); err != nil {
		return err
	}
	return p.serverIs(ctx, id, "ACTIVE")
}
