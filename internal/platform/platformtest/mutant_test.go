package platformtest_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/adapter/sandbox"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/platformtest"
)

// mutant is an adapter, or its table of traits, with something wrong.
type mutant struct {
	name   string
	run    string // the case that has to find it
	says   string // part of the failure
	traits func(platform.Traits)
	wrap   func(all) platform.Resource[platform.Machine]
}

// all is everything the sandbox's machines can do.
type all interface {
	platform.Resource[platform.Machine]
	platform.Lister[platform.Machine]
	platform.Finder[platform.Machine]
	platform.Planner[platform.Machine]
}

func row(path string, t platform.Trait) func(platform.Traits) {
	return func(table platform.Traits) { table[path] = t }
}

func mutants() []mutant {
	return []mutant{
		{name: "a live change declared as restart", run: "row/description", says: "has the class", traits: row("description", platform.Restart())},
		{name: "a restart declared as live", run: "row/hostname", says: "booted_at", wrap: func(a all) platform.Resource[platform.Machine] { return &restarts{a} }},
		{name: "a row that is missing", run: "row/description", says: "no row", traits: func(t platform.Traits) { delete(t, "description") }},
		{name: "a row of nothing", run: "row/id", says: "no such attribute", traits: row("colour", platform.Live())},
		{name: "settable but computed", run: "row/description", says: "declare it Unsupported", traits: row("description", platform.Computed())},
		{name: "unsupported without a reason", run: "unsupported/description", says: "does not say why", traits: row("description", platform.Unsupported(""))},
		{name: "elements without a row", run: "elements/disks/row", says: "needs a row", traits: func(t platform.Traits) { delete(t, "disks.*") }},
		{name: "adding a disk declared as restart", run: "elements/disks/add_and_drop", says: "has the class", traits: row("disks.*", platform.Elements(platform.ClassRestart, platform.ClassLive))},
		{name: "Read forgets", run: "row/description", says: "description", wrap: func(a all) platform.Resource[platform.Machine] { return &forgets{a} }},
		{name: "Update does nothing", run: "row/description", says: "description", wrap: func(a all) platform.Resource[platform.Machine] { return &idle{a} }},
		{name: "removal is forgotten", run: "row/description", says: "still has", wrap: func(a all) platform.Resource[platform.Machine] { return &clings{a} }},
		{name: "Delete does nothing", run: "destroy", says: "says", wrap: func(a all) platform.Resource[platform.Machine] { return &immortal{a} }},
		{name: "Create adopts", run: "name_taken", says: "adopted", wrap: func(a all) platform.Resource[platform.Machine] { return &adopts{a} }},
		{name: "the list tells less", run: "list_equals_read", says: "differs from a read", wrap: func(a all) platform.Resource[platform.Machine] { return &terse{a} }},
		{name: "Create hangs", run: "create_cancelled", says: "left behind", wrap: func(a all) platform.Resource[platform.Machine] { return &deaf{a} }},
	}
}

type restarts struct{ all }

func (m *restarts) Update(ctx context.Context, prior, want *platform.Machine) error {
	err := m.all.Update(ctx, prior, want)
	want.BootedAt = new("2001-01-01T00:00:00Z")
	return err
}

func (m *restarts) Plan(context.Context, *platform.Plan[platform.Machine]) error { return nil }

type forgets struct{ all }

func (m *forgets) Read(ctx context.Context, have *platform.Machine) error {
	err := m.all.Read(ctx, have)
	have.Description = nil
	return err
}

type idle struct{ all }

func (*idle) Update(context.Context, *platform.Machine, *platform.Machine) error { return nil }

type clings struct{ all }

func (m *clings) Update(ctx context.Context, prior, want *platform.Machine) error {
	if want.Description == nil {
		prior.Description = nil
	}
	return m.all.Update(ctx, prior, want)
}

type immortal struct{ all }

func (*immortal) Delete(context.Context, *platform.Machine) error { return nil }

type adopts struct{ all }

func (m *adopts) Create(ctx context.Context, want *platform.Machine, made func(string)) error {
	err := m.all.Create(ctx, want, made)
	if there, ok := errors.AsType[*platform.ExistsError](err); ok {
		made(there.ID)
		want.ID = &there.ID
		return m.Read(ctx, want)
	}
	return err
}

