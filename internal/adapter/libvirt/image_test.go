package libvirt

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func TestImages(t *testing.T) {
	t.Parallel()
	h := newStorageHost(t)
	for name, test := range map[string]func(*testing.T, *storageHost, *images){
		"raw": testRawImage, "qcow2": testQcow2Image, "url": testURLImage, "errors": testImageErrors, "broken": testBrokenSource,
		"twins": testTwinImages, "machine": testMachineImage, "left": testLeftUploads, "full": testFullPool,
	} {
		t.Run(name, func(t *testing.T) { test(t, h, newImages(h.s)) })
	}
}

// makeImage makes an image that has to succeed.
func makeImage(t *testing.T, i *images, want *platform.Image) *platform.Image {
	t.Helper()
	var made []string
	if err := i.Create(t.Context(), want, func(id string) { made = append(made, id) }); err != nil {
		t.Fatal(err)
	}
	if len(made) != 1 || made[0] != *want.ID {
		t.Errorf("made: %v", made)
	}
	return want
}

// clean fails when an upload left something in a pool.
func clean(t *testing.T, h *storageHost, pool string, absent ...string) {
	t.Helper()
	for _, name := range h.names(t, pool) {
		if strings.HasPrefix(name, uploadPrefix) || slices.Contains(absent, name) {
			t.Error("left over:", name)
		}
	}
}

func testRawImage(t *testing.T, h *storageHost, i *images) {
	data := noise(4, 3<<20)
	want := makeImage(t, i, &platform.Image{
		Name: "base.img", Source: new(file(t, "a.img", data)), Checksum: new("sha256:" + sum(data)), Libvirt: &platform.LibvirtImage{Pool: new("second")},
	})
	content(t, h.Pool("second")+"/base.img", data)
	have := platform.Image{Meta: platform.Meta{ID: want.ID}}
	if err := i.Read(t.Context(), &have); err != nil {
		t.Fatal(err)
	}
	if created, err := time.Parse(time.RFC3339, *have.CreatedAt); err != nil || time.Since(created).Abs() > time.Minute {
		t.Error(*have.CreatedAt, err)
	}
	have.Source, have.Checksum = want.Source, want.Checksum
	if diff := cmp.Diff(want, &have); diff != "" || *have.Size != 3<<20 || *have.Format != formatRaw {
		t.Error(diff)
	}
	clean(t, h, "second")
	for range 2 {
		if err := i.Delete(t.Context(), &have); err != nil {
			t.Error(err)
		}
	}
	clean(t, h, "second", "base.img")
}

// qcow2 makes an image file of 64 MiB with some content.
func qcow2(t *testing.T, h *storageHost, args ...string) (path string, data []byte) {
	t.Helper()
	raw := file(t, "raw", noise(5, 5<<20))
	if err := os.Truncate(raw, 64<<20); err != nil {
		t.Fatal(err)
	}
	path = raw + ".qcow2"
	h.run(t, append(append([]string{"qemu-img", "convert", "-f", "raw", "-O", "qcow2"}, args...), raw, path)...)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, data
}

func testQcow2Image(t *testing.T, h *storageHost, i *images) {
	for name, args := range map[string][]string{"plain": nil, "compressed": {"-c"}, "old": {"-o", "compat=0.10"}} {
		path, _ := qcow2(t, h, args...)
		want := makeImage(t, i, &platform.Image{Name: name + ".qcow2", Source: &path, Format: new(formatQcow2)})
		if *want.Size != 64<<20 {
			t.Error(name, *want.Size)
		}
		if out := h.run(t, "qemu-img", "compare", path, *want.ID); !strings.Contains(out, "identical") {
			t.Error(name, out)
		}
		h.run(t, "qemu-img", "check", *want.ID)
	}
	clean(t, h, "default")
}

func testURLImage(t *testing.T, h *storageHost, i *images) {
	_, data := qcow2(t, h)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/image?token=secret", http.StatusFound)
		case "/image":
			w.Header().Set("Content-Length", strconv.Itoa(len(data)))
			_, _ = w.Write(data)
		case "/chunked":
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			_, _ = w.Write(data)
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	for _, path := range []string{"/moved", "/image", "/chunked"} {
		name := "url-" + path[1:]
		want := makeImage(t, i, &platform.Image{Name: name, Source: new(server.URL + path), Checksum: new("sha256:" + sum(data))})
		h.run(t, "qemu-img", "check", *want.ID)
		i = newImages(h.s) // forgets the twin
	}
	err := i.Create(t.Context(), &platform.Image{Name: "none", Source: new(server.URL + "/none?token=secret")}, func(string) {})
	isClass(t, err, platform.ErrNotFound, "404", "source")
	if strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
}

