package libvirt

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func TestDisks(t *testing.T) {
	t.Parallel()
	h := newStorageHost(t)
	for name, test := range map[string]func(*testing.T, *storageHost, *disks){
		"life": testDiskLife, "clones": testDiskClones, "errors": testDiskErrors, "find": testFindDisk, "list": testListDisks,
		"running": testRunningDisk,
	} {
		t.Run(name, func(t *testing.T) { test(t, h, &disks{h.s}) })
	}
}

// makeDisk makes a disk that has to succeed.
func makeDisk(t *testing.T, d *disks, want *platform.Disk) *platform.Disk {
	t.Helper()
	var made []string
	if err := d.Create(t.Context(), want, func(id string) { made = append(made, id) }); err != nil {
		t.Fatal(err)
	}
	if len(made) != 1 || made[0] != *want.ID {
		t.Errorf("made: %v", made)
	}
	return want
}

func testDiskLife(t *testing.T, h *storageHost, d *disks) {
	want := makeDisk(t, d, &platform.Disk{Name: "life.qcow2", Size: new(platform.GiB)})
	path := h.Pool("default") + "/life.qcow2"
	full := &platform.Disk{
		Meta: platform.Meta{ID: &path}, Name: "life.qcow2", Size: new(platform.GiB), Type: new("qcow2"), Storage: new("default"),
		Native: map[string]string{"path": path, "pool": "default", "key": path},
	}
	if diff := cmp.Diff(full, want); diff != "" {
		t.Error(diff)
	}
	grown := *want
	grown.Size = new(2 * platform.GiB)
	if err := d.Update(t.Context(), want, &grown); err != nil {
		t.Fatal(err)
	}
	have := platform.Disk{Meta: platform.Meta{ID: &path}}
	if err := d.Read(t.Context(), &have); err != nil {
		t.Fatal(err)
	}
	full.Size, full.Libvirt = grown.Size, &platform.LibvirtDisk{LinkedClone: new(false)}
	if diff := cmp.Diff(full, &have); diff != "" {
		t.Error(diff)
	}
	isClass(t, d.Update(t.Context(), &grown, want), platform.ErrInvalid, "cannot shrink")
	for range 2 {
		if err := d.Delete(t.Context(), &have); err != nil {
			t.Error(err)
		}
	}
	isClass(t, d.Read(t.Context(), &have), platform.ErrNotFound)
	if slices.Contains(h.names(t, "default"), "life.qcow2") {
		t.Error("it is still there")
	}
}

func testDiskClones(t *testing.T, h *storageHost, d *disks) {
	base := makeDisk(t, d, &platform.Disk{Name: "clone-base", Size: new(64 * platform.MiB)})
	full := makeDisk(t, d, &platform.Disk{Name: "clone-full", SourceID: base.ID, Type: new("raw"), Storage: new("second")})
	linked := makeDisk(t, d, &platform.Disk{Name: "clone-linked", SourceID: base.ID, Libvirt: &platform.LibvirtDisk{LinkedClone: new(true)}})
	if *full.Size != 64*platform.MiB || *full.Type != formatRaw || *linked.Size != 64*platform.MiB {
		t.Errorf("%+v %+v", full, linked)
	}
	if out := h.run(t, "qemu-img", "info", *linked.ID); !strings.Contains(out, "backing file: "+*base.ID) {
		t.Error(out)
	}
	isClass(t, d.Delete(t.Context(), base), platform.ErrConflict, "clone-linked")
	for _, disk := range []*platform.Disk{linked, full, base} {
		if err := d.Delete(t.Context(), disk); err != nil {
			t.Error(err)
		}
	}
}

func testDiskErrors(t *testing.T, h *storageHost, d *disks) {
	makeDisk(t, d, &platform.Disk{Name: "there", Size: new(platform.MiB)})
	for _, c := range []struct {
		name  string
		want  platform.Disk
		class error
		at    string
	}{
		{"name taken", platform.Disk{Name: "there", Size: new(platform.MiB)}, platform.ErrExists, "name"},
		{"no size", platform.Disk{Name: "a"}, platform.ErrInvalid, "size"},
		{"no pool", platform.Disk{Name: "a", Size: new(platform.MiB), Storage: new("none")}, platform.ErrNotFound, "storage"},
		{"no source", platform.Disk{Name: "a", SourceID: new("/none/a")}, platform.ErrNotFound, "source_id"},
		{"no base", platform.Disk{Name: "a", Size: new(platform.MiB), Libvirt: &platform.LibvirtDisk{LinkedClone: new(true)}}, platform.ErrInvalid, "libvirt.linked_clone"},
		{"slash", platform.Disk{Name: "a/b", Size: new(platform.MiB)}, nil, ""},
		{"pool full", platform.Disk{Name: "a", Size: new(platform.Size(1 << 62)), Type: new("raw")}, nil, ""},
	} {
		err := d.Create(t.Context(), &c.want, func(id string) { t.Errorf("%s: made %s", c.name, id) })
		if err == nil || c.class != nil && !errors.Is(err, c.class) {
			t.Errorf("%s: %v; want %v", c.name, err, c.class)
		}
		var at *platform.AttrError
		if c.at != "" && (!errors.As(err, &at) || at.Path.String() != c.at) {
			t.Errorf("%s: %v is not at %s", c.name, err, c.at)
		}
	}
	var exists *platform.ExistsError
	err := d.Create(t.Context(), &platform.Disk{Name: "there", Size: new(platform.MiB)}, func(string) {})
	if !errors.As(err, &exists) || exists.ID != h.Pool("default")+"/there" {
		t.Errorf("%+v", exists)
	}
}

