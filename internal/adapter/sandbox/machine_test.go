package sandbox

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func TestMachineLife(t *testing.T) {
	l := newLab(t, "", map[string]any{"seed": []string{"image:debian-12", "network:app"}})
	image, err := find(t, l.Images, "debian-12")
	must(t, err)
	network, err := find(t, l.Networks, "app")
	must(t, err)
	data := l.disk("data", 10*platform.GiB)
	m := l.machine(&platform.Machine{
		Name: "web-1", Description: new("web"), CPUs: new(int64(2)), Memory: new(3 * platform.GiB), ImageID: &image,
		BootDisk: &platform.BootDisk{Size: new(20 * platform.GiB)},
		Disks:    map[string]platform.MachineDisk{"data": {DiskID: data.ID}, "log": {Size: new(platform.GiB)}},
		NICs:     map[string]platform.NIC{"eth0": {NetworkID: &network}, "eth1": {NetworkID: &network, Addresses: []string{"10.0.0.5/24"}, Primary: new(true)}},
		Login:    &platform.Login{User: new("ops"), SSHKeys: []string{"k"}, PasswordWO: new("hunter2")}, UserData: new("#cloud-config"),
		Labels: platform.Labels{Tags: map[string]string{"role": "web"}}, WaitFor: &platform.WaitFor{Address: new("10.0.0.0/24"), GuestAgent: new(true)},
	})
	got := l.read(m)
	m.ImageID, m.Login, m.UserData, m.WaitFor = nil, nil, nil, nil // not observable, or local
	same(t, got, m)
	if *got.Power != "on" || got.BootedAt == nil || len(got.Addresses) != 2 || got.Addresses[0] != "10.0.0.5" || got.Size != nil {
		t.Errorf("power %s, booted %v, addresses %v, size %v", *got.Power, got.BootedAt, got.Addresses, got.Size)
	}
	if *got.Disks["data"].Size != 10*platform.GiB || *got.Disks["data"].ID != *data.ID {
		t.Errorf("the attached disk reads as %+v", got.Disks["data"])
	}
	b, err := os.ReadFile(filepath.Join(l.dir, "machine", *m.ID+".json"))
	must(t, err)
	if s := string(b); strings.Contains(s, "hunter2") || strings.Contains(s, "cloud-config") || strings.Contains(s, "creating") || !strings.Contains(s, "pbkdf2") {
		t.Errorf("the file has what it must not have:\n%s", s)
	}
	must(t, l.Machines.Delete(t.Context(), m))
	must(t, l.Machines.Delete(t.Context(), m))
	fails(t, l.Machines.Read(t.Context(), bare(m)), platform.ErrNotFound, "")
	must(t, l.Disks.Read(t.Context(), &platform.Disk{Meta: platform.Meta{ID: data.ID}}))
}

