package sandbox

import (
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// TestPoolLife makes a pool, fills it, changes it by hand and forgets it: the disks stay.
func TestPoolLife(t *testing.T) {
	l := newLab(t, "", nil)
	p := &platform.StoragePool{Name: "fast", Type: "nfs", Server: new("nas"), Export: new("/srv")}
	must(t, l.StoragePools.Create(t.Context(), p, func(string) {}))
	fails(t, l.StoragePools.Create(t.Context(), &platform.StoragePool{Name: "fast", Type: "dir"}, func(string) {}), platform.ErrExists, "")
	same(t, *p.Available, *p.Capacity)
	l.edit("storage_pool", p.ID, func(doc map[string]any) { doc["mib"] = 10240 })
	must(t, l.Disks.Create(t.Context(), &platform.Disk{Name: "d", Size: new(2 * platform.GiB), Storage: new("fast")}, func(string) {}))
	m := l.machine(&platform.Machine{
		Name: "m", BootDisk: &platform.BootDisk{Size: new(3 * platform.GiB), Storage: new("fast")},
		Disks: map[string]platform.MachineDisk{"d": {Size: new(platform.GiB), Storage: new("slow")}},
	})
	got := &platform.StoragePool{Meta: platform.Meta{ID: p.ID}}
	must(t, l.StoragePools.Read(t.Context(), got))
	same(t, *got.Capacity, 10*platform.GiB)
	same(t, *got.Available, 5*platform.GiB)
	l.edit("storage_pool", p.ID, func(doc map[string]any) { doc["mib"] = 1 })
	must(t, l.StoragePools.Read(t.Context(), got))
	same(t, *got.Available, platform.Size(0))

	prior, want := *got, *got
	want.Server, want.Export, want.Type, want.Devices = nil, nil, "logical", []string{"/dev/vdb"}
	must(t, l.StoragePools.Update(t.Context(), &prior, &want))
	must(t, l.StoragePools.Read(t.Context(), got))
	if got.Server != nil || got.Export != nil || len(got.Devices) != 1 || *got.Path != *p.Path {
		t.Errorf("%+v", got)
	}
	must(t, l.StoragePools.Delete(t.Context(), got))
	fails(t, l.StoragePools.Read(t.Context(), got), platform.ErrNotFound, "")
	same(t, *l.read(m).BootDisk.Storage, "fast")
}

// TestHost reads the one host: what runs takes of its memory.
func TestHost(t *testing.T) {
	l := newLab(t, "", nil)
	read := func() *platform.Host {
		h := &platform.Host{Meta: platform.Meta{ID: &l.Endpoint}}
		must(t, l.Hosts.Read(t.Context(), h))
		return h
	}
	same(t, *read().MemoryFree, *read().Memory)
	l.machine(&platform.Machine{Name: "on", Memory: new(4 * platform.GiB)})
	l.machine(&platform.Machine{Name: "off", Memory: new(4 * platform.GiB), Power: new("off")})
	same(t, *read().MemoryFree, *read().Memory-4*platform.GiB)
	fails(t, l.Hosts.Read(t.Context(), &platform.Host{Meta: platform.Meta{ID: new("no")}}), platform.ErrNotFound, "")
}
