package engine

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// field is one attribute of a kind's struct.
type field struct {
	index                          []int
	typ                            reflect.Type
	binding, local, platform, keys bool
	derived                        bool
}

// fieldsOf maps the tfsdk names of a struct, embedded ones included, to its fields.
func fieldsOf(t reflect.Type) map[string]field {
	fields := map[string]field{}
	for _, f := range reflect.VisibleFields(t) {
		name := f.Tag.Get("tfsdk")
		if name == "" {
			continue
		}
		fields[name] = field{
			index: f.Index, typ: f.Type,
			binding:  f.Tag.Get("virt") == "binding",
			local:    f.Tag.Get("virt") == "local",
			platform: f.Tag.Get("virt") == "platform",
			keys:     f.Tag.Get("virt") == "keys",
			derived:  f.Tag.Get("virt") == "derived",
		}
	}
	return fields
}

// optional reports whether a Go type can say that there is no value.
func optional(t reflect.Type) bool {
	return t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map
}

// checkFields compares the names of a struct with those of its schema.
func checkFields(t reflect.Type, fields map[string]field, schema []string) error {
	known := map[string]bool{}
	for _, name := range schema {
		if known[name] = true; fields[name].index == nil {
			return fmt.Errorf("%s: attribute %q has no field", t, name)
		}
	}
	var extra []string
	for name := range fields {
		if !known[name] {
			extra = append(extra, name)
		}
	}
	if extra != nil {
		return fmt.Errorf("%s: not in the schema: %s", t, strings.Join(extra, ", "))
	}
	return nil
}

// fits reports whether the codec carries values of a Terraform type in a Go type.
func fits(t tftypes.Type, goes reflect.Type) bool {
	switch t := t.(type) {
	case tftypes.List:
		return goes.Kind() == reflect.Slice && fits(t.ElementType, goes.Elem())
	case tftypes.Map:
		return goes.Kind() == reflect.Map && fits(t.ElementType, goes.Elem())
	}
	switch {
	case reflect.PointerTo(goes).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()), goes.Kind() == reflect.String:
		return t.Is(tftypes.String)
	case goes.Kind() == reflect.Bool:
		return t.Is(tftypes.Bool)
	}
	return t.Is(tftypes.Number) && (goes.Kind() == reflect.Int64 || goes.Kind() == reflect.Float64)
}

// namedField is one entry of fieldList.
type namedField struct {
	name  string
	index []int
}

// fieldList is fieldsOf for the codec, which walks the same few structs for every object of every plan.
func fieldList(t reflect.Type) []namedField {
	if l, ok := fieldLists.Load(t); ok {
		return l.([]namedField) //nolint:forcetypeassert // stored below
	}
	var list []namedField
	for name, f := range fieldsOf(t) {
		list = append(list, namedField{name, f.index})
	}
	slices.SortFunc(list, func(a, b namedField) int { return strings.Compare(a.name, b.name) })
	fieldLists.Store(t, list)
	return list
}

//nolint:gochecknoglobals // a cache of what never changes: the fields of a Go type
var fieldLists sync.Map
