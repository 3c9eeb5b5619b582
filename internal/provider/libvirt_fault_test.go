package provider_test

import (
	"crypto/rand"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/libvirt"
	"github.com/terraform-virt/terraform-provider-virt/internal/lab/terraform"
)

// restartedMachines is how many machines are being made when the daemon goes.
const restartedMachines = 10

// tinyFleet is a number of machines with two disks each; every fourth one is switched on.
func tinyFleet(n int) string {
	return fmt.Sprintf(`
data "virt_image" "os" { name = "debian-12" }

resource "virt_machine" "m" {
  count    = %d
  name     = "m-${count.index}"
  cpus     = 1
  memory   = "64MiB"
  power    = count.index %% 4 == 0 ? "on" : "off"
  image_id = data.virt_image.os.id
  disks    = { data = { size = "16MiB" } }
  hostname = "m-${count.index}"
}
`, n)
}

// domainsOf asks virsh for domains and their UUIDs.
func domainsOf(t *testing.T, s *libvirt.Server) map[string]string {
	t.Helper()
	found := map[string]string{}
	for name := range strings.FieldsSeq(virsh(t, s, "list", "--all", "--name")) {
		found[name] = virsh(t, s, "domuuid", name)
	}
	return found
}

// strays are the volumes that no machine knows, the image left out.
func strays(t *testing.T, s *libvirt.Server) []string {
	t.Helper()
	known := map[string]bool{}
	for name := range strings.FieldsSeq(virsh(t, s, "list", "--all", "--name")) {
		for _, disk := range dumped(t, s, name, "--inactive").Disks {
			known[filepath.Base(disk.Source.File)] = true
		}
	}
	return slices.DeleteFunc(made(t, s, "default"), func(volume string) bool { return known[volume] })
}

// TestDaemonRestarted kills libvirtd in the middle of an apply and starts it again. The apply ends well or with a clear
// error; the next one ends well, and nothing is there twice.
func TestDaemonRestarted(t *testing.T) {
	s := startLibvirt(t, libvirt.Options{})
	w := newWorkspace(t, libvirtBlock(s.URI(), `shutdown_timeout = "5s"`)+tinyFleet(restartedMachines), "TF_CLI_ARGS_apply=-auto-approve")
	var done sync.WaitGroup
	done.Go(func() {
		until(t, "the first machines", 60*time.Second, func() bool { return len(strings.Fields(virsh(t, s, "list", "--all", "--name"))) > 2 })
		if err := s.Stop(t.Context()); err != nil {
			t.Error(err)
			return
		}
		time.Sleep(time.Second)
		if err := s.Resume(t.Context()); err != nil {
			t.Error(err)
		}
	})
	r, err := w.Workspace.Run(t.Context(), "apply")
	if err != nil {
		t.Fatal(err)
	}
	done.Wait()
	if r.Code != 0 {
		t.Logf("the interrupted apply says:\n%s", errorsOf(r))
		for _, unclear := range []string{"bug in the provider", "panic", "no such domain"} {
			if strings.Contains(r.Plain(), unclear) {
				t.Errorf("the error says %q:\n%s", unclear, r.Output)
			}
		}
	}
	w.adopt()
	w.nothing()
	if got := domainsOf(t, s); len(got) != restartedMachines {
		t.Errorf("%d machines, want %d: %v", len(got), restartedMachines, got)
	}
	if left := strays(t, s); len(left) != 0 {
		t.Errorf("volumes that no machine knows: %v", left)
	}
	w.must(0, "destroy", "-auto-approve")
	if left := made(t, s, "default"); len(left) != 0 {
		t.Errorf("left after the destroy: %v, %v", domainsOf(t, s), left)
	}
}

// TestUploadCut cuts the connection in the middle of an image's upload: there is no half volume under the final name,
// and the next apply makes a whole one.
func TestUploadCut(t *testing.T) {
	s := startLibvirt(t, libvirt.Options{})
	proxy, err := libvirt.StartProxy(t.Context(), s.SocketPath)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	const size = 256 << 20
	source := filepath.Join(t.TempDir(), "big.raw")
	writeNoise(t, source, size)
	w := newWorkspace(t, libvirtBlock(proxy.URI())+fmt.Sprintf(`
resource "virt_image" "big" {
  name   = "big.raw"
  source = %q
}
`, source))
	var done sync.WaitGroup
	done.Go(func() {
		until(t, "the upload", 60*time.Second, func() bool { return growing(s) })
		proxy.Cut()
	})
	r := w.fails(apply(), `Cannot create image "big.raw"`, "The connection was lost; plan again to see what was done")
	done.Wait()
	t.Logf("the interrupted apply says:\n%s", errorsOf(r))
	if _, err := os.Stat(filepath.Join(s.Pool("default"), "big.raw")); !os.IsNotExist(err) {
		t.Errorf("there is something under the final name: %v", err)
	}
	w.must(0, apply()...)
	w.nothing()
	if got := capacity(t, s, filepath.Join(s.Pool("default"), "big.raw")); got != size>>20 {
		t.Errorf("the image has %d MiB, want %d", got, size>>20)
	}
	if got := made(t, s, "default"); !slices.Equal(got, []string{"big.raw"}) {
		t.Errorf("volumes after the upload: %v", got)
	}
}

