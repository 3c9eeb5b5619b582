package provider_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const fixedServers = `
data "virt_image" "os" { name = "debian-12" }
data "virt_network" "app" { name = "app" }

resource "virt_machine" "m" {
  count    = 2
  name     = "m-${count.index}"
  size     = "t1.nano"
  image_id = data.virt_image.os.id
  disks    = { data = { size = "1GiB" } }
  nics     = { eth0 = { network_id = data.virt_network.app.id, mac = "fa:16:3e:00:00:0${count.index}", addresses = ["10.20.0.5${count.index}/16"] } }
}
`

// TestOpenStackServerGone deletes a server with the openstack tool, which leaves its port, with the address and the MAC,
// and its volume. The next apply makes the machine again with the same ones, and says where the old volume is.
func TestOpenStackServerGone(t *testing.T) {
	s := openStackSite(t)
	p := s.openstack
	w := newWorkspace(t, s.provider+fixedServers)
	w.must(0, apply()...)
	if left := strayParts(t, p); len(left) != 0 {
		t.Fatalf("before anything happens: %v", left)
	}
	old := idOf(t, p, "volume", "m-0:data")
	p.CLI(t, "server", "delete", "--wait", "m-0")
	if diff := cmp.Diff([]string{"port m-0:eth0", "volume m-0:data available"}, strayParts(t, p)); diff != "" {
		t.Errorf("what the server leaves (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"virt_machine.m[0]": "create"}, w.planned().Actions); diff != "" {
		t.Errorf("the plan (-want +got):\n%s", diff)
	}
	w.says(w.must(0, apply()...), old+" m-0:data is left as it is")
	w.nothing()
	if diff := cmp.Diff([]string{"volume m-0:data available"}, strayParts(t, p)); diff != "" {
		t.Errorf("beside the machines there is (-want +got):\n%s", diff)
	}
	w.must(0, "destroy", "-auto-approve")
	if diff := cmp.Diff([]string{"m-0:data"}, leftovers(t, s)); diff != "" {
		t.Errorf("destroy leaves (-want +got):\n%s", diff)
	}
	if got := strings.TrimSpace(p.CLI(t, "volume", "list", "-f", "value", "-c", "ID")); got != old {
		t.Errorf("the volume that is there is %s, want %s", got, old)
	}
}
