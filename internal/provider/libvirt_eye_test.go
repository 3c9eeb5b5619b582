package provider_test

import (
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/libvirt"
)

// domainSeen is a machine as virsh shows it.
type domainSeen struct {
	Name, Power, Description string
	CPUs, MiB                int64
	Disks                    []string // pool's folder and key of each, in the order of the devices
	NICs                     []string // networks, in the order of the devices
}

// lookAt asks virsh for a machine.
func lookAt(t *testing.T, s *libvirt.Server, name string) domainSeen {
	t.Helper()
	doc := dumped(t, s, name, "--inactive")
	got := domainSeen{
		Name: doc.Name, Power: virsh(t, s, "domstate", name), Description: doc.Description,
		CPUs: doc.cpus(), MiB: doc.Memory.KiB >> 10, NICs: doc.networks(),
	}
	for _, file := range doc.files() {
		pool, volume, _ := strings.Cut(strings.TrimPrefix(file, s.Dir+"/pool/"), "/")
		key, _, _ := strings.Cut(strings.TrimPrefix(volume, name+"-"), "-")
		got.Disks = append(got.Disks, pool+"/"+key)
	}
	return got
}

// capacity is the size of a volume in MiB, as virsh shows it.
func capacity(t *testing.T, s *libvirt.Server, key string) int64 {
	t.Helper()
	var doc struct {
		Bytes int64 `xml:"capacity"`
	}
	if err := xml.Unmarshal([]byte(virsh(t, s, "vol-dumpxml", key)), &doc); err != nil {
		t.Fatal(err)
	}
	return doc.Bytes >> 20
}

const everything = `
data "virt_image" "os" { name = "debian-12" }
resource "virt_storage_pool" "fast" {
  name = "fast"
  type = "dir"
  path = "DIR/fast"
}
resource "virt_network" "app" {
  name        = "app"
  description = "for the application"
  mode        = "nat"
  subnets = {
    main = {
      cidr = "192.168.88.0/24"
      dhcp = { first = "192.168.88.10", last = "192.168.88.20", reservations = { "52:54:00:00:00:07" = "192.168.88.7" } }
    }
  }
  libvirt {
    domain = "app.test"
  }
}
resource "virt_disk" "data" {
  name    = "data.qcow2"
  size    = "16MiB"
  storage = virt_storage_pool.fast.name
}
resource "virt_machine" "m" {
  name        = "m"
  description = "the machine"
  cpus        = 2
  memory      = "64MiB"
  autostart   = true
  image_id    = data.virt_image.os.id
  boot_disk   = { size = "8MiB" }
  disks = {
    a = { size = "32MiB", storage = "second" }
    b = { disk_id = virt_disk.data.id }
  }
  nics = {
    eth0 = { network_id = virt_network.app.id, mac = "52:54:00:00:00:07" }
    eth1 = { network_id = virt_network.app.id }
  }
  libvirt { max_cpus = 4 }
}
resource "virt_snapshot" "s" {
  name       = "s"
  machine_id = virt_machine.m.id
}
`

// TestVirshSees looks with virsh at what an apply made.
func TestVirshSees(t *testing.T) {
	s := startLibvirt(t, libvirt.Options{})
	w := newWorkspace(t, libvirtBlock(s.URI(), `shutdown_timeout = "5s"`)+strings.ReplaceAll(everything, "DIR", s.Dir))
	w.must(0, apply()...)
	w.nothing()

	doc := dumped(t, s, "m")
	if doc.UUID != w.resource(machineAddress).text("id") || doc.VCPU.Max != 4 || doc.NICs[0].MAC.Address != "52:54:00:00:00:07" || doc.Disks[0].Target.Bus != "virtio" {
		t.Errorf("virsh dumpxml: %+v", doc)
	}
	want := domainSeen{
		Name: "m", Power: "running", Description: "the machine", CPUs: 2, MiB: 64,
		Disks: []string{"default/boot", "second/a", s.Dir + "/fast/data.qcow2"}, NICs: []string{"app", "app"},
	}
	got := lookAt(t, s, "m")
	got.Disks[2] = dumped(t, s, "m").files()[2] // it lies in no folder of the lab's own
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("virsh sees (-want +got):\n%s", diff)
	}
	for i, size := range []int64{8, 32, 16} {
		if got := capacity(t, s, doc.files()[i]); got != size {
			t.Errorf("virsh sees %d MiB in %s, want %d", got, doc.files()[i], size)
		}
	}
	shows(t, virsh(t, s, "dominfo", "m"), "Autostart: enable", "Persistent: yes")
	shows(t, virsh(t, s, "net-dumpxml", "app"), "<forward mode='nat'>", "<domain name='app.test'", "<ip address='192.168.88.1'",
		"<range start='192.168.88.10' end='192.168.88.20'/>", "<host mac='52:54:00:00:00:07'", "ip='192.168.88.7'/>")
	shows(t, virsh(t, s, "net-info", "app"), "Active: yes", "Persistent: yes", "Autostart: yes")
	shows(t, virsh(t, s, "pool-dumpxml", "fast"), "<pool type='dir'>", "<path>"+s.Dir+"/fast</path>")
	shows(t, virsh(t, s, "pool-info", "fast"), "State: running", "Autostart: yes")
	shows(t, virsh(t, s, "vol-list", "fast"), "data.qcow2")
	shows(t, virsh(t, s, "snapshot-list", "m"), "s ")

	w.must(0, "destroy", "-auto-approve")
	if left := virsh(t, s, "list --all --name; net-list --all --name"); left != "" {
		t.Errorf("left after the destroy: %s", left)
	}
	if pools := strings.Fields(virsh(t, s, "pool-list", "--all", "--name")); !slices.Equal(pools, []string{"default", "second"}) {
		t.Errorf("pools after the destroy: %v", pools)
	}
	if left := slices.Concat(made(t, s, "default"), made(t, s, "second")); len(left) != 0 {
		t.Errorf("volumes left after the destroy: %v", left)
	}
}