type terse struct{ all }

func (m *terse) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Machine], error] {
	return func(yield func(platform.Entry[platform.Machine], error) bool) {
		for e, err := range m.all.List(ctx) {
			fill := e.Fill
			e.Fill = func(have *platform.Machine) error {
				err := fill(have)
				have.Hostname = nil
				return err
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

type deaf struct{ all }

func (*deaf) Create(context.Context, *platform.Machine, func(string)) error { select {} }

// TestSuiteFindsMutants runs the suite against adapters that are wrong, each in a process of its own, since the suite
// fails the test that runs it.
func TestSuiteFindsMutants(t *testing.T) {
	for _, m := range mutants() {
		t.Run(m.name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestMutant$/^machine$/^"+strings.ReplaceAll(m.run, "/", "$/^")+"$") // #nosec G204 -- this test itself
			cmd.Env = append(os.Environ(), "PLATFORMTEST_MUTANT="+m.name)
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Fatalf("the suite passes:\n%s", out)
			}
			if !strings.Contains(string(out), m.says) {
				t.Errorf("the suite does not say %q:\n%s", m.says, out)
			}
		})
	}
}

// TestMutant runs the suite against the adapter that the environment names; without one there is nothing to do.
func TestMutant(t *testing.T) {
	for _, m := range mutants() {
		if os.Getenv("PLATFORMTEST_MUTANT") == m.name {
			platformtest.Run(t, suiteOf(t, m))
		}
	}
}

func suiteOf(t *testing.T, m mutant) platformtest.Suite {
	t.Helper()
	dir := t.TempDir()
	d := sandbox.New(nil)
	table := maps.Clone(d.Traits["machine"])
	if m.traits != nil {
		m.traits(table)
	}
	d.Traits = maps.Clone(d.Traits)
	d.Traits["machine"] = table
	d.Open = opens(d.Open, m.wrap)
	return platformtest.Suite{
		Driver: d, Config: map[string]any{"dir": dir}, Backend: faulty{dir},
		Kinds: map[string]platformtest.Case{
			"machine": {Values: platformtest.Values{
				"boot_disk.storage": platformtest.Of("a", "b"), "disks.*.storage": platformtest.Of("a", "b"),
				"nics.*.subnet_id": {Old: "a", New: "b", Alone: true}, "placement.host": platformtest.Of("a", "b"),
				"placement.zone": platformtest.Of("a", "b"), "placement.group": platformtest.Of("a", "b"),
			}},
			"network": {}, "disk": {}, "image": {}, "snapshot": {}, "storage_pool": {}, "host": {},
		},
	}
}

func opens(open func(context.Context, platform.Config) (*platform.Conn, error), wrap func(all) platform.Resource[platform.Machine]) func(context.Context, platform.Config) (*platform.Conn, error) {
	return func(ctx context.Context, c platform.Config) (*platform.Conn, error) {
		conn, err := open(ctx, c)
		if err != nil || wrap == nil {
			return conn, err
		}
		machines, ok := conn.Machines.(all)
		if !ok {
			return nil, fmt.Errorf("%T cannot be wrapped", conn.Machines)
		}
		conn.Machines = wrap(machines)
		return conn, nil
	}
}

// faulty is a backend that has nothing but faults.
type faulty struct{ dir string }

func (faulty) Remove(context.Context, string, string) error { return platformtest.ErrCannot }

func (faulty) Change(context.Context, platformtest.Change) error { return platformtest.ErrCannot }

func (faulty) Attach(context.Context, string, string) error { return platformtest.ErrCannot }

func (faulty) Detach(context.Context, string, string, string) error { return platformtest.ErrCannot }

func (faulty) Kept(context.Context, string) (bool, error) { return false, platformtest.ErrCannot }

func (faulty) Twin(context.Context, string, string) error { return platformtest.ErrCannot }

func (faulty) Slots(context.Context, string, string, string) ([]string, error) {
	return nil, platformtest.ErrCannot
}

func (f faulty) Fault(_ context.Context, x platformtest.Fault) (map[string]any, func(), error) {
	return map[string]any{"dir": f.dir, "faults": []any{x.Verb + " " + x.Kind + ": hang half-way"}}, func() {}, nil
}
