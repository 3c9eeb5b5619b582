package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/terraform-virt/terraform-provider-virt/internal/provider"
)

const machineAddress = "virt_machine.m"

// accept runs the steps of a case with the provider inside the test's own process.
func accept(t *testing.T, steps ...resource.TestStep) {
	t.Helper()
	var served []*provider.Provider
	t.Cleanup(func() {
		for _, p := range served {
			_ = p.Close(testContext())
		}
	})
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: map[string]func() (tfprotov6.ProviderServer, error){
			"virt": func() (tfprotov6.ProviderServer, error) {
				p := provider.New("test")
				served = append(served, p)
				return providerserver.NewProtocol6WithError(p)()
			},
		},
		Steps: steps,
	})
}

// onEverySite runs a test on every platform.
func onEverySite(t *testing.T, test func(*testing.T, site)) {
	t.Helper()
	for name, start := range sites() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, start(t))
		})
	}
}

func at(path string) tfjsonpath.Path {
	names := strings.Split(path, ".")
	p := tfjsonpath.New(names[0])
	for _, name := range names[1:] {
		p = p.AtMapKey(name)
	}
	return p
}

func has(path, value string) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(machineAddress, at(path), knownvalue.StringExact(value))
}

func before(checks ...plancheck.PlanCheck) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: checks}
}

// updates expects an update of the machine, with or without a restart.
func updates(restart bool) resource.ConfigPlanChecks {
	action := plancheck.ExpectResourceAction(machineAddress, plancheck.ResourceActionUpdate)
	if restart {
		return before(action, plancheck.ExpectUnknownValue(machineAddress, at("booted_at")))
	}
	return before(action, plancheck.ExpectKnownValue(machineAddress, at("booted_at"), knownvalue.NotNull()))
}

func same() resource.ConfigPlanChecks { return before(plancheck.ExpectEmptyPlan()) }

// life is a machine's configuration on a site, with default tags, and its attributes.
func life(s site, attributes string) string {
	return strings.Replace(s.provider, "provider \"virt\" {", "provider \"virt\" {\n  default_tags = { owner = \"web\" }", 1) + `
data "virt_image" "os" { name = "debian-12" }
data "virt_network" "app" { name = "app" }

resource "virt_machine" "m" {
  name     = "m"
  image_id = data.virt_image.os.id
` + attributes + `
}
`
}

// importID is the import id of a resource in the state.
func importID(address string) resource.ImportStateIdFunc {
	return func(s *terraform.State) (string, error) {
		r := s.RootModule().Resources[address]
		if r == nil {
			return "", fmt.Errorf("the state has no %s", address)
		}
		return r.Primary.Attributes["platform"] + "/" + r.Primary.ID, nil
	}
}

