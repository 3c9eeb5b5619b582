package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/docker"
	"github.com/terraform-virt/terraform-provider-virt/internal/lab/libvirt"
	"github.com/terraform-virt/terraform-provider-virt/internal/lab/openstack"
	"github.com/terraform-virt/terraform-provider-virt/internal/lab/vcenter"
	"github.com/terraform-virt/terraform-provider-virt/internal/provider"
)

// site is a platform that tests run against. Its connection is called dc1.
type site struct {
	name      string
	provider  string             // the provider block
	server    *vcenter.Server    // of vsphere
	libvirt   *libvirt.Server    // of libvirt
	docker    *docker.Engine     // of docker
	openstack *openstack.Project // of openstack
	registry  string             // that stands in for the one of the examples
	app       string             // folder that stands in for the one that the examples build images from
	dir       string             // of a sandbox
}

// sites are the platforms with machines, which every life of an object is shown on.
func sites() map[string]func(*testing.T) site {
	return map[string]func(*testing.T) site{"vsphere": vsphereSite, "libvirt": libvirtSite, "openstack": openStackSite, "sandbox": sandboxSite}
}

// sitesOf are the platforms that a kind is shown on: those that offer it. What vSphere's adapter does not offer, a sandbox
// with rules of its own does.
func sitesOf(kind string) map[string]func(*testing.T) site {
	all := sites()
	all["docker"] = dockerSite
	if slices.Contains([]string{"network", "project", "host"}, kind) {
		all["openstack"] = openStackAdminSite
	}
	for _, d := range provider.Platforms() {
		if _, ok := d.Traits[kind]; ok {
			continue
		}
		delete(all, d.Name)
		if d.Name == "vsphere" {
			all["sandbox"] = ownSandboxSite
		}
	}
	return all
}

func vsphereSite(t *testing.T) site {
	t.Helper()
	server := startVCenter(t, vcenter.Options{})
	return site{name: "vsphere", provider: vsphereBlock(server), server: server}
}

// libvirtSite is a real libvirt daemon with the same image and network. Its guest is the smallest that heeds the power
// button.
func libvirtSite(t *testing.T) site {
	t.Helper()
	server := startLibvirt(t, libvirt.Options{})
	if err := server.Furnish(t.Context(), filepath.Join(server.Pool("default"), "tiny.raw")); err != nil {
		t.Fatal(err)
	}
	return site{name: "libvirt", provider: libvirtBlock(server.URI(), `shutdown_timeout = "10s"`), libvirt: server}
}

// sandboxSite is a directory that follows vSphere's rules and has the same image and network.
func sandboxSite(t *testing.T) site {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "sandbox")
	return site{name: "sandbox", dir: dir, provider: sandboxBlock(dir, "")}
}

// ownSandboxSite is a directory that is like no other platform.
func ownSandboxSite(t *testing.T) site {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "sandbox")
	push(t, dir, exampleRegistry+"/app:1.2")
	block := strings.Replace(sandboxBlock(dir, ""), `like = "vsphere"`, "", 1)
	block = strings.Replace(block, `"network:app"`, `"network:app", "network:public"`, 1)
	return site{name: "sandbox", dir: dir, provider: block, app: buildContext(t)}
}

// push lays an image into a sandbox's registry, as somebody else would.
func push(t *testing.T, dir, name string) {
	t.Helper()
	err := os.MkdirAll(filepath.Join(dir, "registry_image"), 0o750)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "registry_image", "pushed.json"), fmt.Appendf(nil, `{"name": %q, "attributes": {}}`, name), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// sandboxBlock is a provider block for a sandbox like vSphere. more are further settings of its block.
func sandboxBlock(dir, more string) string {
	return fmt.Sprintf(`
provider "virt" {
  platform {
    name = "dc1"
    sandbox {
      dir  = %q
      like = "vsphere"
      seed = ["image:debian-12", "network:app"]
      %s
    }
  }
}
`, dir, more)
}
