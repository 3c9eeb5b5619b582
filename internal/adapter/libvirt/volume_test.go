package libvirt

import (
	"bytes"
	"strings"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func TestVolumes(t *testing.T) {
	t.Parallel()
	h := newStorageHost(t)
	for name, test := range map[string]func(*testing.T, *storageHost){
		"empty": testMakeVolume, "copies": testCopyVolume, "taken": testTakenVolume, "foreign": testForeignVolume,
		"grow": testGrowVolume, "upload": testUploadVolume, "refused": testRefusedVolume, "pools": testPools,
	} {
		t.Run(name, func(t *testing.T) { test(t, h) })
	}
}

func testMakeVolume(t *testing.T, h *storageHost) {
	v, err := h.s.makeVolume(t.Context(), volumeSpec{pool: "default", name: "empty.qcow2", size: platform.GiB})
	if err != nil {
		t.Fatal(err)
	}
	want := h.Pool("default") + "/empty.qcow2"
	if v.key != want || v.format != formatQcow2 || v.capacity != platform.GiB || v.pool != "default" || v.name != "empty.qcow2" || v.block || v.backing != "" {
		t.Errorf("%+v", v)
	}
	if out := h.virsh(t, "vol-dumpxml", want); !strings.Contains(out, "<compat>1.1</compat>") {
		t.Error(out)
	}
	raw, err := h.s.makeVolume(t.Context(), volumeSpec{pool: "second", name: "empty", size: 1000, format: formatRaw})
	if err != nil || raw.format != formatRaw {
		t.Errorf("%+v, %v", raw, err)
	}
	for range 2 {
		if err := h.s.deleteVolume(t.Context(), want); err != nil {
			t.Error(err)
		}
	}
	_, err = h.s.volume(t.Context(), want)
	isClass(t, err, platform.ErrNotFound, want)
}

func testCopyVolume(t *testing.T, h *storageHost) {
	data := noise(1, 4<<20)
	if _, err := h.s.uploadVolume(t.Context(), "default", "base.raw", formatRaw, bytes.NewReader(data), int64(len(data))); err != nil {
		t.Fatal(err)
	}
	base := h.Pool("default") + "/base.raw"
	for _, c := range []struct {
		name    string
		spec    volumeSpec
		backing string
	}{
		{"raw", volumeSpec{pool: "second", format: formatRaw}, ""},
		{"qcow2", volumeSpec{pool: "default"}, ""},
		{"grown", volumeSpec{pool: "second", size: 8 << 20}, ""},
		{"grown-raw", volumeSpec{pool: "second", size: 8 << 20, format: formatRaw}, ""},
		{"linked", volumeSpec{pool: "second", size: 8 << 20, linked: true}, base},
	} {
		c.spec.name, c.spec.source = "copy-"+c.name, base
		v, err := h.s.makeVolume(t.Context(), c.spec)
		if err != nil {
			t.Fatal(c.name, err)
		}
		if v.backing != c.backing || v.capacity != max(c.spec.size, 4<<20) {
			t.Errorf("%s: %+v", c.name, v)
		}
		out := h.run(t, "qemu-img", "compare", "-f", v.format, "-F", "raw", v.key, base)
		if !strings.Contains(out, "Images are identical") {
			t.Error(c.name, out)
		}
	}
	_, err := h.s.makeVolume(t.Context(), volumeSpec{pool: "default", name: "small", source: base, size: 1 << 20})
	isClass(t, err, platform.ErrInvalid, "cannot be smaller")
	_, err = h.s.makeVolume(t.Context(), volumeSpec{pool: "default", name: "small", source: "/nowhere/a"})
	isClass(t, err, platform.ErrNotFound, "/nowhere/a")
	_, err = h.s.makeVolume(t.Context(), volumeSpec{pool: "default", name: "small", source: base, linked: true, format: formatRaw})
	isClass(t, err, platform.ErrInvalid, "linked clone")
}

func testTakenVolume(t *testing.T, h *storageHost) {
	spec := volumeSpec{pool: "default", name: "taken", size: platform.MiB}
	if _, err := h.s.makeVolume(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	_, err := h.s.makeVolume(t.Context(), spec)
	isClass(t, err, platform.ErrExists, "taken")
	_, err = h.s.uploadVolume(t.Context(), "default", "taken", formatRaw, strings.NewReader("x"), 1)
	isClass(t, err, platform.ErrExists, "taken")
	h.run(t, "qemu-img", "create", "-f", "raw", h.Pool("default")+"/unseen", "1M")
	_, err = h.s.makeVolume(t.Context(), volumeSpec{pool: "default", name: "unseen", size: platform.MiB})
	isClass(t, err, platform.ErrExists, "unseen")
}

func testForeignVolume(t *testing.T, h *storageHost) {
	path := h.Pool("second") + "/by-hand.qcow2"
	h.run(t, "qemu-img", "create", "-f", "qcow2", path, "3M")
	v, err := h.s.volume(t.Context(), path)
	if err != nil || v.capacity != 3<<20 || v.format != formatQcow2 || v.changed.IsZero() {
		t.Errorf("%+v, %v", v, err)
	}
	h.run(t, "rm", path)
	_, err = h.s.volume(t.Context(), path)
	isClass(t, err, platform.ErrNotFound)
	for _, key := range []string{"/etc/passwd", "relative", ""} {
		_, err = h.s.volume(t.Context(), key)
		isClass(t, err, platform.ErrNotFound)
	}
}

func testGrowVolume(t *testing.T, h *storageHost) {
	v, err := h.s.makeVolume(t.Context(), volumeSpec{pool: "default", name: "grow", size: platform.MiB})
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []platform.Size{5 << 20, 5 << 20, 3 << 20} {
		if err := h.s.growVolume(t.Context(), v.key, to); err != nil {
			t.Error(err)
		}
		if v, err = h.s.volume(t.Context(), v.key); err != nil || v.capacity != 5<<20 {
			t.Errorf("%+v, %v", v, err)
		}
	}
	isClass(t, h.s.growVolume(t.Context(), h.Pool("default")+"/none", platform.MiB), platform.ErrNotFound)
}

func testUploadVolume(t *testing.T, h *storageHost) {
	for _, size := range []int{1, 512, 1000, packetSize, packetSize + 1, 5 << 20} {
		data := noise(2, size)
		v, err := h.s.uploadVolume(t.Context(), "default", "upload", formatRaw, bytes.NewReader(data), int64(size))
		if err != nil {
			t.Fatal(size, err)
		}
		content(t, v.key, data)
		got, err := h.s.downloadVolume(t.Context(), v.key, int64(size))
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d: downloaded %d bytes, %v", size, len(got), err)
		}
		_, err = h.s.downloadVolume(t.Context(), v.key, int64(size)-1)
		isClass(t, err, platform.ErrInvalid, "more than")
		if err := h.s.deleteVolume(t.Context(), v.key); err != nil {
			t.Error(err)
		}
	}
}

func testRefusedVolume(t *testing.T, h *storageHost) {
	for name, err := range map[string]error{
		"short": upload(t, h, formatRaw, noise(3, 1000), 2000),
		"long":  upload(t, h, formatRaw, noise(3, 2000), 1000),
		"wrong": upload(t, h, formatQcow2, noise(3, 2000), 2000),
		"vmdk":  upload(t, h, formatRaw, append([]byte("KDMV"), noise(3, 2000)...), 2004),
	} {
		if err == nil {
			t.Error(name, "was taken")
		}
	}
	for _, name := range h.names(t, "second") {
		if strings.HasPrefix(name, uploadPrefix) || name == "refused" {
			t.Error("left over:", name)
		}
	}
}

func upload(t *testing.T, h *storageHost, format string, data []byte, length int64) error {
	t.Helper()
	_, err := h.s.uploadVolume(t.Context(), "second", "refused", format, bytes.NewReader(data), length)
	return err
}

func testPools(t *testing.T, h *storageHost) {
	p, err := h.s.pool(t.Context(), "second")
	if err != nil || p.kind != poolDir || p.path != h.Pool("second") || p.file("a") != h.Pool("second")+"/a" || p.block() || len(p.uuid) != 36 {
		t.Errorf("%+v, %v", p, err)
	}
	_, err = h.s.pool(t.Context(), "none")
	isClass(t, err, platform.ErrNotFound, "none")
	h.virsh(t, "pool-define-as", "idle", "dir", "--target", t.TempDir())
	_, err = h.s.pool(t.Context(), "idle")
	isClass(t, err, platform.ErrConflict, "not active")
	gone := h.Pool("second") + "/asleep"
	h.virsh(t, "vol-create-as second asleep 1M; pool-destroy second")
	_, err = h.s.volume(t.Context(), gone)
	if isNotFound(err) {
		t.Error("a volume of a pool that is not active counts as gone")
	}
	isClass(t, err, platform.ErrConflict, "second is not active")
	isClass(t, h.s.deleteVolume(t.Context(), gone), platform.ErrConflict)
	h.virsh(t, "pool-start", "second")
	if _, err := h.s.volume(t.Context(), gone); err != nil {
		t.Error(err)
	}
}
