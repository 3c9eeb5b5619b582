package platformtest

import (
	"reflect"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// newDataSubject is newSubject for a kind that is data only. What there is of it is there before the suite runs.
func newDataSubject[T any, P engine.Object[T]](k engine.Kind[T, P]) *subject {
	there := func(b *Bench) []named { return thereOf(b, k.Reads) }
	return &subject{
		name:     k.Name,
		attrs:    attributesOf(k.Schema, reflect.TypeFor[T]()),
		dataOnly: true,
		offered:  func(c *platform.Conn) bool { return k.Reads(c) != nil },
		cases: []test{
			{"rows", (*Bench).dataRows},
			{"list equals read", func(b *Bench) {
				var ids []string
				for _, x := range there(b) {
					ids = append(ids, x.id)
				}
				listEqualsRead[T, P](b, k.Reads, ids)
			}},
			{"found", func(b *Bench) { b.dataFound(there(b)) }},
			{"the only one", func(b *Bench) { b.dataSole(there(b)) }},
			{"nothing", (*Bench).dataNothing},
		},
	}
}

// named is one thing that the platform lists.
type named struct{ id, name string }

// thereOf lists what there is; a kind that is data only has to be listed, and there has to be something.
func thereOf[T any](b *Bench, of func(*platform.Conn) platform.Reader[T]) []named {
	b.t.Helper()
	lister, ok := of(b.dial(b.t)).(platform.Lister[T])
	if !ok {
		b.t.Fatalf("the adapter of %s cannot list: nobody could ask for the only one", b.kind.name)
	}
	var list []named
	for entry, err := range lister.List(b.t.Context()) {
		if err != nil {
			b.t.Fatal(err)
		}
		list = append(list, named{entry.ID, entry.Name})
	}
	if len(list) == 0 {
		b.t.Fatalf("the platform lists no %s: nothing can be tested", b.kind.name)
	}
	return list
}

// dataRows demands a row for every attribute, and that it is the platform's to say.
func (b *Bench) dataRows() {
	for _, a := range b.kind.attrs {
		trait, ok := b.trait(a)
		if !ok || trait.Class != platform.ClassComputed && trait.Class != platform.ClassUnsupported {
			b.t.Errorf("%s: the row is there: %t, its class is %q; of data only everything is computed or unsupported", a.path, ok, trait.Class)
		}
		if trait.Class == platform.ClassUnsupported && trait.Why == "" {
			b.t.Errorf("%s: the row does not say why", a.path)
		}
	}
}

// dataFound asks for each thing by its id and by its name: both tell the same, and what is declared has a value.
func (b *Bench) dataFound(there []named) {
	for _, x := range there {
		byID := b.data(Config{"platform": connectionName, "id": x.id})
		byName := b.data(Config{"platform": connectionName, "name": x.name})
		if d := diff(b.steady(byID), b.steady(byName)); d != "" {
			b.t.Errorf("%s %s: by name it is another one than by id (-id +name):\n%s", b.kind.name, x.name, d)
		}
		for _, a := range b.kind.attrs {
			trait, _ := b.trait(a)
			if has := !blank(value(byID, a.path)); has != (trait.Class == platform.ClassComputed) {
				b.t.Errorf("%s %s: %s has a value: %t; its class is %q", b.kind.name, x.name, a.path, has, trait.Class)
			}
		}
		if path := b.Kinds[b.kind.name].Path; path != nil {
			if got := b.data(Config{"platform": connectionName, "name": path(byID)}); got["id"] != x.id {
				b.t.Errorf("by its path %s is %v", x.name, got["id"])
			}
		}
	}
}

// dataSole asks for nothing in particular: that is the only one there is, or an error that lists them.
func (b *Bench) dataSole(there []named) {
	if len(there) == 1 {
		if got := b.data(Config{"platform": connectionName}); got["id"] != there[0].id {
			b.t.Errorf("the only one is %s, but the data source gives %v", there[0].id, got["id"])
		}
		return
	}
	text := b.dataRefused(Config{"platform": connectionName})
	for _, x := range there {
		if !strings.Contains(text, x.id) {
			b.t.Errorf("there are %d, the error does not list %s:\n%s", len(there), x.id, text)
		}
	}
}

// dataNothing asks for what does not exist, and for two things at once.
func (b *Bench) dataNothing() {
	ref := b.nothing()
	for _, by := range []string{"id", "name"} {
		if text := b.dataRefused(Config{"platform": connectionName, by: ref}); !strings.Contains(text, "has no "+b.kind.name) || !strings.Contains(text, ref) {
			b.t.Errorf("by %s: an error about nothing says %q", by, text)
		}
	}
	b.dataRefused(Config{"platform": connectionName, "id": ref, "name": ref})
}

// data reads the data source.
func (b *Bench) data(cfg Config) map[string]any {
	b.t.Helper()
	d, err := b.core.ReadData("virt_"+b.kind.name, cfg)
	if err != nil || d.Diags.HasErrors() {
		b.t.Fatalf("%v: %v\n%s", cfg, err, d.Diags)
	}
	got, _ := enginetest.Plain(d.Value).(map[string]any)
	return got
}

// dataRefused gives the error of a data source.
func (b *Bench) dataRefused(cfg Config) string {
	b.t.Helper()
	d, err := b.core.ReadData("virt_"+b.kind.name, cfg)
	if err != nil || !d.Diags.HasErrors() {
		b.t.Fatalf("%v is not refused: %v", cfg, err)
	}
	return d.Diags.Errors().String()
}
