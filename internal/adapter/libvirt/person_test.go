package libvirt_test

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/libvirt"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/platformtest"
)

// person works on a host with virsh.
type person struct {
	server *lab.Server
	proxy  *lab.Proxy
	serial int
	image  string // path of a volume that holds the tiny guest
	real   string // path of a Linux kernel
}

func newPerson(t *testing.T, s *lab.Server) *person {
	t.Helper()
	proxy, err := lab.StartProxy(context.WithoutCancel(t.Context()), s.SocketPath)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	p := &person{server: s, proxy: proxy}
	p.furnish(t)
	return p
}

// virsh runs one command.
func (p *person) virsh(ctx context.Context, args ...string) error {
	_, err := p.server.Virsh(ctx, args...)
	return err
}

// shown is what virsh dumpxml tells that a test wants to know.
type shown struct {
	Name   string `xml:"name"`
	Memory string `xml:"metadata>record"`
	Disks  []struct {
		Device string `xml:"device,attr"`
		Source struct {
			File string `xml:"file,attr"`
			Dev  string `xml:"dev,attr"`
		} `xml:"source"`
		Target struct {
			Dev string `xml:"dev,attr"`
		} `xml:"target"`
	} `xml:"devices>disk"`
	NICs []struct {
		MAC struct {
			Address string `xml:"address,attr"`
		} `xml:"mac"`
	} `xml:"devices>interface"`
}

func (p *person) dump(ctx context.Context, machine string, flags ...string) (shown, error) {
	var got shown
	text, err := p.server.Virsh(ctx, append([]string{"dumpxml", machine}, flags...)...)
	if err != nil {
		return got, err
	}
	return got, xml.Unmarshal([]byte(text), &got)
}

// file writes a document for virsh.
func (p *person) file(text string) (string, error) {
	p.serial++
	name := filepath.Join(p.server.Dir, fmt.Sprintf("person-%d.xml", p.serial))
	return name, os.WriteFile(name, []byte(text), 0o600)
}

// off makes a machine that is off and has a qcow2 disk.
func (p *person) off(name string) string {
	ctx := context.Background()
	disk := filepath.Join(p.server.Pool("default"), name+".qcow2")
	doc := fmt.Sprintf(`<domain type='qemu'><name>%s</name><memory unit='MiB'>64</memory><os><type machine='q35'>hvm</type></os><devices>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='%s'/><target dev='vda' bus='virtio'/></disk></devices></domain>`, name, disk)
	file, err := p.file(doc)
	if err != nil {
		panic(err)
	}
	for _, args := range [][]string{{"vol-create-as", "default", name + ".qcow2", "64M", "--format", "qcow2"}, {"define", file}} {
		if err := p.virsh(ctx, args...); err != nil {
			panic(err)
		}
	}
	id, err := p.server.Virsh(ctx, "domuuid", name)
	if err != nil {
		panic(err)
	}
	return strings.TrimSpace(id)
}

// Remove takes an object away.
func (p *person) Remove(ctx context.Context, kind, id string) error {
	switch kind {
	case "machine":
		_ = p.virsh(ctx, "destroy", id) // it may be off
		return p.virsh(ctx, "undefine", id, "--nvram", "--managed-save", "--snapshots-metadata")
	case "snapshot":
		machine, name, _ := strings.Cut(id, "/")
		return p.virsh(ctx, "snapshot-delete", machine, name)
	case "network":
		_ = p.virsh(ctx, "net-destroy", id)
		return p.virsh(ctx, "net-undefine", id)
	case "disk", "image":
		return p.virsh(ctx, "vol-delete", id)
	case "storage_pool":
		_ = p.virsh(ctx, "pool-destroy", id)
		return p.virsh(ctx, "pool-undefine", id)
	}
	return platformtest.ErrCannot
}

// Change changes one thing.
func (p *person) Change(ctx context.Context, c platformtest.Change) error {
	switch c.Kind {
	case "machine":
		return p.changeMachine(ctx, c)
	case "snapshot":
		return p.changeSnapshot(ctx, c)
	}
	return platformtest.ErrCannot
}

func (p *person) changeSnapshot(ctx context.Context, c platformtest.Change) error {
	machine, name, _ := strings.Cut(c.ID, "/")
	if c.Attribute != "description" {
		return platformtest.ErrCannot
	}
	text, err := p.server.Virsh(ctx, "snapshot-dumpxml", machine, name, "--security-info")
	if err != nil {
		return err
	}
	text = regexp.MustCompile(`<description>.*?</description>`).ReplaceAllString(text, "")
	text = strings.Replace(text, "</name>", fmt.Sprintf("</name><description>%s</description>", c.Value), 1)
	file, err := p.file(text)
	if err != nil {
		return err
	}
	return p.virsh(ctx, "snapshot-create", machine, file, "--redefine", "--current")
}

