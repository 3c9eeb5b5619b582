package vsphere

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/vcenter"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func TestCreateFromNothing(t *testing.T) {
	l := start(t, vcenter.Options{Datastores: 2})
	m := l.machine("web")
	m.Description, m.Firmware = new("the web"), new(platform.FirmwareUEFI)
	m.SecureBoot = new(true)
	m.Tags = map[string]string{"role": "web", "owner": "ops"}
	m.Disks = map[string]platform.MachineDisk{
		"data": {Size: new(2 * platform.GiB), Type: new(diskLazy), Storage: new("ds1")}, "logs": {Size: new(platform.GiB)},
	}
	m.NICs["eth1"] = platform.NIC{NetworkID: &l.network, MAC: new("00:50:56:AA:BB:CC")}
	m.VSphere = &platform.VSphereMachine{GuestID: new("debian12_64Guest"), CPUHotAdd: new(true), ExtraConfig: map[string]string{"x.y": "z"}}
	want := with(m, func(*platform.Machine) {})
	l.create(t, m)
	for path, pair := range map[string][2]any{
		"description": {m.Description, want.Description}, "cpus": {m.CPUs, want.CPUs}, "mac": {m.NICs["eth1"].MAC, want.NICs["eth1"].MAC},
		"type": {m.Disks["data"].Type, want.Disks["data"].Type}, "tags": {m.Tags, want.Tags}, "vsphere": {m.VSphere, want.VSphere},
	} {
		if diff := cmp.Diff(pair[1], pair[0]); diff != "" {
			t.Errorf("%s was changed: %s", path, diff)
		}
	}
	if value(m.Power) != platform.PowerOn || m.BootedAt == nil || value(m.Disks["logs"].Type) != diskThin || value(m.TPM) {
		t.Errorf("open attributes: power %v, booted %v, logs %+v", value(m.Power), m.BootedAt, m.Disks["logs"])
	}
	got := l.read(t, m)
	for path, pair := range map[string][2]any{
		"name": {got.Name, "web"}, "description": {value(got.Description), "the web"}, "tags": {got.Tags, want.Tags},
		"storage": {value(got.Disks["data"].Storage), "ds1"}, "size": {value(got.Disks["data"].Size), 2 * platform.GiB},
		"boot": {value(got.BootDisk.Size), platform.GiB}, "network": {value(got.NICs["eth0"].NetworkID), l.network},
		"mac": {value(got.NICs["eth1"].MAC), "00:50:56:AA:BB:CC"}, "unmanaged": {len(got.UnmanagedDisks) + len(got.UnmanagedNICs), 0},
		"guest": {value(got.VSphere.GuestID), "debian12_64Guest"}, "secure": {value(got.SecureBoot), true}, "path": {got.Native["path"], "/DC0/vm/web"},
		"native datastore": {got.Native["datastore"], "ds0"},
	} {
		if diff := cmp.Diff(pair[1], pair[0]); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	_, native := l.native(t, "web")
	values := extra(&native)
	if values[extraCreating] != "" || values[extraOrigin] != origin || values["x.y"] != "z" {
		t.Errorf("extra config %v", values)
	}
}

func TestCreateFromTemplate(t *testing.T) {
	l := start(t, vcenter.Options{})
	m := l.machine("web")
	m.ImageID, m.CPUs, m.Memory = l.image(t), new(int64(2)), nil
	m.BootDisk = &platform.BootDisk{Size: new(20 * platform.GiB)}
	m.UserData, m.Hostname = new("#cloud-config\npackages: [nginx]\n"), new("web-1")
	m.NICs["eth0"] = platform.NIC{NetworkID: &l.network, Addresses: []string{"10.9.0.5/24"}, Gateway: new("10.9.0.1")}
	m.WaitFor = &platform.WaitFor{Address: new("10.0.0.0/8"), GuestAgent: new(true)}
	l.create(t, m)
	if value(m.Memory) != platform.GiB || value(m.BootDisk.Size) != 20*platform.GiB || len(m.Addresses) == 0 {
		t.Errorf("memory %v, boot disk %v, addresses %v", value(m.Memory), value(m.BootDisk.Size), m.Addresses)
	}
	got := l.read(t, m)
	if len(got.NICs) != 1 || len(got.UnmanagedNICs) != 0 || len(got.UnmanagedDisks) != 0 || value(got.CPUs) != 2 {
		t.Errorf("nics %v, unmanaged %v %v", got.NICs, got.UnmanagedNICs, got.UnmanagedDisks)
	}
	if value(got.UserData) != *m.UserData || value(got.Hostname) != "web-1" {
		t.Errorf("user data %q, hostname %q", value(got.UserData), value(got.Hostname))
	}
	_, native := l.native(t, "web")
	meta := unpackKey(extra(&native), guestMetadata)
	if !strings.Contains(meta, value(got.NICs["eth0"].MAC)) || !strings.Contains(meta, "10.9.0.5/24") {
		t.Errorf("metadata %s lacks the address %s", meta, value(got.NICs["eth0"].MAC))
	}
}

