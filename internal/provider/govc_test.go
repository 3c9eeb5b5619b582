package provider_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/terraform"
	"github.com/terraform-virt/terraform-provider-virt/internal/lab/vcenter"
)

// builtGovc builds it once for all tests.
var builtGovc = sync.OnceValues(func() (string, error) {
	root, err := terraform.Repository()
	if err != nil {
		return "", err
	}
	path := filepath.Join(buildDir(), "govc")
	build := exec.CommandContext(testContext(), "go", "build", "-o", path, "./internal/lab/govc")
	build.Dir = root
	build.Stderr = os.Stderr
	return path, build.Run()
})

// govc asks a vCenter with a client that is not ours.
func govc(t *testing.T, s *vcenter.Server, args ...string) string {
	t.Helper()
	path, err := builtGovc()
	if err != nil {
		t.Fatalf("cannot build govc: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env = append(os.Environ(), "GOVC_URL=https://"+s.Host+"/sdk", "GOVC_USERNAME="+s.User, "GOVC_PASSWORD="+s.Password,
		"GOVC_TLS_CA_CERTS="+s.CAFile, "GOVC_DATACENTER="+vcenter.Datacenter, "GOVC_DATASTORE="+vcenter.Datastore,
		"GOVC_PERSIST_SESSION=false")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("govc %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// seen is a machine as govc shows it.
type seen struct {
	Name, Power string
	CPUs, MiB   int64
	Disks       []int64  // capacities in GiB, sorted
	NICs        []string // port groups, in the order of the devices
}

// vmInfo is what govc vm.info writes, as far as it is looked at.
type vmInfo struct {
	VirtualMachines []struct {
		Name    string
		Runtime struct{ PowerState string }
		Config  struct {
			Hardware struct {
				NumCPU, MemoryMB int64
				Device           []struct {
					CapacityInBytes int64
					Backing         struct{ Port struct{ PortgroupKey string } }
				}
			}
		}
	}
}

// look asks govc for a machine by its inventory path.
func look(t *testing.T, s *vcenter.Server, path string) seen {
	t.Helper()
	var info vmInfo
	if err := json.Unmarshal([]byte(govc(t, s, "vm.info", "-json", path)), &info); err != nil {
		t.Fatal(err)
	}
	if len(info.VirtualMachines) != 1 {
		t.Fatalf("govc finds %d machines at %s, want 1", len(info.VirtualMachines), path)
	}
	vm := info.VirtualMachines[0]
	got := seen{Name: vm.Name, Power: vm.Runtime.PowerState, CPUs: vm.Config.Hardware.NumCPU, MiB: vm.Config.Hardware.MemoryMB}
	for _, d := range vm.Config.Hardware.Device {
		if d.CapacityInBytes > 0 {
			got.Disks = append(got.Disks, d.CapacityInBytes>>30)
		}
		if key := d.Backing.Port.PortgroupKey; key != "" {
			got.NICs = append(got.NICs, key)
		}
	}
	slices.Sort(got.Disks)
	return got
}

// TestIndependentEye looks with govc at what an apply made.
func TestIndependentEye(t *testing.T) {
	server := startVCenter(t, vcenter.Options{})
	govc(t, server, "folder.create", "/DC0/vm/web")
	w := newWorkspace(t, vsphereBlock(server)+`
data "virt_image" "os" { name = "debian-12" }
data "virt_network" "app" { name = "app" }
resource "virt_disk" "data" {
  name = "data"
  size = "5GiB"
}
resource "virt_machine" "m" {
  name      = "m"
  cpus      = 2
  memory    = "2GiB"
  image_id  = data.virt_image.os.id
  boot_disk = { size = "20GiB" }
  disks = {
    a = { size = "1GiB" }
    b = { disk_id = virt_disk.data.id }
  }
  nics = {
    eth0 = { network_id = data.virt_network.app.id }
    eth1 = { network_id = data.virt_network.app.id }
  }
  vsphere { folder = "web" }
}
output "network" { value = data.virt_network.app.id }
`)
	w.must(0, apply()...)
	network := strings.Trim(strings.TrimSpace(w.must(0, "output", "network").Output), `"`)
	want := seen{Name: "m", Power: "poweredOn", CPUs: 2, MiB: 2048, Disks: []int64{1, 5, 20}, NICs: []string{network, network}}
	if diff := cmp.Diff(want, look(t, server, "/DC0/vm/web/m")); diff != "" {
		t.Errorf("govc sees (-want +got):\n%s", diff)
	}
	w.must(0, "destroy", "-auto-approve")
	if left := leftovers(t, site{server: server}); len(left) != 0 {
		t.Errorf("govc still finds %v", left)
	}
}

func changesByHand() map[string]byHand {
	return map[string]byHand{
		"untouched": {},
		"grown": { // the configuration says nothing of its size
			commands: [][]string{{"vm.disk.change", "-vm=NAME", "-disk.name=disk-202-0", "-size=12G"}},
			config:   `boot_disk = { storage = "ds0" }`,
			drift:    map[string]string{"boot_disk.size": `"10GiB" → "12GiB"`},
		},
		"nic": {
			commands: [][]string{{"vm.network.add", "-vm=NAME", "-net=app", "-net.address=00:50:56:00:00:99"}},
			drift: map[string]string{
				"unmanaged_nics.nic1.id": "", "unmanaged_nics.nic1.mac": `null → "00:50:56:00:00:99"`, "unmanaged_nics.nic1.network_id": "",
			},
		},
		"renamed": {
			commands: [][]string{{"vm.change", "-vm=NAME", "-name=other"}},
			drift:    map[string]string{"name": `"renamed" → "other"`, "native.path": `"/DC0/vm/web/renamed" → "/DC0/vm/web/other"`},
			action:   "update",
			changes:  map[string]string{"name": `"other" → "renamed"`, "native": "→ unknown"},
		},
		"moved": {
			commands: [][]string{{"object.mv", "/DC0/vm/web/NAME", "/DC0/vm/attic"}},
			drift:    map[string]string{"vsphere.folder": `"web" → "attic"`, "native.path": `"/DC0/vm/web/moved" → "/DC0/vm/attic/moved"`},
			action:   "update",
			changes:  map[string]string{"vsphere.folder": `"attic" → "web"`, "native": "→ unknown"},
		},
		"off": {
			commands: [][]string{{"vm.power", "-off", "NAME"}},
			drift:    map[string]string{"power": `"on" → "off"`, "booted_at": "", "addresses.0": ""},
			action:   "update",
			changes:  map[string]string{"power": `"off" → "on"`, "booted_at": "→ unknown", "addresses": "→ unknown"},
		},
		"resized": {
			commands: [][]string{{"vm.power", "-off", "NAME"}, {"vm.change", "-vm=NAME", "-c=4", "-m=2048"}, {"vm.power", "-on", "NAME"}},
			drift:    map[string]string{"cpus": "1 → 4", "memory": `"512MiB" → "2GiB"`, "booted_at": ""},
			action:   "update",
			changes:  map[string]string{"cpus": "4 → 1", "memory": `"2GiB" → "512MiB"`, "booted_at": "→ unknown"},
		},
		"deleted": {
			commands: [][]string{{"vm.destroy", "NAME"}},
			drift:    map[string]string{"": "gone"},
			action:   "create",
		},
	}
}

// TestChangesByHand changes machines behind the provider's back. The next plan says exactly that and no more, and the
// next apply makes things as they are configured.
func TestChangesByHand(t *testing.T) {
	server := startVCenter(t, vcenter.Options{})
	for _, folder := range []string{"web", "attic"} {
		govc(t, server, "folder.create", "/DC0/vm/"+folder)
	}
	cases := changesByHand()
	names := slices.Sorted(maps.Keys(cases))
	config := vsphereBlock(server) + `
data "virt_image" "os" { name = "debian-12" }
data "virt_network" "app" { name = "app" }
`
	for _, name := range names {
		config += fmt.Sprintf(`
resource "virt_machine" %q {
  name     = %[1]q
  cpus     = 1
  memory   = "512MiB"
  power    = "on"
  image_id = data.virt_image.os.id
  disks    = { data = { size = "1GiB" } }
  nics     = { eth0 = { network_id = data.virt_network.app.id } }
  wait_for { address = "0.0.0.0/0" }
  vsphere { folder = "web" }
  %s
}
`, name, cases[name].config)
	}
	w := newWorkspace(t, config)
	w.must(0, apply()...)
	before := map[string]seen{}
	for _, name := range names {
		before[name] = look(t, server, "/DC0/vm/web/"+name)
		for _, command := range cases[name].commands {
			for i := range command {
				command[i] = strings.ReplaceAll(command[i], "NAME", name)
			}
			govc(t, server, command...)
		}
	}
	w.drifted("virt_machine.", cases)
	w.must(0, apply()...)
	w.nothing()
	for _, name := range names {
		want := before[name]
		switch name {
		case "grown": // never shrunk
			want.Disks = []int64{1, 12}
		case "nic": // never touched
			want.NICs = append(want.NICs, want.NICs[0])
		}
		if diff := cmp.Diff(want, look(t, server, "/DC0/vm/web/"+name)); diff != "" {
			t.Errorf("%s after the apply (-want +got):\n%s", name, diff)
		}
	}
}

// TestDiskGrownByHand is the one change that cannot be taken back: a disk never shrinks. The plan says so on the
// attribute, with both sizes, until the configuration follows.
func TestDiskGrownByHand(t *testing.T) {
	server := startVCenter(t, vcenter.Options{})
	w := newWorkspace(t, vsphereBlock(server)+machineText("m", `  boot_disk = { size = "10GiB" }
  disks = { data = { size = "1GiB" } }`))
	w.must(0, apply()...)
	govc(t, server, "vm.disk.change", "-vm=m", "-disk.name=disk-202-1", "-size=3G")
	w.fails(plan(), `Cannot plan machine "m"`, "1GiB", "3GiB", "cannot shrink")
	w.write("main.tf", strings.Replace(w.read("main.tf"), `size = "1GiB"`, `size = "3GiB"`, 1))
	p := w.planned()
	exactly(t, "drift", map[string]string{"disks.data.size": `"1GiB" → "3GiB"`}, p.Drift["virt_machine.m"])
	if len(p.Actions) != 0 {
		t.Errorf("planned %v, want nothing", p.Actions)
	}
}
