package platformtest

import (
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// elementCases are the cases of a map of nested objects.
func elementCases(a attribute) []test {
	path := a.path.String()
	return []test{
		{"elements/" + path + "/row", func(b *Bench) { b.elementRow(a) }},
		{"elements/" + path + "/add and drop", func(b *Bench) { b.addAndDrop(a) }},
		{"elements/" + path + "/rename", func(b *Bench) { b.renameKey(a) }},
		{"elements/" + path + "/order", func(b *Bench) { b.order(a) }},
		{"elements/" + path + "/all dropped", func(b *Bench) { b.allDropped(a) }},
		{"elements/" + path + "/unknown", func(b *Bench) { b.unknownElements(a) }},
	}
}

func (b *Bench) elementRow(a attribute) {
	row, ok := b.Driver.Traits[b.kind.name][a.path.String()+".*"]
	if trait, _ := b.trait(a); trait.Class != platform.ClassUnsupported && (!ok || !row.Elements) {
		b.t.Errorf("%s needs a row %s.* that says what adding and dropping a key costs", a.path, a.path)
	}
}

// lacks reports that the platform has no such map; its refusal is tested with its row.
func (b *Bench) lacks(a attribute) bool { return !b.supports(a) }

// around is the least configuration in which a map takes several elements.
func (b *Bench) around(a attribute) Config {
	b.t.Helper()
	path := a.path.String()
	own := merged(b.minimal(), b.config(b.kind.besides[path]))
	return merged(own, b.config(b.Kinds[b.kind.name].Beside[path]))
}

// keyed is a configuration whose map has these keys, each with an element of its own.
func (b *Bench) keyed(cfg Config, a attribute, elements map[string]Config, keys ...string) Config {
	m := Config{}
	for _, key := range keys {
		if elements[key] == nil {
			elements[key] = b.element(a, len(elements))
		}
		m[key] = elements[key]
	}
	return with(cfg, a.path, m)
}

func (b *Bench) addAndDrop(a attribute) {
	if b.lacks(a) {
		return
	}
	row := b.Driver.Traits[b.kind.name][a.path.String()+".*"]
	base, elements := b.around(a), map[string]Config{}
	one := b.keyed(base, a, elements, "a")
	two := b.keyed(base, a, elements, "a", "b")
	at := append(slices.Clone(a.path), "b")
	x := b.resource()
	x.Converge(one)
	for _, step := range []struct {
		cfg   Config
		class platform.Class
	}{{two, row.Add}, {one, row.Remove}} {
		before := plain(x.raw.State())
		p := x.Plan(step.cfg)
		b.costs(p, step.class, a.spell(at), at.String())
		b.tick(before, step.class)
		x.Apply(p)
		b.booted(before, plain(x.raw.State()), a, step.class)
		x.Empty(step.cfg)
		if got := b.elsewhere(x).Refresh(); got.Changed {
			b.t.Errorf("what is read differs from what was applied (-applied +read):\n%s", diff(plain(x.raw.State()), plain(got.State)))
		}
	}
}

// renameKey drops one key and adds another in one update.
func (b *Bench) renameKey(a attribute) {
	if b.lacks(a) {
		return
	}
	base := b.around(a)
	x := b.resource()
	x.Converge(b.keyed(base, a, map[string]Config{}, "a"))
	x.Converge(b.keyed(base, a, map[string]Config{"z": b.element(a, 1)}, "z"))
	m, _ := value(plain(b.elsewhere(x).Refresh().State), a.path).(map[string]any)
	if keys := platform.Keys(m); !slices.Equal(keys, []string{"z"}) {
		b.t.Errorf("the keys are %v", keys)
	}
}

// order demands the natural order of the keys at creation, and later keys behind the others.
func (b *Bench) order(a attribute) {
	if b.lacks(a) {
		return
	}
	base, elements := b.around(a), map[string]Config{}
	x := b.resource()
	x.Converge(b.keyed(base, a, elements, "x10", "x2", "x1"))
	if !b.inOrder(x, a, "x1", "x2", "x10") {
		return
	}
	x.Converge(b.keyed(base, a, elements, "x10", "x2", "x1", "x0"))
	if row := b.Driver.Traits[b.kind.name][a.path.String()+".*"]; row.Add == platform.ClassReplace { // another object, with all of them anew
		b.inOrder(x, a, "x0", "x1", "x2", "x10")
		return
	}
	b.inOrder(x, a, "x1", "x2", "x10", "x0")
}

func (b *Bench) inOrder(x thing, a attribute, keys ...string) bool {
	b.t.Helper()
	slots, err := b.Backend.Slots(b.t.Context(), b.kind.name, x.id(), a.path.String())
	if !b.able("slots "+b.kind.name+" "+a.path.String(), err) {
		return false
	}
	var want []string
	for _, key := range keys {
		id, _ := value(plain(x.raw.State()), append(slices.Clone(a.path), key, "id")).(string)
		want = append(want, id)
	}
	if !slices.EqualFunc(want, slots, strings.EqualFold) {
		b.t.Errorf("the devices are not in the order %v (-want +got):\n%s", keys, cmp.Diff(want, slots))
	}
	return true
}

// allDropped drops the last key, then takes the map out of the configuration altogether.
func (b *Bench) allDropped(a attribute) {
	if b.lacks(a) {
		return
	}
	base, elements := b.around(a), map[string]Config{}
	x := b.resource()
	x.Converge(b.keyed(base, a, elements, "a", "b"))
	x.Converge(b.keyed(base, a, elements))
	x.Converge(b.keyed(base, a, elements, "c"))
	bare := without(base, a.path)
	x.Converge(bare)
	if got := b.elsewhere(x).Refresh(); got.Changed {
		b.t.Errorf("what is read differs from what was applied (-applied +read):\n%s", diff(plain(x.raw.State()), plain(got.State)))
	}
}

// unknownElements plans before it is known which elements there are.
func (b *Bench) unknownElements(a attribute) {
	if b.lacks(a) {
		return
	}
	base, elements := b.around(a), map[string]Config{}
	one := b.keyed(base, a, elements, "a")
	two := b.keyed(base, a, elements, "a", "b")
	x := b.resource()
	open := func(cfg Config) Config { return with(cfg, a.path, unknown) }
	x.ApplyConfig(x.Plan(open(one)), one)
	x.Empty(one)
	x.ApplyConfig(x.Plan(open(two)), two)
	x.Empty(two)
	x.ApplyConfig(x.Plan(open(one)), one)
	x.Empty(one)
}