func TestImport(t *testing.T) {
	l := start(t, vcenter.Options{VMs: 1})
	m := l.machine("web")
	m.Disks = map[string]platform.MachineDisk{"data": {Size: new(platform.GiB)}}
	l.create(t, m)
	ctx := platform.WithImporting(t.Context())
	t.Run("ours", func(t *testing.T) {
		got := &platform.Machine{}
		got.ID = m.ID
		must(t, l.machines.Read(ctx, got))
		if _, ok := got.Disks["data"]; !ok || value(got.NICs["eth0"].MAC) != value(m.NICs["eth0"].MAC) || value(got.BootDisk.ID) != value(m.BootDisk.ID) {
			t.Errorf("disks %v, nics %v, boot %v", got.Disks, got.NICs, got.BootDisk)
		}
	})
	t.Run("others'", func(t *testing.T) {
		id, err := l.machines.Find(t.Context(), "vm-0")
		must(t, err)
		got := &platform.Machine{}
		got.ID = &id
		must(t, l.machines.Read(ctx, got))
		if _, ok := got.NICs["nic0"]; !ok || got.BootDisk == nil || len(got.Disks) != 0 || len(got.UnmanagedDisks) != 0 {
			t.Errorf("disks %v, nics %v, boot %v", got.Disks, got.NICs, got.BootDisk)
		}
	})
}

