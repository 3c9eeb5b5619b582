package vsphere

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/vcenter"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// TestLostAnswer breaks the connection after the server took a request: what it made is found.
func TestLostAnswer(t *testing.T) {
	l := start(t, vcenter.Options{})
	m := l.create(t, l.machine("web"))
	for name, c := range map[string]struct {
		method string
		create func(ctx context.Context, made func(string)) error
	}{
		"machine": {"CreateVM_Task", func(ctx context.Context, made func(string)) error {
			return l.machines.Create(ctx, l.machine("lost"), made)
		}},
		"image": {"CloneVM_Task", func(ctx context.Context, made func(string)) error {
			return l.conn.Images.Create(ctx, &platform.Image{Name: "golden", MachineID: m.ID}, made)
		}},
		"network": {"AddDVPortgroup_Task", func(ctx context.Context, made func(string)) error {
			return l.conn.Networks.Create(ctx, &platform.Network{Name: "lost"}, made)
		}},
		"disk": {"CreateDisk_Task", func(ctx context.Context, made func(string)) error {
			return l.conn.Disks.Create(ctx, &platform.Disk{Name: "lost", Size: new(platform.GiB)}, made)
		}},
		"plain disk": {"CreateVirtualDisk_Task", func(ctx context.Context, made func(string)) error {
			d := &platform.Disk{Name: "data", Size: new(platform.GiB)}
			plainly(d)
			return l.conn.Disks.Create(ctx, d, made)
		}},
		"snapshot": {"CreateSnapshot_Task", func(ctx context.Context, made func(string)) error {
			return l.conn.Snapshots.Create(ctx, &platform.Snapshot{Name: "lost", MachineID: *m.ID}, made)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			l.Inject(vcenter.Fault{Method: c.method, CutAfter: true})
			var ids made
			if err := c.create(t.Context(), ids.add); err == nil || len(ids) != 1 {
				t.Errorf("error %v, made %v", err, ids)
			}
		})
	}
}

// TestUpdateHalfWay lets a change fail after it made devices: they are bound, and the next change makes no others.
func TestUpdateHalfWay(t *testing.T) {
	for name, fault := range map[string]vcenter.Fault{
		"the power":       {Method: "PowerOnVM_Task", Task: &types.InsufficientResourcesFault{}},
		"the lost answer": {Method: "ReconfigVM_Task", CutAfter: true},
	} {
		t.Run(name, func(t *testing.T) {
			l := start(t, vcenter.Options{})
			m := l.machine("web")
			m.Power = new(platform.PowerOff)
			l.create(t, m)
			want := with(m, func(m *platform.Machine) {
				m.Power = new(platform.PowerOn)
				m.Disks = map[string]platform.MachineDisk{"more": {Size: new(platform.GiB)}}
				m.NICs["eth1"] = platform.NIC{NetworkID: &l.network}
			})
			l.Inject(fault)
			if err := l.machines.Update(t.Context(), m, want); err == nil {
				t.Fatal("no error")
			}
			l.ClearFaults()
			if want.Disks["more"].ID == nil || want.NICs["eth1"].ID == nil || want.NICs["eth1"].MAC == nil {
				t.Errorf("not bound: %+v %+v", want.Disks["more"], want.NICs["eth1"])
			}
			again := l.update(t, with(want, func(m *platform.Machine) { m.Power = new(platform.PowerOff) }), func(m *platform.Machine) {
				m.Power = new(platform.PowerOn)
			})
			if got := l.read(t, again); len(got.Disks) != 1 || len(got.NICs) != 2 || len(got.UnmanagedDisks)+len(got.UnmanagedNICs) != 0 {
				t.Errorf("disks %v %v, nics %v %v", got.Disks, got.UnmanagedDisks, got.NICs, got.UnmanagedNICs)
			}
		})
	}
}

// TestFillAfterTheList fills from entries when the context of the list has ended, without a call.
func TestFillAfterTheList(t *testing.T) {
	l := start(t, vcenter.Options{})
	m := l.machine("web")
	m.Tags = map[string]string{"role": "web"}
	l.golden(t, l.create(t, m).ID)
	l.connect(t, nil) // knows nothing yet
	ctx, cancel := context.WithCancel(t.Context())
	machines, images := entries(t, l.machines.List(ctx)), entries(t, l.conn.Images.(*images).List(ctx))
	networks := entries(t, l.conn.Networks.(*networks).List(ctx))
	cancel()
	l.Reset()
	for _, e := range machines {
		got := bound(m)
		must(t, e.Fill(got))
		if got.Tags["role"] != "web" || got.Native["path"] != "/DC0/vm/web" || len(got.NICs) != 1 {
			t.Errorf("machine %+v", got)
		}
	}
	var tags []string
	for _, e := range images {
		var got platform.Image
		must(t, e.Fill(&got))
		tags = slices.AppendSeq(tags, maps.Keys(got.Tags))
	}
	for _, e := range networks {
		var got platform.Network
		must(t, e.Fill(&got))
		if got.Name != e.Name || value(got.ID) != e.ID || got.Native["path"] == "" {
			t.Errorf("network %+v", got)
		}
	}
	if !slices.Contains(tags, "os") || len(networks) == 0 || l.Total() > 0 {
		t.Errorf("tags of images %v, %d networks, calls %v", tags, len(networks), l.Calls())
	}
}

func entries[T any](t *testing.T, list func(func(platform.Entry[T], error) bool)) (all []platform.Entry[T]) {
	t.Helper()
	for e, err := range list {
		must(t, err)
		all = append(all, e)
	}
	return all
}
