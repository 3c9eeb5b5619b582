package provider_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/openstack"
	"github.com/terraform-virt/terraform-provider-virt/internal/lab/vcenter"
)

// calls sums up what a vCenter was asked, and lists it for messages.
func calls(s *vcenter.Server) (int, string) {
	count := s.Calls()
	total, lines := 0, []string{}
	for _, name := range slices.Sorted(maps.Keys(count)) {
		total += count[name]
		lines = append(lines, fmt.Sprintf("%s %d", name, count[name]))
	}
	return total, strings.Join(lines, ", ")
}

func manyMachines(n int, power string) string {
	return fmt.Sprintf(`
data "virt_image" "os" { name = "debian-12" }
data "virt_network" "app" { name = "app" }

resource "virt_machine" "m" {
  count    = %d
  name     = "m-${count.index}"
  cpus     = 1
  memory   = "512MiB"
  image_id = data.virt_image.os.id
  disks    = { data = { size = "1GiB" } }
  nics     = { eth0 = { network_id = data.virt_network.app.id } }
  power    = %q
}
`, n, power)
}

// TestCallsOfManyMachines counts what the vCenter is asked: the numbers are exact, whatever the machine's speed.
func TestCallsOfManyMachines(t *testing.T) {
	server := startVCenter(t, vcenter.Options{})

	w := newWorkspace(t, vsphereBlock(server)+manyMachines(100, "on"))
	server.Reset()
	start := time.Now()
	w.must(0, "apply", "-auto-approve", "-parallelism=10")
	n, list := calls(server)
	t.Logf("apply of 100 machines: %d calls in %s: %s", n, time.Since(start).Round(time.Second), list)
	if n > 1500 {
		t.Errorf("apply of 100 machines took %d calls, more than 15 a machine: %s", n, list)
	}

	server.Reset()
	w.must(0, "plan", "-detailed-exitcode")
	n, list = calls(server)
	t.Logf("plan of 100 machines: %d calls: %s", n, list)
	if n > 12 {
		t.Errorf("plan of 100 machines took %d calls, more than 12: %s", n, list)
	}
}

// TestCallsOfAPlanOf300 counts a plan of 300 machines with a disk and a NIC.
func TestCallsOfAPlanOf300(t *testing.T) {
	server := startVCenter(t, vcenter.Options{})
	w := newWorkspace(t, vsphereBlock(server)+manyMachines(300, "off"))
	w.must(0, "apply", "-auto-approve", "-parallelism=20")
	server.Reset()
	w.must(0, "plan", "-detailed-exitcode")
	n, list := calls(server)
	t.Logf("plan of 300 machines: %d calls: %s", n, list)
	if n > 12 {
		t.Errorf("plan of 300 machines took %d calls, more than 12: %s", n, list)
	}
}

// TestCallsOfManyServers counts what a cloud is asked for a plan of machines with a volume and a port each. As everything
// is read by lists, their number does not matter: making them is what takes time.
func TestCallsOfManyServers(t *testing.T) {
	n := 10
	if os.Getenv("VIRT_LONG") != "" {
		n = 100
	}
	s := openStackSite(t)
	proxy := openstack.NewProxy(t, openstack.Start(t))
	w := newWorkspace(t, openStackBlock(s.openstack.Through(proxy))+fleetOfServers(t, s.openstack, n))
	start := time.Now()
	w.must(0, "apply", "-auto-approve", "-parallelism=10")
	total := proxy.Total()
	t.Logf("apply of %d servers: %d calls in %s: %v", n, total, time.Since(start).Round(time.Second), proxy.Calls())
	start = time.Now()
	w.must(0, "plan", "-detailed-exitcode")
	total, calls := proxy.Total(), proxy.Calls()
	t.Logf("plan of %d servers: %d calls in %s: %v", n, total, time.Since(start).Round(time.Millisecond), calls)
	if total > 12 {
		t.Errorf("plan of %d servers took %d calls, more than 12: %v", n, total, calls)
	}
}
