package provider

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// row is one attribute of a kind as internal/platform/README.md has it; on is its behaviour by platform.
type row struct {
	typ, class string
	on         map[string]string
}

// platformsByTitle are the platforms that a table may have a column of.
func platformsByTitle() map[string]string {
	return map[string]string{
		"vSphere": "vsphere", "libvirt": "libvirt", "Hyper-V": "hyperv", "Azure": "azure", "OpenStack": "openstack", "Docker": "docker", "Kubernetes": "kubernetes",
	}
}

// table is the attributes of one kind by path; columns are the platforms that its header names, in their order.
type table struct {
	columns []string
	rows    map[string]row
}

// readTables reads the attribute tables by kind.
func readTables(t *testing.T) map[string]*table {
	t.Helper()
	page, err := os.ReadFile("../platform/README.md")
	if err != nil {
		t.Fatal(err)
	}
	tables, kind := map[string]*table{}, ""
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "## "); ok {
			kind = name
			tables[kind] = &table{rows: map[string]row{}}
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if kind == "" || !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if cells[0] == "attribute" {
			tables[kind].head(t, kind, cells[3:])
			continue
		}
		tables[kind].add(t, kind, cells)
	}
	return tables
}

// head takes the columns from a table's first line.
func (b *table) head(t *testing.T, kind string, titles []string) {
	t.Helper()
	for _, title := range titles {
		name, ok := platformsByTitle()[title]
		if !ok {
			t.Errorf("%s: no platform is called %q", kind, title)
		}
		b.columns = append(b.columns, name)
	}
}

// add takes one line. A table of several platforms holds what at least two of them have.
func (b *table) add(t *testing.T, kind string, cells []string) {
	t.Helper()
	if len(cells) != 3+len(b.columns) {
		t.Errorf("%s %s: %d cells, want %d", kind, cells[0], len(cells), 3+len(b.columns))
		return
	}
	for i, c := range cells[3:] {
		if c == "" {
			t.Errorf("%s %s: column %d is empty: every platform has an answer", kind, cells[0], i+4)
		}
	}
	if !strings.Contains(cells[0], ".") && has(cells[3:]) < min(2, len(b.columns)) {
		t.Errorf("%s %s: an attribute at the top of a kind needs two platforms that have it; otherwise it belongs in a platform's block", kind, cells[0])
	}
	r := row{cells[1], cells[2], map[string]string{}}
	for i, name := range b.columns {
		r.on[name] = firstWord(cells[3+i])
	}
	b.rows[cells[0]] = r
}

// has counts the platforms that have an attribute.
func has(cells []string) int {
	count := 0
	for _, c := range cells {
		if firstWord(c) != "–" {
			count++
		}
	}
	return count
}

func firstWord(cell string) string {
	word, _, _ := strings.Cut(cell, " ")
	return strings.TrimSuffix(word, ":")
}

// shape lists a schema's attributes with type and class, and what the traits of each platform say of each.
func shape(s schema.Schema, traits map[string]platform.Traits) map[string]row {
	rows := map[string]row{}
	for name, a := range s.Attributes {
		if name != "id" && name != "platform" {
			addAttribute(rows, platform.Path{name}, a, traits)
		}
	}
	for name, b := range s.Blocks {
		single, ok := b.(schema.SingleNestedBlock)
		if !ok || name == "timeouts" || slices.Contains(slices.Collect(maps.Values(platformsByTitle())), name) {
			continue
		}
		at := platform.Path{name}
		rows[name] = row{"block", "owned", behaviour(at, traits)}
		for sub, a := range single.Attributes {
			addAttribute(rows, append(at, sub), a, traits)
		}
	}
	return rows
}