// shows looks for texts in what virsh wrote, whatever the space between words.
func shows(t *testing.T, output string, texts ...string) {
	t.Helper()
	flat := strings.Join(strings.Fields(output), " ") + " "
	for _, text := range texts {
		if !strings.Contains(flat, text) {
			t.Errorf("virsh does not show %q:\n%s", text, output)
		}
	}
}

// virshChanges are changes of machines by hand. NAME is the machine, DATA and BOOT are its disks, MAC is its adapter's
// address, POOL is the folder of the pool.
func virshChanges() map[string]byHand {
	return map[string]byHand{
		"untouched": {},
		"memory": {
			commands: [][]string{{"setmaxmem", "NAME", "80M", "--config"}, {"setmem", "NAME", "80M", "--config"}},
			drift:    map[string]string{"memory": `"64MiB" → "80MiB"`},
			action:   "update",
			changes:  map[string]string{"memory": `"80MiB" → "64MiB"`, "booted_at": "→ unknown"},
		},
		"cpus": {
			commands: [][]string{{"setvcpus", "NAME", "3", "--maximum", "--config"}, {"setvcpus", "NAME", "3", "--config"}},
			drift:    map[string]string{"cpus": "1 → 3"},
			action:   "update",
			changes:  map[string]string{"cpus": "3 → 1", "booted_at": "→ unknown"},
		},
		"disk_added": {
			commands: [][]string{
				{"vol-create-as", "default", "extra.qcow2", "16M", "--format", "qcow2"},
				{"attach-disk", "NAME", "POOL/extra.qcow2", "vdx", "--subdriver", "qcow2", "--persistent"},
			},
			drift: map[string]string{"unmanaged_disks.vdx.id": "", "unmanaged_disks.vdx.name": "", "unmanaged_disks.vdx.size": `null → "16MiB"`},
		},
		"disk_removed": {
			commands: [][]string{{"detach-disk", "NAME", "DATA", "--persistent"}},
			drift: map[string]string{
				"disks.data.id": "", "disks.data.size": `"32MiB" → null`, "disks.data.storage": `"default" → null`, "disks.data.type": `"qcow2" → null`,
			},
			action: "update",
			changes: map[string]string{
				"disks.data.size": `null → "32MiB"`, "disks.data.id": "→ unknown", "disks.data.storage": "→ unknown", "disks.data.type": "→ unknown",
				"unmanaged_disks": "→ unknown",
			},
		},
		"nic_added": {
			commands: [][]string{{"attach-interface", "NAME", "network", "app", "--model", "virtio", "--mac", "52:54:00:00:00:99", "--persistent"}},
			drift: map[string]string{
				"unmanaged_nics.nic1.id": "", "unmanaged_nics.nic1.mac": `null → "52:54:00:00:00:99"`, "unmanaged_nics.nic1.network_id": "",
			},
		},
		"nic_removed": {
			commands: [][]string{{"detach-interface", "NAME", "network", "--mac", "MAC", "--persistent"}},
			drift: map[string]string{
				"nics.eth0.id": "", "nics.eth0.mac": "", "nics.eth0.network_id": "", "nics.eth0.connected": "true → null",
			},
			action: "update",
			changes: map[string]string{
				"nics.eth0.network_id": "", "nics.eth0.id": "→ unknown", "nics.eth0.mac": "→ unknown", "nics.eth0.connected": "→ unknown",
				"unmanaged_nics": "→ unknown", "addresses": "→ unknown",
			},
		},
		"unplugged": {
			commands: [][]string{{"domif-setlink", "NAME", "MAC", "down"}, {"domif-setlink", "NAME", "MAC", "down", "--config"}},
			nic:      "connected = true",
			drift:    map[string]string{"nics.eth0.connected": "true → false"},
			action:   "update",
			changes:  map[string]string{"nics.eth0.connected": "false → true", "unmanaged_nics": "→ unknown", "addresses": "→ unknown"},
		},
		"described": {
			commands: [][]string{{"desc", "NAME", "--config", "--live", "by hand"}},
			drift:    map[string]string{"description": `"made" → "by hand"`},
			action:   "update",
			changes:  map[string]string{"description": `"by hand" → "made"`},
		},
		"titled": { // no attribute has it: nothing is said
			commands: [][]string{{"desc", "NAME", "--title", "--config", "--live", "a title"}},
		},
		"renamed": {
			commands: [][]string{{"destroy", "NAME"}, {"domrename", "NAME", "other"}, {"start", "other"}},
			drift:    map[string]string{"name": `"renamed" → "other"`, "booted_at": ""},
			action:   "update",
			changes:  map[string]string{"name": `"other" → "renamed"`, "booted_at": "→ unknown"},
		},
		"off": {
			commands: [][]string{{"destroy", "NAME"}},
			drift:    map[string]string{"power": `"on" → "off"`, "booted_at": ""},
			action:   "update",
			changes:  map[string]string{"power": `"off" → "on"`, "booted_at": "→ unknown", "addresses": "→ unknown"},
		},
		"paused": {
			commands: [][]string{{"suspend", "NAME"}},
			drift:    map[string]string{"power": `"on" → "suspended"`},
			action:   "update",
			changes:  map[string]string{"power": `"suspended" → "on"`, "booted_at": "→ unknown", "addresses": "→ unknown"},
		},
		"saved": {
			commands: [][]string{{"managedsave", "NAME"}},
			drift:    map[string]string{"power": `"on" → "suspended"`},
			action:   "update",
			changes:  map[string]string{"power": `"suspended" → "on"`, "booted_at": "→ unknown", "addresses": "→ unknown"},
		},
		"grown": { // the configuration says nothing of its size
			commands: [][]string{{"blockresize", "NAME", "BOOT", "12M"}},
			drift:    map[string]string{"boot_disk.size": `"1MiB" → "12MiB"`},
		},
		"autostarted": {
			commands: [][]string{{"autostart", "NAME"}},
			config:   "autostart = false",
			drift:    map[string]string{"autostart": "false → true"},
			action:   "update",
			changes:  map[string]string{"autostart": "true → false"},
		},
		"deleted": {
			commands: [][]string{{"destroy", "NAME"}, {"undefine", "NAME", "--nvram"}, {"vol-delete", "DATA"}, {"vol-delete", "BOOT"}},
			drift:    map[string]string{"": "gone"},
			action:   "create",
		},
	}
}

