package provider_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestKeyedDisks reorders, adds and drops disks: only what the user said is ever deleted.
func TestKeyedDisks(t *testing.T) {
	onEverySite(t, func(t *testing.T, s site) {
		config := func(disks string) string { return life(s, "  memory = \"1GiB\"\n  disks = {\n"+disks+"  }\n") }
		const a, b, c = "    a = { size = \"1GiB\" }\n", "    b = { size = \"2GiB\" }\n", "    c = { size = \"3GiB\" }\n"
		w := newWorkspace(t, config(b+c))
		w.must(0, apply()...)
		file := w.diskFiles(s)

		w.put(config(c + b))
		w.nothing()

		// A key that sorts first is appended all the same: the others stay where they are.
		w.put(config(a + b + c))
		p := w.planned()
		exactly(t, "changes", map[string]string{"disks.a.size": `null → "1GiB"`, "disks.a.id": "→ unknown", "disks.a.type": "→ unknown", "disks.a.storage": "→ unknown", "unmanaged_disks": "→ unknown"}, p.Changes[machineAddress])
		w.must(0, apply()...)
		w.nothing()

		w.put(config(a + c))
		dropped := w.must(0, apply()...)
		w.says(dropped, `Dropping disk "b"`, "detaches it and keeps it", "To delete it instead, apply delete_on_remove = true first.")
		w.nothing()
		if len(w.diskFiles(s)) != len(file)+1 {
			t.Errorf("the dropped disk was not kept: before %v, after %v", file, w.diskFiles(s))
		}

		w.put(config(a + strings.Replace(c, " }", ", delete_on_remove = true }", 1)))
		w.must(0, apply()...)
		w.put(config(a))
		w.says(w.must(0, apply()...), `Dropping disk "c"`, "deletes it and its data")
		w.nothing()
		if len(w.diskFiles(s)) != len(file) {
			t.Errorf("the disk with delete_on_remove was not deleted: %v", w.diskFiles(s))
		}
		w.must(0, "destroy", "-auto-approve")
	})
}

// put replaces the configuration.
func (w *workspace) put(config string) {
	w.Helper()
	head, _, _ := strings.Cut(w.read("main.tf"), "}\n}\n")
	w.write("main.tf", head+"}\n}\n"+config)
}

// diskFiles lists the disks that there are, of machines and kept ones.
func (w *workspace) diskFiles(s site) []string {
	w.Helper()
	if s.libvirt != nil {
		return made(w.T, s.libvirt, "default")
	}
	if s.openstack != nil {
		return strings.Fields(s.openstack.CLI(w.T, "volume", "list", "-f", "value", "-c", "ID"))
	}
	if s.server == nil {
		kept, _ := filepath.Glob(filepath.Join(s.dir, "disk", "*.json"))
		disks, _ := w.resource(machineAddress).Values["disks"].(map[string]any)
		for key := range disks {
			kept = append(kept, key)
		}
		return kept
	}
	var files []string
	for path := range strings.FieldsSeq(govc(w.T, s.server, "datastore.ls", "-R")) {
		if strings.HasSuffix(path, ".vmdk") && !strings.HasSuffix(path, "-flat.vmdk") {
			files = append(files, path)
		}
	}
	return files
}