func TestMachineRefused(t *testing.T) {
	l := newLab(t, "", nil)
	data := l.disk("data", platform.GiB)
	net := l.network(&platform.Network{Name: "n", Subnets: map[string]platform.Subnet{"a": {CIDR: "10.0.0.0/24"}}})
	sub := net.Subnets["a"].ID
	first := l.machine(&platform.Machine{Name: "first", Disks: map[string]platform.MachineDisk{"d": {DiskID: data.ID}}, NICs: map[string]platform.NIC{"eth0": {NetworkID: net.ID, SubnetID: sub}}})
	if !strings.HasPrefix(first.Addresses[0], "10.0.0.") {
		t.Errorf("the lease is %v", first.Addresses)
	}
	no := new("00000000-0000-4000-8000-000000000000")
	nic := func(c platform.NIC) platform.Machine { return platform.Machine{NICs: map[string]platform.NIC{"e": c}} }
	disk := func(d platform.MachineDisk) platform.Machine {
		return platform.Machine{Disks: map[string]platform.MachineDisk{"d": d}}
	}
	for _, c := range []struct {
		name  string
		want  platform.Machine
		class error
		path  string
	}{
		{"image gone", platform.Machine{ImageID: no}, platform.ErrNotFound, "image_id"},
		{"network gone", nic(platform.NIC{NetworkID: no}), platform.ErrNotFound, "nics.e.network_id"},
		{"subnet gone", nic(platform.NIC{NetworkID: net.ID, SubnetID: no}), platform.ErrNotFound, "nics.e.subnet_id"},
		{"subnet alone", nic(platform.NIC{SubnetID: sub}), platform.ErrInvalid, "nics.e.subnet_id"},
		{"address outside", nic(platform.NIC{NetworkID: net.ID, SubnetID: sub, Addresses: []string{"10.9.0.1/24"}}), platform.ErrInvalid, "nics.e.addresses"},
		{"address without prefix", nic(platform.NIC{Addresses: []string{"10.9.0.1"}}), platform.ErrInvalid, "nics.e.addresses"},
		{"no MAC", nic(platform.NIC{MAC: new("zz")}), platform.ErrInvalid, "nics.e.mac"},
		{"MAC taken", nic(platform.NIC{NetworkID: net.ID, MAC: first.NICs["eth0"].MAC}), platform.ErrConflict, "nics.e.mac"},
		{"disk gone", disk(platform.MachineDisk{DiskID: no}), platform.ErrNotFound, "disks.d.disk_id"},
		{"disk taken", disk(platform.MachineDisk{DiskID: data.ID}), platform.ErrConflict, "disks.d.disk_id"},
		{"empty disk", disk(platform.MachineDisk{Size: new(platform.Size(0))}), platform.ErrInvalid, "disks.d.size"},
		{"size and CPUs", platform.Machine{Size: new("small"), CPUs: new(int64(3))}, platform.ErrInvalid, "cpus"},
		{"size and memory", platform.Machine{Size: new("small"), Memory: new(platform.MiB)}, platform.ErrInvalid, "memory"},
		{"secure boot with BIOS", platform.Machine{Firmware: new("bios"), SecureBoot: new(true)}, platform.ErrInvalid, "secure_boot"},
		{"name taken", platform.Machine{Name: "first"}, platform.ErrExists, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.want.Name == "" {
				c.want.Name = "second"
			}
			err := l.Machines.Create(t.Context(), &c.want, func(string) { t.Error("something was made") })
			fails(t, err, c.class, c.path)
		})
	}
	prior := l.read(first)
	want := l.read(first)
	want.Disks = map[string]platform.MachineDisk{"d": prior.Disks["d"], "again": {DiskID: data.ID}}
	fails(t, l.Machines.Update(t.Context(), prior, want), platform.ErrConflict, "disks.d.disk_id")
}

func TestMachineUpdateInPlace(t *testing.T) {
	l := newLab(t, "", nil)
	for _, c := range []struct {
		name    string
		edit    func(w *platform.Machine)
		restart bool
	}{
		{"description", func(w *platform.Machine) { w.Description = new("x") }, false},
		{"name", func(w *platform.Machine) { w.Name = "renamed" }, false},
		{"cpus", func(w *platform.Machine) { w.CPUs, w.Size = new(int64(7)), nil }, true},
		{"size", func(w *platform.Machine) { w.CPUs, w.Memory, w.Size = nil, nil, new("large") }, true},
		{"firmware", func(w *platform.Machine) { w.Firmware = new("bios") }, true},
		{"user data", func(w *platform.Machine) { w.UserData = new("y") }, true},
		{"tags", func(w *platform.Machine) { w.Tags = map[string]string{"a": "b"} }, false},
		{"disk added", func(w *platform.Machine) {
			w.Disks = map[string]platform.MachineDisk{"a": {Size: new(platform.GiB)}}
		}, false},
		{"boot disk grown", func(w *platform.Machine) { w.BootDisk.Size = new(50 * platform.GiB) }, false},
		{"NIC added", func(w *platform.Machine) { w.NICs, w.Addresses = map[string]platform.NIC{"a": {}}, nil }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := l.machine(&platform.Machine{Name: c.name})
			got := l.update(m, func(w *platform.Machine) { c.edit(w); w.BootedAt = nil })
			if (*got.BootedAt != *m.BootedAt) != c.restart {
				t.Errorf("booted at %s, then %s", *m.BootedAt, *got.BootedAt)
			}
			if c.name != "user data" {
				same(t, l.read(got), got)
			}
			must(t, l.Machines.Delete(t.Context(), got))
		})
	}
}