func TestUpdate(t *testing.T) {
	tests := map[string]struct {
		before  func(*platform.Machine)
		change  func(*platform.Machine)
		check   func(got *platform.Machine) bool
		restart bool
	}{
		"name":        {change: func(m *platform.Machine) { m.Name = "other" }, check: func(g *platform.Machine) bool { return g.Name == "other" && g.Native["path"] == "/DC0/vm/other" }},
		"description": {change: func(m *platform.Machine) { m.Description = new("x") }, check: func(g *platform.Machine) bool { return value(g.Description) == "x" }},
		"no description": {
			before: func(m *platform.Machine) { m.Description = new("x") },
			change: func(m *platform.Machine) { m.Description = nil }, check: func(g *platform.Machine) bool { return g.Description == nil },
		},
		"tags": {
			before: func(m *platform.Machine) { m.Tags = map[string]string{"a": "1", "b": "2"} },
			change: func(m *platform.Machine) { m.Tags = map[string]string{"a": "3", "c": "4"} },
			check:  func(g *platform.Machine) bool { return cmp.Equal(g.Tags, map[string]string{"a": "3", "c": "4"}) },
		},
		"cpus":   {change: func(m *platform.Machine) { m.CPUs = new(int64(4)) }, check: func(g *platform.Machine) bool { return value(g.CPUs) == 4 }, restart: true},
		"memory": {change: func(m *platform.Machine) { m.Memory = new(platform.GiB) }, check: func(g *platform.Machine) bool { return value(g.Memory) == platform.GiB }, restart: true},
		"hot cpus": {
			before: func(m *platform.Machine) { m.VSphere = &platform.VSphereMachine{CPUHotAdd: new(true)} },
			change: func(m *platform.Machine) { m.CPUs = new(int64(4)) }, check: func(g *platform.Machine) bool { return value(g.CPUs) == 4 },
		},
		"fewer hot cpus": {
			before: func(m *platform.Machine) {
				m.CPUs, m.VSphere = new(int64(2)), &platform.VSphereMachine{CPUHotAdd: new(true)}
			},
			change: func(m *platform.Machine) { m.CPUs = new(int64(1)) }, check: func(g *platform.Machine) bool { return value(g.CPUs) == 1 }, restart: true,
		},
		"hot memory": {
			before: func(m *platform.Machine) { m.VSphere = &platform.VSphereMachine{MemoryHotAdd: new(true)} },
			change: func(m *platform.Machine) { m.Memory = new(platform.GiB) }, check: func(g *platform.Machine) bool { return value(g.Memory) == platform.GiB },
		},
		"hot add itself": {change: func(m *platform.Machine) { m.VSphere = &platform.VSphereMachine{CPUHotAdd: new(true)} }, check: func(g *platform.Machine) bool { return value(g.VSphere.CPUHotAdd) }, restart: true},
		"firmware":       {change: func(m *platform.Machine) { m.Firmware = new(platform.FirmwareUEFI) }, check: func(g *platform.Machine) bool { return value(g.Firmware) == platform.FirmwareUEFI }, restart: true},
		"tpm":            {change: func(m *platform.Machine) { m.TPM = new(true) }, check: func(g *platform.Machine) bool { return value(g.TPM) }, restart: true},
		"boot disk":      {change: func(m *platform.Machine) { m.BootDisk.Size = new(3 * platform.GiB) }, check: func(g *platform.Machine) bool { return value(g.BootDisk.Size) == 3*platform.GiB }},
		"new disk": {
			change: func(m *platform.Machine) {
				m.Disks = map[string]platform.MachineDisk{"data": {Size: new(platform.GiB)}}
			},
			check: func(g *platform.Machine) bool { return value(g.Disks["data"].Size) == platform.GiB },
		},
		"disk grows": {
			before: func(m *platform.Machine) {
				m.Disks = map[string]platform.MachineDisk{"data": {Size: new(platform.GiB)}}
			},
			change: func(m *platform.Machine) {
				d := m.Disks["data"]
				d.Size = new(2 * platform.GiB)
				m.Disks["data"] = d
			},
			check: func(g *platform.Machine) bool { return value(g.Disks["data"].Size) == 2*platform.GiB },
		},
		"disk dropped": {
			before: func(m *platform.Machine) {
				m.Disks = map[string]platform.MachineDisk{"data": {Size: new(platform.GiB)}}
			},
			change: func(m *platform.Machine) { m.Disks = nil },
			check:  func(g *platform.Machine) bool { return len(g.Disks)+len(g.UnmanagedDisks) == 0 },
		},
		"new adapter": {
			change: func(m *platform.Machine) { m.NICs["eth1"] = platform.NIC{NetworkID: m.NICs["eth0"].NetworkID} },
			check:  func(g *platform.Machine) bool { return len(g.NICs) == 2 && g.NICs["eth1"].MAC != nil },
		},
		"adapter replaced": {
			change: func(m *platform.Machine) {
				m.NICs = map[string]platform.NIC{"z": {NetworkID: m.NICs["eth0"].NetworkID}}
			},
			check: func(g *platform.Machine) bool { return len(g.NICs) == 1 && g.NICs["z"].MAC != nil },
		},
		"adapter dropped": {change: func(m *platform.Machine) { m.NICs = nil }, check: func(g *platform.Machine) bool { return len(g.NICs)+len(g.UnmanagedNICs) == 0 }},
		"address":         {change: func(m *platform.Machine) { n := m.NICs["eth0"]; n.MAC = new("00:50:56:00:00:09"); m.NICs["eth0"] = n }, check: func(g *platform.Machine) bool { return value(g.NICs["eth0"].MAC) == "00:50:56:00:00:09" }, restart: true},
		"off":             {change: func(m *platform.Machine) { m.Power = new(platform.PowerOff) }, check: func(g *platform.Machine) bool { return value(g.Power) == platform.PowerOff && g.BootedAt == nil }},
		"suspended":       {change: func(m *platform.Machine) { m.Power = new(platform.PowerSuspended) }, check: func(g *platform.Machine) bool { return value(g.Power) == platform.PowerSuspended && g.BootedAt != nil }},
		"on": {
			before: func(m *platform.Machine) { m.Power = new(platform.PowerOff) },
			change: func(m *platform.Machine) { m.Power = new(platform.PowerOn) }, check: func(g *platform.Machine) bool { return value(g.Power) == platform.PowerOn },
		},
		"user data": {change: func(m *platform.Machine) { m.UserData = new("#!/bin/sh\n") }, check: func(g *platform.Machine) bool { return value(g.UserData) == "#!/bin/sh\n" }},
		"extra config": {change: func(m *platform.Machine) {
			m.VSphere = &platform.VSphereMachine{ExtraConfig: map[string]string{"a.b": "c"}}
		}, check: func(*platform.Machine) bool { return true }},
		"folder": {change: func(m *platform.Machine) { m.VSphere = &platform.VSphereMachine{Folder: new("templates")} }, check: func(g *platform.Machine) bool { return g.Native["path"] == "/DC0/vm/templates/"+g.Name }},
	}
	l := start(t, vcenter.Options{})
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := l.machine("m-" + strings.ReplaceAll(name, " ", "-"))
			if tt.before != nil {
				tt.before(m)
			}
			l.create(t, m)
			_, before := l.native(t, m.Name)
			time.Sleep(2 * time.Millisecond)
			got := l.update(t, m, func(m *platform.Machine) {
				tt.change(m)
				if tt.restart {
					m.BootedAt = nil // unknown, as a plan that announces the restart has it
				}
			})
			if seen := l.read(t, got); !tt.check(seen) {
				t.Errorf("read %+v", seen)
			}
			ref := before.Self
			vm, err := l.machines.at(t.Context(), ref, m.Name)
			must(t, err)
			b, a := before.Summary.Runtime.BootTime, vm.Summary.Runtime.BootTime
			if b == nil || a == nil {
				return
			}
			if restarted := !b.Equal(*a); restarted != tt.restart {
				t.Errorf("restarted %v, want %v", restarted, tt.restart)
			}
		})
	}
}

