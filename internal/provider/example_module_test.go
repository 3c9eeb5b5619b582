package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/libvirt"
	"github.com/terraform-virt/terraform-provider-virt/internal/lab/vcenter"
)

// testProviderExample connects to the platforms of the example: to all that need no lab, and then to libvirt, too.
func testProviderExample(t *testing.T, dir string) {
	t.Run("without libvirt", func(t *testing.T) { connects(t, exampleText(t, dir), "dc1", "lab") })
	t.Run("everywhere", func(t *testing.T) {
		kvm := libvirtSite(t).libvirt
		text := strings.ReplaceAll(exampleText(t, dir), exampleURI, kvm.URI())
		connects(t, text, "dc1", "kvm1", "lab")
	})
}

// exampleURI is the libvirt of the examples.
const exampleURI = "qemu+ssh://root@kvm1.example.net/system"

// connects makes a machine on each of a provider's platforms.
func connects(t *testing.T, provider string, names ...string) {
	t.Helper()
	server := startVCenter(t, vcenter.Options{})
	w := newWorkspace(t, "", environment(server)...)
	w.write("main.tf", provider+`
data "virt_image" "os" {
  for_each = toset(["`+strings.Join(names, `", "`)+`"])
  platform = each.key
  name     = "debian-12"
}
resource "virt_machine" "m" {
  for_each = data.virt_image.os
  platform = each.key
  name     = "m"
  image_id = each.value.id
}
`)
	w.must(0, "apply", "-auto-approve")
	w.nothing()
	made := w.resources()
	if len(made) != len(names) {
		t.Errorf("%d machines, want %d", len(made), len(names))
	}
	for _, r := range made {
		if diff := cmp.Diff(map[string]any{"owner": "web"}, r.Values["tags_all"]); diff != "" {
			t.Errorf("tags_all of %s (-want +got):\n%s", r.Address, diff)
		}
	}
	w.must(0, "destroy", "-auto-approve")
}

// testLibvirtExample runs what the guide on libvirt shows.
func testLibvirtExample(t *testing.T, dir string) {
	s := libvirtSite(t)
	image := filepath.Join(s.libvirt.Pool("default"), libvirt.ExampleImage)
	text := strings.ReplaceAll(s.example(t, dir), exampleURI, s.libvirt.URI())
	w := newWorkspace(t, "", "TF_VAR_image="+image)
	w.write("main.tf", text)
	w.must(0, "apply", "-auto-approve")
	w.nothing()
	shows(t, virsh(t, s.libvirt, "dumpxml", "web-1"), "<iothreads>2</iothreads>", "<watchdog model='i6300esb'", "<vcpu placement='static' current='1'>4</vcpu>")
	shows(t, virsh(t, s.libvirt, "snapshot-dumpxml", "web-1", "fresh"), "<memory snapshot='internal'/>")
	w.must(0, "destroy", "-auto-approve")
	if left := leftovers(t, s); len(left) != 0 {
		t.Errorf("destroy left %v", left)
	}
}

// environment is what the examples take from the environment.
func environment(s *vcenter.Server) []string {
	return []string{"VSPHERE_SERVER=" + s.Host, "VSPHERE_USER=" + s.User, "VSPHERE_PASSWORD=" + s.Password, "VIRT_DC1_CA_FILE=" + s.CAFile}
}

// testQuickstart runs one module on a vCenter and in a sandbox, and then on a real libvirt and a real OpenStack, too.
func testQuickstart(t *testing.T, dir string) {
	t.Run("without libvirt", func(t *testing.T) { quickstart(t, dir, site{}, "dc1", "lab") })
	t.Run("everywhere", func(t *testing.T) {
		disk := filepath.Join(t.TempDir(), "disk")
		if err := libvirt.NeedGuest(t).WriteDisk(t.Context(), disk); err != nil {
			t.Fatal(err)
		}
		server := libvirt.Serve(t, libvirt.Options{})
		if err := server.Furnish(t.Context(), disk); err != nil {
			t.Fatal(err)
		}
		quickstart(t, dir, site{libvirt: server}, "dc1", "kvm1", "lab")
	})
	t.Run("openstack", func(t *testing.T) { quickstart(t, dir, openStackSite(t), "cloud1", "dc1", "lab") })
}

// quickstart applies the example's module on some of its sites, changes it while everything runs, imports and destroys it.
// actual is the one that is no simulation, if any.
func quickstart(t *testing.T, dir string, actual site, names ...string) {
	server := startVCenter(t, vcenter.Options{})
	env := append(environment(server), `TF_VAR_sites=["`+strings.Join(names, `","`)+`"]`)
	if actual.libvirt != nil {
		env = append(env, "LIBVIRT_DEFAULT_URI="+actual.libvirt.URI())
	}
	if actual.openstack != nil {
		env = append(env, actual.openstack.Env()...)
	}
	w := copied(t, dir, env)
	w.must(0, "apply", "-auto-approve")
	w.nothing()
	if got := len(w.resources()); got != len(names) {
		t.Fatalf("the quickstart made %d machines, want %d", got, len(names))
	}
	p := w.planned("-var=disk_size=20GiB")
	for _, name := range names {
		address := `module.web["` + name + `"].virt_machine.web`
		live := map[string]string{"disks.data.size": `"10GiB" → "20GiB"`, "unmanaged_disks": "→ unknown"} // booted_at stays
		exactly(t, "changes on "+name, live, p.Changes[address])
	}
	w.must(0, "apply", "-auto-approve", "-var=disk_size=20GiB")
	w.must(0, "plan", "-detailed-exitcode", "-var=disk_size=20GiB")
	again := copied(t, dir, append(env, "TF_VAR_disk_size=20GiB"))
	if err := os.CopyFS(filepath.Join(again.Dir, ".sandbox"), os.DirFS(filepath.Join(w.Dir, ".sandbox"))); err != nil {
		t.Fatal(err)
	}
	again.write("import.tf", importBlocks(w.resources()))
	again.must(0, "apply", "-auto-approve")
	again.nothing()
	again.must(0, "destroy", "-auto-approve")
	if left := machinesOf(t, server); len(left) != 0 {
		t.Errorf("destroy left %v", left)
	}
	if actual.libvirt != nil || actual.openstack != nil {
		if left := leftovers(t, actual); len(left) != 0 {
			t.Errorf("destroy left %v", left)
		}
	}
}

// copied is a workspace with an example of several files.
func copied(t *testing.T, dir string, env []string) *workspace {
	t.Helper()
	w := newWorkspace(t, "", env...)
	if err := os.RemoveAll(filepath.Join(w.Dir, "main.tf")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(w.Dir, os.DirFS(filepath.Join(examples, dir))); err != nil {
		t.Fatal(err)
	}
	w.must(0, "get")
	return w
}

func (w *workspace) read(name string) string {
	w.Helper()
	text, err := os.ReadFile(filepath.Join(w.Dir, name))
	if err != nil {
		w.Fatal(err)
	}
	return string(text)
}
