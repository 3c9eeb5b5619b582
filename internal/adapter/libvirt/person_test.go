package libvirt_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/libvirt"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/platformtest"
)

// person works on a host with virsh.
type person struct {
	server  *lab.Server
	serial  atomic.Int64
	image   string // path of a volume that holds the tiny guest
	mu      sync.Mutex
	met     []*lab.Proxy // those whose faults are over
	guest   lab.Guest
	devices []string // block devices with a file system
}

func newPerson(t *testing.T, s *lab.Server) *person {
	t.Helper()
	p := &person{server: s}
	t.Cleanup(func() {
		for _, proxy := range p.met {
			_ = proxy.Close()
		}
	})
	p.furnish(t)
	return p
}

// proxies keeps a proxy until the end: what was left behind may still use it.
func (p *person) proxies(proxy *lab.Proxy) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.met = append(p.met, proxy)
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
	name := filepath.Join(p.server.Dir, fmt.Sprintf("person-%d.xml", p.serial.Add(1)))
	return name, os.WriteFile(name, []byte(text), 0o600)
}

// off makes a machine that is off and has a qcow2 disk.
func (p *person) off(name string) string {
	return p.define(name, "<memory unit='MiB'>64</memory><os><type machine='q35'>hvm</type></os>", "")
}

// agent makes a machine whose guest's agent answers.
func (p *person) agent(name string) string {
	boot := fmt.Sprintf("<memory unit='MiB'>256</memory><os><type machine='q35'>hvm</type><kernel>%s</kernel><initrd>%s</initrd><cmdline>%s</cmdline></os>",
		p.guest.Kernel, p.guest.Initrd, p.guest.Cmdline)
	id := p.define(name, boot, "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>")
	p.must("start", id)
	for range 120 {
		if p.virsh(context.Background(), "qemu-agent-command", id, `{"execute":"guest-ping"}`) == nil {
			return id
		}
		time.Sleep(time.Second)
	}
	panic("the agent of " + name + " does not answer")
}

// define makes a machine with a disk and further devices.
func (p *person) define(name, boot, devices string) string {
	disk := filepath.Join(p.server.Pool("default"), name+".qcow2")
	file, err := p.file(fmt.Sprintf(`<domain type='qemu'><name>%s</name>%s<features><acpi/></features><devices>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='%s'/><target dev='vda' bus='virtio'/></disk>%s</devices></domain>`, name, boot, disk, devices))
	if err != nil {
		panic(err)
	}
	p.must("vol-create-as", "default", name+".qcow2", "64M", "--format", "qcow2")
	p.must("define", file)
	id, err := p.server.Virsh(context.Background(), "domuuid", name)
	if err != nil {
		panic(err)
	}
	return strings.TrimSpace(id)
}

// must is virsh for what cannot fail.
func (p *person) must(args ...string) {
	if err := p.virsh(context.Background(), args...); err != nil {
		panic(err)
	}
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
	case "network":
		return p.changeNetwork(ctx, c)
	case "disk":
		if c.Attribute == "size" {
			return p.virsh(ctx, "vol-resize", c.ID, strings.TrimSuffix(fmt.Sprint(c.Value), "iB"))
		}
	case "storage_pool":
		if c.Attribute == "libvirt.autostart" {
			args := []string{"pool-autostart", c.ID}
			if c.Value == false {
				args = append(args, "--disable")
			}
			return p.virsh(ctx, args...)
		}
	}
	return platformtest.ErrCannot
}

// changeNetwork edits the definition, as virsh net-edit does.
func (p *person) changeNetwork(ctx context.Context, c platformtest.Change) error {
	text, err := p.server.Virsh(ctx, "net-dumpxml", c.ID, "--inactive")
	if err != nil {
		return err
	}
	switch c.Attribute {
	case "mtu":
		text = regexp.MustCompile(`<mtu size='\d+'/>`).ReplaceAllString(text, fmt.Sprintf("<mtu size='%v'/>", c.Value))
	case "description", "tags":
		if text, err = editRecord(text, c.Attribute, c.Value); err != nil {
			return err
		}
	case "subnets.one.gateway":
		text = regexp.MustCompile(`<ip( family='ipv4')? address='10.10.0.1'`).ReplaceAllString(text, fmt.Sprintf("<ip address='%v'", c.Value))
	default:
		return platformtest.ErrCannot
	}
	file, err := p.file(text)
	if err != nil {
		return err
	}
	return p.virsh(ctx, "net-define", file)
}

// editRecord changes one value of what the provider keeps in a document.
func editRecord(document, name string, value any) (string, error) {
	part := regexp.MustCompile(`(?s)(<virt:record[^>]*>)(.*?)(</virt:record>)`)
	found := part.FindStringSubmatch(document)
	if found == nil {
		return "", fmt.Errorf("there is no record in %s", document)
	}
	record := map[string]any{}
	if err := json.Unmarshal([]byte(html.UnescapeString(found[2])), &record); err != nil {
		return "", err
	}
	record[name] = value
	changed, err := json.Marshal(record)
	if err != nil {
		return "", err
	}
	var escaped strings.Builder
	if err := xml.EscapeText(&escaped, changed); err != nil {
		return "", err
	}
	return strings.Replace(document, found[0], found[1]+escaped.String()+found[3], 1), nil
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

// changeNIC connects an adapter to another network, or pulls its plug.
func (p *person) changeNIC(ctx context.Context, c platformtest.Change) error {
	if strings.HasSuffix(c.Attribute, ".connected") {
		state := map[any]string{true: "up", false: "down"}[c.Value]
		if err := p.virsh(ctx, "domif-setlink", c.ID, c.Element, state); err != nil {
			return err
		}
		return p.virsh(ctx, "domif-setlink", c.ID, c.Element, state, "--config")
	}
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
	changed, err := editRecord("<virt:record>"+regexp.MustCompile(`(?s)<[^>]*>(.*)<[^>]*>`).ReplaceAllString(strings.TrimSpace(text), "$1")+"</virt:record>", "tags", c.Value)
	if err != nil {
		return err
	}
	set := strings.NewReplacer("virt:record", "record").Replace(changed)
	return p.virsh(ctx, "metadata", c.ID, namespace, "--key", "virt", "--config", "--live", "--set", set)
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
	name := fmt.Sprintf("by-hand-%d.qcow2", p.serial.Add(1))
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
	if kind == "network" {
		return p.ranges(ctx, id)
	}
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

// ranges lists the ranges of a network.
func (p *person) ranges(ctx context.Context, id string) ([]string, error) {
	text, err := p.server.Virsh(ctx, "net-dumpxml", id, "--inactive")
	var list []string
	for _, found := range regexp.MustCompile(`<ip address='([0-9.]+)\.\d+' (?:prefix='24'|netmask='255.255.255.0')`).FindAllStringSubmatch(text, -1) {
		list = append(list, found[1]+".0/24")
	}
	return list, err
}

// sum is the checksum of a file.
func (p *person) sum(name string) string {
	content, err := os.ReadFile(p.kernel(name))
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("sha256:%x", sha256.Sum256(content))
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
