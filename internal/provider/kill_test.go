package provider_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/vim25/mo"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/libvirt"
	"github.com/terraform-virt/terraform-provider-virt/internal/lab/terraform"
	"github.com/terraform-virt/terraform-provider-virt/internal/lab/vcenter"
)

// killedMachines is how many machines the interrupted applies make where a machine costs little.
const killedMachines = 20

func testContext() context.Context { return context.Background() }

// killSite is a platform whose applies are interrupted, and who tells from outside what is there.
type killSite struct {
	config   string                               // the provider and the machines, named m-0, m-1 …
	number   int                                  // of the machines
	span     time.Duration                        // within which the provider is killed: about as long as an apply takes
	machines func(t *testing.T) map[string]string // stable ids by name
	strays   func(t *testing.T) []string          // volumes that no machine knows
}

func killSites() map[string]func(*testing.T) killSite {
	return map[string]func(*testing.T) killSite{"vsphere": killedVSphere, "libvirt": killedLibvirt, "docker": killedDocker, "openstack": killedOpenStack}
}

func killedVSphere(t *testing.T) killSite {
	t.Helper()
	server := startVCenter(t, vcenter.Options{Latency: 5 * time.Millisecond})
	return killSite{
		config: vsphereBlock(server) + fleet(), number: killedMachines, span: 2 * time.Second,
		machines: func(t *testing.T) map[string]string { t.Helper(); return machinesOf(t, server) },
		strays:   func(*testing.T) []string { return nil }, // its files lie in the machines' folders
	}
}

func killedLibvirt(t *testing.T) killSite {
	t.Helper()
	server := startLibvirt(t, libvirt.Options{})
	return killSite{
		config: libvirtBlock(server.URI(), `shutdown_timeout = "5s"`) + tinyFleet(killedMachines), number: killedMachines, span: 6 * time.Second,
		machines: func(t *testing.T) map[string]string { t.Helper(); return domainsOf(t, server) },
		strays:   func(t *testing.T) []string { t.Helper(); return strays(t, server) },
	}
}

// TestKilledProvider kills the provider at random moments of an apply. Nothing may be made twice or deleted, and every
// left-over must be named by the next apply with an import id that works.
func TestKilledProvider(t *testing.T) {
	for name, start := range killSites() {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			w := newWorkspace(t, s.config, "TF_CLI_ARGS_apply=-auto-approve")
			w.killed(s)
		})
	}
}

// killed interrupts applies until the provider was caught alive often enough.
func (w *workspace) killed(s killSite) {
	w.Helper()
	rounds := 3
	if os.Getenv("VIRT_LONG") != "" {
		rounds = 50
	}
	seed := uint64(time.Now().UnixNano())
	w.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	killed := 0
	for round := 0; killed < rounds && round < 3*rounds; round++ { // some applies are over before their moment
		if w.killDuringApply(time.Duration(random.Int64N(int64(s.span)))) {
			killed++
		}
		w.recovers(s, round)
	}
	if killed < rounds {
		w.Errorf("the provider was caught alive %d times, want %d", killed, rounds)
	}
}

// recovers applies after a kill, and destroys.
func (w *workspace) recovers(s killSite, round int) {
	w.Helper()
	before := s.machines(w.T)
	said := w.adopt()
	after := s.machines(w.T)
	for name, id := range before {
		if after[name] != id {
			w.Fatalf("round %d: %s was %s before the next apply and is %q after it; the applies said:\n%s", round, name, id, after[name], strings.Join(said, "\n"))
		}
	}
	if len(after) != s.number {
		w.Fatalf("round %d: %d machines, want %d: %v", round, len(after), s.number, after)
	}
	if left := s.strays(w.T); len(left) != 0 {
		w.Errorf("round %d: no machine knows %v", round, left)
	}
	w.must(0, "plan", "-detailed-exitcode")
	w.must(0, "destroy", "-auto-approve")
	if left := s.machines(w.T); len(left) != 0 {
		w.Fatalf("round %d: destroy left %v", round, left)
	}
	if left := s.strays(w.T); len(left) != 0 {
		w.Errorf("round %d: destroy left %v", round, left)
	}
}

func fleet() string {
	return fmt.Sprintf(`
data "virt_image" "os" { name = "debian-12" }

resource "virt_machine" "m" {
  count    = %d
  name     = "m-${count.index}"
  cpus     = 1
  memory   = "512MiB"
  image_id = data.virt_image.os.id
  disks    = { data = { size = "1GiB" } }
}
`, killedMachines)
}

// killDuringApply starts an apply, waits, and kills the provider. It reports whether there was one to kill.
func (w *workspace) killDuringApply(after time.Duration) bool {
	w.Helper()
	cmd := w.Command(w.Context(), "apply", "-no-color")
	if err := cmd.Start(); err != nil {
		w.Fatal(err)
	}
	pid := 0
	for deadline := time.Now().Add(30 * time.Second); pid == 0 && time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		pid = childOf(cmd.Process.Pid, w.Provider)
	}
	time.Sleep(after)
	if pid = childOf(cmd.Process.Pid, w.Provider); pid != 0 {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			w.Fatal(err)
		}
	}
	_ = cmd.Wait() // it fails: that is what was wanted
	return pid != 0
}

// childOf finds the process of a program that another one has started; 0 when there is none.
func childOf(parent int, program string) int {
	links, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range links {
		if exe, err := os.Readlink(link); err != nil || exe != program {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(link)))
		stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
		if fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:])); err == nil && len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			return pid
		}
	}
	return 0
}

// adopt applies, imports the left-overs that the errors name, and applies again. It gives what the applies said.
func (w *workspace) adopt() (said []string) {
	w.Helper()
	for range 5 {
		r, err := w.Workspace.Run(w.Context(), "apply")
		if err != nil {
			w.Fatal(err)
		}
		said = append(said, r.Plain())
		if r.Code == 0 {
			return said
		}
		if w.importLeftOvers(r) == 0 {
			w.Fatalf("the apply failed and named nothing to import:\n%s", r.Output)
		}
	}
	w.Fatal("five applies and still left-overs")
	return said
}

// importLeftOvers imports every object that an apply met. The import id is between quotes, its name in the summary.
func (w *workspace) importLeftOvers(r terraform.Result) int {
	w.Helper()
	blocks := regexp.MustCompile(`Cannot create \w+ "m-(\d+)".*?terraform import <address of this (virt_\w+)> '([^']+)'`)
	found := blocks.FindAllStringSubmatch(r.Plain(), -1)
	for _, f := range found {
		w.must(0, "import", f[2]+".m["+f[1]+"]", f[3])
	}
	return len(found)
}

// machinesOf asks the vCenter itself, with a client of its own, for machines and their instance UUIDs.
func machinesOf(t *testing.T, s *vcenter.Server) map[string]string {
	t.Helper()
	ctx := t.Context()
	client, err := govmomi.NewClient(ctx, s.URL, true)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Logout(ctx) }()
	vms, err := find.NewFinder(client.Client).VirtualMachineList(ctx, "/DC0/vm/*")
	var none *find.NotFoundError
	if err != nil && !errors.As(err, &none) {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, vm := range vms {
		if _, twice := found[vm.Name()]; twice {
			t.Fatalf("%s was made twice", vm.Name())
		}
		var got mo.VirtualMachine
		if err := vm.Properties(ctx, vm.Reference(), []string{"config.instanceUuid"}, &got); err != nil {
			t.Fatal(err)
		}
		found[vm.Name()] = got.Config.InstanceUuid
	}
	return found
}