// TestMachineLife makes a machine, changes it in every way, imports it, loses it and makes it again.
func TestMachineLife(t *testing.T) {
	onEverySite(t, func(t *testing.T, s site) {
		const small, large = "  cpus = 1\n  memory = \"1GiB\"\n  boot_disk = { size = \"10GiB\" }\n", "  cpus = 2\n  memory = \"2GiB\"\n  boot_disk = { size = \"10GiB\" }\n"
		disks := func(size string) string { return "  disks = { data = { size = \"" + size + "\" } }\n" }
		nics := "  nics = { eth0 = { network_id = data.virt_network.app.id } }\n"
		two := "  nics = {\n    eth0 = { network_id = data.virt_network.app.id }\n    eth1 = { network_id = data.virt_network.app.id }\n  }\n"
		tags := func(role string) string { return "  tags = { role = \"" + role + "\" }\n" }
		var id string
		accept(
			t,
			resource.TestStep{
				Config: life(s, small+disks("1GiB")+nics+tags("web")),
				ConfigStateChecks: []statecheck.StateCheck{
					has("power", "on"), has("memory", "1GiB"), has("disks.data.size", "1GiB"), has("tags_all.owner", "web"), has("tags_all.role", "web"),
					statecheck.ExpectKnownValue(machineAddress, at("booted_at"), knownvalue.NotNull()),
					statecheck.ExpectKnownValue(machineAddress, at("unmanaged_disks"), knownvalue.MapSizeExact(0)),
				},
				Check: resource.TestCheckResourceAttrWith(machineAddress, "id", func(v string) error { id = v; return nil }),
			},
			resource.TestStep{Config: life(s, strings.Replace(small, `"1GiB"`, `"1024MiB"`, 1)+disks("1024MiB")+nics+tags("web")), ConfigPlanChecks: same()},
			resource.TestStep{Config: life(s, small+disks("2GiB")+nics+tags("db")+"  description = \"two\"\n"), ConfigPlanChecks: updates(false), ConfigStateChecks: []statecheck.StateCheck{
				has("disks.data.size", "2GiB"), has("tags_all.role", "db"), has("description", "two"),
			}},
			resource.TestStep{Config: life(s, small+disks("2GiB")+two+tags("db")), ConfigPlanChecks: updates(false), ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(machineAddress, at("description"), knownvalue.Null()),
				statecheck.ExpectKnownValue(machineAddress, at("nics.eth1.mac"), knownvalue.NotNull()),
			}},
			resource.TestStep{Config: life(s, large+disks("2GiB")+two+tags("db")), ConfigPlanChecks: updates(true), ConfigStateChecks: []statecheck.StateCheck{has("memory", "2GiB")}},
			resource.TestStep{
				ResourceName: machineAddress, ImportState: true, ImportStateVerify: true, ImportStateIdFunc: importID(machineAddress),
				ImportStateVerifyIgnore: []string{"image_id", "addresses"}, // what it was made from cannot be seen, and its guest reports when it likes
			},
			resource.TestStep{
				PreConfig:        func() { removeByHand(t, s, "m", id) },
				Config:           life(s, large+disks("2GiB")+two+tags("db")),
				ConfigPlanChecks: before(plancheck.ExpectResourceAction(machineAddress, plancheck.ResourceActionCreate)),
			},
		)
	})
}

// removeByHand deletes a machine behind the provider's back.
func removeByHand(t *testing.T, s site, name, id string) {
	t.Helper()
	if s.server != nil {
		govc(t, s.server, "vm.destroy", name)
		return
	}
	if s.libvirt != nil {
		virsh(t, s.libvirt, "destroy "+name+"; undefine "+name)
		return
	}
	if s.openstack != nil {
		s.openstack.CLI(t, "server", "delete", "--wait", name)
		return
	}
	if err := os.Remove(filepath.Join(s.dir, "machine", id+".json")); err != nil {
		t.Error(err)
	}
}

// TestSpelling writes the same values in another way: nothing changes.
func TestSpelling(t *testing.T) {
	onEverySite(t, func(t *testing.T, s site) {
		nic := func(mac string) string {
			return "  memory = \"1GiB\"\n  nics = { eth0 = { network_id = data.virt_network.app.id, mac = \"" + mac + "\" } }\n"
		}
		accept(
			t,
			resource.TestStep{Config: life(s, nic("00:50:56:0a:0b:0c"))},
			resource.TestStep{Config: life(s, nic("00-50-56-0a-0b-0c")), ExpectError: regexp.MustCompile("with colons: 00:50:56:0a:0b:0c")},
			resource.TestStep{Config: life(s, strings.Replace(nic("00:50:56:0A:0B:0C"), "1GiB", "1048576KiB", 1)), ConfigPlanChecks: same()},
		)
	})
}

