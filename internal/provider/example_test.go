package provider_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/libvirt"
	"github.com/terraform-virt/terraform-provider-virt/internal/lab/vcenter"
)

const examples = "../../examples"

// TestExamples applies, plans again, imports and destroys every example. A directory that no case covers fails it.
func TestExamples(t *testing.T) {
	cases := map[string]func(*testing.T, string){
		"quickstart": testQuickstart, "provider": testProviderExample, "functions/bytes": testFunction,
		"data-sources/virt_host": testDataExample, "libvirt": testLibvirtExample,
		"data-sources/virt_registry_repository": testDataExample, "docker": testDockerExample, "openstack": testOpenStackExample,
		"ephemeral-resources/virt_join_token": testIssuedExample, "ephemeral-resources/virt_registry_token": testIssuedExample,
	}
	data := map[string]string{} // shown together with the resource of the same kind
	for _, kind := range []string{
		"disk", "image", "machine", "network", "snapshot", "storage_pool",
		"container", "container_image", "registry_image", "volume", "service", "secret", "config",
		"router", "public_ip", "firewall", "placement_group", "ssh_key", "project",
	} {
		cases["resources/virt_"+kind] = testResourceExample
		data["data-sources/virt_"+kind] = "resources/virt_" + kind
	}
	for _, dir := range exampleDirs(t) {
		run, ok := cases[dir]
		if _, shown := data[dir]; !ok && !shown {
			t.Errorf("no case covers examples/%s", dir)
		}
		if ok {
			t.Run(dir, func(t *testing.T) {
				t.Parallel()
				run(t, dir)
			})
		}
		delete(cases, dir)
		delete(data, dir)
	}
	for dir := range maps.Keys(cases) {
		t.Errorf("examples/%s does not exist", dir)
	}
	for dir := range maps.Keys(data) {
		t.Errorf("examples/%s does not exist", dir)
	}
}

// exampleDirs lists the directories that hold a configuration; a module's own is part of the one around it.
func exampleDirs(t *testing.T) []string {
	t.Helper()
	found := map[string]bool{}
	err := filepath.WalkDir(examples, func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".tf" {
			rel, _ := filepath.Rel(examples, filepath.Dir(path))
			found[filepath.ToSlash(rel)] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	dirs := slices.Sorted(maps.Keys(found))
	return slices.DeleteFunc(dirs, func(dir string) bool {
		return slices.ContainsFunc(dirs, func(above string) bool { return strings.HasPrefix(dir, above+"/") })
	})
}

func exampleText(t *testing.T, dir string) string {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(examples, dir, "*.tf"))
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// example is an example's configuration on a site: a file that is named after the site stands in for the others. What
// the host's paths are is the site's affair.
func (s site) example(t *testing.T, dir string) string {
	t.Helper()
	own, _ := filepath.Glob(filepath.Join(examples, dir, "*_"+s.name+".tf"))
	others, _ := filepath.Glob(filepath.Join(examples, dir, "*_*.tf"))
	imports, _ := filepath.Glob(filepath.Join(examples, dir, "import-*.tf")) // of the newest CLI
	others = append(others, imports...)
	if len(own) == 0 {
		all, _ := filepath.Glob(filepath.Join(examples, dir, "*.tf"))
		own = slices.DeleteFunc(all, func(file string) bool { return slices.Contains(others, file) })
	}
	var all strings.Builder
	for _, file := range own {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	text := all.String()
	if s.libvirt != nil {
		text = strings.ReplaceAll(text, "/srv/", s.libvirt.Dir+"/")
	}
	if s.registry != "" {
		text = strings.ReplaceAll(text, exampleRegistry, s.registry)
	}
	return strings.ReplaceAll(text, "${path.module}/app", s.app)
}

// testResourceExample runs one kind's example, and the data source's on what it made, on every platform.
func testResourceExample(t *testing.T, dir string) {
	for name, start := range sitesOf(strings.TrimPrefix(dir, "resources/virt_")) {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			if s.server != nil {
				govc(t, s.server, "folder.create", "/DC0/vm/web")
			}
			text := s.example(t, dir)
			w := newWorkspace(t, s.provider+text)
			w.must(0, "apply", "-auto-approve")
			w.nothing()
			kind := strings.TrimPrefix(dir, "resources/")
			d := newWorkspace(t, s.provider+s.example(t, "data-sources/"+kind))
			d.must(0, "apply", "-auto-approve")
			d.nothing()
			made := w.resources()
			for _, r := range made {
				w.importsGenerated(s, r)
			}
			importsByName(t, s, dir, text, made)
			byID := importsByID(t, s, text, made)
			byID.must(0, "destroy", "-auto-approve")
			w.must(0, "plan", "-refresh-only") // what is gone is no error
			if left := leftovers(t, s); len(left) != 0 {
				t.Errorf("destroy left %v", left)
			}
		})
	}
}

// testDataExample reads a data source that needs nothing to be made first.
func testDataExample(t *testing.T, dir string) {
	for name, start := range sitesOf(strings.TrimPrefix(dir, "data-sources/virt_")) {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			w := newWorkspace(t, s.provider+s.example(t, dir))
			w.must(0, "apply", "-auto-approve")
			w.nothing()
		})
	}
}

// nothing plans again: there must be nothing to do.
func (w *workspace) nothing() {
	w.Helper()
	w.must(0, "plan", "-detailed-exitcode")
}

// leftovers lists what is on a platform that was not there at the start.
func leftovers(t *testing.T, s site) []string {
	t.Helper()
	var left []string
	switch {
	case s.server != nil:
		left = strings.Fields(govc(t, s.server, "find", "/DC0/vm", "-type", "m"))
	case s.libvirt != nil:
		left = strings.Fields(virsh(t, s.libvirt, "list --all --name; net-list --all --name; pool-list --all --name"))
		left = append(left, volumesOf(t, s.libvirt, "default")...)
	case s.docker != nil:
		left = leftOnEngine(t, s.docker)
	case s.openstack != nil:
		left = leftInProject(t, s.openstack)
	default:
		for _, kind := range []string{
			"machine", "disk", "snapshot", "storage_pool", "container", "volume", "service", "secret", "config",
			"router", "public_ip", "firewall", "placement_group", "ssh_key", "project",
		} {
			files, _ := filepath.Glob(filepath.Join(s.dir, kind, "*.json"))
			left = append(left, files...)
		}
	}
	there := []string{"/DC0/vm/" + vcenter.Template, "app", "default", "second", "tiny.raw", libvirt.ExampleImage}
	return slices.DeleteFunc(left, func(name string) bool { return slices.Contains(there, name) })
}

func testFunction(t *testing.T, dir string) {
	w := newWorkspace(t, exampleText(t, dir))
	w.must(0, "apply", "-auto-approve")
	r := w.must(0, "output", "gibibytes")
	if strings.TrimSpace(r.Output) != "4" {
		t.Errorf("4GiB are %q GiB", r.Output)
	}
	w.nothing()
}
