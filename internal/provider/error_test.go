package provider_test

import (
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/terraform"
	"github.com/terraform-virt/terraform-provider-virt/internal/lab/vcenter"
)

// machineText is a configuration of one machine. more goes into its block.
func machineText(name, more string) string {
	return `
data "virt_image" "os" {
  name = "debian-12"
}

resource "virt_machine" "m" {
  name     = "` + name + `"
  cpus     = 1
  memory   = "512MiB"
  image_id = data.virt_image.os.id
` + more + `
}
`
}

// fails runs a command that has to fail, and looks for what the user must read and must never read.
func (w *workspace) fails(args []string, texts ...string) terraform.Result {
	w.Helper()
	r := w.must(1, args...)
	w.says(r, texts...)
	w.quiet(r)
	return r
}

// quiet fails if the output has the password of a simulated vCenter, or the wrong one that a test tried.
func (w *workspace) quiet(r terraform.Result) {
	w.Helper()
	for _, secret := range []string{"Lab-pass1", "wrong-pass2"} {
		if strings.Contains(r.Output, secret) {
			w.Errorf("the output has the password:\n%s", r.Output)
		}
	}
}

func plan() []string  { return []string{"plan"} }
func apply() []string { return []string{"apply", "-auto-approve"} }

// TestErrorsOfAConfiguration are found without asking a platform.
func TestErrorsOfAConfiguration(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sandbox")
	tests := map[string]struct {
		config string
		texts  []string
	}{
		"decimal unit": {
			sandboxBlock(dir, "") + `resource "virt_machine" "m" {
  name   = "m"
  memory = "4GB"
}`,
			[]string{`with virt_machine.m`, `memory = "4GB"`, `"4GB" is not a size: write 4GiB`},
		},
		"decimal unit inside a map": {
			sandboxBlock(dir, "") + machineText("m", `disks = { data = { size = "10G" } }`),
			[]string{`"10G" is not a size: write 10GiB`},
		},
		"unknown platform name": {
			strings.Replace(sandboxBlock(dir, ""), `"dc1"`, `"lab"`, 1) + `resource "virt_machine" "m" {
  name     = "m"
  platform = "dc2"
}`,
			[]string{`Cannot plan machine "m"`, `platform = "dc2"`, `The provider has no platform "dc2"; it has lab.`},
		},
		"no platform named where there are two": {
			strings.Replace(sandboxBlock(dir, ""), "provider \"virt\" {", `provider "virt" {
  platform {
    name = "lab"
    sandbox {
      dir = "`+dir+`2"
    }
  }`, 1) + `resource "virt_machine" "m" {
  name = "m"
}`,
			[]string{`Which platform? The provider has several; write one of dc1, lab.`},
		},
		"two platform types in one block": {
			strings.Replace(sandboxBlock(dir, ""), `name = "dc1"`, "name = \"dc1\"\n    vsphere {\n      password = \"Lab-pass1\"\n    }", 1) + `data "virt_network" "app" { name = "app" }`,
			[]string{"Several platform types", `The platform "dc1" has vsphere and sandbox: keep one, and write another platform block for each other one.`},
		},
		"no platform type": {
			"provider \"virt\" {\n  platform {\n    name = \"dc1\"\n  }\n}\n" + `data "virt_network" "app" { name = "app" }`,
			[]string{"No platform type", `The platform "dc1" needs one block that says its type: docker, libvirt, openstack, sandbox, vsphere.`},
		},
		"required setting left out": {
			"provider \"virt\" {\n  platform {\n    name = \"dc1\"\n    vsphere {\n      user = \"u\"\n      password = \"Lab-pass1\"\n    }\n  }\n}\n" + `data "virt_network" "app" { name = "app" }`,
			[]string{`Platform "dc1"`, "server", "VSPHERE_SERVER"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			newWorkspace(t, tt.config).fails(plan(), tt.texts...)
		})
	}
}

