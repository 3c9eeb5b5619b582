package provider_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/openstack"
)

const cloudTiers = `
data "virt_image" "os" { name = "debian-12" }
data "virt_network" "outside" { name = "public" }

resource "virt_network" "n" {
  name    = "tier"
  mtu     = 1400
  subnets = {
    main = { cidr = "10.61.0.0/24", dns = ["10.61.0.53"], dhcp = { first = "10.61.0.10", last = "10.61.0.99" } }
  }
}

resource "virt_router" "r" {
  name                = "edge"
  external_network_id = data.virt_network.outside.id
  interfaces          = { tier = { subnet_id = virt_network.n.subnets.main.id } }
}

resource "virt_firewall" "f" {
  name  = "web"
  rules = {
    https = { direction = "ingress", protocol = "tcp", ports = "443", cidr = "0.0.0.0/0" }
    peers = { direction = "ingress", self = true }
  }
}

resource "virt_ssh_key" "k" {
  name       = "ops"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEVYQU1QTEVLRVlGT1JUSEVFWEFNUExFU09OTFlYWFhY ops@example.net"
}

resource "virt_placement_group" "g" {
  name   = "apart"
  policy = "soft-anti-affinity"
}

resource "virt_disk" "d" {
  name = "data"
  size = "2GiB"
  tags = { tier = "db" }
}

resource "virt_machine" "m" {
  name          = "web-1"
  cpus          = 1
  memory        = "128MiB"
  image_id      = data.virt_image.os.id
  disks         = { data = { disk_id = virt_disk.d.id } }
  nics          = { eth0 = { network_id = virt_network.n.id, addresses = ["10.61.0.20/24"], firewall_ids = [virt_firewall.f.id] } }
  tags          = { role = "web" }
  metadata      = { tier = "front" }
  power         = "on"
  allow_restart = true
  placement { group = virt_placement_group.g.id }
  openstack { key_pair = virt_ssh_key.k.id }
}

resource "virt_public_ip" "p" {
  name       = "web"
  network_id = data.virt_network.outside.id
  nic_id     = virt_machine.m.nics.eth0.id
  depends_on = [virt_router.r]
}
`

// seenBy is what the openstack tool shows of an object.
func seenBy(t *testing.T, p *openstack.Project, args ...string) map[string]any {
	t.Helper()
	out := map[string]any{}
	p.JSON(t, &out, args...)
	return out
}

// TestOpenStackSeen compares what we make with what the openstack tool shows.
func TestOpenStackSeen(t *testing.T) {
	s := openStackSite(t)
	p := s.openstack
	w := newWorkspace(t, s.provider+cloudTiers)
	w.must(0, apply()...)
	w.nothing()
	server := seenBy(t, p, "--os-compute-api-version", "2.26", "server", "show", "web-1") // the first that shows tags
	for what, want := range map[string]string{"status": "ACTIVE", "key_name": "ops", "addresses": "10.61.0.20", "properties": "front", "volumes_attached": "id", "tags": "role=web", "flavor": "t1.micro"} {
		if text := asText(server[what]); !strings.Contains(text, want) {
			t.Errorf("%s of the server is %s, want %q in it", what, text, want)
		}
	}
	for what, want := range map[string][]string{
		"subnet":         {"10.61.0.0/24", "10.61.0.10", "10.61.0.99", "10.61.0.53"},
		"volume":         {"in-use", "tier"},
		"router":         {"external_gateway_info"},
		"keypair":        {"ops"},
		"security group": {"web", "443"},
	} {
		name := map[string]string{"volume": "data", "router": "edge", "keypair": "ops", "security group": "web"}[what]
		if what == "subnet" {
			var all []struct{ ID string }
			p.JSON(t, &all, "subnet", "list", "--network", "tier")
			name = all[0].ID
		}
		shows(t, asText(seenBy(t, p, append(strings.Fields(what), "show", name)...)), want...)
	}
	shows(t, p.CLI(t, "floating", "ip", "list", "-f", "value"), "10.61.0.20")
	w.must(0, "destroy", "-auto-approve")
	if left := leftovers(t, s); len(left) != 0 {
		t.Errorf("destroy left %v", left)
	}
}

