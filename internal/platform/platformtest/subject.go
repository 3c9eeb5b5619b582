package platformtest

import (
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// subject is one kind of thing with what the suite knows about it on every platform.
type subject struct {
	name     string
	attrs    []attribute
	values   Values
	minimal  func(b *Bench) Config
	elements map[string]func(b *Bench, n int) Config // of a map: its n-th element
	stubs    map[string]Config                       // of a map: an element that refers to nothing, for refusals
	besides  map[string]Config                       // of a map: what it needs around it to take several elements
	update   []string                                // what one update of several attributes changes
	byHand   []string                                // what somebody else may have changed
	volatile []string                                // computed attributes that may change at any time
	restarts bool                                    // it runs
	dataOnly bool                                    // nobody makes one: only its data source is tested
	cases    []test                                  // beside those of every kind; of data only all there are

	offered func(*platform.Conn) bool
	lists   func(*platform.Conn) bool
	listed  func(b *Bench, ids []string)
}

// test is one case.
type test struct {
	name string
	run  func(b *Bench)
}

// subjects lists every kind, one line each.
func subjects() []*subject {
	return []*subject{
		machineSubject(), networkSubject(), diskSubject(), imageSubject(), snapshotSubject(), storagePoolSubject(),
		routerSubject(), publicIPSubject(), firewallSubject(), placementGroupSubject(), sshKeySubject(), projectSubject(),
		hostSubject(), containerSubject(), volumeSubject(), secretSubject(), configSubject(), serviceSubject(),
		containerImageSubject(), registryImageSubject(), registryRepositorySubject(),
	}
}

// issued lists the kinds that are handed out and never stored: they have no life, and tests of their own.
func issued() []string { return []string{"join_token", "registry_token"} }

func subjectNamed(name string) *subject {
	all := subjects()
	if i := slices.IndexFunc(all, func(k *subject) bool { return k.name == name }); i >= 0 {
		return all[i]
	}
	return nil
}

// newSubject takes from a kind's declaration what can be taken.
func newSubject[T any, P engine.Object[T]](k engine.Kind[T, P]) *subject {
	return &subject{
		name:     k.Name,
		attrs:    attributesOf(k.Schema, reflect.TypeFor[T]()),
		restarts: k.Restart != nil,
		offered:  func(c *platform.Conn) bool { return k.Of(c) != nil },
		lists:    func(c *platform.Conn) bool { _, ok := k.Of(c).(platform.Lister[T]); return ok },
		listed: func(b *Bench, ids []string) {
			listEqualsRead[T, P](b, func(c *platform.Conn) platform.Reader[T] { return k.Of(c) }, ids)
		},
	}
}

// life runs all cases of one kind.
func (r *run) life(t *testing.T, k *subject) {
	t.Helper()
	r.rowsExist(t, k)
	r.together(t, k, max(1, r.Kinds[k.name].Together))
	if k.dataOnly {
		return
	}
	for _, c := range faultCases() { // one at a time: a fault may reach everybody on the backend
		r.turn(func() { t.Run(c.name, func(t *testing.T) { c.run(r.bench(t, k)) }) })
	}
}

// together runs the cases that do not disturb each other, some at a time.
func (r *run) together(t *testing.T, k *subject, n int) {
	t.Helper()
	var wait sync.WaitGroup
	slots := make(chan struct{}, n)
	for _, c := range r.cases(k) {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			r.turn(func() { t.Run(c.name, func(t *testing.T) { c.run(r.bench(t, k)) }) })
		})
	}
	wait.Wait()
}

// turn runs a case once there is room for it among those of all kinds.
func (r *run) turn(do func()) {
	if r.slots != nil {
		r.slots <- struct{}{}
		defer func() { <-r.slots }()
	}
	do()
}