func testImageErrors(t *testing.T, h *storageHost, i *images) {
	data := noise(6, 1<<20)
	good := file(t, "good", data)
	path, _ := qcow2(t, h)
	thin := path + ".thin"
	h.run(t, "qemu-img", "create", "-f", "qcow2", "-b", path, "-F", "qcow2", thin)
	for _, c := range []struct {
		name  string
		want  platform.Image
		class error
		at    string
	}{
		{"checksum", platform.Image{Source: &good, Checksum: new("sha256:" + sum(nil))}, platform.ErrInvalid, "checksum"},
		{"checksum of qcow2", platform.Image{Source: &path, Checksum: new("sha256:" + sum(nil))}, platform.ErrInvalid, "checksum"},
		{"format", platform.Image{Source: &good, Format: new("qcow2")}, platform.ErrInvalid, "format"},
		{"format of qcow2", platform.Image{Source: &path, Format: new("raw")}, platform.ErrInvalid, "format"},
		{"backing file", platform.Image{Source: &thin}, platform.ErrInvalid, "source"},
		{"packed", platform.Image{Source: new(file(t, "a.gz", append([]byte("\x1f\x8b"), data...)))}, platform.ErrInvalid, "source"},
		{"no file", platform.Image{Source: new("/none/a")}, platform.ErrNotFound, "source"},
		{"folder", platform.Image{Source: new(t.TempDir())}, platform.ErrInvalid, "source"},
		{"empty", platform.Image{Source: new(file(t, "empty", nil))}, platform.ErrInvalid, "source"},
		{"ftp", platform.Image{Source: new("ftp://me:secret@host/a")}, platform.ErrInvalid, "source"},
		{"nothing", platform.Image{}, platform.ErrInvalid, "source"},
		{"both", platform.Image{Source: &good, MachineID: new("x")}, platform.ErrInvalid, "source"},
		{"no machine", platform.Image{MachineID: new("00000000-0000-0000-0000-000000000000")}, platform.ErrNotFound, "machine_id"},
		{"pool", platform.Image{Source: &good, Libvirt: &platform.LibvirtImage{Pool: new("none")}}, platform.ErrNotFound, "libvirt.pool"},
	} {
		c.want.Name = "wrong"
		err := i.Create(t.Context(), &c.want, func(id string) { t.Errorf("%s: made %s", c.name, id) })
		var at *platform.AttrError
		if !errors.Is(err, c.class) || !errors.As(err, &at) || at.Path.String() != c.at || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	h.virsh(t, "vol-create-as", "default", "taken", "1M")
	err := i.Create(t.Context(), &platform.Image{Name: "taken", Source: &good}, func(string) {})
	isClass(t, err, platform.ErrExists, "name", "taken")
	clean(t, h, "default", "wrong")
}

// testBrokenSource loses the source in the middle of an upload.
func testBrokenSource(t *testing.T, h *storageHost, i *images) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10000000")
		_, _ = w.Write(noise(7, 3<<20))
		panic(http.ErrAbortHandler)
	}))
	defer server.Close()
	start := time.Now()
	err := i.Create(t.Context(), &platform.Image{Name: "broken", Source: &server.URL}, func(id string) { t.Error("made", id) })
	if err == nil || !strings.Contains(err.Error(), "broke off") || time.Since(start) > 10*time.Second {
		t.Error(err, time.Since(start))
	}
	clean(t, h, "default", "broken")
}

func testTwinImages(t *testing.T, h *storageHost, i *images) {
	hits := 0
	data := noise(8, 1<<20)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		hits++
		_, _ = w.Write(data)
	}))
	defer server.Close()
	for _, name := range []string{"twin-a", "twin-b"} {
		makeImage(t, i, &platform.Image{Name: name, Source: &server.URL, Checksum: new("sha256:" + sum(data))})
		content(t, h.Pool("default")+"/"+name, data)
	}
	if hits != 1 {
		t.Errorf("fetched %d times", hits)
	}
	if err := os.WriteFile(h.Pool("default")+"/twin-a", bytes.ToUpper(data), 0o600); err != nil {
		t.Fatal(err)
	}
	makeImage(t, i, &platform.Image{Name: "twin-c", Source: &server.URL, Checksum: new("sha256:" + sum(data))})
	content(t, h.Pool("default")+"/twin-c", data)
}

