package provider_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/libvirt"
)

// virshOthers are changes by hand of what is no machine. NAME is the object.
func virshOthers() map[string]byHand {
	const range2 = "<range start='192.168.N.60' end='192.168.N.70'/>"
	return map[string]byHand{
		"network.untouched": {},
		"network.reserved": {
			commands: [][]string{{"net-update", "NAME", "add", "ip-dhcp-host", "<host mac='52:54:00:00:00:09' ip='192.168.N.9'/>", "--live", "--config"}},
			drift:    map[string]string{"subnets.main.dhcp.reservations.52:54:00:00:00:09": ""},
			action:   "update",
			changes:  map[string]string{"subnets.main.dhcp.reservations.52:54:00:00:00:09": "", "native": "→ unknown"},
		},
		"network.range": {
			commands: [][]string{
				{"net-update", "NAME", "delete", "ip-dhcp-range", "<range start='192.168.N.10' end='192.168.N.20'/>", "--live", "--config"},
				{"net-update", "NAME", "add", "ip-dhcp-range", range2, "--live", "--config"},
			},
			drift:   map[string]string{"subnets.main.dhcp.first": "", "subnets.main.dhcp.last": ""},
			action:  "update",
			changes: map[string]string{"subnets.main.dhcp.first": "", "subnets.main.dhcp.last": "", "native": "→ unknown"},
		},
		"network.named": { // a DNS host that the configuration does not speak of
			commands: [][]string{{"net-update", "NAME", "add", "dns-host", "<host ip='192.168.N.3'><hostname>gw</hostname></host>", "--live", "--config"}},
		},
		"network.autostart": {
			commands: [][]string{{"net-autostart", "NAME", "--disable"}},
			config:   "libvirt { autostart = true }",
			drift:    map[string]string{"libvirt.autostart": "true → false"},
			action:   "update",
			changes:  map[string]string{"libvirt.autostart": "false → true", "native": "→ unknown"},
		},
		"network.stopped": {
			commands: [][]string{{"net-destroy", "NAME"}},
			config:   "libvirt { active = true }",
			drift:    map[string]string{"libvirt.active": "true → false", "native.active": `"true" → "false"`},
			action:   "update",
			changes:  map[string]string{"libvirt.active": "false → true", "native": "→ unknown"},
		},
		"network.deleted": {
			commands: [][]string{{"net-destroy", "NAME"}, {"net-undefine", "NAME"}},
			drift:    map[string]string{"": "gone"},
			action:   "create",
		},
		"disk.untouched": {},
		"disk.grown": {
			commands: [][]string{{"vol-resize", "NAME", "24M", "--pool", "default"}},
			config:   `type = "qcow2"`,
			drift:    map[string]string{"size": `"16MiB" → "24MiB"`},
		},
		"disk.deleted": {
			commands: [][]string{{"vol-delete", "NAME", "--pool", "default"}},
			drift:    map[string]string{"": "gone"},
			action:   "create",
		},
		"storage_pool.untouched": {},
		"storage_pool.autostart": {
			commands: [][]string{{"pool-autostart", "NAME", "--disable"}},
			config:   "libvirt { autostart = true }",
			drift:    map[string]string{"libvirt.autostart": "true → false"},
			action:   "update",
			changes:  map[string]string{"libvirt.autostart": "false → true"},
		},
		"storage_pool.deleted": {
			commands: [][]string{{"pool-destroy", "NAME"}, {"pool-undefine", "NAME"}},
			drift:    map[string]string{"": "gone"},
			action:   "create",
		},
	}
}

// othersConfig is what a case changes; n tells networks apart.
func othersConfig(s *libvirt.Server, kind, name, config string, n int) string {
	switch kind {
	case "network":
		return fmt.Sprintf(`
resource "virt_network" %q {
  name = "network-%[1]s"
  mode = "isolated"
  subnets = {
    main = {
      cidr = "192.168.%d.0/24"
      dhcp = {
        first        = "192.168.%[2]d.10"
        last         = "192.168.%[2]d.20"
        reservations = { "52:54:00:00:00:08" = "192.168.%[2]d.8" }
      }
    }
  }
  %s
}
`, name, n, config)
	case "disk":
		size := `size = "16MiB"`
		if name == "grown" { // said once, and then no more
			size = "source_id = data.virt_image.small.id"
		}
		return fmt.Sprintf("resource \"virt_disk\" %q {\n  name = \"disk-%[1]s\"\n  %s\n  %s\n}\n", name, size, config)
	}
	return fmt.Sprintf("resource \"virt_storage_pool\" %q {\n  name = \"storage_pool-%[1]s\"\n  type = \"dir\"\n  path = \"%s/pool-%[1]s\"\n  %[3]s\n}\n", name, s.Dir, config)
}

// TestVirshChangesOthers changes networks, volumes and pools behind the provider's back.
func TestVirshChangesOthers(t *testing.T) {
	s := startLibvirt(t, libvirt.Options{})
	virsh(t, s, "vol-create-as", "default", "small.qcow2", "16M", "--format", "qcow2")
	cases := virshOthers()
	names := slices.Sorted(maps.Keys(cases))
	config := libvirtBlock(s.URI()) + "\ndata \"virt_image\" \"small\" { name = \"small.qcow2\" }\n"
	for i, key := range names {
		kind, name, _ := strings.Cut(key, ".")
		config += othersConfig(s, kind, name, cases[key].config, 100+i)
	}
	w := newWorkspace(t, config)
	w.must(0, apply()...)
	w.nothing()
	for i, key := range names {
		words := strings.NewReplacer("NAME", strings.Replace(key, ".", "-", 1), "168.N.", fmt.Sprintf("168.%d.", 100+i))
		for _, command := range cases[key].commands {
			args := make([]string, len(command))
			for i, word := range command {
				args[i] = words.Replace(word)
			}
			virsh(t, s, args...)
		}
	}
	w.drifted("virt_", cases)
	w.must(0, apply()...)
	w.nothing()
	for _, key := range names {
		if kind, name, _ := strings.Cut(key, "."); kind == "network" {
			shows(t, virsh(t, s, "net-info", "network-"+name), "Active: yes")
			shows(t, virsh(t, s, "net-dumpxml", "network-"+name), "<host mac='52:54:00:00:00:08'")
		}
	}
}
