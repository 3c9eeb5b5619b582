package libvirt_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/adapter/libvirt"
	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/libvirt"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/platformtest"
)

type block = platformtest.Config

// together is how many cases run at a time: guests mostly wait, for a button or for a deadline.
const together = 6

func TestConformance(t *testing.T) {
	s := lab.Serve(t, lab.Options{})
	p := newPerson(t, s)
	platformtest.Run(t, platformtest.Suite{
		Driver:   libvirt.New(),
		Config:   settings(s, nil),
		Second:   settings(lab.Serve(t, lab.Options{}), nil),
		Refused:  refused(t, s),
		Backend:  p,
		Together: true,
		Kinds: map[string]platformtest.Case{
			"machine":      {Values: p.machineValues(), Minimal: p.leastMachine, Together: together, Slow: 15 * time.Second},
			"snapshot":     {Values: p.snapshotValues(), Path: snapshotPath, Together: together, SameID: true},
			"network":      {Values: networkValues()},
			"disk":         {Values: p.diskValues(), Path: byPool, Together: together, SameID: true},
			"image":        {Values: p.imageValues(), Path: byPool, Together: together, SameID: true},
			"storage_pool": {Values: p.poolValues(), Minimal: p.leastPool},
			"host":         {},
		},
		Cannot: map[string]string{
			"path machine":                          "a domain has a UUID and a name, which is unique",
			"another value of machine libvirt.type": "a host without KVM has QEMU alone",
			"twin machine":                          "names of domains are unique",
			"change network name":                   "libvirt renames no network",
			"path network":                          "a network has a UUID and a name, which is unique",
			"change disk name":                      "libvirt renames no volume",
			"change image name":                     "libvirt renames no volume",
			"change storage_pool name":              "libvirt renames no pool",
			"path storage_pool":                     "a pool has a UUID and a name, which is unique",
			"twin storage_pool":                     "names of pools are unique",
			"fault create image*half-way":           "an image is sent under another name: under its own it is whole or not there",
			"fault update image*":                   "nothing of an image changes in place",
			"twin network":                          "names of networks are unique",
			"change snapshot name":                  "a snapshot inside the disks cannot be renamed",
			"twin snapshot":                         "names of a machine's snapshots are unique",
			"name snapshot":                         "every machine has snapshots of its own: one is named <machine>/<snapshot>",
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
		if err := os.Chmod(p.kernel(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.server.Exec(t.Context(), "ip", "link", "add", "eth9", "type", "veth", "peer", "name", "eth9p"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.server.Exec(t.Context(), "qemu-img", "create", "-q", "-f", "qcow2", p.kernel("tiny.qcow2"), "1M"); err != nil {
		t.Fatal(err)
	}
	p.shares(t)
	guest := lab.NeedGuest(t)
	for _, name := range []string{"initrd1", "initrd2"} {
		if err := os.Symlink(guest.Initrd, p.kernel(name)); err != nil {
			t.Fatal(err)
		}
	}
	p.guest = guest
	p.image = filepath.Join(p.server.Pool("default"), "tiny.raw")
	if err := lab.WriteTinyGuest(p.image, 1<<20); err != nil {
		t.Fatal(err)
	}
	if err := p.virsh(t.Context(), "pool-refresh", "default"); err != nil {
		t.Fatal(err)
	}
}

// shares gives the host two block devices with file systems, and lets it mount NFS shares: this kernel may have no NFS,
// so that a mount of one is an empty file system under the share's name. libvirt sees no difference.
func (p *person) shares(t *testing.T) {
	t.Helper()
	script := "set -e\nprintf '#!/bin/sh\\nexec mount -t tmpfs -o size=32m \"$1\" \"$2\"\\n' >" + p.kernel("mount.nfs") +
		"\nchmod +x " + p.kernel("mount.nfs") + "\nmount --bind " + p.kernel("mount.nfs") + " /sbin/mount.nfs\n"
	for _, name := range []string{"fs1", "fs2"} {
		file := p.kernel(name)
		script += "truncate -s 32M " + file + "\nmkfs.ext4 -q " + file + "\nlosetup --show -f " + file + "\n"
	}
	out, err := p.server.Exec(t.Context(), "sh", "-c", script)
	if err != nil {
		t.Fatal(err)
	}
	p.devices = strings.Fields(out)
	t.Cleanup(func() {
		for _, device := range p.devices {
			_, _ = p.server.Exec(context.WithoutCancel(t.Context()), "losetup", "-d", device)
		}
	})
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
	kernel, linux := block{"libvirt": block{"kernel": p.kernel("tiny")}}, block{"libvirt": block{"kernel": p.guest.Kernel}}
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
	agent := func(b *platformtest.Bench) any { return p.agent(b.Name()) }
	return platformtest.Values{
		"memory":           platformtest.Of(true, false),
		"quiesce":          {Old: false, New: true, With: block{"memory": false, "machine_id": agent}, Alone: true},
		"libvirt.external": {Old: false, New: true, With: block{"machine_id": off}, Alone: true},
	}
}

// networkValues: the networks of most cases do not run, since several of one range cannot.
func networkValues() platformtest.Values {
	one := func(more block) block { return block{"subnets": block{"one": more}} }
	sub := one(block{"cidr": "10.10.0.0/24"})
	dhcp := one(block{"dhcp": block{"first": "10.10.0.10", "last": "10.10.0.100"}})
	return platformtest.Values{
		"mode":              {Old: "nat", New: "routed", With: sub},
		"subnets.*.dns":     {Old: []any{"10.10.0.53"}, New: []any{"10.10.0.54", "10.10.0.53"}, With: dhcp},
		"libvirt.bridge":    {Old: "ctbr0", New: "ctbr1", Alone: true},
		"libvirt.device":    {Old: "eth9", New: "eth9p", With: sub},
		"libvirt.domain":    {Old: "one.example", New: "two.example", With: sub},
		"libvirt.hosts":     {Old: block{"a": "10.10.0.5"}, New: block{"a": "10.10.0.6", "b": "10.10.0.5,fd00::5"}, With: sub},
		"libvirt.autostart": platformtest.Of(false, true),
		"libvirt.active":    platformtest.Of(false, true),
	}
}

// byPool is a volume spelled by its pool and name.
func byPool(state map[string]any) string {
	pool := state["storage"]
	if own, ok := state["libvirt"].(map[string]any); ok && own["pool"] != nil {
		pool = own["pool"]
	}
	if pool == nil {
		pool = "default"
	}
	return fmt.Sprintf("%v/%v", pool, state["name"])
}

func (p *person) diskValues() platformtest.Values {
	return platformtest.Values{
		"storage":              platformtest.Of("default", "second"),
		"libvirt.linked_clone": {Old: false, New: true, With: block{"source_id": p.image, "type": "qcow2"}, Alone: true},
	}
}

func (p *person) imageValues() platformtest.Values {
	return platformtest.Values{
		"libvirt.pool": platformtest.Of("default", "second"),
		"machine_id":   {Old: func(b *platformtest.Bench) any { return p.off(b.Name()) }, New: func(b *platformtest.Bench) any { return p.off(b.Name()) }, Without: []string{"source"}, Alone: true},
		"format":       {Old: "raw", New: "qcow2", With: block{"source": p.kernel("tiny")}, NewWith: block{"source": p.kernel("tiny.qcow2")}},
		"checksum":     {Old: p.sum("tiny"), New: p.sum("tiny.qcow2"), With: block{"source": p.kernel("tiny")}, NewWith: block{"source": p.kernel("tiny.qcow2")}, Alone: true},
	}
}

// leastPool is a folder that is there.
func (p *person) leastPool(b *platformtest.Bench) block {
	return block{"type": "dir", "path": p.folder(b)}
}

func (p *person) folder(b *platformtest.Bench) string {
	dir := filepath.Join(p.server.Dir, "pool", b.Name())
	if err := os.MkdirAll(dir, 0o755); err != nil {
		panic(err)
	}
	return dir
}

func (p *person) poolValues() platformtest.Values {
	path := func(b *platformtest.Bench) any { return p.folder(b) }
	return platformtest.Values{
		"type":    {Old: "dir", New: "nfs", NewWith: block{"server": "nas-1.invalid", "export": "/srv/one"}},
		"path":    platformtest.Of(path, path),
		"devices": {Old: []any{p.devices[0]}, New: []any{p.devices[1]}, With: block{"type": "fs"}, Gone: block{"type": "dir"}, Alone: true},
	}
}

func snapshotPath(state map[string]any) string {
	return fmt.Sprintf("%v/%v", state["machine_id"], state["name"])
}

// Fault makes the call of the server fail that ends, or for half of the work is in the middle of, an operation.
func (p *person) Fault(ctx context.Context, f platformtest.Fault) (map[string]any, func(), error) {
	what := f.Verb + " " + f.Kind
	if f.Half {
		what += " half"
	}
	list, ok := faults()[what]
	if f.Hang {
		if other, hangs := hanging()[what]; hangs {
			list = other
		}
	}
	if !ok {
		return nil, nil, platformtest.ErrCannot
	}
	proxy, err := lab.StartProxy(ctx, p.server.SocketPath)
	if err != nil {
		return nil, nil, err
	}
	for _, fault := range list {
		fault.Code, fault.Message, fault.Hang = 9, "No space left on device", f.Hang
		proxy.Inject(fault)
	}
	clear := func() { // what hangs is cut, what is left behind goes on
		proxy.Clear()
		p.proxies(proxy)
	}
	return settings(p.server, map[string]any{"uri": proxy.URI()}), clear, nil
}

// faults are the calls that fail, by what shall fail. Where the adapter takes back what it could not make, that fails too.
func faults() map[string][]lab.Fault {
	at := func(list ...lab.Procedure) (faults []lab.Fault) {
		for _, p := range list {
			faults = append(faults, lab.Fault{Procedure: p})
		}
		return faults
	}
	after := func(n int, p lab.Procedure) []lab.Fault { return []lab.Fault{{Procedure: p, After: n}} }
	return map[string][]lab.Fault{
		"create machine": at(procDefine), "create machine half": at(procStart),
		"update machine": at(procSetVcpus), "update machine half": at(procAttach),
		"delete machine half": at(procUndefine),

		"create network": at(procNetDefine), "create network half": after(1, procNetDefine),
		"update network": at(procNetDefine), "update network half": after(2, procNetXML),
		"delete network half": at(procNetUndefine),

		"create disk": at(procVolCreate), "create disk half": at(procVolXML, procVolDelete),
		"update disk": at(procVolResize), "update disk half": after(2, procVolXML),
		"delete disk half": at(procVolDelete),

		"create image": at(procVolCreate), "delete image half": at(procVolDelete),

		"create storage_pool": at(procPoolDefine), "create storage_pool half": at(procPoolStart, procPoolUndefine),
		"update storage_pool": at(procPoolAutostart), "update storage_pool half": at(procPoolAutostart),
		"delete storage_pool half": at(procPoolUndefine),

		"create snapshot": at(procSnapshot), "create snapshot half": at(procSnapshotXML),
		"update snapshot": at(procSnapshot), "update snapshot half": at(procSnapshot), "delete snapshot half": at(procSnapshotDelete),
	}
}

// hanging are the calls that hang where others than those that fail have to: the plan makes these, too.
func hanging() map[string][]lab.Fault {
	return map[string][]lab.Fault{
		"update network half": {{Procedure: procNetDefine}},
		"create disk half":    {{Procedure: procVolCreate}},
		"update disk half":    {{Procedure: procVolResize}},
	}
}

// Procedures by their numbers in libvirt's remote_protocol.x.
const (
	procNetStart       lab.Procedure = 39
	procNetDefine      lab.Procedure = 41
	procNetXML         lab.Procedure = 43
	procNetUndefine    lab.Procedure = 49
	procPoolDefine     lab.Procedure = 77
	procPoolStart      lab.Procedure = 78
	procPoolUndefine   lab.Procedure = 82
	procPoolAutostart  lab.Procedure = 90
	procVolCreate      lab.Procedure = 93
	procVolDelete      lab.Procedure = 94
	procVolXML         lab.Procedure = 99
	procVolResize      lab.Procedure = 260
	procSnapshot       lab.Procedure = 185
	procSnapshotXML    lab.Procedure = 186
	procSnapshotDelete lab.Procedure = 193
	procStart          lab.Procedure = 196
	procUndefine       lab.Procedure = 231
	procDefine         lab.Procedure = 350
	procAttach         lab.Procedure = 160
	procSetVcpus       lab.Procedure = 199
)
