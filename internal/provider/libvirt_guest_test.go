package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/libvirt"
)

// guestConfig is a machine that boots a real Linux, on a network of its own, and what is made around it.
type guestConfig struct {
	server *libvirt.Server
	linux  libvirt.Guest
}

func (g guestConfig) console() string { return filepath.Join(g.server.Dir, "web.log") }

// text is the configuration; changes go into the machine's block in place of its own values.
func (g guestConfig) text(cpus, memory, disks, nics, power, more string) string {
	return libvirtBlock(g.server.URI(), `shutdown_timeout = "60s"`) + fmt.Sprintf(`
resource "virt_network" "lan" {
  name    = "lan"
  mode    = "isolated"
  subnets = {
    main = {
      cidr = "192.168.77.0/24"
      dhcp = { first = "192.168.77.100", last = "192.168.77.150" }
    }
  }
}
resource "virt_machine" "m" {
  name      = "web"
  hostname  = "web-1"
  cpus      = %s
  memory    = %q
  power     = %q
  disks     = { %s }
  user_data = "#cloud-config\nssh_authorized_keys:\n  - ssh-ed25519 AAAAB two\n"
  nics = {
    eth0 = {
      network_id = virt_network.lan.id
      addresses  = ["192.168.77.7/24"]
    }
    %s
  }
  login {
    user     = "ops"
    ssh_keys = ["ssh-ed25519 AAAAA one"]
  }
  wait_for {
    address     = "192.168.77.0/24"
    guest_agent = true
  }
  libvirt {
    kernel       = %q
    initrd       = %q
    command_line = %q
    serial_log   = %q
    max_cpus     = 2
    max_memory   = "384MiB"
  }
  timeouts {
    create = "90s"
    update = "90s"
  }
}
%s`, cpus, memory, power, disks, nics, g.linux.Kernel, g.linux.Initrd, g.linux.Cmdline, g.console(), more)
}

// TestGuest lives the life of a machine with a guest that has an operating system: it boots, does what it is told, is
// changed while it runs, is snapshotted, shut down and destroyed.
func TestGuest(t *testing.T) {
	linux := libvirt.NeedGuest(t)
	g := guestConfig{startLibvirt(t, libvirt.Options{}), linux}
	const small, large = `data = { size = "64MiB" }`, "data = { size = \"96MiB\" }\n    more = { size = \"32MiB\" }"
	const second = "eth1 = { network_id = virt_network.lan.id }"
	w := newWorkspace(t, g.text("1", "256MiB", small, "", "on", ""))
	start := time.Now()
	w.must(0, apply()...)
	t.Logf("ready after %s", time.Since(start).Round(time.Second))
	g.heard(t, w)
	w.nothing()

	w.put(g.text("2", "320MiB", large, second, "on", ""))
	booted := w.resource(machineAddress).text("booted_at")
	if p := w.planned(); p.Actions[machineAddress] != "update" || p.Changes[machineAddress]["booted_at"] != "" {
		t.Errorf("planned %s with %v, want an update without a restart", p.Actions[machineAddress], p.Changes[machineAddress])
	}
	w.must(0, apply()...)
	w.nothing()
	if now := w.resource(machineAddress).text("booted_at"); now != booted || now == "" {
		t.Errorf("booted at %q, then at %q", booted, now)
	}
	g.grown(t)

	// One after the other: libvirt does not merge a snapshot in files of its own below one inside the disks.
	for _, snapshot := range []string{
		"name = \"inside\"\n  description = \"before the change\"", "name = \"outside\"\n  memory = false\n  libvirt { external = true }",
	} {
		w.put(g.text("2", "320MiB", large, second, "on", "resource \"virt_snapshot\" \"s\" {\n  machine_id = virt_machine.m.id\n  "+snapshot+"\n}\n"))
		w.must(0, apply()...)
		w.nothing()
		g.snapshotted(t, w.resource("virt_snapshot.s").text("name"))
		w.put(g.text("2", "320MiB", large, second, "on", ""))
		w.must(0, apply()...)
		w.nothing()
	}
	if left := virsh(t, g.server, "snapshot-list", "web", "--name"); left != "" {
		t.Errorf("snapshots are left: %s", left)
	}

	w.put(g.text("2", "320MiB", large, second, "off", ""))
	w.must(0, apply()...)
	w.nothing()
	if got := virsh(t, g.server, "domstate", "web", "--reason"); got != "shut off (shutdown)" {
		t.Errorf("the state is %q, want that of a guest that has shut down by itself", got)
	}
	w.must(0, "destroy", "-auto-approve")
	if left := virsh(t, g.server, "list --all --name; net-list --all --name"); left != "" {
		t.Errorf("left after the destroy: %s", left)
	}
	if left := made(t, g.server, "default"); len(left) != 0 {
		t.Errorf("volumes left after the destroy: %v", left)
	}
}

// heard looks at the guest's console and asks its agent.
func (g guestConfig) heard(t *testing.T, w *workspace) {
	t.Helper()
	console, err := os.ReadFile(g.console())
	if err != nil {
		t.Fatal(err)
	}
	const want = "GUEST-READY hostname=web-1 user=ops keys=2 address=192.168.77.7/24"
	if !strings.Contains(string(console), want) {
		t.Errorf("the console lacks %q:\n%s", want, console)
	}
	if got := virsh(t, g.server, "domifaddr", "web", "--source", "agent"); !strings.Contains(got, "192.168.77.7/24") {
		t.Errorf("the agent tells %s", got)
	}
	if got := fmt.Sprint(w.resource(machineAddress).Values["addresses"]); got != "[192.168.77.7]" {
		t.Errorf("the state has the addresses %s", got)
	}
}

// grown looks at what runs after the change.
func (g guestConfig) grown(t *testing.T) {
	t.Helper()
	until(t, "the guest to take its memory", 10*time.Second, func() bool { return dumped(t, g.server, "web").Memory.KiB == 320<<10 })
	for _, flags := range [][]string{nil, {"--inactive"}} {
		doc := dumped(t, g.server, "web", flags...)
		if doc.cpus() != 2 || doc.Memory.KiB != 320<<10 || len(doc.files()) != 2 || len(doc.NICs) != 2 {
			t.Errorf("%v: %d processors, %d KiB, disks %v, networks %v", flags, doc.cpus(), doc.Memory.KiB, doc.files(), doc.networks())
		}
	}
	for _, file := range dumped(t, g.server, "web").files() {
		want := int64(32 << 20)
		if strings.Contains(file, "data") {
			want = 96 << 20
		}
		if got := virsh(t, g.server, "domblkinfo", "web", file); !strings.Contains(got, fmt.Sprint(want)) {
			t.Errorf("%s, want a capacity of %d: %s", file, want, got)
		}
	}
}

// snapshotted looks at a snapshot.
func (g guestConfig) snapshotted(t *testing.T, name string) {
	t.Helper()
	want := map[string][]string{
		"inside":  {"<description>before the change</description>", "<memory snapshot='internal'/>", "snapshot='internal'"},
		"outside": {"<memory snapshot='no'/>", "snapshot='external'"},
	}
	shows(t, virsh(t, g.server, "snapshot-dumpxml", "web", name), want[name]...)
}
