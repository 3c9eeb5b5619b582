package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// lab is an open sandbox of a test.
type lab struct {
	t   *testing.T
	dir string
	*platform.Conn
}

// newLab opens the sandbox in dir, or in a new directory; settings come on top.
func newLab(t *testing.T, dir string, settings map[string]any) *lab {
	t.Helper()
	if dir == "" {
		dir = t.TempDir()
	}
	all := map[string]any{"dir": dir}
	maps.Copy(all, settings)
	c, err := New(nil).Open(t.Context(), platform.NewConfig(all))
	if err != nil {
		t.Fatal(err)
	}
	return &lab{t, dir, c}
}

func (l *lab) machine(want *platform.Machine) *platform.Machine {
	l.t.Helper()
	must(l.t, l.Machines.Create(l.t.Context(), want, func(string) {}))
	return want
}

func (l *lab) network(want *platform.Network) *platform.Network {
	l.t.Helper()
	must(l.t, l.Networks.Create(l.t.Context(), want, func(string) {}))
	return want
}

func (l *lab) disk(name string, size platform.Size) *platform.Disk {
	l.t.Helper()
	d := &platform.Disk{Name: name, Size: &size}
	must(l.t, l.Disks.Create(l.t.Context(), d, func(string) {}))
	return d
}

// read reads as the engine does: from the id and the bindings alone.
func (l *lab) read(m *platform.Machine) *platform.Machine {
	l.t.Helper()
	have := bare(m)
	must(l.t, l.Machines.Read(l.t.Context(), have))
	return have
}

// update changes a machine from its present state.
func (l *lab) update(m *platform.Machine, edit func(want *platform.Machine)) *platform.Machine {
	l.t.Helper()
	prior, want := l.read(m), l.read(m)
	edit(want)
	must(l.t, l.Machines.Update(l.t.Context(), prior, want))
	return want
}

func bare(m *platform.Machine) *platform.Machine {
	have := &platform.Machine{Meta: platform.Meta{ID: m.ID}}
	if m.BootDisk != nil {
		have.BootDisk = &platform.BootDisk{ID: m.BootDisk.ID}
	}
	for k, d := range m.Disks {
		if have.Disks == nil {
			have.Disks = map[string]platform.MachineDisk{}
		}
		have.Disks[k] = platform.MachineDisk{ID: d.ID}
	}
	for k, c := range m.NICs {
		if have.NICs == nil {
			have.NICs = map[string]platform.NIC{}
		}
		have.NICs[k] = platform.NIC{ID: c.ID, MAC: c.MAC}
	}
	return have
}

// edit changes an object's file as a person would.
func (l *lab) edit(kind string, id *string, change func(doc map[string]any)) {
	l.t.Helper()
	path := filepath.Join(l.dir, kind, *id+".json")
	b, err := os.ReadFile(path)
	must(l.t, err)
	var doc map[string]any
	must(l.t, json.Unmarshal(b, &doc))
	change(doc)
	b, err = json.Marshal(doc)
	must(l.t, err)
	must(l.t, os.WriteFile(path, b, 0o600))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fails checks an error's class and, unless it is "", the attribute it is tied to.
func fails(t *testing.T, err, class error, path string) {
	t.Helper()
	if !errors.Is(err, class) {
		t.Fatalf("the error is %v, want one that is %q", err, class)
	}
	var at *platform.AttrError
	if path != "" && (!errors.As(err, &at) || at.Path.String() != path) {
		t.Fatalf("the error %v is not tied to %s", err, path)
	}
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("-want +got:\n%s", d)
	}
}

func warned(t *testing.T) (context.Context, *platform.Warnings) {
	t.Helper()
	w := &platform.Warnings{}
	return platform.WithWarnings(t.Context(), w), w
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "*"))
	must(t, err)
	return list
}

// own is the sandbox behind the contract.
func own(t *testing.T, l *lab) *machines {
	t.Helper()
	m, ok := l.Machines.(*machines)
	if !ok {
		t.Fatalf("the machines are a %T", l.Machines)
	}
	return m
}

func find[T any](t *testing.T, r platform.Resource[T], ref string) (string, error) {
	t.Helper()
	f, ok := r.(platform.Finder[T])
	if !ok {
		t.Fatalf("%T finds nothing", r)
	}
	return f.Find(t.Context(), ref)
}

func list[T any](ctx context.Context, r platform.Resource[T]) iter.Seq2[platform.Entry[T], error] {
	l, ok := r.(platform.Lister[T])
	if !ok {
		panic(fmt.Sprintf("%T lists nothing", r))
	}
	return l.List(ctx)
}

// elements is a list in an object's file.
func elements(doc map[string]any, name string) []any {
	list, ok := doc[name].([]any)
	if !ok {
		panic("the file has no list " + name)
	}
	return list
}
