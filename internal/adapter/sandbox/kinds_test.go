package sandbox

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func TestNetworkLife(t *testing.T) {
	l := newLab(t, "", nil)
	n := l.network(&platform.Network{Name: "app", VLAN: new(int64(7)), Subnets: map[string]platform.Subnet{
		"a": {CIDR: "10.0.0.0/24", Gateway: new("10.0.0.1"), DNS: []string{"1.1.1.1"}, DHCP: &platform.DHCP{First: new("10.0.0.10"), Reservations: map[string]string{"02:00:00:00:00:01": "10.0.0.9"}}},
		"b": {CIDR: "10.0.1.0/24"},
	}})
	read := func(ctx context.Context, keys ...string) *platform.Network {
		have := &platform.Network{Meta: platform.Meta{ID: n.ID}, Subnets: map[string]platform.Subnet{}}
		for _, k := range keys {
			have.Subnets[k] = platform.Subnet{ID: n.Subnets[k].ID}
		}
		must(t, l.Networks.Read(ctx, have))
		return have
	}
	same(t, read(t.Context(), "a", "b"), n)
	same(t, read(platform.WithImporting(t.Context())), n)
	prior, want := read(t.Context(), "a", "b"), read(t.Context(), "a", "b")
	want.Subnets = map[string]platform.Subnet{"a": {CIDR: "10.0.0.0/24", ID: n.Subnets["a"].ID}, "c": {CIDR: "10.0.2.0/24"}}
	want.VLAN, want.Name = nil, "app2"
	must(t, l.Networks.Update(t.Context(), prior, want))
	n = want
	got := read(t.Context(), "a", "c")
	same(t, got, want)
	if a := got.Subnets["a"]; got.VLAN != nil || a.Gateway != nil || a.DHCP != nil || a.DNS != nil {
		t.Errorf("not reset: %+v", got)
	}
	l.edit("network", n.ID, func(doc map[string]any) {
		doc["subnets"] = append(elements(doc, "subnets"), map[string]any{"id": "x", "cidr": "10.9.0.0/24"})
	})
	if got := read(t.Context(), "a", "c"); len(got.Subnets) != 2 {
		t.Error("a subnet that nobody declared is read")
	}
	m := l.machine(&platform.Machine{Name: "m", NICs: map[string]platform.NIC{"e": {NetworkID: n.ID, SubnetID: n.Subnets["a"].ID}}})
	fails(t, l.Networks.Delete(t.Context(), n), platform.ErrConflict, "")
	gone := read(t.Context(), "a", "c")
	delete(gone.Subnets, "a")
	fails(t, l.Networks.Update(t.Context(), n, gone), platform.ErrConflict, "subnets.a")
	must(t, l.Machines.Delete(t.Context(), m))
	must(t, l.Networks.Delete(t.Context(), n))
	must(t, l.Networks.Delete(t.Context(), n))
}