func TestMachineReset(t *testing.T) {
	l := newLab(t, "", nil)
	m := l.machine(&platform.Machine{
		Name: "a", Description: new("x"), Hostname: new("h"), CPUs: new(int64(4)), Memory: new(2 * platform.GiB), Firmware: new("bios"), Autostart: new(true),
		Metadata: map[string]string{"a": "b"}, Placement: &platform.Placement{Host: new("h")}, Labels: platform.Labels{Tags: map[string]string{"a": "b"}},
	})
	m = l.update(m, func(w *platform.Machine) {
		w.Description, w.Hostname, w.CPUs, w.Memory, w.Firmware, w.Autostart, w.Metadata, w.Placement, w.Tags = nil, nil, nil, nil, nil, nil, nil, nil, nil
	})
	got := l.read(m)
	if got.Description != nil || got.Hostname != nil || *got.CPUs != defaultVCPUs || *got.Memory != platform.GiB || *got.Firmware != defaultFirmware || *got.Autostart || got.Metadata != nil || got.Placement != nil || got.Tags != nil {
		t.Errorf("not everything is back at its default: %+v", got)
	}
}

func TestMachinePower(t *testing.T) {
	l := newLab(t, "", nil)
	m := l.machine(&platform.Machine{Name: "a", Power: new("off"), NICs: map[string]platform.NIC{"e": {NetworkID: l.network(&platform.Network{Name: "n"}).ID}}})
	if m.BootedAt != nil || len(m.Addresses) != 0 {
		t.Fatalf("a machine that is off booted at %v with %v", m.BootedAt, m.Addresses)
	}
	power := func(to string) *platform.Machine {
		return l.update(m, func(w *platform.Machine) { w.Power, w.BootedAt, w.Addresses = &to, nil, nil })
	}
	on := power("on")
	if on.BootedAt == nil || len(on.Addresses) != 1 || !strings.HasPrefix(on.Addresses[0], "192.0.2.") {
		t.Fatalf("booted at %v with %v", on.BootedAt, on.Addresses)
	}
	if s := power("suspended"); *s.BootedAt != *on.BootedAt || len(s.Addresses) != 0 {
		t.Errorf("suspended: booted at %v with %v", s.BootedAt, s.Addresses)
	}
	prior, want := l.read(m), l.read(m)
	want.CPUs = new(int64(9))
	fails(t, l.Machines.Update(t.Context(), prior, want), platform.ErrConflict, "")
	if s := power("on"); *s.BootedAt != *on.BootedAt {
		t.Error("resuming booted the machine")
	}
	if off := power("off"); off.BootedAt != nil {
		t.Error("it is off and booted")
	}
}

func TestMachineWaitsForAddress(t *testing.T) {
	l := newLab(t, "", nil)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	id := ""
	want := &platform.Machine{Name: "a", NICs: map[string]platform.NIC{"e": {Addresses: []string{"10.1.1.1/24"}}}, WaitFor: &platform.WaitFor{Address: new("10.0.0.0/24")}}
	err := l.Machines.Create(ctx, want, func(made string) { id = made })
	var late *platform.TimeoutError
	if !errors.As(err, &late) || late.Awaited != "an address of a inside 10.0.0.0/24" || late.Seen != "10.1.1.1" || id == "" {
		t.Fatalf("got %v for %q", err, id)
	}
	go func() {
		time.Sleep(50 * time.Millisecond)
		l.edit("machine", &id, func(doc map[string]any) {
			doc["guest"] = map[string]any{"booted_at": time.Now(), "agent": true, "addresses": []string{"10.0.0.9"}}
		})
	}()
	prior := l.read(&platform.Machine{Meta: platform.Meta{ID: &id}})
	next := *prior
	next.WaitFor, next.Description, next.Addresses = want.WaitFor, new("x"), nil
	must(t, l.Machines.Update(t.Context(), prior, &next))
	same(t, next.Addresses, []string{"10.0.0.9"})
}

