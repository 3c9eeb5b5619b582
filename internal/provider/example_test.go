package provider_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/libvirt"
	"github.com/terraform-virt/terraform-provider-virt/internal/lab/vcenter"
)

const examples = "../../examples"

// TestExamples applies, plans again, imports and destroys every example. A directory that no case covers fails it.
func TestExamples(t *testing.T) {
	cases := map[string]func(*testing.T, string){
		"quickstart": testQuickstart, "provider": testProviderExample, "functions/bytes": testFunction,
		"data-sources/virt_host": testDataExample, "libvirt": testLibvirtExample,
	}
	data := map[string]string{} // shown together with the resource of the same kind
	for _, kind := range []string{"disk", "image", "machine", "network", "snapshot", "storage_pool"} {
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
	if s.libvirt != nil {
		return strings.ReplaceAll(all.String(), "/srv/", s.libvirt.Dir+"/")
	}
	return all.String()
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

// importsByID imports everything with import blocks into a fresh state of the same configuration. What the platform
// cannot tell is adopted; nothing else may be planned, and afterwards nothing at all.
func importsByID(t *testing.T, s site, text string, made []resourceState) *workspace {
	t.Helper()
	w := newWorkspace(t, s.provider+text+importBlocks(made))
	p := w.planned()
	for _, r := range made {
		want := adopted()[r.Type]
		for path, change := range p.Changes[r.Address] {
			adopts := strings.HasPrefix(change, "null → ") && slices.ContainsFunc(want, func(prefix string) bool { return strings.HasPrefix(path, prefix) })
			follows := change == "→ unknown" && slices.Contains([]string{"native", "unmanaged_disks"}, path)
			if !adopts && !follows {
				t.Errorf("%s: after the import by id the plan changes %s: %s", r.Address, path, change)
			}
		}
		if a := p.Actions[r.Address]; a != "import" && a != "import update" {
			t.Errorf("%s: planned %q, want an import", r.Address, a)
		}
	}
	w.must(0, "apply", "-auto-approve")
	w.nothing()
	if diff := cmp.Diff(known(made), known(w.resources())); diff != "" {
		t.Errorf("the state after an apply (-) and after an import and an apply (+) differ:\n%s", diff)
	}
	return w
}

// adopted lists what an import cannot see, or what is Terraform's own matter: it is taken from the configuration.
func adopted() map[string][]string {
	return map[string][]string{
		"virt_machine":  {"allow_restart", "disks.logs.delete_on_remove", "image_id", "login.", "user_data", "vsphere."},
		"virt_disk":     {"type"},
		"virt_image":    {"machine_id"},
		"virt_network":  {"vsphere.", "libvirt."},
		"virt_snapshot": {"memory"},

		"virt_storage_pool": {"libvirt."},
	}
}

// known flattens a state, so that two can be compared.
func known(made []resourceState) map[string]string {
	values := map[string]string{}
	for _, r := range made {
		flatten(values, r.Address, r.Values)
		if r.Type == "virt_disk" {
			delete(values, r.Address+".type") // vSphere does not tell it: only what was configured is known
		}
		if r.Type == "virt_storage_pool" {
			delete(values, r.Address+".available") // others write to the same file system
		}
	}
	return values
}

func importBlocks(made []resourceState) string {
	var all strings.Builder
	for _, r := range made {
		all.WriteString("\nimport {\n  to = " + r.Address + "\n  id = \"" + r.text("platform") + "/" + r.text("id") + "\"\n}\n")
	}
	return all.String()
}

// importsGenerated imports one resource into a configuration that the CLI writes itself.
func (w *workspace) importsGenerated(s site, r resourceState) {
	w.Helper()
	g := newWorkspace(w.T, s.provider+importBlocks([]resourceState{r}))
	p := g.planned("-generate-config-out=generated.tf")
	if diff := cmp.Diff(map[string]string{r.Address: "import"}, p.Actions); diff != "" {
		generated, _ := os.ReadFile(filepath.Join(g.Dir, "generated.tf"))
		w.Errorf("the plan of the generated configuration: %s\n%v\n%s", diff, p.Changes, generated)
		return
	}
	g.must(0, "apply", "-auto-approve")
	g.nothing()
}

// importsByName imports with the commands that the example shows, the ids replaced by those of what was made.
func importsByName(t *testing.T, s site, dir, text string, made []resourceState) {
	t.Helper()
	script, err := os.ReadFile(filepath.Join(examples, dir, "import.sh"))
	if err != nil {
		t.Fatal(err)
	}
	commands := regexp.MustCompile(`(?m)^terraform import (\S+) '?((?:dc1|kvm1)/[^'\n]+)'?$`).FindAllStringSubmatch(string(script), -1)
	if len(commands) == 0 {
		t.Errorf("%s/import.sh imports nothing", dir)
	}
	for _, c := range commands {
		for _, r := range made {
			if ref := importRef(s, r, c[2]); r.Address == c[1] && ref != "" {
				w := newWorkspace(t, s.provider+text)
				w.must(0, "import", r.Address, ref)
				if got := w.resource(r.Address).text("id"); got != r.text("id") {
					t.Errorf("import of %s gave %s, want %s", ref, got, r.text("id"))
				}
			}
		}
	}
}

// importRef is an example's import id on a site: an id of the platform becomes that of the object, and only a vCenter has
// folders and files in datastores. A reference to kvm1 is for libvirt alone; "" is one that says nothing here.
func importRef(s site, r resourceState, ref string) string {
	if own, ok := strings.CutPrefix(ref, "kvm1/"); ok {
		switch {
		case s.libvirt == nil:
			return ""
		case strings.HasPrefix(own, "/"):
			return "dc1/" + r.text("id")
		}
		return "dc1/" + own
	}
	if regexp.MustCompile(`^dc1/[0-9a-f]{8}-|^dc1/dvportgroup-`).MatchString(ref) {
		return "dc1/" + r.text("id")
	}
	native, _ := r.Values["native"].(map[string]any)
	if path, _ := native["path"].(string); strings.HasPrefix(ref, "dc1/[") && s.server != nil {
		return "dc1/" + path
	}
	if s.server == nil {
		return "dc1/" + r.text("name")
	}
	return ref
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
	default:
		for _, kind := range []string{"machine", "disk", "snapshot", "storage_pool"} {
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

// testProviderExample connects to every platform of the example.
func testProviderExample(t *testing.T, dir string) {
	server := startVCenter(t, vcenter.Options{})
	kvm := libvirtSite(t).libvirt
	w := newWorkspace(t, `
data "virt_image" "os" {
  for_each = toset(["dc1", "kvm1", "lab"])
  platform = each.key
  name     = "debian-12"
}
resource "virt_machine" "m" {
  for_each = data.virt_image.os
  platform = each.key
  name     = "m"
  image_id = each.value.id
}
`, environment(server)...)
	text := strings.ReplaceAll(exampleText(t, dir), "qemu+ssh://root@kvm1.example.net/system", kvm.URI())
	w.write("main.tf", text+strings.SplitAfterN(w.read("main.tf"), "}\n}\n", 2)[1])
	w.must(0, "apply", "-auto-approve")
	w.nothing()
	for _, r := range w.resources() {
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
	text := strings.ReplaceAll(s.example(t, dir), "qemu+ssh://root@kvm1.example.net/system", s.libvirt.URI())
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

// testQuickstart runs one module on a vCenter and in a sandbox, and then on a real libvirt, too.
func testQuickstart(t *testing.T, dir string) {
	t.Run("without libvirt", func(t *testing.T) { quickstart(t, dir, nil, "dc1", "lab") })
	t.Run("everywhere", func(t *testing.T) {
		disk := filepath.Join(t.TempDir(), "disk")
		if err := libvirt.NeedGuest(t).WriteDisk(t.Context(), disk); err != nil {
			t.Fatal(err)
		}
		server := libvirt.Serve(t, libvirt.Options{})
		if err := server.Furnish(t.Context(), disk); err != nil {
			t.Fatal(err)
		}
		quickstart(t, dir, server, "dc1", "kvm1", "lab")
	})
}

// quickstart applies the example's module on some of its sites, changes it while everything runs, imports and destroys it.
func quickstart(t *testing.T, dir string, kvm *libvirt.Server, names ...string) {
	server := startVCenter(t, vcenter.Options{})
	env := append(environment(server), `TF_VAR_sites=["`+strings.Join(names, `","`)+`"]`)
	if kvm != nil {
		env = append(env, "LIBVIRT_DEFAULT_URI="+kvm.URI())
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
	if kvm != nil {
		if left := leftovers(t, site{libvirt: kvm}); len(left) != 0 {
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