// TestErrorsOfAConnection say which platform, which setting and which variable.
func TestErrorsOfAConnection(t *testing.T) {
	server := startVCenter(t, vcenter.Options{})
	closed := closedPort(t)
	block := vsphereBlock(server)
	tests := map[string]struct {
		config string
		env    []string
		texts  []string
	}{
		"connection refused": {
			strings.Replace(block, server.Host, closed, 1), nil,
			[]string{`Platform "dc1" (VMware vSphere)`, "cannot connect to " + closed, "connection refused", "Check the setting server (VSPHERE_SERVER)"},
		},
		"untrusted certificate": {
			strings.Replace(block, "ca_file", "# ca_file", 1), nil,
			[]string{`Platform "dc1" (VMware vSphere)`, "cannot connect to " + server.Host, "certificate signed by unknown authority", "Set ca_file to the PEM file of the authority that signed it"},
		},
		"wrong password in the block": {
			strings.Replace(block, server.Password, "wrong-pass2", 1), nil,
			[]string{`Platform "dc1" (VMware vSphere)`, "cannot log in to " + server.Host, "InvalidLogin", "Check the settings user and password (VSPHERE_USER and VSPHERE_PASSWORD)"},
		},
		"wrong password in the environment": {
			strings.Replace(block, "password ", "# password ", 1),
			[]string{"VSPHERE_PASSWORD=wrong-pass2"},
			[]string{`Platform "dc1" (VMware vSphere)`, "Check the settings user and password (VSPHERE_USER and VSPHERE_PASSWORD)"},
		},
		"wrong password of one of two": {
			strings.NewReplacer("provider \"virt\" {", "provider \"virt\" {\n  platform {\n    name = \"dc2\"\n    vsphere {\n      server = \"vc2.example.net\"\n    }\n  }", "password ", "# password ").Replace(block),
			[]string{"VIRT_DC1_PASSWORD=wrong-pass2"},
			[]string{`Platform "dc1" (VMware vSphere)`, "Check the settings user and password", "its own variables begin with VIRT_DC1_."},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := tt.config + strings.Replace(machineText("m", ""), `name = "debian-12"`, "name = \"debian-12\"\n  platform = \"dc1\"", 1)
			newWorkspace(t, config, tt.env...).fails(plan(), tt.texts...)
		})
	}
}

// closedPort is an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// TestErrorsOfNames are about objects that are not there, there twice, or in the way.
func TestErrorsOfNames(t *testing.T) {
	server := startVCenter(t, vcenter.Options{VMs: 1})
	for _, folder := range []string{"a", "b"} {
		govc(t, server, "folder.create", "/DC0/vm/"+folder)
		govc(t, server, "vm.create", "-pool=C0/Resources", "-folder=/DC0/vm/"+folder, "-net=app", "-force", "-on=false", "twin")
	}
	block := vsphereBlock(server)
	taken := strings.TrimSpace(govc(t, server, "object.collect", "-s", "/DC0/vm/vm-0", "config.instanceUuid"))

	t.Run("not found at import", func(t *testing.T) {
		w := newWorkspace(t, block+machineText("m", ""))
		w.fails([]string{"import", "virt_machine.m", "dc1/web/nobody"},
			`Cannot import machine "web/nobody"`, `Platform "dc1" has no machine "web/nobody"`, "in the datacenter DC0")
		w.fails([]string{"import", "virt_machine.m", "dc1/11111111-2222-3333-4444-555555555555"}, `has no machine "11111111-2222-3333-4444-555555555555"`)
	})
	t.Run("data source not found", func(t *testing.T) {
		w := newWorkspace(t, block+`data "virt_image" "os" { name = "debian-99" }`)
		w.fails(plan(), `Cannot find image "debian-99"`, `Platform "dc1" has no image "debian-99"`)
	})
	t.Run("several matches", func(t *testing.T) {
		both := `"twin" matches 2 objects: /DC0/vm/a/twin, /DC0/vm/b/twin; name one of them in full`
		newWorkspace(t, block+machineText("m", "")).fails([]string{"import", "virt_machine.m", "dc1/twin"}, both)
		newWorkspace(t, block+`data "virt_machine" "m" { name = "twin" }`).fails(plan(), both)
	})
	t.Run("name taken", func(t *testing.T) {
		w := newWorkspace(t, block+machineText("vm-0", ""))
		r := w.fails(apply(), `Cannot create machine "vm-0"`, `"vm-0" exists already`, "Nothing was changed.",
			"terraform import <address of this virt_machine> 'dc1/"+taken+"'", "Otherwise choose another name or remove it.")
		w.must(0, "import", "virt_machine.m", "dc1/"+taken)
		if len(w.resources()) != 1 || w.resource("virt_machine.m").text("id") != taken {
			t.Errorf("the import id that was named does not work:\n%s", r.Output)
		}
	})
}