func TestNoRestartBehindThePlansBack(t *testing.T) {
	l := start(t, vcenter.Options{})
	m := l.machine("web")
	l.create(t, m)
	want := with(m, func(m *platform.Machine) { m.Memory = new(4 * platform.GiB) }) // booted_at is known: no restart was planned
	err := l.machines.Update(t.Context(), m, want)
	wantClass(t, err, platform.ErrConflict)
	if got := l.read(t, m); value(got.BootedAt) != value(m.BootedAt) || value(got.Memory) != value(m.Memory) {
		t.Errorf("the machine was touched: %v, %v", value(got.BootedAt), value(got.Memory))
	}
}

func TestBootDiskOfAnImageIsTheMachinesOwn(t *testing.T) {
	l := start(t, vcenter.Options{})
	m := l.machine("web")
	m.BootDisk, m.ImageID = nil, l.image(t)
	l.create(t, m)
	if m.BootDisk == nil || m.BootDisk.ID == nil || m.BootDisk.Size == nil {
		t.Fatalf("boot disk %+v", m.BootDisk)
	}
	if got := l.read(t, m); got.BootDisk == nil || len(got.UnmanagedDisks) != 0 {
		t.Errorf("boot disk %v, unmanaged %v", got.BootDisk, got.UnmanagedDisks)
	}
}

func TestDroppedDiskIsKept(t *testing.T) {
	l := start(t, vcenter.Options{})
	m := l.machine("web")
	m.Disks = map[string]platform.MachineDisk{"keep": {Size: new(platform.GiB)}, "drop": {Size: new(platform.GiB), DeleteOnRemove: new(true)}}
	l.create(t, m)
	files := map[string]string{}
	_, native := l.native(t, "web")
	for _, d := range disksOf(&native) {
		files[d.id] = d.path
	}
	kept, dropped := files[value(m.Disks["keep"].ID)], files[value(m.Disks["drop"].ID)]
	var warnings platform.Warnings
	want := with(m, func(m *platform.Machine) { m.Disks = nil })
	must(t, l.machines.Update(platform.WithWarnings(t.Context(), &warnings), m, want))
	list := warnings.Take()
	if len(list) != 1 || !strings.Contains(list[0].Err.Error(), kept) || list[0].Path.String() != "disks.keep" {
		t.Errorf("warnings %v", list)
	}
	t.Run("and can be attached", func(t *testing.T) {
		again := l.update(t, want, func(m *platform.Machine) { m.Disks = map[string]platform.MachineDisk{"old": {DiskID: &kept}} })
		if got := l.read(t, again); value(got.Disks["old"].DiskID) != kept || value(got.Disks["old"].ID) != value(m.Disks["keep"].ID) {
			t.Errorf("disks %+v", got.Disks)
		}
		must(t, l.machines.Delete(t.Context(), again))
		other := l.machine("db")
		other.Disks = map[string]platform.MachineDisk{"old": {DiskID: &kept}}
		l.create(t, other)
	})
	t.Run("unless it is to be deleted", func(t *testing.T) {
		other := l.machine("mail")
		other.Disks = map[string]platform.MachineDisk{"old": {DiskID: &dropped}}
		err := l.machines.Create(t.Context(), other, func(string) {})
		wantClass(t, err, platform.ErrNotFound)
	})
}

