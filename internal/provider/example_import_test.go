package provider_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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
			if !adopts && (change != "→ unknown" || !follows(path)) {
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

// follows reports whether an attribute is known after an apply only. Nobody can tell whether a secret has the value that
// is configured: it is written again, and the service changes over to it.
func follows(path string) bool {
	top, _, _ := strings.Cut(path, ".")
	return slices.Contains([]string{"native", "unmanaged_disks", "version_id", "running"}, top) || strings.HasPrefix(path, "secrets.password.")
}

// adopted lists what an import cannot see, or what is Terraform's own matter: it is taken from the configuration.
func adopted() map[string][]string {
	return map[string][]string{
		"virt_machine":  {"allow_restart", "disks.logs.delete_on_remove", "image_id", "login.", "user_data", "vsphere.", "openstack."},
		"virt_disk":     {"type", "openstack."},
		"virt_image":    {"machine_id", "openstack."},
		"virt_network":  {"vsphere.", "libvirt.", "docker.", "openstack."},
		"virt_snapshot": {"memory"},

		"virt_storage_pool": {"libvirt."},

		"virt_container":       {"docker.", "wait_for."},
		"virt_container_image": {"build.", "keep", "source_hash"},
		"virt_volume":          {"docker."},
		"virt_service":         {"docker."},
		"virt_secret":          {"value_wo_version"},

		"virt_router":          {"openstack."},
		"virt_public_ip":       {"openstack."},
		"virt_firewall":        {"openstack."},
		"virt_placement_group": {"openstack."},
		"virt_project":         {"openstack."},
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
		if r.Type == "virt_secret" || r.Type == "virt_service" {
			maps.DeleteFunc(values, func(path, _ string) bool { return follows(strings.TrimPrefix(path, r.Address+".")) }) // its value is written again
		}
		if r.Type == "virt_placement_group" { // machines join after it was made
			maps.DeleteFunc(values, func(path, _ string) bool { return strings.HasPrefix(path, r.Address+".members") })
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
	if regexp.MustCompile(`^dc1/[0-9a-f]{8}-|^dc1/dvportgroup-|^dc1/[0-9a-f]{64}$|^dc1/sha256:|^dc1/[0-9a-z]{25}$`).MatchString(ref) {
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