// cases lists the cases of a kind but for the faults: its life, its rows, and what is particular to it. Of data only there is no life.
func (r *run) cases(k *subject) []test {
	if k.dataOnly {
		return k.cases
	}
	list := slices.Concat(lifeCases(), driftCases(), importCases(), listCases())
	for _, a := range k.attrs {
		if !r.foreign(a) {
			list = append(list, r.attributeCases(k, a)...)
		}
	}
	for _, a := range k.attrs {
		if a.elements() && !r.foreign(a) {
			list = append(list, elementCases(a)...)
		}
	}
	return append(list, k.cases...)
}

// rowsExist finds rows of the table that are about no attribute.
func (r *run) rowsExist(t *testing.T, k *subject) {
	t.Helper()
	known := map[string]bool{"id": true, "tags_all": true}
	for _, a := range k.attrs {
		for n := range a.path {
			known[a.path[:n+1].String()] = true
		}
	}
	for _, name := range k.locals() {
		known[name] = true
	}
	for row := range r.Driver.Traits[k.name] {
		if !known[row] {
			t.Errorf("the traits have a row %q, but a %s has no such attribute", row, k.name)
		}
	}
}

// foreign reports whether an attribute lies in another platform's block.
func (r *run) foreign(a attribute) bool { return a.block != "" && a.block != r.Driver.Name }

// minimal is the least that makes an object: what the schema, the kind and the traits demand.
func (b *Bench) minimal() Config {
	b.t.Helper()
	cfg := Config{"name": b.Name()}
	if b.kind.minimal != nil {
		cfg = merged(cfg, b.kind.minimal(b))
	}
	for _, a := range b.kind.attrs {
		if trait, _ := b.trait(a); trait.Needed && !a.inMap() && a.settable() && !b.foreign(a) {
			p := b.pair(a)
			cfg = with(merged(cfg, b.config(p.With)), a.real(), b.resolved(p.Old))
		}
	}
	if c := b.Kinds[b.kind.name]; c.Minimal != nil {
		cfg = merged(cfg, b.config(c.Minimal(b)))
	}
	return cfg
}

// full is everything at once that the platform supports and that goes together.
func (b *Bench) full() Config {
	b.t.Helper()
	cfg := b.minimal()
	for _, a := range b.kind.attrs {
		if a.inMap() || a.elements() || !a.settable() || !b.supports(a) || a.path.String() == "name" {
			continue
		}
		if p := b.pair(a); !p.Alone && value(cfg, a.real()) == nil {
			cfg = with(merged(b.config(p.With), cfg), a.real(), b.resolved(p.Old))
		}
	}
	for _, a := range b.kind.attrs {
		if !a.elements() || !b.supports(a) {
			continue
		}
		for n, key := range []string{a.key(), a.key() + "2"} {
			cfg = with(cfg, append(slices.Clone(a.path), key), b.element(a, n))
		}
	}
	return cfg
}

// element is the n-th element of a map, with what the traits demand.
func (b *Bench) element(a attribute, n int) Config {
	b.t.Helper()
	made, ok := b.Kinds[b.kind.name].Elements[a.path.String()]
	if !ok {
		made, ok = b.kind.elements[a.path.String()]
	}
	if !ok {
		b.t.Fatalf("the suite has no element for %s", a.path)
	}
	return b.config(made(b, n))
}

// supports reports whether an attribute can be configured on this platform.
func (b *Bench) supports(a attribute) bool {
	trait, ok := b.trait(a)
	return ok && !b.foreign(a) && trait.Class != platform.ClassUnsupported && trait.Class != platform.ClassComputed
}

// trait is the row that covers an attribute; of a map it is that of its elements where it has none of its own or they
// are unsupported.
func (b *Bench) trait(a attribute) (platform.Trait, bool) {
	return rowOf(b.Driver.Traits[b.kind.name], a)
}

func rowOf(table platform.Traits, a attribute) (platform.Trait, bool) {
	own, found := table.Of(a.path)
	if a.elements() {
		if t, ok := table.Of(append(slices.Clone(a.path), "*")); ok && (!found || t.Class == platform.ClassUnsupported) {
			return t, ok
		}
	}
	return own, found
}
