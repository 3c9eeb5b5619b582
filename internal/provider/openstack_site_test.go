package provider_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/openstack"
)

// openStackSite is a project of a real control plane with the same image and network.
func openStackSite(t *testing.T) site {
	t.Helper()
	return openStackSiteOf(t, openstack.Start(t).Project(t))
}

// openStackAdminSite is one whose user may do what clouds leave to administrators: VLANs, projects, hypervisors.
func openStackAdminSite(t *testing.T) site {
	t.Helper()
	return openStackSiteOf(t, openstack.Start(t).Project(t, "admin"), `physical_network = "physnet1"`)
}

func openStackSiteOf(t *testing.T, p *openstack.Project, more ...string) site {
	t.Helper()
	openStackImage(t, p, "debian-12")
	network := strings.TrimSpace(p.CLI(t, "network", "create", "app", "-f", "value", "-c", "id")) // an administrator sees others of that name
	p.CLI(t, "subnet", "create", "--network", network, "--subnet-range", "10.20.0.0/16", "app")
	return site{name: "openstack", provider: openStackBlock(p, more...), openstack: p}
}

// openStackImage makes an image that the control plane's machines never look at.
func openStackImage(t *testing.T, p *openstack.Project, name string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(file, bytes.Repeat([]byte("no system\n"), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	p.CLI(t, "image", "create", "--container-format", "bare", "--disk-format", "raw", "--file", file, name)
}

// openStackBlock is a provider block for a project. more are further settings of its block.
func openStackBlock(p *openstack.Project, more ...string) string {
	return fmt.Sprintf(`
provider "virt" {
  platform {
    name = "dc1"
    openstack {
      auth_url         = %q
      username         = %q
      password         = %q
      project_id       = %q
      domain_id        = "default"
      region           = %q
      external_network = "public"
      %s
    }
  }
}
`, p.AuthURL, p.User, p.Password, p.ID, p.Region, strings.Join(more, "\n      "))
}

// leftInProject lists what is in a project that was not there at the start.
func leftInProject(t *testing.T, p *openstack.Project) []string {
	t.Helper()
	var left []string
	for _, what := range []string{"server", "volume", "network", "router", "security group", "server group", "image"} {
		args := append(strings.Fields(what), "list", "-f", "value", "-c", "Name")
		switch what {
		case "image":
			args = append(args, "--private", "--project", p.ID)
		case "network", "router", "security group":
			args = append(args, "--project", p.ID)
		}
		left = append(left, strings.Fields(p.CLI(t, args...))...)
	}
	left = append(left, strings.Fields(p.CLI(t, "floating", "ip", "list", "--project", p.ID, "-f", "value", "-c", "Floating IP Address"))...)
	there := []string{"debian-12", "app", "default"}
	return slices.DeleteFunc(left, func(name string) bool { return slices.Contains(there, name) })
}

// try runs the openstack tool where it may fail.
func try(ctx context.Context, p *openstack.Project, args ...string) string {
	text, _ := p.Try(ctx, args...)
	return text
}