func testFindDisk(t *testing.T, h *storageHost, d *disks) {
	h.virsh(t, "vol-create-as", "default", "twice", "1M")
	h.virsh(t, "vol-create-as", "second", "twice", "1M")
	h.run(t, "qemu-img", "create", "-f", "qcow2", h.Pool("second")+"/dropped.qcow2", "1M")
	for ref, want := range map[string]string{
		"default/twice": h.Pool("default") + "/twice", h.Pool("second") + "/twice": h.Pool("second") + "/twice",
		"dropped.qcow2": h.Pool("second") + "/dropped.qcow2",
	} {
		if got, err := d.Find(t.Context(), ref); got != want || err != nil {
			t.Errorf("%s: %s, %v", ref, got, err)
		}
	}
	var several *platform.AmbiguousError
	_, err := d.Find(t.Context(), "twice")
	if !errors.As(err, &several) || !slices.Equal(several.Matches, []string{"default/twice", "second/twice"}) {
		t.Error(err)
	}
	for _, ref := range []string{"nothing", "default/nothing", "none/twice", "/none", ""} {
		_, err := d.Find(t.Context(), ref)
		isClass(t, err, platform.ErrNotFound)
	}
}

func testListDisks(t *testing.T, h *storageHost, d *disks) {
	h.virsh(t, "vol-create-as", "default", uploadPrefix+"x-1", "1M")
	h.virsh(t, "vol-create-as", "second", "listed", "1M", "--format", "qcow2")
	found := map[string]platform.Disk{}
	for entry, err := range d.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		var have platform.Disk
		if err := entry.Fill(&have); err != nil {
			t.Error(err)
		}
		found[entry.ID] = have
	}
	listed := found[h.Pool("second")+"/listed"]
	read := platform.Disk{Meta: platform.Meta{ID: listed.ID}}
	if err := d.Read(t.Context(), &read); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(read, listed); diff != "" {
		t.Error(diff)
	}
	if _, ok := found[h.Pool("default")+"/"+uploadPrefix+"x-1"]; ok {
		t.Error("an unfinished upload is listed")
	}
}

// holder is a machine without a system, which is enough to hold disks open.
const holder = `<domain type='qemu'><name>holder</name><memory unit='MiB'>32</memory>
<os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
<disk type='file'><driver name='qemu' type='qcow2'/><source file='DISK'/><target dev='vda' bus='virtio'/></disk>
<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file='ISO'/><target dev='sda' bus='sata'/><readonly/></disk>
</devices></domain>`

func testRunningDisk(t *testing.T, h *storageHost, d *disks) {
	disk := makeDisk(t, d, &platform.Disk{Name: "held", Size: new(64 * platform.MiB)})
	iso := makeDisk(t, d, &platform.Disk{Name: "iso", Size: new(platform.MiB), Type: new("raw")})
	text := strings.NewReplacer("DISK", *disk.ID, "ISO", *iso.ID).Replace(holder)
	h.virsh(t, "define", file(t, "holder.xml", []byte(text)))
	h.virsh(t, "start", "holder")
	t.Cleanup(func() { _, _ = h.Virsh(context.WithoutCancel(t.Context()), "destroy holder; undefine holder") })
	grown := *disk
	grown.Size = new(128 * platform.MiB)
	if err := d.Update(t.Context(), disk, &grown); err != nil {
		t.Fatal(err)
	}
	if out := h.virsh(t, "domblkinfo", "holder", "vda"); !strings.Contains(out, "134217728") {
		t.Error(out)
	}
	i := newImages(h.s)
	isClass(t, i.Delete(t.Context(), &platform.Image{Meta: platform.Meta{ID: disk.ID}}), platform.ErrConflict, "holder")
	isClass(t, i.Delete(t.Context(), &platform.Image{Meta: platform.Meta{ID: iso.ID}}), platform.ErrConflict, "holder")
	h.virsh(t, "destroy", "holder")
	if err := d.Delete(t.Context(), disk); err != nil {
		t.Fatal(err)
	}
	if out := h.virsh(t, "domblklist", "holder"); strings.Contains(out, "held") {
		t.Error(out)
	}
}