func TestMachineDisksAreKept(t *testing.T) {
	l := newLab(t, "", nil)
	vol := l.disk("vol", platform.GiB)
	m := l.machine(&platform.Machine{Name: "a", Disks: map[string]platform.MachineDisk{
		"kept": {Size: new(platform.GiB)}, "gone": {Size: new(platform.GiB)}, "vol": {DiskID: vol.ID},
	}})
	ctx, w := warned(t)
	prior, want := l.read(m), l.read(m)
	gone := prior.Disks["gone"]
	gone.DeleteOnRemove = new(true)
	prior.Disks["gone"] = gone
	want.Disks = nil
	must(t, l.Machines.Update(ctx, prior, want))
	warnings := w.Take()
	if len(warnings) != 1 || warnings[0].Path.String() != "disks.kept" || !strings.Contains(warnings[0].Err.Error(), *m.Disks["kept"].ID) {
		t.Errorf("the warnings are %v", warnings)
	}
	id, err := find(t, l.Disks, "a-kept")
	must(t, err)
	same(t, id, *m.Disks["kept"].ID)
	fails(t, l.Disks.Read(t.Context(), &platform.Disk{Meta: platform.Meta{ID: m.Disks["gone"].ID}}), platform.ErrNotFound, "")
	// and it can be attached again, to another machine
	other := l.machine(&platform.Machine{Name: "b", Disks: map[string]platform.MachineDisk{"d": {DiskID: &id}, "v": {DiskID: vol.ID}}})
	// deleting an attached disk detaches it
	must(t, l.Disks.Delete(t.Context(), vol))
	if got := l.read(other); len(got.Disks) != 1 || *got.Disks["d"].DiskID != id {
		t.Errorf("the disks are %v", got.Disks)
	}
	// what nobody declared survives its machine
	l.edit("machine", other.ID, func(doc map[string]any) {
		doc["disks"] = append(elements(doc, "disks"), map[string]any{"slot": "scsi0-9", "uuid": "by-hand", "mib": 5, "path": "[local] x"})
	})
	got := l.read(other)
	same(t, got.UnmanagedDisks, map[string]platform.UnmanagedDisk{"scsi0-9": {ID: new("by-hand"), Name: new("[local] x"), Size: new(5 * platform.MiB)}})
	must(t, l.Machines.Delete(ctx, got))
	if len(w.Take()) != 1 {
		t.Error("no warning says where the disk lies")
	}
	_, err = find(t, l.Disks, "[local] x")
	must(t, err)
}

func TestMachineDiskChanges(t *testing.T) {
	l := newLab(t, "", nil)
	one, two := l.disk("one", platform.GiB), l.disk("two", 2*platform.GiB)
	m := l.machine(&platform.Machine{Name: "a", Disks: map[string]platform.MachineDisk{"x": {DiskID: one.ID}, "y": {DiskID: two.ID}, "z": {Size: new(3 * platform.GiB)}}})
	open := func(id *string) platform.MachineDisk { return platform.MachineDisk{DiskID: id} }
	m = l.update(m, func(w *platform.Machine) { w.Disks["x"], w.Disks["y"] = open(two.ID), open(one.ID) })
	if *m.Disks["x"].ID != *two.ID || *m.Disks["x"].Size != 2*platform.GiB {
		t.Errorf("swapped: %+v", m.Disks)
	}
	z := m.Disks["z"].ID
	m = l.update(m, func(w *platform.Machine) { delete(w.Disks, "x"); w.Disks["z"] = open(two.ID) })
	if *m.Disks["z"].DiskID != *two.ID {
		t.Errorf("inline to attached: %+v", m.Disks)
	}
	must(t, l.Disks.Read(t.Context(), &platform.Disk{Meta: platform.Meta{ID: z}}))
	prior, want := l.read(m), l.read(m)
	want.BootDisk.Size = new(platform.GiB)
	fails(t, l.Machines.Update(t.Context(), prior, want), platform.ErrInvalid, "boot_disk.size")
}