// TestOtherKinds makes, changes and imports one object of every other kind.
func TestOtherKinds(t *testing.T) {
	type change struct {
		config string
		action plancheck.ResourceActionType
	}
	type life struct {
		first  string
		then   []change
		ignore []string // by an import: what the platform does not tell
	}
	cases := map[string]life{
		"network": {
			"  name = \"n\"\n  vlan = 20\n  vsphere {\n    switch = \"DVS0\"\n  }\n",
			[]change{
				{"  name = \"n2\"\n  vlan = 21\n  description = \"d\"\n  vsphere {\n    switch = \"DVS0\"\n  }\n", plancheck.ResourceActionUpdate},
				{"  name = \"n3\"\n  vsphere {\n    switch = \"DVS0\"\n  }\n", plancheck.ResourceActionUpdate},
			},
			[]string{"vsphere"},
		},
		"disk": {
			"  name = \"d\"\n  size = \"1GiB\"\n",
			[]change{
				{"  name = \"d2\"\n  size = \"2GiB\"\n", plancheck.ResourceActionUpdate},
				{"  name = \"d2\"\n  size = \"2048MiB\"\n", plancheck.ResourceActionNoop},
			},
			[]string{"type"},
		},
		"image": {
			"  name = \"i\"\n  machine_id = virt_machine.m.id\n",
			[]change{{"  name = \"i2\"\n  machine_id = virt_machine.m.id\n  tags = { a = \"b\" }\n", plancheck.ResourceActionUpdate}},
			[]string{"machine_id"},
		},
		"snapshot": {
			"  name = \"s\"\n  machine_id = virt_machine.m.id\n",
			[]change{
				{"  name = \"s2\"\n  description = \"d\"\n  machine_id = virt_machine.m.id\n", plancheck.ResourceActionUpdate},
				{"  name = \"s2\"\n  machine_id = virt_machine.m.id\n  memory = true\n", plancheck.ResourceActionReplace},
			},
			[]string{"memory"},
		},
	}
	own := map[string]map[string]life{}
	// libvirt renames nothing but machines, keeps no tags with volumes, and copies the disk of a machine that is off.
	own["libvirt"] = map[string]life{
		"network": {
			"  name = \"n\"\n  subnets = { a = { cidr = \"10.77.0.0/24\" } }\n",
			[]change{
				{"  name = \"n\"\n  subnets = { a = { cidr = \"10.77.0.0/24\" } }\n  description = \"d\"\n", plancheck.ResourceActionUpdate},
				{"  name = \"n\"\n  subnets = { a = { cidr = \"10.77.0.0/24\" } }\n  mtu = 1400\n", plancheck.ResourceActionUpdate},
			},
			nil,
		},
		"disk": {
			"  name = \"d\"\n  size = \"1GiB\"\n",
			[]change{
				{"  name = \"d\"\n  size = \"2GiB\"\n", plancheck.ResourceActionUpdate},
				{"  name = \"d\"\n  size = \"2048MiB\"\n", plancheck.ResourceActionNoop},
				{"  name = \"d2\"\n  size = \"2GiB\"\n", plancheck.ResourceActionReplace},
			},
			nil,
		},
		"image": {
			"  name = \"i\"\n  machine_id = virt_machine.m.id\n",
			[]change{{"  name = \"i2\"\n  machine_id = virt_machine.m.id\n", plancheck.ResourceActionReplace}},
			[]string{"machine_id"},
		},
		"snapshot": {
			"  name = \"s\"\n  machine_id = virt_machine.m.id\n",
			[]change{
				{"  name = \"s\"\n  description = \"d\"\n  machine_id = virt_machine.m.id\n", plancheck.ResourceActionUpdate},
				{"  name = \"s2\"\n  machine_id = virt_machine.m.id\n", plancheck.ResourceActionReplace},
			},
			nil,
		},
	}
	// OpenStack leaves VLANs to administrators, and takes snapshots of disks alone.
	own["openstack"] = map[string]life{
		"network": {
			"  name = \"n\"\n  subnets = { a = { cidr = \"10.77.0.0/24\" } }\n",
			[]change{
				{"  name = \"n2\"\n  subnets = { a = { cidr = \"10.77.0.0/24\", dns = [\"10.77.0.53\"] } }\n  description = \"d\"\n", plancheck.ResourceActionUpdate},
				{"  name = \"n2\"\n  subnets = { a = { cidr = \"10.78.0.0/24\" } }\n  mtu = 1400\n", plancheck.ResourceActionUpdate},
			},
			nil,
		},
		"snapshot": {
			"  name = \"s\"\n  machine_id = virt_machine.m.id\n",
			[]change{{"  name = \"s2\"\n  description = \"d\"\n  machine_id = virt_machine.m.id\n", plancheck.ResourceActionUpdate}},
			nil,
		},
	}
	for kind, everywhere := range cases {
		t.Run(kind, func(t *testing.T) {
			onEverySite(t, func(t *testing.T, s site) {
				address, c := "virt_"+kind+".x", everywhere
				if special, ok := own[s.name][kind]; ok {
					c = special
				}
				config := func(text string) string {
					machine := ""
					if strings.Contains(c.first, "virt_machine") {
						machine = bareMachine(s)
					}
					return s.provider + machine + "resource \"virt_" + kind + "\" \"x\" {\n" + text + "}\n"
				}
				steps := []resource.TestStep{{Config: config(c.first)}}
				for _, then := range c.then {
					steps = append(steps, resource.TestStep{Config: config(then.config), ConfigPlanChecks: before(plancheck.ExpectResourceAction(address, then.action))})
				}
				steps = append(steps, resource.TestStep{
					ResourceName: address, ImportState: true, ImportStateVerify: true, ImportStateIdFunc: importID(address), ImportStateVerifyIgnore: c.ignore,
				})
				accept(t, steps...)
			})
		})
	}
}

