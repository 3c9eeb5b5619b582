package libvirt_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/adapter/libvirt"
	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/libvirt"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/platformtest"
)

type block = platformtest.Config

func TestConformance(t *testing.T) {
	s := lab.Serve(t, lab.Options{})
	p := newPerson(t, s)
	platformtest.Run(t, platformtest.Suite{
		Driver:  libvirt.New(),
		Config:  settings(s, nil),
		Second:  settings(lab.Serve(t, lab.Options{}), nil),
		Refused: refused(t, s),
		Backend: p,
		Kinds: map[string]platformtest.Case{
			"machine":  {Values: p.machineValues(), Minimal: p.leastMachine},
			"snapshot": {Values: p.snapshotValues(), Path: snapshotPath},
			"network":  {Values: networkValues()},
		},
		Cannot: map[string]string{
			"path machine":  "a domain has a UUID and a name, which is unique",
			"twin machine":  "names of domains are unique",
			"twin network":  "names of networks are unique",
			"name snapshot": "every machine has snapshots of its own: one is named <machine>/<snapshot>",
		},
	})
}

func settings(s *lab.Server, more map[string]any) map[string]any {
	c := map[string]any{"uri": s.URI(), "shutdown_timeout": "4s"}
	maps.Copy(c, more)
	return c
}

func refused(t *testing.T, s *lab.Server) []platformtest.Refused {
	t.Helper()
	nobody := filepath.Join(t.TempDir(), "nobody")
	return []platformtest.Refused{
		{Name: "no daemon", Settings: map[string]any{"uri": "qemu+unix:///system?socket=" + nobody}, Says: nobody},
		{Name: "no such transport", Settings: map[string]any{"uri": "qemu+pigeon://host/system"}, Says: "pigeon"},
		{Name: "unknown parameter", Settings: map[string]any{"uri": s.URI() + "&sockets=x"}, Says: "sockets"},
		{Name: "no such driver", Settings: map[string]any{"uri": "xen+unix:///system?socket=" + s.SocketPath}, Says: "xen"},
	}
}

// kernel is the tiny guest, as a file on the host.
func (p *person) kernel(name string) string { return filepath.Join(p.server.Dir, name) }

func (p *person) furnish(t *testing.T) {
	t.Helper()
	for _, name := range []string{"tiny", "tiny2"} {
		if err := lab.WriteTinyGuest(p.kernel(name), 0); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(p.kernel(name), 0o644); err != nil { //nolint:gosec // qemu reads it
			t.Fatal(err)
		}
	}
	guest := lab.NeedGuest(t)
	for _, name := range []string{"initrd1", "initrd2"} {
		if err := os.Symlink(guest.Initrd, p.kernel(name)); err != nil {
			t.Fatal(err)
		}
	}
	p.real = guest.Kernel
	p.image = filepath.Join(p.server.Pool("default"), "tiny.raw")
	if err := lab.WriteTinyGuest(p.image, 1<<20); err != nil {
		t.Fatal(err)
	}
	if err := p.virsh(t.Context(), "pool-refresh", "default"); err != nil {
		t.Fatal(err)
	}
}

// leastMachine runs a guest that lets devices go and heeds the power button.
func (p *person) leastMachine(*platformtest.Bench) block {
	return block{"memory": "64MiB", "image_id": p.image, "boot_disk": block{"size": "10GiB"}}
}

