// Package platformtest is the conformance suite that every adapter runs. It drives the real provider through a
// stand-in for Terraform core, so that it sees what a user sees, and it reaches the platform past the adapter by the
// hooks of a [Backend], so that an adapter cannot agree with itself.
//
// One case comes from every row of the driver's traits: what is declared has to work as declared, what is unsupported
// has to be refused on that attribute. The other cases are those of a kind's life: creation, drift, removal, failures
// half-way, cancellation, import, listing. Nothing is skipped: a value, a hook or a kind that is missing is a failure,
// unless the suite's Cannot says why the backend really has no such thing; that is reported in the output.
package platformtest

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Config is what a user writes in a block; see [enginetest.Config].
type Config = enginetest.Config

// Suite is what an adapter hands to [Run].
type Suite struct {
	Driver platform.Driver
	// Config is the settings in the platform's block, as a user writes them.
	Config map[string]any
	// Second is the settings of another endpoint of the same type.
	Second map[string]any
	// Refused lists settings with which no connection is possible.
	Refused []Refused
	Backend Backend
	// Together says that the kinds may be tested at the same time: faults reach only those connections that meet them.
	Together bool
	// Most is how many cases of all kinds may run at a time; 0 leaves it to the kinds.
	Most int
	// Given holds the ids of objects that other objects may refer to, by kind, or by what is no kind of its own:
	// "external network". Where there are not enough of them, the suite makes some through the provider.
	Given map[string][]string
	// Kinds holds the fixtures by kind; every kind with traits needs an entry, which may be empty.
	Kinds map[string]Case
	// Cannot says, for calls of hooks that answer [ErrCannot], why the backend really has no such thing. Keys are
	// the hook and its arguments as failures print them: "twin machine", "change machine tpm". A key may end in *.
	Cannot map[string]string
}

// Refused is a connection that fails.
type Refused struct {
	Name     string
	Settings map[string]any // instead of the suite's Config
	Says     string         // part of the error
}

// Case is one kind's fixtures on one platform.
type Case struct {
	// Values overrides and completes the kind's own values, by attribute path ("boot_disk.storage").
	Values Values
	// Minimal is what the platform needs beside what the kind and the traits say.
	Minimal func(b *Bench) Config
	// Elements overrides the kind's own elements of maps, by the map's path: its n-th element.
	Elements map[string]func(b *Bench, n int) Config
	// Beside is what a map needs around it to take several elements of one sort, by the map's path.
	Beside map[string]Config
	// Path spells an object otherwise than by id and name, as an import id may; nil where there is no such spelling.
	// It gets the state's plain value.
	Path func(state map[string]any) string
	// Nothing refers to something that is not there; empty is "no-such-thing".
	Nothing string
	// Slow is how long it may take to make an object before anything is awaited of it; 0 is two seconds.
	Slow time.Duration
	// SameID says that ids are made of names: what is made again under its name has the id of the one before.
	SameID bool
	// Together is how many cases may run at a time, where the backend mostly makes us wait; 0 is one.
	Together int
}

// run is one run of a suite.
type run struct {
	Suite
	serial atomic.Int64
	slots  chan struct{} // of Most; nil: no end of them
	model  model

	mu     sync.Mutex
	waived map[string]bool // keys of Cannot that were needed
}

// Run runs the suite.
func Run(t *testing.T, s Suite) {
	r := &run{Suite: s, waived: map[string]bool{}}
	if s.Most > 0 {
		r.slots = make(chan struct{}, s.Most)
	}
	r.model = newModel(t, s)
	all := subjects()
	r.offers(t, all)
	var wait sync.WaitGroup
	for _, k := range all {
		if _, offered := s.Driver.Traits[k.name]; !offered {
			continue
		}
		wait.Go(func() { t.Run(k.name, func(t *testing.T) { r.life(t, k) }) })
		if !s.Together {
			wait.Wait()
		}
	}
	wait.Wait()
	t.Run("connection", func(t *testing.T) { r.connection(t, all) })
	r.report(t)
}

// offers holds the driver against what was handed in: each kind that it has traits for is offered and is tested, or
// the driver must not call itself conformant.
func (r *run) offers(t *testing.T, all []*subject) {
	t.Helper()
	conn := r.dial(t)
	for _, k := range all {
		_, traits := r.Driver.Traits[k.name]
		_, fixtures := r.Kinds[k.name]
		if offered := k.offered(conn); offered != traits {
			t.Errorf("%s: the connection offers it: %t; the driver has traits for it: %t", k.name, offered, traits)
		}
		if traits && !fixtures {
			t.Errorf("%s: the driver has traits for it, but the suite has no case: Conformant = %t cannot be known", k.name, r.Driver.Conformant)
		}
	}
	for name := range r.Driver.Traits {
		if !slices.ContainsFunc(all, func(k *subject) bool { return k.name == name }) && !slices.Contains(issued(), name) {
			t.Errorf("the driver has traits for %q, which is no kind", name)
		}
	}
}

// report prints what was waived and finds waivers that nobody needed.
func (r *run) report(t *testing.T) {
	t.Helper()
	for _, key := range slices.Sorted(maps.Keys(r.Cannot)) {
		if r.waived[key] {
			t.Logf("not covered: %s: %s", key, r.Cannot[key])
		} else if !testing.Short() && !filtered() {
			t.Errorf("Cannot[%q] was never needed: remove it", key)
		}
	}
}

// dial opens a connection without the provider.
func (r *run) dial(t *testing.T) *platform.Conn {
	t.Helper()
	cfg, err := platform.Resolve(r.Driver.Settings, settings(r.Config), platform.Source{
		Block: r.Driver.Name, Name: connectionName, Env: func(string) (string, bool) { return "", false },
	})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := r.Driver.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if conn.Close != nil {
		t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	}
	return conn
}
