package openstack

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"maps"
	"net/url"
	"strings"
	"sync"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/cloudinit"
)

// creation is a server that is being made, with what has to go again where it comes to nothing.
type creation struct {
	m     *machines
	want  *platform.Machine
	birth string

	mu      sync.Mutex
	ports   map[string]string // made for it, by key
	volumes map[string]string // made for it, by key
}

// Create makes ports and volumes first, so that a guest has them when it starts for the first time, then the server.
func (m *machines) Create(ctx context.Context, want *platform.Machine, made func(id string)) error {
	same, err := m.named(ctx, want.Name)
	if err != nil {
		return err
	}
	if len(same) > 0 {
		return failed("make the machine", want.Name, &platform.ExistsError{Name: want.Name, ID: same[0].ID, Unfinished: same[0].unfinished()})
	}
	c := &creation{m: m, want: want, birth: newBirth(), ports: map[string]string{}, volumes: map[string]string{}}
	spec, err := c.prepare(ctx)
	if err != nil {
		return errors.Join(failed("make the machine", want.Name, err), c.undo(ctx))
	}
	id, err := c.make(ctx, spec)
	if err != nil {
		return errors.Join(failed("make the machine", want.Name, err), c.undo(ctx))
	}
	made(id)
	want.ID = &id
	return c.complete(ctx, id)
}

// prepare makes what the server is to be made with, and describes the server.
func (c *creation) prepare(ctx context.Context) (map[string]any, error) {
	n, disk, err := c.m.imageNeeds(ctx, c.want, needOf(c.want))
	if err != nil {
		return nil, err
	}
	size, err := c.m.choose(ctx, c.want.Size, n)
	if err != nil {
		return nil, err
	}
	if err := c.sweep(ctx); err != nil {
		return nil, err
	}
	server, err := c.describe(size)
	if err != nil {
		return nil, err
	}
	networks, err := c.makePorts(ctx)
	if err != nil {
		return nil, err
	}
	disks, err := c.makeVolumes(ctx)
	if err != nil {
		return nil, err
	}
	server["networks"] = networks
	if root := c.root(max(disk, size.Disk)); len(disks) > 0 || bootsVolume(c.want) {
		server["block_device_mapping_v2"] = append([]any{root}, disks...)
	}
	if c.want.ImageID != nil && !bootsVolume(c.want) {
		server["imageRef"] = *c.want.ImageID
	}
	spec := wrapped("server", server)
	if hints := c.hints(); len(hints) > 0 {
		spec["os:scheduler_hints"] = hints
	}
	return spec, nil
}

// localDisk is the type of a boot disk that is no volume: nova's word for it. It lies on the host, as large as the flavor
// says, and ends with the machine.
const localDisk = "local"

// bootsVolume reports whether the boot disk is to be a volume.
func bootsVolume(want *platform.Machine) bool {
	if want.OpenStack != nil && want.OpenStack.VolumeBoot != nil {
		return *want.OpenStack.VolumeBoot
	}
	if want.BootDisk != nil && value(want.BootDisk.Type) == localDisk {
		return false
	}
	return want.ImageID == nil || want.BootDisk != nil && (want.BootDisk.Size != nil || want.BootDisk.Type != nil)
}

// imageNeeds adds what the image needs, and how large a volume made from it has to be, in GiB.
func (m *machines) imageNeeds(ctx context.Context, want *platform.Machine, n need) (need, int64, error) {
	if want.ImageID == nil {
		return n, 0, nil
	}
	c, err := m.client(serviceImage)
	if err != nil {
		return n, 0, err
	}
	var im struct {
		Disk    int64  `json:"min_disk"`
		Memory  int64  `json:"min_ram"`
		Size    int64  `json:"size"`
		Virtual *int64 `json:"virtual_size"`
	}
	if err := get(ctx, c, "images/"+url.PathEscape(*want.ImageID), nil, &im); err != nil {
		return n, 0, platform.At(failed("read the image", *want.ImageID, err), "image_id")
	}
	n.disk, n.memory = max(n.disk, im.Disk), max(n.memory, im.Memory)
	whole := int64(platform.GiB)
	return n, max(im.Disk, (max(im.Size, value(im.Virtual))+whole-1)/whole, 1), nil
}

