package platformtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

const unknown = enginetest.Unknown

// several is how many objects are made and changed at the same time.
const several = 10

// lifeCases are those of an object's ordinary life.
func lifeCases() []test {
	return []test{
		{"create minimal", func(b *Bench) { b.create(b.minimal()) }},
		{"create full", func(b *Bench) { b.create(b.full()) }},
		{"update several", (*Bench).updateSeveral},
		{"destroy", (*Bench).destroy},
		{"delete twice", (*Bench).deleteTwice},
		{"name taken", (*Bench).nameTaken},
		{"concurrent", (*Bench).concurrent},
	}
}

func diff(a, b any) string { return cmp.Diff(a, b) }

// create makes an object that plans clean, here and in another process, and whose every kept attribute has a value.
func (b *Bench) create(cfg Config) {
	x := b.resource()
	x.Converge(cfg)
	y := b.elsewhere(x)
	y.Empty(cfg)
	b.undrifted(x, y.Refresh())
	for _, a := range b.kind.attrs {
		if a.optional && a.computed && !a.inMap() && b.supports(a) && !b.mayLack(a) && value(plain(x.raw.State()), a.path) == nil {
			b.t.Errorf("%s is what every object has, but it is null after the creation", a.path)
		}
	}
}

// undrifted demands that what is read is what was applied, but for what may change at any time.
func (b *Bench) undrifted(x thing, got *enginetest.Refreshed) {
	b.t.Helper()
	if !got.Changed {
		return
	}
	if d := diff(b.steady(plain(x.raw.State())), b.steady(plain(got.State))); d != "" || len(b.kind.volatile) == 0 {
		b.t.Errorf("what is read differs from what was applied (-applied +read):\n%s", d)
	}
}

// steady is a plain object without what may change at any time.
func (b *Bench) steady(object map[string]any) map[string]any {
	out := maps.Clone(object)
	for _, name := range b.kind.volatile {
		delete(out, name)
	}
	return out
}

// mayLack says what an object need not have although others have it: the name of a fixed size.
func (b *Bench) mayLack(a attribute) bool {
	return a.path.String() == "size" && b.kind.name == "machine"
}

// changed is a configuration in which several attributes have their other value and every map has one more key.
func (b *Bench) changed(cfg Config) Config {
	b.t.Helper()
	out := cloned(cfg)
	for _, path := range b.kind.update {
		a, ok := b.kind.attribute(path)
		trait, _ := b.trait(a)
		if !ok || !b.supports(a) || trait.Class != platform.ClassLive && trait.Class != platform.ClassRestart {
			continue
		}
		out = with(out, a.real(), b.resolved(b.pair(a).New))
	}
	for _, a := range b.kind.attrs {
		if row := b.Driver.Traits[b.kind.name][a.path.String()+".*"]; a.elements() && b.supports(a) && row.Add != platform.ClassReplace {
			out = with(out, append(slices.Clone(a.path), "more"), b.element(a, 7))
		}
	}
	return out
}

func (b *Bench) updateSeveral() {
	cfg := b.full()
	x := b.resource()
	x.Converge(cfg)
	id := x.id()
	next := b.changed(cfg)
	x.Converge(next)
	b.elsewhere(x).Empty(next)
	if x.id() != id {
		b.t.Errorf("an update in place made another object: %s, then %s", id, x.id())
	}
}

func (b *Bench) destroy() {
	x := b.resource()
	x.PlanApply(b.full())
	id := x.id()
	x.Destroy()
	b.missing(id)
}

// missing demands that nothing has an id any more.
func (b *Bench) missing(id string) {
	b.t.Helper()
	r := b.open(b.Config).Resource("virt_"+b.kind.name, "x")
	got, err := r.Import(connectionName + "/" + id)
	if err != nil {
		b.t.Fatal(err)
	}
	if text := got.Diags.Errors().String(); !strings.Contains(text, "has no "+b.kind.name) {
		b.t.Errorf("an import of what is gone says %q", text)
	}
}

func (b *Bench) deleteTwice() {
	x := b.resource()
	x.PlanApply(b.minimal())
	y := b.elsewhere(x)
	p, err := y.raw.PlanDestroy(enginetest.SkipRefresh())
	if err != nil || !p.OK() {
		b.t.Fatalf("%v\n%s", err, p.Diags)
	}
	x.Destroy()
	y.Apply(p)
	z := b.elsewhere(x)
	if got := z.Refresh(); got.State != nil {
		b.t.Errorf("it is read though it is gone")
	}
}

// nameTaken creates where something of the name is already: it is never adopted, the error says how to import it.
func (b *Bench) nameTaken() {
	cfg := b.minimal()
	x := b.resource()
	x.PlanApply(cfg)
	b.exists(cfg, x.id())
}

func (b *Bench) exists(cfg Config, id string) {
	b.t.Helper()
	r := b.open(b.Config).Resource("virt_"+b.kind.name, "second")
	a, err := r.PlanApply(cfg)
	if err != nil {
		b.t.Fatal(err)
	}
	if r.State() != nil {
		b.t.Errorf("what was there was adopted")
		return
	}
	text := a.Diags.Errors().String()
	if !strings.Contains(text, "exists already") || !strings.Contains(text, connectionName+"/"+id) {
		b.t.Errorf("the error does not say that it exists and its import id %s/%s:\n%s", connectionName, id, text)
	}
}

// concurrent makes, changes and removes several objects at the same time.
func (b *Bench) concurrent() {
	var things []thing
	var cfgs, next []Config
	for range several {
		things = append(things, b.resource())
		cfg := b.full()
		cfgs, next = append(cfgs, cfg), append(next, b.changed(cfg))
	}
	apply := func(cfgs []Config) func(n int) error {
		return func(n int) error {
			a, err := things[n].raw.PlanApply(cfgs[n])
			return verdict(a.Diags, err)
		}
	}
	b.together("create", apply(cfgs))
	b.together("update", apply(next))
	seen := map[string]bool{}
	for n, x := range things {
		seen[x.id()] = true
		b.elsewhere(x).Empty(next[n])
	}
	if len(seen) != several {
		b.t.Errorf("%d objects have %d ids", several, len(seen))
	}
	b.together("destroy", func(n int) error {
		a, err := things[n].raw.Destroy()
		return verdict(a.Diags, err)
	})
}

func (b *Bench) together(what string, do func(n int) error) {
	b.t.Helper()
	var wait sync.WaitGroup
	errs := make([]error, several)
	for n := range several {
		wait.Go(func() { errs[n] = do(n) })
	}
	wait.Wait()
	for n, err := range errs {
		if err != nil {
			b.t.Errorf("%s %d of %d at the same time: %v", what, n, several, err)
		}
	}
	if b.t.Failed() {
		b.t.FailNow()
	}
}

func verdict(d enginetest.Diagnostics, err error) error {
	if err == nil && d.HasErrors() {
		return fmt.Errorf("%s", d.Errors())
	}
	return err
}