func TestNetworkRefused(t *testing.T) {
	l := newLab(t, "", nil)
	for _, c := range []struct {
		name   string
		subnet platform.Subnet
	}{
		{"no CIDR", platform.Subnet{CIDR: "10.0.0.0"}},
		{"host bits", platform.Subnet{CIDR: "10.0.0.1/24"}},
		{"overlap", platform.Subnet{CIDR: "192.168.0.0/25"}},
		{"gateway outside", platform.Subnet{CIDR: "10.0.0.0/24", Gateway: new("10.0.1.1")}},
		{"reservation outside", platform.Subnet{CIDR: "10.0.0.0/24", DHCP: &platform.DHCP{Reservations: map[string]string{"m": "10.1.0.0"}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := &platform.Network{Name: "n", Subnets: map[string]platform.Subnet{"a": {CIDR: "192.168.0.0/24"}, "b": c.subnet}}
			fails(t, l.Networks.Create(t.Context(), want, func(string) {}), platform.ErrInvalid, "subnets.b")
		})
	}
}

func TestDiskLife(t *testing.T) {
	l := newLab(t, "", nil)
	d := l.disk("d", platform.GiB)
	copied := &platform.Disk{Name: "copy", SourceID: d.ID, Labels: platform.Labels{Tags: map[string]string{"a": "b"}}}
	must(t, l.Disks.Create(t.Context(), copied, func(string) {}))
	same(t, *copied.Size, platform.GiB)
	got := &platform.Disk{Meta: platform.Meta{ID: copied.ID}}
	must(t, l.Disks.Read(t.Context(), got))
	same(t, got, copied)
	want := *got
	want.Name, want.Size, want.Tags = "grown", new(2*platform.GiB), nil
	must(t, l.Disks.Update(t.Context(), got, &want))
	same(t, *want.Size, 2*platform.GiB)
	small := want
	small.Size = new(platform.GiB)
	fails(t, l.Disks.Update(t.Context(), &want, &small), platform.ErrInvalid, "size")
	fails(t, l.Disks.Create(t.Context(), &platform.Disk{Name: "x", SourceID: want.ID, Size: new(platform.GiB)}, func(string) {}), platform.ErrInvalid, "size")
	fails(t, l.Disks.Create(t.Context(), &platform.Disk{Name: "x", SourceID: new("no")}, func(string) {}), platform.ErrNotFound, "source_id")
	fails(t, l.Disks.Create(t.Context(), &platform.Disk{Name: "d", Size: new(platform.GiB)}, func(string) {}), platform.ErrExists, "")
	fails(t, l.Disks.Create(t.Context(), &platform.Disk{Name: "x", Size: new(platform.Size(0))}, func(string) {}), platform.ErrInvalid, "size")
	id, err := find(t, l.Disks, d.Native["path"])
	must(t, err)
	same(t, id, *d.ID)
	must(t, l.Disks.Delete(t.Context(), d))
}

func TestImageLife(t *testing.T) {
	l := newLab(t, "", nil)
	file := filepath.Join(t.TempDir(), "a.qcow2")
	must(t, os.WriteFile(file, []byte("x"), 0o600))
	i := &platform.Image{Name: "i", Source: &file}
	must(t, l.Images.Create(t.Context(), i, func(string) {}))
	if *i.Format != "qcow2" || *i.Checksum != "sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881" || *i.Size != platform.MiB {
		t.Errorf("%s %s %s", *i.Format, *i.Checksum, i.Size)
	}
	got := &platform.Image{Meta: platform.Meta{ID: i.ID}}
	must(t, l.Images.Read(t.Context(), got))
	same(t, got, i)
	m := l.machine(&platform.Machine{Name: "m", BootDisk: &platform.BootDisk{Size: new(3 * platform.GiB)}, ImageID: i.ID})
	of := &platform.Image{Name: "of", MachineID: m.ID}
	must(t, l.Images.Create(t.Context(), of, func(string) {}))
	same(t, *of.Size, 3*platform.GiB)
	fails(t, l.Machines.Create(t.Context(), &platform.Machine{Name: "n", ImageID: of.ID, BootDisk: &platform.BootDisk{Size: new(platform.GiB)}}, func(string) {}), platform.ErrInvalid, "boot_disk.size")
	want := *of
	want.Name = "renamed"
	must(t, l.Images.Update(t.Context(), of, &want))
	for _, c := range []struct {
		name  string
		want  platform.Image
		class error
		path  string
	}{
		{"no source", platform.Image{}, platform.ErrInvalid, ""},
		{"file gone", platform.Image{Source: new("/nowhere")}, platform.ErrNotFound, "source"},
		{"machine gone", platform.Image{MachineID: new("no")}, platform.ErrNotFound, "machine_id"},
		{"checksum", platform.Image{Source: &file, Checksum: new("sha256:0")}, platform.ErrInvalid, "checksum"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.want.Name = "x"
			fails(t, l.Images.Create(t.Context(), &c.want, func(string) {}), c.class, c.path)
		})
	}
	web := &platform.Image{Name: "web", Source: new("https://example.net/a.raw"), Checksum: new("sha256:1")}
	must(t, l.Images.Create(t.Context(), web, func(string) {}))
	must(t, l.Images.Delete(t.Context(), i))
}

