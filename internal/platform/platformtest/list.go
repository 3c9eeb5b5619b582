package platformtest

import (
	"maps"
	"reflect"
	"slices"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// listCases are those of reading many at once.
func listCases() []test {
	return []test{
		{"list equals read", (*Bench).list},
		{"query equals import", (*Bench).query},
		{"read ahead", (*Bench).readAhead},
	}
}

func (b *Bench) list() {
	x, y := b.resource(), b.resource()
	x.Converge(b.full())
	y.Converge(b.minimal())
	b.kind.listed(b, []string{x.id(), y.id()})
}

// listEqualsRead compares what a list fills in with what a read does, from the id alone and from the bindings.
func listEqualsRead[T any, P engine.Object[T]](b *Bench, of func(*platform.Conn) platform.Reader[T], ids []string) {
	b.t.Helper()
	adapter := of(b.dial(b.t))
	lister, ok := adapter.(platform.Lister[T])
	if !ok {
		b.waive("list " + b.kind.name)
		return
	}
	missing := map[string]bool{}
	for _, id := range ids {
		missing[id] = true
	}
	for entry, err := range lister.List(b.t.Context()) {
		if err != nil {
			b.t.Fatal(err)
		}
		if !missing[entry.ID] {
			continue
		}
		delete(missing, entry.ID)
		bound := new(T)
		P(bound).Base().ID = &entry.ID
		if err := adapter.Read(platform.WithImporting(b.t.Context()), bound); err != nil {
			b.t.Fatal(err)
		}
		onlyBindings(reflect.ValueOf(bound).Elem())
		for name, from := range map[string]*T{"the id": new(T), "the bindings": bound} {
			P(from).Base().ID = &entry.ID
			filled, read := *from, *from
			if err := entry.Fill(&filled); err != nil {
				b.t.Fatal(err)
			}
			if err := adapter.Read(b.t.Context(), &read); err != nil {
				b.t.Fatal(err)
			}
			b.still(reflect.ValueOf(&read).Elem(), reflect.ValueOf(&filled).Elem())
			if d := cmp.Diff(read, filled); d != "" {
				b.t.Errorf("from %s, a list differs from a read (-read +listed):\n%s", name, d)
			}
		}
	}
	if len(missing) > 0 {
		b.t.Errorf("the list lacks %v", missing)
	}
}

// still makes the same in two structs what may change at any time, where both have it.
func (b *Bench) still(x, y reflect.Value) {
	for name, f := range fieldsOf(x.Type()) {
		if at := x.FieldByIndex(f.Index); slices.Contains(b.kind.volatile, name) && !at.IsZero() && !y.FieldByIndex(f.Index).IsZero() {
			at.Set(y.FieldByIndex(f.Index))
		}
	}
}

// onlyBindings blanks everything but the fields tagged as bindings and the keys of their maps.
func onlyBindings(v reflect.Value) {
	for _, f := range fieldsOf(v.Type()) {
		field := v.FieldByIndex(f.Index)
		switch {
		case f.Tag.Get("virt") == "binding":
		case field.Kind() == reflect.Pointer && field.Type().Elem().Kind() == reflect.Struct && !field.IsNil() && f.Tag.Get("virt") == "":
			inner := reflect.New(field.Type().Elem())
			inner.Elem().Set(field.Elem())
			onlyBindings(inner.Elem())
			field.Set(inner)
			if inner.Elem().IsZero() {
				field.SetZero()
			}
		case field.Kind() == reflect.Map && field.Type().Elem().Kind() == reflect.Struct:
			bindElements(field)
		default:
			field.SetZero()
		}
	}
}

// bindElements does so in a map, which is dropped when no element has a binding.
func bindElements(m reflect.Value) {
	bound := reflect.MakeMap(m.Type())
	found := false
	for _, key := range m.MapKeys() {
		e := reflect.New(m.Type().Elem()).Elem()
		e.Set(m.MapIndex(key))
		onlyBindings(e)
		found = found || !e.IsZero()
		bound.SetMapIndex(key, e)
	}
	m.SetZero()
	if f := m.Type().Elem(); found && f != reflect.TypeFor[platform.UnmanagedDisk]() && f != reflect.TypeFor[platform.UnmanagedNIC]() {
		m.Set(bound)
	}
}

// query demands that terraform query shows what an import would read.
func (b *Bench) query() {
	if !b.kind.lists(b.dial(b.t)) {
		b.waive("list " + b.kind.name)
		return
	}
	x := b.resource()
	x.Converge(b.full())
	listed, err := b.core.List("virt_"+b.kind.name, Config{"platform": connectionName}, enginetest.ListOptions{IncludeResource: true, Limit: 10_000})
	if err != nil || listed.Diags.HasErrors() {
		b.t.Fatalf("%v\n%s", err, listed.Diags)
	}
	for _, item := range listed.Items {
		if enginetest.At(item.Identity, "id") != x.id() {
			continue
		}
		want := b.steady(plain(b.imported(connectionName + "/" + x.id()).raw.State()))
		got, _ := enginetest.Plain(item.Resource).(map[string]any)
		if d := cmp.Diff(want, b.steady(got)); d != "" {
			b.t.Errorf("the query differs from an import (-import +query):\n%s", d)
		}
		if item.DisplayName != want["name"] {
			b.t.Errorf("it is listed as %q", item.DisplayName)
		}
		return
	}
	b.t.Errorf("the query does not show it")
}

// readAhead refreshes so many that the provider lists: nobody sees a difference.
func (b *Bench) readAhead() {
	var things []thing
	for n := range b.Driver.Ahead + 3 {
		cfg := b.minimal()
		if n%2 == 1 {
			cfg = b.full()
		}
		x := b.resource()
		x.PlanApply(cfg)
		things = append(things, x)
	}
	core := b.open(b.Config)
	for _, x := range things {
		b.undrifted(x, b.there(core, x).Refresh())
	}
	if gone := maps.Clone(plain(things[0].raw.State())); len(things) > 1 {
		last := things[len(things)-1]
		last.Destroy() // by another provider, after the list
		if got := b.elsewhere(things[0]).Refresh(); got.State == nil {
			b.t.Errorf("%v is gone with another one", gone["name"])
		}
	}
}