func (p *person) changeMachine(ctx context.Context, c platformtest.Change) error {
	text := fmt.Sprint(c.Value)
	kib := func() string { return strings.TrimSuffix(text, "iB") }
	size := func() string { return strings.TrimSuffix(text, "iB") }
	var script [][]string
	switch c.Attribute {
	case "name":
		script = [][]string{{"destroy", c.ID}, {"domrename", c.ID, text}, {"start", c.ID}}
	case "description":
		script = [][]string{{"desc", c.ID, "--config", "--live", text}}
	case "cpus":
		script = [][]string{{"setvcpus", c.ID, text, "--maximum", "--config"}, {"setvcpus", c.ID, text, "--config"}}
	case "memory":
		script = [][]string{{"setmaxmem", c.ID, kib(), "--config"}, {"setmem", c.ID, kib(), "--config"}}
	case "power":
		script = [][]string{{map[string]string{"on": "start", "off": "destroy", "suspended": "managedsave"}[text], c.ID}}
	case "autostart":
		script = [][]string{{"autostart", c.ID}}
		if text == "false" {
			script[0] = append(script[0], "--disable")
		}
	case "tags":
		return p.changeTags(ctx, c)
	case "boot_disk.size":
		got, err := p.dump(ctx, c.ID)
		if err != nil {
			return err
		}
		script = [][]string{{"blockresize", c.ID, got.Disks[0].Source.File, size()}}
	default:
		if strings.HasPrefix(c.Attribute, "disks.") {
			script = [][]string{{"blockresize", c.ID, c.Element, size()}}
			break
		}
		return p.changeNIC(ctx, c)
	}
	for _, args := range script {
		if err := p.virsh(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

// changeNIC connects an adapter to another network.
func (p *person) changeNIC(ctx context.Context, c platformtest.Change) error {
	name, err := p.server.Virsh(ctx, "net-name", fmt.Sprint(c.Value))
	if err != nil {
		return err
	}
	doc := fmt.Sprintf(`<interface type='network'><mac address='%s'/><source network='%s'/><model type='virtio'/></interface>`, c.Element, strings.TrimSpace(name))
	file, err := p.file(doc)
	if err != nil {
		return err
	}
	return p.virsh(ctx, "update-device", c.ID, file, "--live", "--config")
}

// changeTags edits what the provider keeps in the metadata.
func (p *person) changeTags(ctx context.Context, c platformtest.Change) error {
	const namespace = "https://terraform-virt.dev/libvirt/1"
	text, err := p.server.Virsh(ctx, "metadata", c.ID, namespace, "--config")
	if err != nil {
		return err
	}
	var element struct {
		Text string `xml:",chardata"`
	}
	if err := xml.Unmarshal([]byte(text), &element); err != nil {
		return err
	}
	record := map[string]any{}
	if err := json.Unmarshal([]byte(element.Text), &record); err != nil {
		return err
	}
	record["tags"] = c.Value
	changed, err := json.Marshal(record)
	if err != nil {
		return err
	}
	var escaped strings.Builder
	if err := xml.EscapeText(&escaped, changed); err != nil {
		return err
	}
	return p.virsh(ctx, "metadata", c.ID, namespace, "--key", "virt", "--config", "--live", "--set", "<record>"+escaped.String()+"</record>")
}

// Attach adds a disk or a NIC.
func (p *person) Attach(ctx context.Context, machine, what string) error {
	if what == "nics" {
		file, err := p.file(`<interface type='user'><model type='virtio'/></interface>`)
		if err != nil {
			return err
		}
		return p.virsh(ctx, "attach-device", machine, file, "--live", "--config")
	}
	p.serial++
	name := fmt.Sprintf("by-hand-%d.qcow2", p.serial)
	if err := p.virsh(ctx, "vol-create-as", "default", name, "64M", "--format", "qcow2"); err != nil {
		return err
	}
	return p.virsh(ctx, "attach-disk", machine, filepath.Join(p.server.Pool("default"), name), "vdz", "--driver", "qemu", "--subdriver", "qcow2", "--live", "--config")
}

// Detach takes a disk or a NIC off the running machine, as virsh does without further words.
func (p *person) Detach(ctx context.Context, machine, what, id string) error {
	if what == "nics" {
		return p.virsh(ctx, "detach-interface", machine, "network", "--mac", id)
	}
	return p.virsh(ctx, "detach-disk", machine, id)
}

// Slots lists the disks or NICs in the order of the devices.
func (p *person) Slots(ctx context.Context, kind, id, what string) ([]string, error) {
	if kind != "machine" {
		return nil, platformtest.ErrCannot
	}
	got, err := p.dump(ctx, id)
	var list []string
	if what == "nics" {
		for _, n := range got.NICs {
			list = append(list, n.MAC.Address)
		}
		return list, err
	}
	for _, d := range got.Disks {
		if d.Device == "disk" && d.Target.Dev != "vda" {
			list = append(list, d.Source.File)
		}
	}
	return list, err
}

// Kept says whether a volume is still there.
func (p *person) Kept(_ context.Context, disk string) (bool, error) {
	_, err := os.Stat(disk)
	if os.IsNotExist(err) {
		return false, nil
	}
	return err == nil, err
}

// Twin makes another object of the same name.
func (p *person) Twin(ctx context.Context, kind, id string) error {
	if kind != "disk" && kind != "image" {
		return platformtest.ErrCannot
	}
	return p.virsh(ctx, "vol-create-as", "second", filepath.Base(id), "64M")
}