func TestDelete(t *testing.T) {
	l := start(t, vcenter.Options{})
	m := l.create(t, l.machine("web"))
	vm, native := l.native(t, "web")
	stray := &types.VirtualDisk{CapacityInKB: 1 << 20, VirtualDevice: types.VirtualDevice{
		Key: -1, ControllerKey: disksOf(&native)[0].device.ControllerKey, UnitNumber: new(int32(9)),
		Backing: &types.VirtualDiskFlatVer2BackingInfo{DiskMode: "persistent"},
	}}
	must(t, vm.AddDevice(t.Context(), stray))
	got := l.read(t, m)
	if d, ok := got.UnmanagedDisks["scsi0-9"]; !ok || value(d.Size) != platform.GiB {
		t.Fatalf("unmanaged disks %v", got.UnmanagedDisks)
	}
	var warnings platform.Warnings
	must(t, l.machines.Delete(platform.WithWarnings(t.Context(), &warnings), m))
	if list := warnings.Take(); len(list) != 1 || !strings.Contains(list[0].Err.Error(), value(got.UnmanagedDisks["scsi0-9"].Name)) {
		t.Errorf("warnings %v", list)
	}
	wantClass(t, l.machines.Read(t.Context(), bound(m)), platform.ErrNotFound)
	must(t, l.machines.Delete(t.Context(), m))
}

func TestDrift(t *testing.T) {
	l := start(t, vcenter.Options{})
	m := l.create(t, l.machine("web"))
	vm, _ := l.native(t, "web")
	task, err := vm.Reconfigure(t.Context(), types.VirtualMachineConfigSpec{Name: "renamed", Annotation: "by hand"})
	must(t, err)
	must(t, task.Wait(t.Context()))
	task, err = vm.PowerOff(t.Context())
	must(t, err)
	must(t, task.Wait(t.Context()))
	got := l.read(t, m)
	if got.Name != "renamed" || value(got.Description) != "by hand" || value(got.Power) != platform.PowerOff || got.Native["path"] != "/DC0/vm/renamed" {
		t.Errorf("read %+v", got)
	}
	task, err = vm.Destroy(t.Context())
	must(t, err)
	must(t, task.Wait(t.Context()))
	wantClass(t, l.machines.Read(t.Context(), bound(m)), platform.ErrNotFound)
}