// TestVirshChanges changes machines behind the provider's back. The next plan says exactly that and no more, and the next
// apply makes things as they are configured.
func TestVirshChanges(t *testing.T) {
	s := startLibvirt(t, libvirt.Options{})
	cases := virshChanges()
	names := slices.Sorted(maps.Keys(cases))
	config := libvirtBlock(s.URI(), `shutdown_timeout = "5s"`) + `
data "virt_image" "os" { name = "debian-12" }
resource "virt_network" "app" {
  name = "app"
  mode = "isolated"
}
`
	for _, name := range names {
		config += fmt.Sprintf(`
resource "virt_machine" %q {
  name        = %[1]q
  description = "made"
  cpus        = 1
  memory      = "64MiB"
  power       = "on"
  image_id    = data.virt_image.os.id
  disks       = { data = { size = "32MiB" } }
  nics = {
    eth0 = {
      network_id = virt_network.app.id
      %s
    }
  }
  %s
}
`, name, cases[name].nic, cases[name].config)
	}
	w := newWorkspace(t, config)
	w.must(0, apply()...)
	w.nothing()
	before := map[string]domainSeen{}
	for _, name := range names {
		before[name] = lookAt(t, s, name)
		w.byVirsh(s, name, cases[name].commands)
	}
	w.drifted("virt_machine.", cases)
	w.must(0, apply()...)
	w.nothing()
	for _, name := range names {
		want := before[name]
		switch name {
		case "disk_added": // never touched
			want.Disks = append(want.Disks, "default/extra.qcow2")
		case "nic_added":
			want.NICs = append(want.NICs, want.NICs[0])
		}
		if diff := cmp.Diff(want, lookAt(t, s, name)); diff != "" {
			t.Errorf("%s after the apply (-want +got):\n%s", name, diff)
		}
	}
	if got := len(made(t, s, "default")); got != 2*len(names)+1 {
		t.Errorf("%d volumes after the apply, want two of each machine and one by hand: %v", got, made(t, s, "default"))
	}
}

// byVirsh changes a machine by hand.
func (w *workspace) byVirsh(s *libvirt.Server, name string, commands [][]string) {
	w.Helper()
	doc := dumped(w.T, s, name)
	words := strings.NewReplacer("NAME", name, "BOOT", doc.files()[0], "DATA", doc.files()[1], "MAC", doc.NICs[0].MAC.Address, "POOL", s.Pool("default"))
	for _, command := range commands {
		args := make([]string, len(command))
		for i, word := range command {
			args[i] = words.Replace(word)
		}
		virsh(w.T, s, args...)
	}
}