// TestErrorsOfCalls are what a platform answers to a change.
func TestErrorsOfCalls(t *testing.T) {
	tests := map[string]struct {
		fault vcenter.Fault
		more  string
		texts []string
	}{
		"missing privilege": {
			vcenter.Fault{Method: "CloneVM_Task", SOAP: &types.NoPermission{PrivilegeId: "VirtualMachine.Provisioning.DeployTemplate"}},
			"",
			[]string{
				`Cannot create machine "m"`, "Cannot clone the template debian-12", "the privilege VirtualMachine.Provisioning.DeployTemplate is missing",
				"Give the user the privilege VirtualMachine.Provisioning.DeployTemplate there",
			},
		},
		"throttled": {
			vcenter.Fault{Method: "CloneVM_Task", Status: 429, Times: -1},
			"",
			[]string{`Cannot create machine "m"`, "Cannot clone the template debian-12", "the server answered 429", "The platform asks for fewer requests: run again later or with a lower -parallelism."},
		},
		"timeout": {
			vcenter.Fault{Method: "none"},
			"wait_for { address = \"203.0.113.0/24\" }\n  timeouts { create = \"2s\" }",
			[]string{`Cannot create machine "m"`, "timed out waiting for an address of the guest inside 203.0.113.0/24", "last seen: ", "10.20.0.10", "The limit was 2s; a timeouts block raises it"},
		},
		"no answer": {
			vcenter.Fault{Method: "CloneVM_Task", Hang: true, Times: -1},
			"timeouts { create = \"2s\" }",
			[]string{`Cannot create machine "m"`, "clone the template debian-12", "took longer than 2s", "a timeouts block raises the limit"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startVCenter(t, vcenter.Options{})
			server.Inject(tt.fault)
			w := newWorkspace(t, vsphereBlock(server)+machineText("m", tt.more))
			w.fails(apply(), tt.texts...)
			server.ClearFaults()
			w.write("main.tf", strings.Replace(w.read("main.tf"), tt.more, "", 1))
			w.must(0, apply()...) // what was left behind is in the state or not there at all
			if got := machinesOf(t, server); len(got) != 1 {
				t.Errorf("machines after the second apply: %v", got)
			}
		})
	}
}

// TestErrorsOfASandbox are the faults that its settings can make.
func TestErrorsOfASandbox(t *testing.T) {
	tests := map[string]struct {
		fault string
		texts []string
	}{
		"refused":           {`"open: refuse"`, []string{`Platform "dc1" (Sandbox)`, "connection refused"}},
		"missing privilege": {`"create machine: deny"`, []string{`Cannot create machine "m"`, "permission denied"}},
		"throttled":         {`"create machine: throttle 100"`, []string{`Cannot create machine "m"`, "too many requests", "lower -parallelism"}},
		"no answer":         {`"create machine: hang"`, []string{`Cannot create machine "m"`, "1s", "a timeouts block raises"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "sandbox")
			w := newWorkspace(t, sandboxBlock(dir, "faults = ["+tt.fault+"]")+machineText("m", "timeouts { create = \"1s\" }"))
			w.fails(apply(), tt.texts...)
		})
	}
}

// TestAnotherEndpoint points a platform's name at another vCenter: nothing may look deleted, and nothing be touched.
func TestAnotherEndpoint(t *testing.T) {
	one, other := startVCenter(t, vcenter.Options{}), startVCenter(t, vcenter.Options{})
	w := newWorkspace(t, vsphereBlock(one)+machineText("m", ""))
	w.must(0, apply()...)
	first := w.read("main.tf")
	w.write("main.tf", strings.Replace(strings.Replace(first, one.Host, other.Host, 1), one.CAFile, other.CAFile, 1))
	why := []string{`Platform "dc1" now leads to another endpoint`, "Point the platform back to it, give the new endpoint another name, or remove the resource from the state."}
	w.fails(plan(), append(why, `Cannot read machine "m"`)...)
	w.fails([]string{"destroy", "-refresh=false", "-auto-approve"}, append(why, `Cannot delete machine "m"`)...)
	w.write("main.tf", first)
	w.nothing()
}