func TestNameTaken(t *testing.T) {
	l := start(t, vcenter.Options{})
	m := l.create(t, l.machine("web"))
	for name, image := range map[string]*string{"from nothing": nil, "from a template": l.image(t)} {
		t.Run(name, func(t *testing.T) {
			again := l.machine("web")
			again.ImageID, again.BootDisk = image, nil
			err := l.machines.Create(t.Context(), again, func(id string) { t.Error("made", id) })
			var exists *platform.ExistsError
			if !errors.As(err, &exists) || exists.ID != value(m.ID) || exists.Unfinished {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestHalfWay(t *testing.T) {
	for name, method := range map[string]string{"power on": "PowerOnVM_Task", "the last step": "ReconfigVM_Task"} {
		t.Run(name, func(t *testing.T) {
			l := start(t, vcenter.Options{})
			l.Inject(vcenter.Fault{Method: method, Task: &types.InsufficientResourcesFault{}})
			m, id := l.machine("web"), ""
			err := l.machines.Create(t.Context(), m, func(made string) { id = made })
			wantClass(t, err, platform.ErrConflict)
			if id == "" {
				t.Fatal("the id was not told")
			}
			var exists *platform.ExistsError
			err = l.machines.Create(t.Context(), l.machine("web"), func(string) {})
			if !errors.As(err, &exists) || !exists.Unfinished || exists.ID != id {
				t.Errorf("error %v", err)
			}
			half := &platform.Machine{}
			half.ID = &id
			must(t, l.machines.Delete(t.Context(), half))
			l.create(t, l.machine("web"))
		})
	}
}

func TestMissingPrivilege(t *testing.T) {
	l := start(t, vcenter.Options{})
	l.Inject(vcenter.Fault{Method: "CreateVM_Task", SOAP: &types.NoPermission{
		PrivilegeId: "VirtualMachine.Inventory.Create", Object: &types.ManagedObjectReference{Type: "Folder", Value: "group-3"},
	}})
	m := l.machine("web")
	err := l.machines.Create(t.Context(), m, func(id string) { t.Error("made", id) })
	wantClass(t, err, platform.ErrUnauthorised)
	if m.ID != nil {
		t.Errorf("nothing was made, yet its id is %s", *m.ID)
	}
	if text := err.Error(); !strings.Contains(text, "VirtualMachine.Inventory.Create") || !strings.Contains(text, "group-3") || !strings.Contains(text, "web") {
		t.Error(text)
	}
}

func TestConcurrentCreates(t *testing.T) {
	l := start(t, vcenter.Options{})
	var wg sync.WaitGroup
	const n = 20
	for i := range n {
		wg.Go(func() {
			m := l.machine("web-" + string(rune('a'+i)))
			m.Tags = map[string]string{"role": "web"}
			if err := l.machines.Create(t.Context(), m, func(string) {}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	calls := l.Calls()
	t.Logf("%d calls for %d machines: %v", l.Total(), n, calls)
	if l.Total() > 15*n {
		t.Errorf("%d calls for %d machines", l.Total(), n)
	}
}

func TestListEqualsRead(t *testing.T) {
	l := start(t, vcenter.Options{VMs: 3})
	m := l.machine("web")
	m.Tags = map[string]string{"role": "web"}
	l.create(t, m)
	found := 0
	for e, err := range l.machines.List(t.Context()) {
		must(t, err)
		found++
		listed, single := &platform.Machine{}, &platform.Machine{}
		if e.ID == value(m.ID) {
			listed, single = bound(m), bound(m)
		}
		listed.ID, single.ID = &e.ID, &e.ID
		must(t, e.Fill(listed))
		must(t, l.machines.Read(t.Context(), single))
		if diff := cmp.Diff(single, listed); diff != "" {
			t.Errorf("%s: %s", e.Name, diff)
		}
	}
	if found != 4 {
		t.Errorf("%d machines listed, want 4", found)
	}
}

func TestFind(t *testing.T) {
	l := start(t, vcenter.Options{VMs: 2})
	_, native := l.native(t, "vm-1")
	want := native.Config.InstanceUuid
	for name, ref := range map[string]string{
		"name": "vm-1", "path": "/DC0/vm/vm-1", "instance": want, "bios": native.Config.Uuid, "moref": native.Self.Value,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := l.machines.Find(t.Context(), ref)
			if err != nil || got != want {
				t.Errorf("found %s, %v; want %s", got, err, want)
			}
		})
	}
	t.Run("nothing", func(t *testing.T) {
		_, err := l.machines.Find(t.Context(), "nobody")
		wantClass(t, err, platform.ErrNotFound)
	})
	t.Run("several", func(t *testing.T) {
		l := start(t, vcenter.Options{VMs: 2, Datacenters: 2})
		l.connect(t, map[string]any{"datacenter": ""})
		_, err := l.machines.Find(t.Context(), "vm-1")
		var several *platform.AmbiguousError
		if !errors.As(err, &several) || !cmp.Equal(several.Matches, []string{"/DC0/vm/vm-1", "/DC1/vm/vm-1"}) {
			t.Errorf("error %v", err)
		}
	})
}