// describe is the server but for its disks and networks.
func (c *creation) describe(size *flavor) (map[string]any, error) {
	want, own := c.want, value(c.want.OpenStack)
	tags := tagList(want.Tags, markUnfinished, c.birth)
	if least := leastMark(want, size.Name, size.CPUs, size.Memory); least != "" {
		tags = append(tags, least)
	}
	server := map[string]any{"name": want.Name, "flavorRef": size.ID, "tags": tags}
	for name, v := range map[string]*string{"description": want.Description, "hostname": want.Hostname, "key_name": own.KeyPair} {
		if v != nil {
			server[name] = *v
		}
	}
	metadata := diskNotes(want.Disks)
	maps.Copy(metadata, want.Metadata)
	if len(metadata) > 0 {
		server["metadata"] = metadata
	}
	if own.ConfigDrive != nil {
		server["config_drive"] = *own.ConfigDrive
	}
	place := value(want.Placement)
	if zone := cmp.Or(value(place.Zone), c.m.config.String(setZone)); zone != "" {
		server["availability_zone"] = zone
	}
	if place.Host != nil {
		server["host"] = *place.Host
	}
	data, err := cloudinit.UserData(want, c.birth, "")
	if err != nil {
		return nil, platform.At(err, "login")
	}
	if data != "" {
		server["user_data"] = base64.StdEncoding.EncodeToString([]byte(data))
	}
	return server, nil
}

// hints are for the choice of a host.
func (c *creation) hints() map[string]any {
	hints := map[string]any{}
	for name, v := range value(c.want.OpenStack).SchedulerHints {
		hints[name] = v
		if strings.Contains(v, ",") {
			var list []string
			for part := range strings.SplitSeq(v, ",") {
				list = append(list, strings.TrimSpace(part))
			}
			hints[name] = list
		}
	}
	if group := value(c.want.Placement).Group; group != nil {
		hints["group"] = *group
	}
	return hints
}

// root is the disk that the server boots from.
func (c *creation) root(disk int64) map[string]any {
	root := map[string]any{"boot_index": 0, "source_type": "image", "destination_type": "local", "delete_on_termination": true}
	if c.want.ImageID != nil {
		root["uuid"] = *c.want.ImageID
	} else {
		root["source_type"] = "blank"
	}
	if !bootsVolume(c.want) {
		return root
	}
	root["destination_type"] = "volume"
	boot := value(c.want.BootDisk)
	if boot.Size != nil {
		disk = int64(*boot.Size / platform.GiB)
	}
	root["volume_size"] = disk
	if kind := cmp.Or(value(boot.Type), c.m.config.String(setVolumeType)); kind != "" {
		root["volume_type"] = kind
	}
	return root
}

// make sends the request that makes the server. Where its answer is lost, the server is looked for by the mark that only
// it has: it is never asked for twice.
func (c *creation) make(ctx context.Context, spec map[string]any) (string, error) {
	compute, err := c.m.compute(ctx)
	if err != nil {
		return "", err
	}
	if c.want.Hostname != nil {
		if compute, err = c.m.atLeast(ctx, serviceCompute, "2.90", "hostname"); err != nil {
			return "", platform.At(err, "hostname")
		}
	}
	var body struct{ Server struct{ ID string } }
	err = post(ctx, compute, "servers", spec, &body)
	if err == nil {
		return body.Server.ID, nil
	}
	if lost(err) || ctx.Err() != nil {
		if id := c.born(ctx); id != "" {
			return id, nil
		}
	}
	return "", err
}

// born looks for the server with our mark, for a short while: the request may still be on its way.
func (c *creation) born(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), aftercare)
	defer cancel()
	for try := range 3 {
		list, err := c.m.servers(ctx, url.Values{"tags": {c.birth}})
		if err == nil && len(list) > 0 {
			return list[0].ID
		}
		if sleep(ctx, firstLook<<try) != nil {
			break
		}
	}
	return ""
}