func (p *person) machineValues() platformtest.Values {
	v := platformtest.Values{
		"memory":            platformtest.Of("64MiB", "128MiB"),
		"boot_disk.storage": platformtest.Of("default", "second"),
		"disks.*.storage":   platformtest.Of("default", "second"),
	}
	kernel, linux := block{"libvirt": block{"kernel": p.kernel("tiny")}}, block{"libvirt": block{"kernel": p.real}}
	vnc := block{"libvirt": block{"graphics": "vnc"}}
	own := map[string]platformtest.Pair{
		"type":                         {Old: "qemu", New: "qemu"},
		"machine":                      platformtest.Of("q35", "pc-q35-6.2"),
		"max_cpus":                     platformtest.Of(4, 8),
		"max_memory":                   platformtest.Of("256MiB", "512MiB"),
		"cpu":                          platformtest.Of("maximum", "Nehalem"),
		"cores":                        {Old: 1, New: 2, With: block{"cpus": 4}},
		"threads":                      {Old: 1, New: 2, With: block{"cpus": 4}},
		"disk_bus":                     platformtest.Of("virtio", "scsi"),
		"nic_model":                    platformtest.Of("virtio", "e1000e"),
		"linked_clone":                 platformtest.Of(true, false),
		"kernel":                       platformtest.Of(p.kernel("tiny"), p.kernel("tiny2")),
		"initrd":                       {Old: p.kernel("initrd1"), New: p.kernel("initrd2"), With: linux, Alone: true},
		"command_line":                 {Old: "quiet", New: "verbose", With: kernel},
		"boot_order":                   platformtest.Of([]any{"hd"}, []any{"cdrom", "hd"}),
		"cdrom":                        platformtest.Of(p.kernel("tiny"), p.kernel("tiny2")),
		"serial_log":                   platformtest.Of(p.kernel("serial1.log"), p.kernel("serial2.log")),
		"address_source":               platformtest.Of([]any{"lease"}, []any{"agent", "lease"}),
		"graphics":                     platformtest.Of("vnc", "none"),
		"graphics_listen":              {Old: "127.0.0.1", New: "0.0.0.0", With: vnc, Alone: true},
		"graphics_password_wo":         {Old: "Secret-1", New: "Secret-2", With: block{"libvirt": block{"graphics": "vnc", "graphics_password_wo_version": 1}}, NewWith: block{"libvirt": block{"graphics_password_wo_version": 2}}, Alone: true},
		"graphics_password_wo_version": {Old: 1, New: 2, With: block{"libvirt": block{"graphics": "vnc", "graphics_password_wo": "Secret-1"}}, Alone: true},
		"xml_overlay": platformtest.Of(
			"<domain><memoryBacking><nosharepages/></memoryBacking></domain>",
			"<domain><devices><watchdog model='i6300esb' action='reset'/></devices></domain>"),
	}
	for name, pair := range own {
		v["libvirt."+name] = pair
	}
	return v
}

// snapshotValues: without its memory, a running machine's snapshot lies in files.
func (p *person) snapshotValues() platformtest.Values {
	off := func(b *platformtest.Bench) any { return p.off(b.Name()) }
	return platformtest.Values{
		"memory":           platformtest.Of(true, false),
		"quiesce":          {Old: false, New: true, With: block{"memory": false}, Alone: true},
		"libvirt.external": {Old: false, New: true, With: block{"machine_id": off}, Alone: true},
	}
}

func networkValues() platformtest.Values { return platformtest.Values{} }

func snapshotPath(state map[string]any) string {
	return fmt.Sprintf("%v/%v", state["machine_id"], state["name"])
}

// Fault makes the call of the server fail that ends, or for half of the work is in the middle of, an operation.
func (p *person) Fault(_ context.Context, f platformtest.Fault) (map[string]any, func(), error) {
	procedures := map[string]lab.Procedure{
		"create machine": procDefine, "create machine half": procStart, "update machine": procDefine, "update machine half": procStart,
		"delete machine half": procUndefine,
		"create snapshot":     procSnapshot, "create snapshot half": procSnapshotXML, "update snapshot": procSnapshot,
		"update snapshot half": procSnapshot, "delete snapshot half": procSnapshotDelete,
	}
	what := f.Verb + " " + f.Kind
	if f.Half {
		what += " half"
	}
	procedure, ok := procedures[what]
	if !ok {
		return nil, nil, platformtest.ErrCannot
	}
	fault := lab.Fault{Procedure: procedure, Code: 9, Message: "No space left on device", Hang: f.Hang}
	p.proxy.Inject(fault)
	return settings(p.server, map[string]any{"uri": p.proxy.URI()}), p.proxy.Clear, nil
}

// Procedures by their numbers in libvirt's remote_protocol.x.
const (
	procSnapshot       lab.Procedure = 185
	procSnapshotXML    lab.Procedure = 186
	procSnapshotDelete lab.Procedure = 193
	procStart          lab.Procedure = 196
	procUndefine       lab.Procedure = 231
	procDefine         lab.Procedure = 350
)
