package platformtest

import (
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// importCases are those of taking over what is there.
func importCases() []test {
	return []test{
		{"import by id", func(b *Bench) { b.importsAs(func(x thing) string { return x.id() }) }},
		{"import by name", (*Bench).importName},
		{"import by path", (*Bench).importPath},
		{"import by identity", (*Bench).importIdentity},
		{"import what is written", (*Bench).importWritten},
		{"import the least", (*Bench).importMinimal},
		{"import under other keys", (*Bench).importOtherKeys},
		{"import nothing", (*Bench).importNothing},
		{"import ambiguous", (*Bench).importAmbiguous},
		{"data source", (*Bench).dataSource},
	}
}

// imported imports into a provider of its own. The object is not destroyed by it.
func (b *Bench) imported(id string) thing {
	b.t.Helper()
	r := b.open(b.Config).Resource("virt_"+b.kind.name, "imported")
	x := thing{r.Must(b.t), r}
	x.Import(id)
	return x
}

// importsAs demands that an import finds the object and that the configuration made from it plans clean.
func (b *Bench) importsAs(spelled func(x thing) string) {
	x := b.resource()
	x.Converge(b.full())
	y := b.imported(connectionName + "/" + spelled(x))
	if y.id() != x.id() {
		b.t.Fatalf("another object was imported: %s", y.id())
	}
	y.Empty(b.generated(plain(y.raw.State())))
	b.imported(spelled(x)) // there is only one platform
}

// name is what an object is found by: its name, or its path where the suite says that names alone are not unique.
func (b *Bench) name(state map[string]any) string {
	b.t.Helper()
	name, _ := state["name"].(string)
	if path := b.Kinds[b.kind.name].Path; path != nil && b.Cannot["name "+b.kind.name] != "" {
		b.waive("name " + b.kind.name)
		return path(state)
	}
	return name
}

func (b *Bench) importName() {
	b.importsAs(func(x thing) string { return b.name(plain(x.raw.State())) })
}

// importNothing names what does not exist.
func (b *Bench) importNothing() {
	ref := b.nothing()
	got, err := b.core.Resource("virt_"+b.kind.name, "x").Import(connectionName + "/" + ref)
	if err != nil {
		b.t.Fatal(err)
	}
	if text := got.Diags.Errors().String(); !strings.Contains(text, ref) {
		b.t.Errorf("an import of nothing says %q", text)
	}
}

// nothing refers to what does not exist.
func (b *Bench) nothing() string {
	if ref := b.Kinds[b.kind.name].Nothing; ref != "" {
		return ref
	}
	return "no-such-thing"
}

func (b *Bench) importPath() {
	path := b.Kinds[b.kind.name].Path
	if path == nil {
		b.waive("path " + b.kind.name)
		return
	}
	b.importsAs(func(x thing) string { return path(plain(x.raw.State())) })
}

func (b *Bench) importIdentity() {
	x := b.resource()
	x.Converge(b.full())
	r := b.core.Resource("virt_"+b.kind.name, "imported")
	y := thing{r.Must(b.t), r}
	y.ImportIdentity(Config{"platform": connectionName, "id": x.id()})
	y.Empty(b.generated(plain(r.State())))
}

// generated is the configuration that Terraform writes for an imported object: everything that can be set and is there.
func (b *Bench) generated(state map[string]any) Config {
	cfg := Config{}
	for _, a := range b.kind.attrs {
		if !a.settable() {
			continue
		}
		for _, at := range places(a, state) {
			if v := value(state, at); v != nil && !a.elements() {
				cfg = with(cfg, at, v)
			}
		}
		if m, ok := value(state, a.path).(map[string]any); ok && a.elements() && len(m) == 0 {
			cfg = with(cfg, a.path, Config{})
		}
	}
	return cfg
}

// importWritten imports what a configuration describes: at most what the platform cannot tell is written into the state.
func (b *Bench) importWritten() {
	cfg := b.full()
	x := b.resource()
	x.Converge(cfg)
	y := b.imported(connectionName + "/" + x.id())
	b.takesOver(x, y, cfg)
}

// importMinimal imports what was made of the least: all that a plan may change is to let go of what nobody wrote, and
// a value that is everybody's default is not told for an attribute that is the user's alone.
func (b *Bench) importMinimal() {
	cfg := b.minimal()
	x := b.resource()
	x.Converge(cfg)
	y := b.imported(connectionName + "/" + x.id())
	p := y.Plan(cfg)
	if p.Action != enginetest.NoOp && p.Action != enginetest.Update {
		b.t.Fatalf("after the import the plan is %q because of %v", p.Action, p.RequiresReplace)
	}
	before, after := enginetest.Plain(p.Prior), enginetest.Plain(p.Planned)
	for _, a := range b.kind.attrs {
		for _, at := range places(a, before, after) {
			was, will := value(before, at), value(after, at)
			if trait, _ := b.trait(a); a.settable() && !a.elements() && !trait.Unseen && will != unknown && !same(was, will) && (will != nil || was == false) {
				b.t.Errorf("after the import the plan changes %s from %v to %v", a.spell(at), was, will)
			}
		}
	}
	y.Apply(p)
	y.Empty(cfg)
	x.raw.SetState(y.raw.State())
}

// importOtherKeys imports under keys of the user's choice: nothing is deleted or made.
func (b *Bench) importOtherKeys() {
	cfg := b.full()
	x := b.resource()
	x.Converge(cfg)
	y := b.imported(connectionName + "/" + x.id())
	for _, a := range b.kind.attrs {
		m, _ := value(cfg, a.path).(map[string]any)
		if !a.elements() || len(m) == 0 {
			continue
		}
		renamed := Config{}
		for key, element := range m {
			renamed["my-"+key] = element
		}
		cfg = with(cfg, a.path, renamed)
	}
	b.takesOver(x, y, cfg)
}

// takesOver applies a configuration to an imported object and compares what is bound before and after.
func (b *Bench) takesOver(x, y thing, cfg Config) {
	b.t.Helper()
	before := b.bindings(x)
	p := y.Plan(cfg)
	if p.Action != enginetest.NoOp && p.Action != enginetest.Update {
		b.t.Fatalf("after the import the plan is %q because of %v", p.Action, p.RequiresReplace)
	}
	for _, at := range b.planned(p) {
		a := b.attributeAt(at)
		was, will := value(enginetest.Plain(p.Prior), a.path), value(enginetest.Plain(p.Planned), a.path)
		letGo := value(cfg, a.path) == nil && will == nil
		adopted := was == nil && (a.block != "" || a.sensitive) // an import reads neither
		if trait, _ := b.trait(a); !trait.Unseen && !a.inMap() && !letGo && !adopted {
			b.t.Errorf("after the import the plan changes %s from %v to %v", at, was, will)
		}
	}
	a := y.Apply(p)
	y.Empty(cfg)
	if d := cmp.Diff(before, b.bindings(y)); d != "" {
		b.t.Errorf("the import made or dropped something (-before +after):\n%s", d)
	}
	if text := a.Diags.Warnings().String(); strings.Contains(text, "detach") {
		b.t.Errorf("the import detached something:\n%s", text)
	}
	x.raw.SetState(y.raw.State())
}

// attributeAt finds the attribute that a spelled path is about.
func (b *Bench) attributeAt(spelled string) attribute {
	for _, a := range b.kind.attrs {
		if a.spelled() == spelled || a.inMap() && strings.HasPrefix(spelled, a.path[:slices.Index(a.path, "*")].String()+"[") && strings.HasSuffix(spelled, "."+a.path[len(a.path)-1]) {
			return a
		}
	}
	return attribute{path: platform.Path{spelled}}
}

// bindings is the native ids of all elements, in order.
func (b *Bench) bindings(x thing) map[string][]string {
	out := map[string][]string{}
	for _, a := range b.kind.attrs {
		m, _ := value(plain(x.raw.State()), a.path).(map[string]any)
		if !a.elements() || len(m) == 0 {
			continue
		}
		for _, e := range m {
			id, _ := value(e, platform.Path{"id"}).(string)
			out[a.path.String()] = append(out[a.path.String()], id)
		}
		slices.Sort(out[a.path.String()])
	}
	return out
}

// importAmbiguous imports a name that two objects have: the error lists them.
func (b *Bench) importAmbiguous() {
	x := b.resource()
	a := x.PlanApply(b.minimal())
	if !b.able("twin "+b.kind.name, b.Backend.Twin(b.t.Context(), b.kind.name, x.id())) {
		return
	}
	name := b.name(plain(a.State))
	r := b.core.Resource("virt_"+b.kind.name, "imported")
	got, err := r.Import(connectionName + "/" + name)
	if err != nil {
		b.t.Fatal(err)
	}
	if text := got.Diags.Errors().String(); !strings.Contains(text, "matches 2 objects") {
		b.t.Errorf("two objects have the name, the import says %q", text)
	}
	data, err := b.core.ReadData("virt_"+b.kind.name, Config{"platform": connectionName, "name": name})
	if err != nil {
		b.t.Fatal(err)
	}
	if text := data.Diags.Errors().String(); !strings.Contains(text, "matches 2 objects") {
		b.t.Errorf("two objects have the name, the data source says %q", text)
	}
}

// dataSource demands that the data source tells what an import tells.
func (b *Bench) dataSource() {
	x := b.resource()
	a := x.Converge(b.full())
	want := b.steady(plain(b.imported(connectionName + "/" + x.id()).raw.State()))
	for by, ref := range map[string]any{"id": x.id(), "name": b.name(plain(a.State))} {
		d, err := b.core.ReadData("virt_"+b.kind.name, Config{"platform": connectionName, by: ref})
		if err != nil || d.Diags.HasErrors() {
			b.t.Fatalf("by %s: %v\n%s", by, err, d.Diags)
		}
		got, _ := enginetest.Plain(d.Value).(map[string]any)
		for name := range want {
			if a, ok := b.kind.attribute(name); ok && a.sensitive {
				continue // an import does not take it, since Terraform does not write it into a configuration
			}
			if _, there := got[name]; there && name != by && !same(want[name], got[name]) && !(blank(want[name]) && blank(got[name])) && name != "tags" {
				b.t.Errorf("by %s: %s is %v in an import and %v in the data source", by, name, want[name], got[name])
			}
		}
	}
}
