package libvirt

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func TestStoragePools(t *testing.T) {
	t.Parallel()
	h := newStorageHost(t)
	for name, test := range map[string]func(*testing.T, *storageHost, *storagePools){
		"dir": testDirPool, "errors": testPoolErrors, "find": testFindPool, "fs": testFSPool, "logical": testLogicalPool, "nfs": testNFSPool,
	} {
		t.Run(name, func(t *testing.T) { test(t, h, &storagePools{h.s}) })
	}
}

// makePool makes a pool that has to succeed, and forgets it at the end.
func makePool(t *testing.T, p *storagePools, want *platform.StoragePool) *platform.StoragePool {
	t.Helper()
	var made []string
	if err := p.Create(t.Context(), want, func(id string) { made = append(made, id) }); err != nil {
		t.Fatal(err)
	}
	if len(made) != 1 || made[0] != *want.ID {
		t.Errorf("made: %v", made)
	}
	t.Cleanup(func() { _ = p.Delete(context.WithoutCancel(t.Context()), want) })
	return want
}

func testDirPool(t *testing.T, h *storageHost, p *storagePools) {
	path := h.Dir + "/pool/new"
	want := makePool(t, p, &platform.StoragePool{Name: "new", Type: poolDir, Path: &path})
	have := platform.StoragePool{Meta: platform.Meta{ID: want.ID}}
	if err := p.Read(t.Context(), &have); err != nil {
		t.Fatal(err)
	}
	if *have.Libvirt.Autostart != true || *have.Capacity == 0 || *have.Available > *have.Capacity {
		t.Errorf("%+v", have)
	}
	have.Libvirt, have.Available = nil, want.Available
	if diff := cmp.Diff(want, &have); diff != "" {
		t.Error(diff)
	}
	if out := h.virsh(t, "pool-info", "new"); !strings.Contains(out, "running") || strings.Contains(out, "Autostart:      no") {
		t.Error(out)
	}
	later := *want
	later.Libvirt = &platform.LibvirtStoragePool{Autostart: new(false)}
	if err := p.Update(t.Context(), want, &later); err != nil {
		t.Fatal(err)
	}
	if out := h.virsh(t, "pool-info", "new"); !strings.Contains(out, "Autostart:      no") {
		t.Error(out)
	}
	h.virsh(t, "pool-destroy", "new")
	if err := p.Read(t.Context(), &have); err != nil || have.Capacity != nil || have.Native["state"] != "inactive" {
		t.Errorf("%+v, %v", have, err)
	}
	h.virsh(t, "pool-start new; vol-create-as new kept 1M")
	for range 2 {
		if err := p.Delete(t.Context(), want); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(path + "/kept"); err != nil {
		t.Error("the data is gone:", err)
	}
	isClass(t, p.Read(t.Context(), &have), platform.ErrNotFound)
	again := makePool(t, p, &platform.StoragePool{Name: "new", Type: poolDir, Path: &path, Libvirt: &platform.LibvirtStoragePool{Build: new(true)}})
	if names := h.names(t, "new"); len(names) != 1 || *again.ID == *want.ID {
		t.Error(names)
	}
}

func testPoolErrors(t *testing.T, h *storageHost, p *storagePools) {
	for _, c := range []struct {
		name  string
		want  platform.StoragePool
		class error
		at    string
	}{
		{"taken", platform.StoragePool{Name: "default", Type: poolDir, Path: new("/tmp")}, platform.ErrExists, "name"},
		{"relative", platform.StoragePool{Name: "a", Type: poolDir, Path: new("images")}, platform.ErrInvalid, "path"},
		{"not clean", platform.StoragePool{Name: "a", Type: poolDir, Path: new("/tmp/")}, platform.ErrInvalid, "path"},
		{"no server", platform.StoragePool{Name: "a", Type: typeNFS}, platform.ErrInvalid, "server"},
		{"server", platform.StoragePool{Name: "a", Type: poolDir, Server: new("x")}, platform.ErrInvalid, "server"},
		{"no device", platform.StoragePool{Name: "a", Type: poolFS}, platform.ErrInvalid, "devices"},
		{"devices", platform.StoragePool{Name: "a", Type: poolDir, Devices: []string{"/dev/x"}}, platform.ErrInvalid, "devices"},
		{"not /dev", platform.StoragePool{Name: "a", Type: poolLogical, Path: new("/srv/vg")}, platform.ErrInvalid, "path"},
		{"not there", platform.StoragePool{Name: "a", Type: poolDir, Path: new(h.Dir + "/none"), Libvirt: &platform.LibvirtStoragePool{Build: new(false)}}, nil, ""},
		{"no such device", platform.StoragePool{Name: "a", Type: poolFS, Path: new(h.Dir + "/mnt"), Devices: []string{"/dev/none"}}, nil, ""},
		{"folder of another", platform.StoragePool{Name: "a", Type: poolDir, Path: new(h.Pool("default"))}, nil, ""},
	} {
		err := p.Create(t.Context(), &c.want, func(id string) { t.Errorf("%s: made %s", c.name, id) })
		var at *platform.AttrError
		if err == nil || c.class != nil && !errors.Is(err, c.class) || c.at != "" && (!errors.As(err, &at) || at.Path.String() != c.at) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if out := h.virsh(t, "pool-list", "--all", "--name"); strings.Contains(out, "a\n") && !strings.Contains(out, "default") {
		t.Error(out)
	}
	if _, err := h.Virsh(t.Context(), "pool-info", "a"); err == nil {
		t.Error("a failed creation left the pool")
	}
}

func testFindPool(t *testing.T, h *storageHost, p *storagePools) {
	uuid := strings.TrimSpace(h.virsh(t, "pool-uuid", "second"))
	for _, ref := range []string{"second", uuid} {
		if got, err := p.Find(t.Context(), ref); got != uuid || err != nil {
			t.Errorf("%s: %s, %v", ref, got, err)
		}
	}
	_, err := p.Find(t.Context(), "none")
	isClass(t, err, platform.ErrNotFound)
	names := map[string]bool{}
	for entry, err := range p.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		var have platform.StoragePool
		if err := entry.Fill(&have); err != nil || *have.ID != entry.ID {
			t.Errorf("%+v, %v", have, err)
		}
		names[entry.Name] = true
	}
	if !names["default"] || !names["second"] {
		t.Error(names)
	}
}

// loop gives a file as a block device. A machine that tests a server has to have them.
func loop(t *testing.T, h *storageHost, name string) string {
	t.Helper()
	path := h.Dir + "/" + name
	h.run(t, "truncate", "-s", "256M", path)
	out, err := h.Exec(t.Context(), "losetup", "--show", "-f", path)
	if err != nil {
		t.Fatal("no loop devices here, which come with the kernel's module loop: ", err)
	}
	device := strings.TrimSpace(out)
	t.Cleanup(func() { _, _ = h.Exec(context.WithoutCancel(t.Context()), "losetup", "-d", device) })
	return device
}

func testFSPool(t *testing.T, h *storageHost, p *storagePools) {
	device := loop(t, h, "fs")
	path := h.Dir + "/fs.mnt"
	build := &platform.LibvirtStoragePool{Build: new(true)}
	want := makePool(t, p, &platform.StoragePool{Name: "fs", Type: poolFS, Path: &path, Devices: []string{device}, Libvirt: build})
	h.virsh(t, "vol-create-as", "fs", "kept", "1M")
	have := platform.StoragePool{Meta: platform.Meta{ID: want.ID}}
	if err := p.Read(t.Context(), &have); err != nil || !cmp.Equal(have.Devices, want.Devices) || *have.Path != path || have.Type != poolFS {
		t.Errorf("%+v, %v", have, err)
	}
	if err := p.Delete(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	again := &platform.StoragePool{Name: "fs", Type: poolFS, Path: &path, Devices: []string{device}, Libvirt: build}
	makePool(t, p, again)
	if names := h.names(t, "fs"); !slices.Contains(names, "kept") {
		t.Error("the file system was made again:", names)
	}
	if err := p.Delete(t.Context(), again); err != nil {
		t.Error(err)
	}
}

func testLogicalPool(t *testing.T, h *storageHost, p *storagePools) {
	device := loop(t, h, "lvm")
	name := "vg" + strings.ToLower(sum([]byte(h.Dir)))[:8]
	want := &platform.StoragePool{Name: name, Type: poolLogical, Devices: []string{device}, Libvirt: &platform.LibvirtStoragePool{Build: new(true)}}
	if err := p.Create(t.Context(), want, func(string) {}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = h.Exec(context.WithoutCancel(t.Context()), "vgremove", "-f", name) })
	t.Cleanup(func() { _ = p.Delete(context.WithoutCancel(t.Context()), want) })
	have := platform.StoragePool{Meta: platform.Meta{ID: want.ID}}
	if err := p.Read(t.Context(), &have); err != nil || *have.Path != "/dev/"+name || !cmp.Equal(have.Devices, want.Devices) || *have.Capacity == 0 {
		t.Errorf("%+v, %v", have, err)
	}
	d := &disks{h.s}
	if _, err := h.Exec(t.Context(), "dmsetup", "version"); err != nil { // the kernel has no device mapper
		lv := &platform.Disk{Name: "lv", Size: new(8 * platform.MiB), Storage: &name}
		if err := d.Create(t.Context(), lv, func(id string) { t.Error("made", id) }); err == nil || !strings.Contains(err.Error(), "lvcreate") {
			t.Errorf("a volume that the host cannot make: %v", err)
		}
		return
	}
	disk := makeDisk(t, d, &platform.Disk{Name: "lv", Size: new(8 * platform.MiB), Storage: &name})
	if *disk.Type != formatRaw || *disk.ID != "/dev/"+name+"/lv" {
		t.Errorf("%+v", disk)
	}
	grown := *disk
	grown.Size = new(12 * platform.MiB)
	if err := d.Update(t.Context(), disk, &grown); err != nil {
		t.Error(err)
	}
	image := makeImage(t, newImages(h.s), &platform.Image{Name: "img", Source: new(file(t, "i", noise(13, 4<<20))), Libvirt: &platform.LibvirtImage{Pool: &name}})
	content(t, *image.ID, noise(13, 4<<20))
	for _, id := range []*string{disk.ID, image.ID} {
		if err := d.Delete(t.Context(), &platform.Disk{Meta: platform.Meta{ID: id}}); err != nil {
			t.Error(err)
		}
	}
}

func testNFSPool(t *testing.T, h *storageHost, p *storagePools) {
	path := h.Dir + "/nfs.mnt"
	want := &platform.StoragePool{Name: "nfs", Type: typeNFS, Path: &path, Server: new("127.0.0.1"), Export: new("/none")}
	err := p.Create(t.Context(), want, func(id string) { t.Error("made", id) })
	if err == nil || !strings.Contains(err.Error(), "start it") {
		t.Error(err)
	}
	if _, err := h.Virsh(t.Context(), "pool-info", "nfs"); err == nil {
		t.Error("a pool that does not start was left")
	}
	h.virsh(t, "pool-define-as", "nfs", "netfs", "--source-host", "storage.example", "--source-path", "/srv/images", "--target", path)
	id, err := p.Find(t.Context(), "nfs")
	if err != nil {
		t.Fatal(err)
	}
	have := platform.StoragePool{Meta: platform.Meta{ID: &id}}
	if err := p.Read(t.Context(), &have); err != nil || have.Type != typeNFS || *have.Server != "storage.example" || *have.Export != "/srv/images" {
		t.Errorf("%+v, %v", have, err)
	}
	h.virsh(t, "pool-undefine", "nfs")
}