func addAttribute(rows map[string]row, at platform.Path, a schema.Attribute, traits map[string]platform.Traits) {
	class := "owned"
	switch {
	case a.IsRequired():
		class = "required"
	case a.IsOptional() && a.IsComputed():
		class = "kept"
	case a.IsComputed():
		class = "computed"
	}
	typ, nested := "", map[string]schema.Attribute{}
	below := append(platform.Path{}, at...)
	switch a := a.(type) {
	case schema.StringAttribute:
		typ = "string"
		if a.CustomType != nil && strings.HasSuffix(a.CustomType.String(), "[platform.Size]") {
			typ = "size"
		}
		if a.CustomType != nil && strings.HasSuffix(a.CustomType.String(), "[platform.Duration]") {
			typ = "duration"
		}
	case schema.Int64Attribute:
		typ = "int64"
	case schema.Float64Attribute:
		typ = "float64"
	case schema.BoolAttribute:
		typ = "bool"
	case schema.ListAttribute:
		typ = "list of string"
	case schema.MapAttribute:
		typ = "map of string"
	case schema.SingleNestedAttribute:
		typ, nested = "object", a.Attributes
	case schema.MapNestedAttribute:
		typ, nested, below = "map of object", a.NestedObject.Attributes, append(below, "*")
	}
	rows[at.String()] = row{typ, class, behaviour(at, traits)}
	if class == "computed" {
		return
	}
	for name, sub := range nested {
		addAttribute(rows, append(append(platform.Path{}, below...), name), sub, traits)
	}
}

// behaviour is the class in the words of the table, by platform.
func behaviour(at platform.Path, traits map[string]platform.Traits) map[string]string {
	on := map[string]string{}
	for name, table := range traits {
		trait, _ := table.Of(at)
		on[name] = map[platform.Class]string{
			platform.ClassLive: "live", platform.ClassRestart: "restart", platform.ClassReplace: "replace",
			platform.ClassCreateOnly: "create", platform.ClassComputed: "computed", platform.ClassUnsupported: "–",
		}[trait.Class]
	}
	return on
}

// traitsOf is what the platforms with a column say of a kind, those that offer it.
func traitsOf(kind string, columns []string) map[string]platform.Traits {
	all := map[string]platform.Traits{}
	for _, d := range Platforms() {
		if table, ok := d.Traits[kind]; ok && slices.Contains(columns, d.Name) {
			all[d.Name] = table
		}
	}
	return all
}

// TestAttributeTables keeps the tables of internal/platform/README.md true, in the columns of the platforms whose
// adapter offers the kind.
func TestAttributeTables(t *testing.T) {
	tables := readTables(t)
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			table := tables[k.name]
			if table == nil {
				t.Fatal("it has no table")
			}
			traits := traitsOf(k.name, table.columns)
			for _, d := range Platforms() {
				if _, ok := d.Traits[k.name]; ok && d.Name != "sandbox" && traits[d.Name] == nil {
					t.Errorf("%s offers it, but the table has no column of it", d.Name)
				}
			}
			got, want := shape(k.schema, traits), table.rows
			for path, w := range want {
				maps.DeleteFunc(w.on, func(name, _ string) bool { _, offered := traits[name]; return !offered })
				if g, ok := got[path]; ok { // otherwise the comparison below says so
					got[path] = inWordsOf(w, g, k.resource == nil)
				}
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(row{})); diff != "" {
				t.Errorf("internal/platform/README.md (-) and schema with traits (+) differ:\n%s", diff)
			}
		})
	}
}

// inWordsOf is a row of the schema with the classes that only the table tells: what is local, and what is used at
// creation only. Of data only everything is computed, the name by which it is found, too.
func inWordsOf(w, g row, dataOnly bool) row {
	used := slices.ContainsFunc(slices.Collect(maps.Values(g.on)), func(b string) bool { return b != "create" && b != "–" })
	switch {
	case dataOnly:
		g.class = "computed"
	case w.class == "local":
		g.class = "local"
		for name := range g.on {
			g.on[name] = "local"
		}
	case w.class == "created" && g.class == "owned" && !used:
		g.class = "created"
	case g.class == "computed":
		for name := range g.on {
			g.on[name] = "computed"
		}
	}
	return g
}

// TestEveryAttributeHasATrait finds attributes that a platform's table says nothing about.
func TestEveryAttributeHasATrait(t *testing.T) {
	for _, d := range Platforms() {
		for _, k := range kinds() {
			traits, ok := d.Traits[k.name]
			if !ok {
				continue
			}
			if missing := k.missing(traits, d.Name); missing != nil {
				t.Errorf("%s %s: no trait for %s", d.Name, k.name, strings.Join(missing, ", "))
			}
		}
	}
}