func asText(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

// cloudChanges are changes by hand of the objects above; an object's name is that of its resource.
func cloudChanges() map[string]byHand {
	return map[string]byHand{
		"machine.m": {
			commands: [][]string{
				{"server", "set", "--name", "renamed", "--property", "tier=back", "web-1"},
				{"server", "stop", "renamed"},
			},
			drift:   map[string]string{"name": `"web-1" → "renamed"`, "metadata.tier": `"front" → "back"`, "power": `"on" → "off"`, "booted_at": "", "native.status": `"ACTIVE" → "SHUTOFF"`},
			action:  "update",
			changes: map[string]string{"name": `"renamed" → "web-1"`, "metadata.tier": `"back" → "front"`, "power": `"off" → "on"`, "booted_at": "→ unknown", "native": "→ unknown"},
		},
		"disk.d": {
			commands: [][]string{{"volume", "set", "--property", "tier=cache", "data"}},
			drift:    map[string]string{"tags.tier": `"db" → "cache"`, "tags_all.tier": ""},
			action:   "update",
			changes:  map[string]string{"tags.tier": `"cache" → "db"`, "tags_all.tier": ""},
		},
		"network.n": {
			commands: [][]string{{"network", "set", "--mtu", "1300", "tier"}},
			drift:    map[string]string{"mtu": "1400 → 1300"},
			action:   "update",
			changes:  map[string]string{"mtu": "1300 → 1400"},
		},
		"firewall.f": {
			commands: [][]string{{"security", "group", "rule", "create", "--protocol", "tcp", "--dst-port", "23", "web"}},
			drift: map[string]string{
				"rules.ingress-tcp-23.cidr": "", "rules.ingress-tcp-23.direction": "", "rules.ingress-tcp-23.family": "", "rules.ingress-tcp-23.id": "",
				"rules.ingress-tcp-23.ports": `null → "23"`, "rules.ingress-tcp-23.protocol": `null → "tcp"`, "rules.ingress-tcp-23.self": "",
			},
			action: "update",
			changes: map[string]string{
				"rules.ingress-tcp-23.cidr": "", "rules.ingress-tcp-23.direction": "", "rules.ingress-tcp-23.family": "", "rules.ingress-tcp-23.id": "",
				"rules.ingress-tcp-23.ports": `"23" → null`, "rules.ingress-tcp-23.protocol": "", "rules.ingress-tcp-23.self": "",
			},
		},
		"public_ip.p": {
			commands: [][]string{{"floating", "ip", "unset", "--port", "ADDRESS"}},
			drift:    map[string]string{"nic_id": "", "native.router_id": ""},
			action:   "update",
			changes:  map[string]string{"nic_id": "", "native": "→ unknown"},
		},
		"router.r": {
			commands: [][]string{{"router", "set", "--name", "elsewhere", "edge"}},
			drift:    map[string]string{"name": `"edge" → "elsewhere"`},
			action:   "update",
			changes:  map[string]string{"name": `"elsewhere" → "edge"`},
		},
		"ssh_key.k":         {},
		"placement_group.g": {drift: map[string]string{"members.0": ""}}, // the machine joined after it was made
	}
}

// TestOpenStackChanges changes objects behind the provider's back: the next plan says exactly that, and the next apply
// puts it right.
func TestOpenStackChanges(t *testing.T) {
	s := openStackSite(t)
	p := s.openstack
	w := newWorkspace(t, s.provider+cloudTiers)
	w.must(0, apply()...)
	w.nothing()
	address := strings.TrimSpace(p.CLI(t, "floating", "ip", "list", "--project", p.ID, "-f", "value", "-c", "Floating IP Address"))
	cases := cloudChanges()
	for _, key := range slices.Sorted(maps.Keys(cases)) {
		for _, command := range cases[key].commands {
			p.CLI(t, strings.Fields(strings.ReplaceAll(strings.Join(command, " "), "ADDRESS", address))...)
		}
	}
	until(t, "the server to stop", time.Minute, func() bool { return strings.Contains(try(t.Context(), p, "server", "list"), "SHUTOFF") })
	w.drifted("virt_", cases)
	w.must(0, apply()...)
	w.nothing()
	w.must(0, "destroy", "-auto-approve")
}

// TestOpenStackImport imports what the openstack tool made: what is generated plans nothing and changes nothing.
func TestOpenStackImport(t *testing.T) {
	s := openStackSite(t)
	p := s.openstack
	for _, line := range []string{
		"network create --mtu 1300 --description by-hand blue",
		"subnet create --network blue --subnet-range 10.62.0.0/24 --dns-nameserver 10.62.0.2 --allocation-pool start=10.62.0.50,end=10.62.0.60 blue-4",
		"subnet create --network blue --ip-version 6 --subnet-range fd00:62::/64 --ipv6-ra-mode slaac --ipv6-address-mode slaac blue-6",
		"router create edge",
		"router set --external-gateway public edge",
		"router add subnet edge blue-4",
		"security group create --description by-hand web",
		"security group rule create --protocol tcp --dst-port 80:81 --remote-ip 10.0.0.0/8 web",
		"security group rule create --protocol icmp --icmp-type 8 web",
		"security group rule create --ethertype IPv6 --protocol tcp --remote-group web web",
		"server group create --policy anti-affinity apart",
		"volume create --size 1 --type fast --property tier=db data",
		"server create --flavor t1.small --image debian-12 --network blue --security-group web --property tier=front --wait vm",
		"server add volume vm data",
		"floating ip create public",
	} {
		p.CLI(t, strings.Fields(line)...)
	}
	address := strings.TrimSpace(p.CLI(t, "floating", "ip", "list", "--project", p.ID, "-f", "value", "-c", "Floating IP Address"))
	imports := ""
	for kind, ref := range map[string]string{
		"machine": "vm", "network": "blue", "router": "edge", "firewall": "web", "placement_group": "apart", "disk": "data", "public_ip": address, "image": "debian-12",
	} {
		imports += fmt.Sprintf("import {\n  to = virt_%s.x\n  id = \"dc1/%s\"\n}\n", kind, ref)
	}
	w := newWorkspace(t, s.provider+imports)
	before := allShown(t, p)
	planned := w.planned("-generate-config-out=generated.tf")
	for address, action := range planned.Actions {
		if action != "import" {
			t.Errorf("%s: planned %q, want an import alone: %v", address, action, planned.Changes[address])
		}
	}
	w.must(0, apply()...)
	w.nothing()
	if diff := cmp.Diff(before, allShown(t, p)); diff != "" {
		t.Errorf("an import changed something (-before +after):\n%s", diff)
	}
}

// allShown is what the openstack tool tells of what was made by hand.
func allShown(t *testing.T, p *openstack.Project) map[string]any {
	t.Helper()
	all := map[string]any{}
	for _, line := range []string{"server show vm", "network show blue", "subnet show blue-4", "subnet show blue-6", "router show edge", "security group show web", "volume show data", "image show debian-12"} {
		object := seenBy(t, p, strings.Fields(line)...)
		maps.DeleteFunc(object, func(key string, _ any) bool { return key == "updated" || key == "updated_at" })
		all[line] = object
	}
	return all
}