func TestMachineImportAndDrift(t *testing.T) {
	l := newLab(t, "", nil)
	m := l.machine(&platform.Machine{Name: "a", Disks: map[string]platform.MachineDisk{"data": {Size: new(platform.GiB)}}, NICs: map[string]platform.NIC{"eth0": {}}})
	l.edit("machine", m.ID, func(doc map[string]any) {
		doc["vcpus"] = 9
		doc["disks"] = append(elements(doc, "disks"), map[string]any{"slot": "scsi0-2", "uuid": "d2", "mib": 1})
		doc["nics"] = append(elements(doc, "nics"), map[string]any{"slot": "nic1", "id": "n1", "mac": "02:00:00:00:00:01"})
	})
	got := l.read(m)
	if *got.CPUs != 9 || len(got.Disks) != 1 || len(got.NICs) != 1 || len(got.UnmanagedDisks) != 1 || *got.UnmanagedNICs["nic1"].MAC != "02:00:00:00:00:01" {
		t.Errorf("drift reads as %+v", got)
	}
	imported := &platform.Machine{Meta: platform.Meta{ID: m.ID}}
	must(t, l.Machines.Read(platform.WithImporting(t.Context()), imported))
	same(t, platform.Keys(imported.Disks), []string{"data", "scsi0-2"})
	same(t, platform.Keys(imported.NICs), []string{"eth0", "nic1"})
	same(t, len(imported.UnmanagedDisks)+len(imported.UnmanagedNICs), 0)
	// the configuration takes the provisional element over under a key of its own
	prior, want := *imported, *imported
	prior.Disks = map[string]platform.MachineDisk{"data": imported.Disks["data"], "extra": imported.Disks["scsi0-2"]}
	want.Disks = map[string]platform.MachineDisk{"data": imported.Disks["data"], "extra": {Size: new(2 * platform.MiB), ID: imported.Disks["scsi0-2"].ID}}
	must(t, l.Machines.Update(t.Context(), &prior, &want))
	again := &platform.Machine{Meta: platform.Meta{ID: m.ID}}
	must(t, l.Machines.Read(platform.WithImporting(t.Context()), again))
	same(t, platform.Keys(again.Disks), []string{"data", "extra"})
	l.edit("machine", m.ID, func(doc map[string]any) { doc["disks"] = elements(doc, "disks")[:1]; doc["nics"] = []any{} })
	if got := l.read(again); len(got.Disks)+len(got.NICs) != 0 {
		t.Errorf("removed by hand, still read: %v %v", got.Disks, got.NICs)
	}
	must(t, os.Remove(filepath.Join(l.dir, "machine", *m.ID+".json")))
	fails(t, l.Machines.Read(t.Context(), bare(m)), platform.ErrNotFound, "")
	fails(t, l.Machines.Update(t.Context(), &prior, &want), platform.ErrNotFound, "")
}

// TestCutShortUpdateMakesNothingTwice is the next apply after an update whose result was never saved.
func TestCutShortUpdateMakesNothingTwice(t *testing.T) {
	l := newLab(t, "", nil)
	vol := l.disk("vol", platform.GiB)
	m := l.machine(&platform.Machine{Name: "a"})
	add := func(w *platform.Machine) {
		w.Disks = map[string]platform.MachineDisk{"data": {Size: new(platform.GiB)}, "vol": {DiskID: vol.ID}}
		w.NICs = map[string]platform.NIC{"eth0": {}}
	}
	first := l.update(m, add)
	second := l.update(m, add)
	same(t, second.Disks, first.Disks)
	same(t, second.NICs, first.NICs)
	// keys without bindings are found by the key on the disk
	got := &platform.Machine{Meta: platform.Meta{ID: m.ID}, Disks: map[string]platform.MachineDisk{"data": {}, "vol": {}}, NICs: map[string]platform.NIC{"eth0": {}}}
	must(t, l.Machines.Read(t.Context(), got))
	same(t, got.Disks, first.Disks)
	same(t, got.NICs, first.NICs)
}
