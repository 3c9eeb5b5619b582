package sandbox

import (
	"reflect"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// field is one attribute of a kind's struct.
type field struct {
	index []int
	name  string
	local bool // the platform never hears of it: it is the configuration's or the engine's
	block bool // the options of one platform
	meta  bool // it is of an embedded struct, which many kinds have
	keys  bool // of this map only the keys that the user gave are managed
	mute  bool // the platform never reports it: it is write-only, or derived from the configuration
}

// fieldsOf lists a struct's attributes, those of embedded structs included.
func fieldsOf(t reflect.Type) []field {
	var list []field
	for _, f := range reflect.VisibleFields(t) {
		if name, ok := f.Tag.Lookup("tfsdk"); ok && !f.Anonymous {
			says := f.Tag.Get("virt")
			list = append(list, field{
				index: f.Index, name: name, meta: len(f.Index) > 1,
				local: says == "local" || name == "tags_all", block: says == "platform", keys: says == "keys",
				mute: says == "derived" || strings.HasSuffix(name, "_wo"),
			})
		}
	}
	return list
}

// inner gives the struct below a value: itself, or what it points to.
func inner(v reflect.Value) (reflect.Value, bool) {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return v, false
		}
		v = v.Elem()
	}
	return v, v.Kind() == reflect.Struct
}

// isElements reports whether a type is a map of nested objects.
func isElements(t reflect.Type) bool {
	return t.Kind() == reflect.Map && t.Elem().Kind() == reflect.Struct
}

// mask blanks what a platform does not tell.
type mask struct{ steps []maskStep }

type maskStep struct {
	index []int
	blank bool
	below *mask // in the nested object or in each element
}

// newMask finds in a kind's traits what is unsupported or not observable.
func newMask[T any](traits platform.Traits) *mask { return maskOf(reflect.TypeFor[T](), traits, nil) }

func maskOf(t reflect.Type, traits platform.Traits, path platform.Path) *mask {
	m := &mask{}
	for _, f := range fieldsOf(t) {
		if f.local {
			continue
		}
		at := append(slices.Clip(path), f.name)
		trait, known := traits.Of(at)
		step := maskStep{index: f.index}
		step.blank = known && (trait.Unseen || trait.Class == platform.ClassUnsupported)
		if below, ok := nested(t.FieldByIndex(f.index).Type); ok && !step.blank {
			if isElements(t.FieldByIndex(f.index).Type) {
				at = append(at, "*")
			}
			step.below = maskOf(below, traits, at)
		}
		if step.blank || step.below != nil && len(step.below.steps) > 0 {
			m.steps = append(m.steps, step)
		}
	}
	return m
}

// nested gives the struct type below an attribute that holds one or a map of them.
func nested(t reflect.Type) (reflect.Type, bool) {
	if isElements(t) {
		return t.Elem(), true
	}
	if t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct {
		return t.Elem(), true
	}
	return nil, false
}

// hide blanks in the struct that have points to.
func (m *mask) hide(have any) {
	if len(m.steps) > 0 {
		m.hideIn(reflect.ValueOf(have).Elem())
	}
}

func (m *mask) hideIn(v reflect.Value) {
	for _, step := range m.steps {
		f := v.FieldByIndex(step.index)
		switch {
		case step.blank:
			f.SetZero()
		case isElements(f.Type()):
			for _, k := range f.MapKeys() {
				element := reflect.New(f.Type().Elem()).Elem()
				element.Set(f.MapIndex(k))
				step.below.hideIn(element)
				f.SetMapIndex(k, element)
			}
		default:
			if s, ok := inner(f); ok {
				step.below.hideIn(s)
			}
		}
	}
}

// fillOpen copies from got what want leaves open, at any depth. Both point to structs of the same type.
func fillOpen(want, got any) {
	fillStruct(reflect.ValueOf(want).Elem(), reflect.ValueOf(got).Elem())
}

func fillStruct(want, got reflect.Value) {
	for _, f := range fieldsOf(want.Type()) {
		if !f.local {
			fillValue(want.FieldByIndex(f.index), got.FieldByIndex(f.index))
		}
	}
}

func fillValue(want, got reflect.Value) {
	if want.IsZero() {
		want.Set(got)
		return
	}
	if isElements(want.Type()) {
		for _, k := range want.MapKeys() {
			g := got.MapIndex(k)
			if !g.IsValid() {
				continue
			}
			element := reflect.New(want.Type().Elem()).Elem()
			element.Set(want.MapIndex(k))
			fillStruct(element, g)
			want.SetMapIndex(k, element)
		}
		return
	}
	w, ok := inner(want)
	if g, both := inner(got); ok && both {
		fillStruct(w, g)
	}
}