// bareMachine is the least that a site makes a machine of.
func bareMachine(s site) string {
	power, of, image := "on", `boot_disk = { size = "1GiB" }`, ""
	switch s.name {
	case "libvirt":
		power = "off"
	case "openstack":
		of, image = "image_id = data.virt_image.os.id", `data "virt_image" "os" { name = "debian-12" }`
	}
	return fmt.Sprintf(`
%s
resource "virt_machine" "m" {
  name  = "m"
  power = %q
  %s
}
`, image, power, of)
}

// TestPortability moves a module from a sandbox to a vCenter: the object is made anew there, and gone here.
func TestPortability(t *testing.T) {
	s := vsphereSite(t)
	dir := filepath.Join(t.TempDir(), "sandbox")
	lab := strings.Replace(strings.Split(sandboxBlock(dir, ""), "provider \"virt\" {")[1], `"dc1"`, `"lab"`, 1)
	both := strings.TrimSuffix(strings.TrimSpace(s.provider), "}") + lab
	config := func(where string) string {
		return both + `
data "virt_image" "os" {
  platform = "` + where + `"
  name     = "debian-12"
}
resource "virt_machine" "m" {
  platform = "` + where + `"
  name     = "m"
  cpus     = 1
  memory   = "1GiB"
  image_id = data.virt_image.os.id
  disks    = { data = { size = "1GiB" } }
  vsphere { cpu_hot_add = true }
}
`
	}
	accept(
		t,
		resource.TestStep{Config: config("lab"), ConfigStateChecks: []statecheck.StateCheck{has("platform", "lab")}},
		resource.TestStep{
			Config:            config("dc1"),
			ConfigPlanChecks:  before(plancheck.ExpectResourceAction(machineAddress, plancheck.ResourceActionReplace)),
			ConfigStateChecks: []statecheck.StateCheck{has("platform", "dc1"), has("native.path", "/DC0/vm/m")},
		},
		resource.TestStep{PreConfig: func() {
			if left, _ := filepath.Glob(filepath.Join(dir, "machine", "*.json")); len(left) != 0 {
				t.Errorf("the sandbox still has %v", left)
			}
		}, Config: config("dc1"), ConfigPlanChecks: same()},
	)
}