// errorsOf is what a command says from its first error on.
func errorsOf(r terraform.Result) string {
	_, text, _ := strings.Cut(r.Output, "Error:")
	return text
}

// growing says whether an upload has begun to write.
func growing(s *libvirt.Server) bool {
	files, _ := filepath.Glob(filepath.Join(s.Pool("default"), ".virt-upload-*"))
	for _, file := range files {
		if info, err := os.Stat(file); err == nil && info.Size() > 1<<20 {
			return true
		}
	}
	return false
}

// writeNoise writes a file that no upload can leave holes in.
func writeNoise(t *testing.T, path string, size int) {
	t.Helper()
	block := make([]byte, 1<<20)
	_, _ = rand.Read(block) // never fails
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < size; n += len(block) {
		if _, err := file.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestPoolFull fills a pool: the error says so, and nothing is left in it.
func TestPoolFull(t *testing.T) {
	s := startLibvirt(t, libvirt.Options{})
	dir := filepath.Join(s.Dir, "small")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Exec(t.Context(), "mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", dir); err != nil {
		t.Fatal(err)
	}
	virsh(t, s, "pool-define-as small dir --target "+dir+"; pool-start small")
	source := filepath.Join(t.TempDir(), "big.raw")
	writeNoise(t, source, 32<<20)
	writeNoise(t, filepath.Join(s.Pool("default"), "noise.raw"), 32<<20)
	virsh(t, s, "pool-refresh", "default")
	tests := map[string]struct {
		config string
		texts  []string
	}{
		"upload": {
			fmt.Sprintf("resource \"virt_image\" \"x\" {\n  name = \"x\"\n  source = %q\n  libvirt { pool = \"small\" }\n}\n", source),
			[]string{`Cannot create image "x"`, "No space left", "Make room in the storage pool, or use another one"},
		},
		"copied disk": {
			"data \"virt_image\" \"n\" { name = \"noise.raw\" }\nresource \"virt_disk\" \"x\" {\n  name = \"x\"\n  type = \"raw\"\n  storage = \"small\"\n  source_id = data.virt_image.n.id\n}\n",
			[]string{`Cannot create disk "x"`, "No space left"},
		},
		"machine": {
			"data \"virt_image\" \"n\" { name = \"noise.raw\" }\nresource \"virt_machine\" \"m\" {\n  name = \"m\"\n  memory = \"64MiB\"\n  image_id = data.virt_image.n.id\n  boot_disk = { storage = \"small\" }\n  libvirt { linked_clone = false }\n}\n",
			[]string{`Cannot create machine "m"`, "No space left"},
		},
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		t.Run(name, func(t *testing.T) {
			w := newWorkspace(t, libvirtBlock(s.URI())+tests[name].config)
			w.fails(apply(), tests[name].texts...)
			w.must(0, "destroy", "-auto-approve")
			if left := volumesOf(t, s, "small"); len(left) != 0 {
				t.Errorf("left in the pool: %v", left)
			}
			if left := domainsOf(t, s); len(left) != 0 {
				t.Errorf("machines left: %v", left)
			}
		})
	}
}

// TestNamesTaken meets objects of the same name: they stay as they are, and the error names the import id.
func TestNamesTaken(t *testing.T) {
	s := startLibvirt(t, libvirt.Options{})
	virsh(t, s, "define", virshFile(t, "<domain type='qemu'><name>taken</name><memory unit='MiB'>64</memory><os><type>hvm</type></os></domain>"))
	virsh(t, s, "net-define", virshFile(t, "<network><name>taken</name><bridge name='virbr9'/></network>"))
	virsh(t, s, "vol-create-as", "default", "taken", "1M")
	virsh(t, s, "pool-define-as", "taken", "dir", "--target", s.Dir)
	machine, network, pool := virsh(t, s, "domuuid", "taken"), virsh(t, s, "net-uuid", "taken"), virsh(t, s, "pool-uuid", "taken")
	volume := filepath.Join(s.Pool("default"), "taken")
	source := filepath.Join(t.TempDir(), "tiny.raw")
	if err := libvirt.WriteTinyGuest(source, 1<<20); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ kind, more, id string }{
		"machine":      {"machine", `boot_disk = { size = "8MiB" }`, machine},
		"network":      {"network", `mode = "isolated"`, network},
		"disk":         {"disk", `size = "8MiB"`, volume},
		"image":        {"image", fmt.Sprintf("source = %q", source), volume},
		"storage pool": {"storage_pool", fmt.Sprintf("type = \"dir\"\n  path = %q", filepath.Join(s.Dir, "another")), pool},
	}
	before := virsh(t, s, "dumpxml taken; net-dumpxml taken; pool-dumpxml taken; vol-dumpxml "+volume)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorkspace(t, libvirtBlock(s.URI())+fmt.Sprintf("resource \"virt_%s\" \"x\" {\n  name = \"taken\"\n  %s\n}\n", tt.kind, tt.more))
			w.fails(apply(), "exists already", "Nothing was changed.", fmt.Sprintf("terraform import <address of this virt_%s> 'dc1/%s'", tt.kind, tt.id))
			if left := w.resources(); len(left) != 0 {
				t.Errorf("the state has %v", left)
			}
			w.must(0, "import", "virt_"+tt.kind+".x", "dc1/"+tt.id)
		})
	}
	if after := virsh(t, s, "dumpxml taken; net-dumpxml taken; pool-dumpxml taken; vol-dumpxml "+volume); after != before {
		t.Errorf("something was touched: before\n%s\nafter\n%s", before, after)
	}
	if left := made(t, s, "default"); !slices.Equal(left, []string{"taken"}) {
		t.Errorf("volumes: %v", left)
	}
}

