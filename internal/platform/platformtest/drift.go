package platformtest

import (
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// driftCases are those of what somebody else did to an object.
func driftCases() []test {
	return []test{
		{"removed by hand", (*Bench).removedByHand},
		{"removed by hand during a change", (*Bench).removedMeanwhile},
		{"changed by hand", (*Bench).changedByHand},
	}
}

func (b *Bench) removedByHand() {
	cfg := b.full()
	x := b.resource()
	x.Converge(cfg)
	if !b.able("remove "+b.kind.name, b.Backend.Remove(b.t.Context(), b.kind.name, x.id())) {
		return
	}
	y := b.elsewhere(x)
	if p := y.Plan(cfg); p.Action != enginetest.Create {
		b.t.Errorf("it was removed by hand, but the plan is %q", p.Action)
	}
	p, err := y.raw.PlanDestroy(enginetest.SkipRefresh())
	if err != nil || !p.OK() {
		b.t.Fatalf("%v\n%s", err, p.Diags)
	}
	y.Apply(p)
	x.Refresh()
	x.Converge(cfg)
}

// removedMeanwhile removes an object between plan and apply: the update fails and nothing is made.
func (b *Bench) removedMeanwhile() {
	cfg := b.full()
	x := b.resource()
	x.Converge(cfg)
	p := x.Plan(b.changed(cfg))
	if p.Action != enginetest.Update || !b.able("remove "+b.kind.name, b.Backend.Remove(b.t.Context(), b.kind.name, x.id())) {
		return
	}
	a, err := x.raw.Apply(p)
	if err != nil {
		b.t.Fatal(err)
	}
	if !a.Diags.HasErrors() {
		b.t.Errorf("an update of what is gone succeeded")
	}
	if got := x.Refresh(); got.State != nil {
		b.t.Errorf("what is gone is read as %v", plain(got.State))
	}
}

// changedByHand has every attribute changed past the adapter: the next plan says exactly that and sets it right.
func (b *Bench) changedByHand() {
	for _, path := range b.kind.byHand {
		a, ok := b.kind.attribute(path)
		if !ok {
			b.t.Fatalf("%s is no attribute", path)
		}
		if trait, _ := b.trait(a); !b.supports(a) || trait.Unseen {
			continue
		}
		b.changeByHand(a)
	}
}

func (b *Bench) changeByHand(a attribute) {
	b.t.Helper()
	older, newer := b.two(a)
	x := b.resource()
	x.Converge(older)
	to := value(newer, a.real())
	c := Change{Kind: b.kind.name, ID: x.id(), Attribute: a.real().String(), Element: b.elementID(x, a), Value: to}
	if !b.able("change "+b.kind.name+" "+a.path.String(), b.Backend.Change(b.t.Context(), c)) {
		return
	}
	y := b.elsewhere(x)
	p, err := y.raw.Plan(older)
	if err != nil {
		b.t.Fatalf("%s: %v", a.path, err)
	}
	if is := value(enginetest.Plain(p.Prior), a.real()); !same(is, to) && !p.Diags.HasErrors() {
		b.t.Errorf("%s was changed by hand to %v and is read as %v", a.path, to, is)
	}
	trait, _ := b.trait(a)
	if trait.GrowOnly != "" {
		b.refuses(p, a, trait.GrowOnly)
		x.Converge(newer) // what is there now
		return
	}
	if p.Diags.HasErrors() {
		b.t.Fatalf("%s: %s", a.path, p.Diags)
	}
	if at := b.planned(p); !slices.Equal(at, []string{a.spelled()}) {
		b.t.Errorf("%s was changed by hand, but the plan %q changes %v (-prior +planned):\n%s", a.path, p.Action, at, diff(enginetest.Plain(p.Prior), enginetest.Plain(p.Planned)))
	}
	y.Apply(p)
	y.Empty(older)
	x.raw.SetState(y.raw.State())
}

// elementID is the native id of the element that an attribute's path leads through.
func (b *Bench) elementID(x thing, a attribute) string {
	if !a.inMap() {
		return ""
	}
	m := b.kind.mapOf(a)
	id, _ := value(plain(x.raw.State()), append(slices.Clone(m.path), m.key(), "id")).(string)
	return id
}

// planned lists what a plan changes of that which users can set.
func (b *Bench) planned(p *enginetest.Plan) []string {
	var list []string
	before, after := enginetest.Plain(p.Prior), enginetest.Plain(p.Planned)
	for _, a := range b.kind.attrs {
		if !a.settable() || a.elements() {
			continue
		}
		for _, at := range places(a, before, after) {
			was, will := value(before, at), value(after, at)
			if will != unknown && !same(was, will) && !blank(was) || will != unknown && blank(was) != blank(will) {
				list = append(list, a.spell(at))
			}
		}
	}
	return list
}

// places lists the real paths of an attribute in two objects.
func places(a attribute, objects ...any) []platform.Path {
	star := slices.Index(a.path, "*")
	if star < 0 {
		return []platform.Path{a.path}
	}
	keys := map[string]bool{}
	for _, o := range objects {
		m, _ := value(o, a.path[:star]).(map[string]any)
		for key := range m {
			keys[key] = true
		}
	}
	var list []platform.Path
	for _, key := range platform.Keys(keys) {
		at := slices.Clone(a.path)
		at[star] = key
		list = append(list, at)
	}
	return list
}

// unmanaged adds a disk or NIC by hand: it is shown, is no change, and outlives nothing but the machine.
func (b *Bench) unmanaged(what string) {
	cfg := b.full()
	x := b.resource()
	x.Converge(cfg)
	if !b.able("attach "+what, b.Backend.Attach(b.t.Context(), x.id(), what)) {
		return
	}
	y := b.elsewhere(x)
	p := y.Empty(cfg)
	shown, _ := enginetest.Plain(p.Prior).(map[string]any)["unmanaged_"+what].(map[string]any)
	if len(shown) != 1 {
		b.t.Errorf("one of the %s was added by hand; unmanaged_%s is %v", what, what, shown)
	}
	next := b.changed(cfg)
	y.Converge(next)
	if left, _ := plain(y.raw.State())["unmanaged_"+what].(map[string]any); len(left) != 1 {
		b.t.Errorf("after an update unmanaged_%s is %v", what, left)
	}
	x.raw.SetState(y.raw.State())
	var disk string
	for _, d := range shown {
		disk, _ = value(d, platform.Path{"id"}).(string)
	}
	a := x.Destroy()
	if what != "disks" {
		return
	}
	kept, err := b.Backend.Kept(b.t.Context(), disk)
	if b.able("kept", err) && !kept {
		b.t.Errorf("the disk that nobody declared was destroyed with its machine")
	}
	if !strings.Contains(a.Diags.Warnings().String(), "detached") {
		b.t.Errorf("no warning says where the disk lies:\n%s", a.Diags)
	}
}

// detached takes a declared disk or NIC away by hand: the next plan brings it back, and nothing else.
func (b *Bench) detached(what string) {
	cfg := b.full()
	x := b.resource()
	x.Converge(cfg)
	m, _ := b.kind.attribute(what)
	id, _ := value(plain(x.raw.State()), platform.Path{what, m.key(), "id"}).(string)
	if !b.able("detach "+what, b.Backend.Detach(b.t.Context(), x.id(), what, id)) {
		return
	}
	y := b.elsewhere(x)
	p := y.Plan(cfg)
	if p.Action != enginetest.Update {
		b.t.Errorf("one of the %s was taken away by hand, but the plan is %q", what, p.Action)
	}
	for _, at := range b.planned(p) {
		if !strings.HasPrefix(at, what+`["`+m.key()+`"]`) {
			b.t.Errorf("one of the %s was taken away by hand, but the plan changes %s", what, at)
		}
	}
	y.Apply(p)
	y.Empty(cfg)
	got, _ := plain(y.raw.State())[what].(map[string]any)
	if keys := platform.Keys(got); !slices.Equal(keys, []string{m.key(), m.key() + "2"}) {
		b.t.Errorf("the keys of %s are %s", what, cmp.Diff([]string{m.key(), m.key() + "2"}, keys))
	}
	x.raw.SetState(y.raw.State())
}
