package provider_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/libvirt"
	"github.com/terraform-virt/terraform-provider-virt/internal/lab/vcenter"
	"github.com/terraform-virt/terraform-provider-virt/internal/provider"
)

// site is a platform that tests run against. Its connection is called dc1.
type site struct {
	name     string
	provider string          // the provider block
	server   *vcenter.Server // of vsphere
	libvirt  *libvirt.Server // of libvirt
	dir      string          // of a sandbox
}

// sites are the platforms that every example and every life of an object is shown on.
func sites() map[string]func(*testing.T) site {
	return map[string]func(*testing.T) site{"vsphere": vsphereSite, "libvirt": libvirtSite, "sandbox": sandboxSite}
}

// sitesOf are the platforms that a kind is shown on: those that offer it. What vSphere's adapter does not offer, a sandbox
// with rules of its own does.
func sitesOf(kind string) map[string]func(*testing.T) site {
	all := sites()
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
	return site{name: "sandbox", dir: dir, provider: strings.Replace(sandboxBlock(dir, ""), `like = "vsphere"`, "", 1)}
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