// TestDeafGuest switches a machine off whose guest does not heed its power button: it gets its time, and then no more.
func TestDeafGuest(t *testing.T) {
	s := startLibvirt(t, libvirt.Options{})
	config := func(power string) string {
		return libvirtBlock(s.URI(), `shutdown_timeout = "4s"`) + `
resource "virt_machine" "m" {
  name      = "m"
  memory    = "64MiB"
  boot_disk = { size = "8MiB" }
  power     = "` + power + `"
}
`
	}
	w := newWorkspace(t, config("on"))
	w.must(0, apply()...)
	w.put(config("off"))
	start := time.Now()
	w.must(0, apply()...)
	if took := time.Since(start); took < 4*time.Second || took > 20*time.Second {
		t.Errorf("it took %s, want a little more than shutdown_timeout", took)
	}
	w.nothing()
	if got := virsh(t, s, "domstate", "m", "--reason"); got != "shut off (destroyed)" {
		t.Errorf("the state is %q", got)
	}
}

// TestNoLease waits for an address that never comes.
func TestNoLease(t *testing.T) {
	s := startLibvirt(t, libvirt.Options{Network: true})
	w := newWorkspace(t, libvirtBlock(s.URI())+`
data "virt_image" "os" { name = "debian-12" }
data "virt_network" "default" { name = "default" }
resource "virt_machine" "m" {
  name     = "m"
  memory   = "64MiB"
  image_id = data.virt_image.os.id
  nics     = { eth0 = { network_id = data.virt_network.default.id } }
  wait_for { address = "192.168.122.0/24" }
  timeouts { create = "5s" }
}
`)
	w.fails(apply(), `Cannot create machine "m"`, "timed out waiting for an address of the guest inside 192.168.122.0/24", "last seen: no address",
		"The limit was 5s; a timeouts block raises it")
	id := w.resource(machineAddress).text("id")
	if id == "" || id != virsh(t, s, "domuuid", "m") {
		t.Errorf("the state has the id %q", id)
	}
	if p := w.planned(); p.Actions[machineAddress] != "delete create" {
		t.Errorf("planned %q, want that the tainted machine is replaced", p.Actions[machineAddress])
	}
	w.write("main.tf", strings.Replace(w.read("main.tf"), `wait_for { address = "192.168.122.0/24" }`, "", 1))
	w.must(0, apply()...)
	w.nothing()
	if got := domainsOf(t, s); len(got) != 1 || len(made(t, s, "default")) != 1 {
		t.Errorf("after the second apply: %v, %v", got, made(t, s, "default"))
	}
}