func testMachineImage(t *testing.T, h *storageHost, i *images) {
	base := makeDisk(t, &disks{h.s}, &platform.Disk{Name: "system-base", Size: new(8 * platform.MiB)})
	disk := makeDisk(t, &disks{h.s}, &platform.Disk{Name: "system", SourceID: base.ID, Libvirt: &platform.LibvirtDisk{LinkedClone: new(true)}})
	iso := makeDisk(t, &disks{h.s}, &platform.Disk{Name: "disc", Size: new(platform.MiB), Type: new("raw")})
	text := strings.NewReplacer("DISK", *disk.ID, "ISO", *iso.ID, "holder", "origin").Replace(holder)
	h.virsh(t, "define", file(t, "origin.xml", []byte(text)))
	h.virsh(t, "start", "origin")
	id := strings.TrimSpace(h.virsh(t, "domuuid", "origin"))
	err := i.Create(t.Context(), &platform.Image{Name: "from-machine", MachineID: &id}, func(string) {})
	isClass(t, err, platform.ErrConflict, "machine_id", "power it off")
	h.virsh(t, "destroy", "origin")
	want := makeImage(t, i, &platform.Image{Name: "from-machine", MachineID: &id})
	if out := h.run(t, "qemu-img", "info", *want.ID); strings.Contains(out, "backing file") || *want.Size != 8<<20 {
		t.Error(out)
	}
	h.virsh(t, "undefine", "origin")
}

// testLeftUploads meets what two interrupted uploads left: a young one and a dead one.
func testLeftUploads(t *testing.T, h *storageHost, i *images) {
	for _, name := range []string{"young", "dead"} {
		h.virsh(t, "vol-create-as", "default", uploadPrefix+name+"-1", "1M")
	}
	long := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(h.Pool("default")+"/"+uploadPrefix+"dead-1", long, long); err != nil {
		t.Fatal(err)
	}
	warnings := &platform.Warnings{}
	want := &platform.Image{Name: "after", Source: new(file(t, "a", noise(9, 1000*512)))}
	if err := i.Create(platform.WithWarnings(t.Context(), warnings), want, func(string) {}); err != nil {
		t.Fatal(err)
	}
	said := ""
	for _, w := range warnings.Take() {
		said += w.Err.Error() + "\n"
	}
	if !strings.Contains(said, "removed "+h.Pool("default")+"/"+uploadPrefix+"dead-1") || !strings.Contains(said, uploadPrefix+"young-1 belongs to another upload") {
		t.Error(said)
	}
	if names := h.names(t, "default"); slices.Contains(names, uploadPrefix+"dead-1") || !slices.Contains(names, uploadPrefix+"young-1") {
		t.Error(names)
	}
	h.virsh(t, "vol-delete", uploadPrefix+"young-1", "--pool", "default")
}

// testFullPool has no room for the upload, and then none for its copy.
func testFullPool(t *testing.T, h *storageHost, i *images) {
	h.run(t, "sh", "-c", "mkdir "+h.Dir+"/small && mount -t tmpfs -o size=8m none "+h.Dir+"/small")
	h.virsh(t, "pool-define-as small dir --target "+h.Dir+"/small; pool-start small")
	for _, size := range []int{12 << 20, 6 << 20} {
		start := time.Now()
		want := &platform.Image{Name: "large", Source: new(file(t, "a", noise(10, size))), Libvirt: &platform.LibvirtImage{Pool: new("small")}}
		err := i.Create(t.Context(), want, func(id string) { t.Error("made", id) })
		if !strings.Contains(err.Error(), "No space left") || time.Since(start) > 10*time.Second {
			t.Error(size, err, time.Since(start))
		}
		clean(t, h, "small", "large")
	}
	h.virsh(t, "pool-destroy small; pool-undefine small")
	h.run(t, "umount", h.Dir+"/small")
}