func TestSnapshotLife(t *testing.T) {
	l := newLab(t, "", nil)
	on, off := l.machine(&platform.Machine{Name: "on"}), l.machine(&platform.Machine{Name: "off", Power: new("off")})
	s := &platform.Snapshot{Name: "s", MachineID: *on.ID, Memory: new(true), Quiesce: new(true)}
	must(t, l.Snapshots.Create(t.Context(), s, func(string) {}))
	got := &platform.Snapshot{Meta: platform.Meta{ID: s.ID}}
	must(t, l.Snapshots.Read(t.Context(), got))
	s.Quiesce = nil // not told back
	same(t, got, s)
	for _, c := range []struct {
		name  string
		want  platform.Snapshot
		class error
		path  string
	}{
		{"machine gone", platform.Snapshot{MachineID: "no"}, platform.ErrNotFound, "machine_id"},
		{"memory of one that is off", platform.Snapshot{MachineID: *off.ID, Memory: new(true)}, platform.ErrInvalid, "memory"},
		{"quiet while off", platform.Snapshot{MachineID: *off.ID, Quiesce: new(true)}, platform.ErrInvalid, "quiesce"},
		{"name taken", platform.Snapshot{MachineID: *on.ID}, platform.ErrExists, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.want.Name = "s"
			fails(t, l.Snapshots.Create(t.Context(), &c.want, func(string) {}), c.class, c.path)
		})
	}
	must(t, l.Snapshots.Create(t.Context(), &platform.Snapshot{Name: "s", MachineID: *off.ID}, func(string) {}))
	var several *platform.AmbiguousError
	if _, err := find(t, l.Snapshots, "s"); !errors.As(err, &several) || len(several.Matches) != 2 {
		t.Errorf("got %v", err)
	}
	id, err := find(t, l.Snapshots, "on/s")
	must(t, err)
	same(t, id, *s.ID)
	want := *s
	want.Name, want.Description = "t", new("x")
	must(t, l.Snapshots.Update(t.Context(), s, &want))
	must(t, l.Machines.Delete(t.Context(), on))
	fails(t, l.Snapshots.Read(t.Context(), got), platform.ErrNotFound, "")
	must(t, l.Snapshots.Delete(t.Context(), got))
}

func TestFind(t *testing.T) {
	l := newLab(t, "", nil)
	m := l.machine(&platform.Machine{Name: "web"})
	for _, c := range []struct{ name, ref string }{
		{"id", *m.ID}, {"name", "web"}, {"path", m.Native["file"]}, {"short path", "machine/" + *m.ID + ".json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			id, err := find(t, l.Machines, c.ref)
			must(t, err)
			same(t, id, *m.ID)
		})
	}
	for _, ref := range []string{"", "nobody", "../machine/" + *m.ID, "network/" + *m.ID + ".json", "..", "."} {
		if _, err := find(t, l.Machines, ref); !errors.Is(err, platform.ErrNotFound) {
			t.Errorf("%q: %v", ref, err)
		}
	}
}

func TestPlan(t *testing.T) {
	l := newLab(t, "", nil)
	m := l.machine(&platform.Machine{Name: "m", Disks: map[string]platform.MachineDisk{"d": {Size: new(platform.GiB)}}})
	ask := func(power string, changed ...string) *platform.Plan[platform.Machine] {
		prior, want := l.read(m), l.read(m)
		prior.Power = &power
		want.Firmware = new("bios")
		p := &platform.Plan[platform.Machine]{Prior: prior, Want: want, Known: func(...string) bool { return true }, Changed: func(path ...string) bool {
			for _, c := range changed {
				if c == strings.Join(path, ".") {
					return true
				}
			}
			return false
		}}
		must(t, own(t, l).Plan(t.Context(), p))
		return p
	}
	firmware := platform.Path{"firmware"}
	if got := ask("on", "firmware").Cost(platform.ClassRestart, firmware); got != platform.ClassRestart {
		t.Error("softened though it runs:", got)
	}
	if got := ask("off", "firmware").Cost(platform.ClassRestart, firmware); got != platform.ClassLive {
		t.Error("not softened though it is off:", got)
	}
	for _, c := range []struct{ changed, recomputed string }{
		{"power", "booted_at addresses"},
		{"nics", "addresses unmanaged_nics"},
		{"disks", "unmanaged_disks"},
		{"size", "cpus memory"},
		{"cpus", "size"},
		{"disks.d.disk_id", "disks.d.id disks.d.size disks.d.type disks.d.storage"},
	} {
		var got []string
		for _, p := range ask("on", c.changed).Recomputed() {
			got = append(got, p.String())
		}
		same(t, strings.Join(got, " "), c.recomputed)
	}
}
