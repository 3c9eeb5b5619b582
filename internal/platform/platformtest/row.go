package platformtest

import (
	"slices"
	"strings"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// attributeCases are the cases of one attribute's row.
func (r *run) attributeCases(k *subject, a attribute) []test {
	trait, ok := rowOf(r.Driver.Traits[k.name], a)
	path := a.path.String()
	switch {
	case !ok:
		return []test{{"row/" + path, func(b *Bench) { b.t.Errorf("no row of the traits covers %s", path) }}}
	case !a.settable():
		return []test{{"row/" + path, func(b *Bench) { b.computed(a, trait) }}}
	case trait.Class == platform.ClassUnsupported:
		return []test{{"unsupported/" + path, func(b *Bench) { b.unsupported(a, trait) }}}
	case trait.Class == platform.ClassComputed:
		return []test{{"row/" + path, func(b *Bench) {
			b.t.Errorf("%s is computed here, but users may set it and nobody would heed it: declare it Unsupported", path)
		}}}
	case a.elements():
		return nil // its elements have rows of their own
	}
	return []test{{"row/" + path, func(b *Bench) { b.row(a, trait) }}}
}

// row leads one object through all that its row says of an attribute. It is made with a value that is unknown when it is
// planned, changed at the cost that is declared, and loses the attribute.
func (b *Bench) row(a attribute, trait platform.Trait) {
	b.bounds(a, trait)
	older, newer := b.two(a)
	x := b.resource()
	b.turnsOut(x, a, older)
	b.shows(x, a, trait, older)
	if b.single(a) {
		newer = older
	} else {
		b.changes(x, a, trait, newer)
	}
	if b.t.Failed() {
		return
	}
	b.turnsOut(x, a, newer) // what it was
	if trait.GrowOnly != "" {
		b.shrinks(x, a, older, newer, trait.GrowOnly)
	}
	if a.required || trait.Needed {
		b.needed(a, newer)
	} else {
		b.removed(x, a, trait, newer)
	}
}

// turnsOut plans with an unknown value, then applies with the known one: the second plan may only refine the first.
func (b *Bench) turnsOut(x thing, a attribute, cfg Config) {
	b.t.Helper()
	x.ApplyConfig(x.Plan(with(cfg, a.real(), enginetest.Unknown)), cfg)
	x.Empty(cfg)
}

func (b *Bench) computed(a attribute, trait platform.Trait) {
	if trait.Class != platform.ClassComputed && trait.Class != platform.ClassUnsupported {
		b.t.Errorf("%s has the class %q, but users cannot set it", a.path, trait.Class)
	}
}

// unsupported demands that a value is refused on the attribute with the row's reason, and that neutral ones pass.
func (b *Bench) unsupported(a attribute, trait platform.Trait) {
	if trait.Why == "" {
		b.t.Errorf("the row does not say why, and what to use instead")
	}
	cfg := b.minimal()
	if a.inMap() {
		m := b.kind.mapOf(a)
		cfg = with(cfg, append(slices.Clone(m.path), m.key()), b.kind.stubs[m.path.String()])
	}
	value := b.stranger(a)
	if a.elements() {
		value = Config{a.key(): b.kind.stubs[a.path.String()]}
	}
	b.refused(with(cfg, a.real(), value), a, trait.Why)
	for _, neutral := range trait.Neutral {
		b.resource().Converge(with(b.plainBase(a), a.real(), a.typed(neutral)))
	}
}

// plainBase is a configuration around an attribute that the platform lacks.
func (b *Bench) plainBase(a attribute) Config {
	cfg := b.minimal()
	if a.inMap() {
		m := b.kind.mapOf(a)
		cfg = with(cfg, append(slices.Clone(m.path), m.key()), b.element(m, 0))
	}
	return cfg
}

// refused demands that a plan fails on the attribute, or on the unsupported group around it, and says the text.
func (b *Bench) refused(cfg Config, a attribute, text string) {
	b.t.Helper()
	p, err := b.core.Resource("virt_"+b.kind.name, "x").Plan(cfg)
	if err != nil {
		b.t.Fatal(err)
	}
	b.refuses(p, a, text)
}

func (b *Bench) refuses(p *enginetest.Plan, a attribute, text string) {
	b.t.Helper()
	for _, d := range p.Diags.Errors() {
		if b.isAt(d.Path, a) && strings.Contains(strings.ToLower(d.Summary+" "+d.Detail), strings.ToLower(text)) {
			return
		}
	}
	b.t.Errorf("the plan does not refuse %s saying %q; it is %q with:\n%s", a.spelled(), text, p.Action, p.Diags)
}

// isAt reports whether a diagnostic is on the attribute or on a group around it that is unsupported as a whole.
func (b *Bench) isAt(diagnostic string, a attribute) bool {
	if diagnostic == a.spelled() {
		return true
	}
	table := b.Driver.Traits[b.kind.name]
	for n := 1; n < len(a.path); n++ {
		around, _ := table.Of(a.path[:n])
		elements, _ := table.Of(append(slices.Clone(a.path[:n]), "*"))
		if diagnostic == a.spell(a.real()[:n]) && (around.Class == platform.ClassUnsupported || elements.Class == platform.ClassUnsupported) {
			return true
		}
	}
	return false
}

// changes demands that a change costs what the row says, that it happens, and that it is seen afterwards.
func (b *Bench) changes(x thing, a attribute, trait platform.Trait, newer Config) {
	b.t.Helper()
	before, id := plain(x.raw.State()), x.id()
	p := x.Plan(newer)
	at, dotted := a.spelled(), a.real().String()
	if a.writeOnly { // what is in no state changes by its version
		at, dotted = at+"_version", dotted+"_version"
	}
	b.costs(p, trait.Class, at, dotted)
	if b.t.Failed() {
		return
	}
	if trait.Class == platform.ClassRestart {
		b.restartForbidden(x, a, newer)
	}
	b.tick(before, trait.Class)
	b.turnsOut(x, a, newer)
	b.shows(x, a, trait, newer)
	if replaces := trait.Class == platform.ClassReplace || trait.Class == platform.ClassCreateOnly; replaces != (x.id() != id) && !(replaces && b.Kinds[b.kind.name].SameID) {
		b.t.Errorf("the class is %q, the id was %s and is %s", trait.Class, id, x.id())
	}
	b.booted(before, plain(x.raw.State()), a, trait.Class)
	if trait.Class == platform.ClassCreateOnly {
		b.adopted(x, newer)
	}
}

// costs holds a plan against what a change is declared to cost. at is the attribute as diagnostics spell it, dotted
// as messages do.
func (b *Bench) costs(p *enginetest.Plan, class platform.Class, at, dotted string) {
	b.t.Helper()
	warned := slices.ContainsFunc(p.Diags.Warnings(), func(d enginetest.Diagnostic) bool {
		return strings.Contains(d.Summary, "will be restarted") && strings.Contains(d.Summary, dotted)
	})
	unknown := b.kind.restarts && p.At("booted_at") == enginetest.Unknown
	replaced := slices.ContainsFunc(p.RequiresReplace, func(path string) bool { return covers(path, at) })
	switch class {
	case platform.ClassLive:
		if p.Action != enginetest.Update || warned || unknown && dotted != "power" {
			b.t.Errorf("%s is live, but the plan is %q, warns of a restart: %t, booted_at unknown: %t, replaced by %v\n%s", at, p.Action, warned, unknown, p.RequiresReplace, p.Diags)
		}
	case platform.ClassRestart:
		if p.Action != enginetest.Update || !warned || !unknown {
			b.t.Errorf("%s needs a restart, but the plan is %q, warns of a restart: %t, booted_at unknown: %t, replaced by %v\n%s", at, p.Action, warned, unknown, p.RequiresReplace, p.Diags)
		}
	case platform.ClassReplace, platform.ClassCreateOnly:
		if p.Action != enginetest.Replace || !replaced {
			b.t.Errorf("%s needs another object, but the plan is %q because of %v\n%s", at, p.Action, p.RequiresReplace, p.Diags)
		}
	case platform.ClassComputed, platform.ClassUnsupported:
		b.t.Errorf("%s: the class %q cannot be changed", at, class)
	}
}

// shows demands that another process sees what is configured.
func (b *Bench) shows(x thing, a attribute, trait platform.Trait, cfg Config) {
	b.t.Helper()
	got := b.elsewhere(x).Refresh()
	if got.State == nil {
		b.t.Fatalf("after the change the object is gone")
	}
	b.undrifted(x, got)
	want, is := value(cfg, a.real()), value(plain(got.State), a.real())
	if !trait.Unseen && !a.writeOnly && !same(want, is) {
		b.t.Errorf("%s is configured as %v and read as %v", a.spelled(), want, is)
	}
}

// single reports whether this backend has one value alone for an attribute, which the suite's Cannot has to explain.
func (b *Bench) single(a attribute) bool {
	b.t.Helper()
	p := b.pair(a)
	if _, made := p.Old.(func(*Bench) any); made || !same(p.Old, p.New) {
		return false
	}
	b.waive("another value of " + b.kind.name + " " + a.path.String())
	return true
}

// tick lets a second pass where a restart is to be told by a boot time that has whole seconds only.
func (b *Bench) tick(before map[string]any, class platform.Class) {
	if at, ok := before["booted_at"].(string); ok && class == platform.ClassRestart && !strings.Contains(at, ".") {
		time.Sleep(1100 * time.Millisecond)
	}
}

// booted demands a new boot time after a restart and none otherwise.
func (b *Bench) booted(before, after map[string]any, a attribute, class platform.Class) {
	b.t.Helper()
	if !b.kind.restarts || a.path.String() == "power" || class != platform.ClassLive && class != platform.ClassRestart {
		return
	}
	if restarted := before["booted_at"] != after["booted_at"]; restarted != (class == platform.ClassRestart) {
		b.t.Errorf("%s has the class %q, but booted_at was %v and is %v", a.spelled(), class, before["booted_at"], after["booted_at"])
	}
}

// adopted demands that a value given after an import is taken as it is.
func (b *Bench) adopted(x thing, cfg Config) {
	b.t.Helper()
	imported := b.imported(connectionName + "/" + x.id())
	if p := imported.Plan(cfg); p.Action != enginetest.Update && p.Action != enginetest.NoOp {
		b.t.Errorf("after an import the configured value is not adopted: the plan is %q because of %v", p.Action, p.RequiresReplace)
	}
}

// restartForbidden demands that a change which needs a restart is refused where none is allowed.
func (b *Bench) restartForbidden(x thing, a attribute, newer Config) {
	b.t.Helper()
	p, err := x.raw.Plan(merged(newer, Config{"allow_restart": false}))
	if err != nil {
		b.t.Fatal(err)
	}
	b.refuses(p, a, "allow_restart")
}

// needed demands that leaving the attribute out is refused on it.
func (b *Bench) needed(a attribute, cfg Config) {
	b.t.Helper()
	p, err := b.core.Resource("virt_"+b.kind.name, "x").Plan(without(cfg, a.real()))
	if a.required {
		if err == nil && !p.Diags.HasErrors() {
			b.t.Errorf("%s was left out and nobody minds", a.spelled())
		}
		return // the schema says so before the provider is asked
	}
	if err != nil {
		b.t.Fatal(err)
	}
	b.refuses(p, a, "needed here")
}

// missed demands that an object that has the attribute is not planned without it.
func (b *Bench) missed(x thing, gone Config, a attribute, says string) {
	b.t.Helper()
	plan, err := x.raw.Plan(gone)
	if err != nil {
		b.t.Fatal(err)
	}
	b.refuses(plan, a, says)
}

// removed takes the attribute out of the configuration: what is the user's alone is reset, what every object has stays.
func (b *Bench) removed(x thing, a attribute, trait platform.Trait, newer Config) {
	b.t.Helper()
	p := b.pair(a)
	if p.Alone && a.inMap() {
		return // it is what its element consists of; see the cases of elements
	}
	if list, ok := value(newer, a.real()).([]any); ok && len(list) == 0 {
		return // the backend has no value for it but none: without it nothing changes
	}
	gone := merged(without(newer, a.real()), b.config(p.Gone))
	if p.Missed != "" {
		b.missed(x, gone, a, p.Missed)
		return
	}
	plan := x.Plan(gone)
	if a.computed {
		if plan.Action != enginetest.NoOp && len(p.NewWith)+len(p.With) == 0 {
			b.t.Errorf("%s was left out and is kept, but the plan is %q (-prior +planned):\n%s", a.spelled(), plan.Action, diff(enginetest.Plain(plan.Prior), enginetest.Plain(plan.Planned)))
		}
		return
	}
	if a.writeOnly {
		return // it is in no state: nothing tells that it was there
	}
	b.costs(plan, trait.Class, a.spelled(), a.real().String())
	if plan.Action == enginetest.Replace {
		return // another object; whether it can be made without the attribute is the configuration's matter
	}
	x.Apply(plan)
	x.Empty(gone)
	if trait.Unseen {
		return
	}
	imported := b.imported(connectionName + "/" + x.id())
	if is := value(plain(imported.raw.State()), b.importedPath(imported, a)); same(is, value(newer, a.real())) && !blank(is) {
		b.t.Errorf("%s was taken out but the platform still has %v", a.spelled(), is)
	}
}

// importedPath is the real path of an attribute in an imported state, where the key may be another.
func (b *Bench) importedPath(x thing, a attribute) platform.Path {
	p := a.real()
	if !a.inMap() {
		return p
	}
	elements, _ := value(plain(x.raw.State()), b.kind.mapOf(a).path).(map[string]any)
	if _, ok := elements[a.key()]; ok || len(elements) == 0 {
		return p
	}
	p[len(b.kind.mapOf(a).path)] = platform.Keys(elements)[0]
	return p
}
