package provider_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/openstack"
)

func killedOpenStack(t *testing.T) killSite {
	t.Helper()
	s := openStackSite(t)
	const servers = 6 // one takes a real control plane about a second of computing
	return killSite{
		config: s.provider + fleetOfServers(t, s.openstack, servers), number: servers, span: 12 * time.Second,
		machines: func(t *testing.T) map[string]string { t.Helper(); return serversOf(t, s.openstack) },
		strays:   func(t *testing.T) []string { t.Helper(); return strayParts(t, s.openstack) },
	}
}

// fleetOfServers is a number of machines with a volume and a port each, and nothing else.
func fleetOfServers(t *testing.T, p *openstack.Project, n int) string {
	t.Helper()
	return fmt.Sprintf(`
resource "virt_machine" "m" {
  count    = %d
  name     = "m-${count.index}"
  size     = "t1.nano"
  image_id = %q
  disks    = { data = { size = "1GiB" } }
  nics     = { eth0 = { network_id = %q } }
}
`, n, idOf(t, p, "image", "debian-12"), idOf(t, p, "network", "app"))
}

// idOf is what the openstack tool says is the id of an object.
func idOf(t *testing.T, p *openstack.Project, kind, name string) string {
	t.Helper()
	return strings.TrimSpace(p.CLI(t, kind, "show", name, "-f", "value", "-c", "id"))
}

// serversOf asks the openstack tool for servers and their ids.
func serversOf(t *testing.T, p *openstack.Project) map[string]string {
	t.Helper()
	var list []struct{ ID, Name string }
	p.JSON(t, &list, "server", "list")
	found := map[string]string{}
	for _, sv := range list {
		if _, twice := found[sv.Name]; twice {
			t.Fatalf("%s was made twice", sv.Name)
		}
		found[sv.Name] = sv.ID
	}
	return found
}

// strayParts are the ports and volumes of the project that no server has, when each has one of either.
func strayParts(t *testing.T, p *openstack.Project) []string {
	t.Helper()
	servers, held := serversOf(t, p), map[string]bool{}
	for _, id := range servers {
		held[id] = true
	}
	var left []string
	var ports []struct {
		Name  string
		Owner string `json:"Device Owner"`
	}
	p.JSON(t, &ports, "port", "list", "--long", "--project", p.ID)
	for _, port := range ports {
		if port.Owner == "" {
			left = append(left, "port "+port.Name)
		}
	}
	if n := len(ports) - len(left); n != len(servers) {
		left = append(left, fmt.Sprintf("%d ports in use by %d servers: %v", n, len(servers), ports))
	}
	var volumes []struct {
		Name, Status string
		Attached     []struct {
			Server string `json:"server_id"`
		} `json:"Attached to"`
	}
	p.JSON(t, &volumes, "volume", "list")
	for _, v := range volumes {
		if len(v.Attached) != 1 || !held[v.Attached[0].Server] {
			left = append(left, "volume "+v.Name+" "+v.Status)
		}
	}
	return left
}
