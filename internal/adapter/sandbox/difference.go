package sandbox

import (
	"reflect"
	"slices"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// difference is one attribute that differs, or one element that is new or dropped.
type difference struct {
	path           platform.Path
	added, removed bool // of an element of a map
}

// class is what the difference costs by a kind's traits.
func (d difference) class(traits platform.Traits) platform.Class {
	trait, _ := traits.Of(d.path)
	switch {
	case trait.Elements && d.added:
		return trait.Add
	case trait.Elements && d.removed:
		return trait.Remove
	}
	return trait.Class
}

// differences lists what differs between two structs of one kind, without what is local to the configuration.
func differences(prior, want any) []difference {
	return structDifferences(nil, reflect.ValueOf(prior).Elem(), reflect.ValueOf(want).Elem(), nil)
}

func structDifferences(list []difference, a, b reflect.Value, path platform.Path) []difference {
	for _, f := range fieldsOf(a.Type()) {
		if f.local {
			continue
		}
		at := append(slices.Clip(path), f.name)
		list = valueDifferences(list, a.FieldByIndex(f.index), b.FieldByIndex(f.index), at)
	}
	return list
}

func valueDifferences(list []difference, a, b reflect.Value, path platform.Path) []difference {
	if isElements(a.Type()) {
		return elementDifferences(list, a, b, path)
	}
	if t, ok := nested(a.Type()); ok {
		x, y := reflect.Zero(t), reflect.Zero(t)
		if !a.IsNil() {
			x = a.Elem()
		}
		if !b.IsNil() {
			y = b.Elem()
		}
		return structDifferences(list, x, y, path)
	}
	if !reflect.DeepEqual(a.Interface(), b.Interface()) {
		list = append(list, difference{path: path})
	}
	return list
}

func elementDifferences(list []difference, a, b reflect.Value, path platform.Path) []difference {
	at := func(k reflect.Value) platform.Path { return append(slices.Clip(path), k.String()) }
	for _, k := range a.MapKeys() {
		if b.MapIndex(k).IsValid() {
			list = structDifferences(list, a.MapIndex(k), b.MapIndex(k), at(k))
		} else {
			list = append(list, difference{path: at(k), removed: true})
		}
	}
	for _, k := range b.MapKeys() {
		if !a.MapIndex(k).IsValid() {
			list = append(list, difference{path: at(k), added: true})
		}
	}
	return list
}
