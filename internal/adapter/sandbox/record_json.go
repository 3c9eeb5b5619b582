package sandbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// told is the part of a kind's struct that a record keeps. In the file they have the names that users know; one
// that the kind does not have is an error.
type told[T any] struct{ of T }

// copied is a deep copy, which the caller may change.
func (a told[T]) copied() *T {
	b, err := a.MarshalJSON()
	var fresh told[T]
	if err == nil {
		err = fresh.UnmarshalJSON(b)
	}
	if err != nil {
		return new(T) // what was read from a file or is to be written to one can always be written
	}
	return &fresh.of
}

// MarshalJSON writes what is set.
func (a told[T]) MarshalJSON() ([]byte, error) {
	v := reflect.ValueOf(a.of)
	return json.Marshal(plain(v, ownFields(v.Type())))
}

// UnmarshalJSON reads strictly.
func (a *told[T]) UnmarshalJSON(b []byte) error {
	v := reflect.ValueOf(&a.of).Elem()
	return parseStruct(b, v, ownFields(v.Type()))
}

// plain is a struct by the names of its attributes.
func plain(v reflect.Value, fields []field) map[string]any {
	out := map[string]any{}
	for _, f := range fields {
		at := v.FieldByIndex(f.index)
		switch {
		case at.IsZero():
		case isElements(at.Type()):
			elements := map[string]any{}
			for _, k := range at.MapKeys() {
				elements[k.String()] = plain(at.MapIndex(k), fieldsOf(at.Type().Elem()))
			}
			out[f.name] = elements
		default:
			out[f.name] = at.Interface()
			if below, ok := nested(at.Type()); ok {
				out[f.name] = plain(at.Elem(), fieldsOf(below))
			}
		}
	}
	return out
}

func parseStruct(b []byte, v reflect.Value, fields []field) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
		if i < 0 {
			return fmt.Errorf("there is no attribute %q", name)
		}
		if err := parseValue(all[name], v.FieldByIndex(fields[i].index)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func parseValue(b []byte, v reflect.Value) error {
	below, ok := nested(v.Type())
	switch {
	case !ok:
		return json.Unmarshal(b, v.Addr().Interface())
	case !isElements(v.Type()):
		v.Set(reflect.New(below))
		return parseStruct(b, v.Elem(), fieldsOf(below))
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	v.Set(reflect.MakeMap(v.Type()))
	for key, raw := range all {
		element := reflect.New(below).Elem()
		if err := parseStruct(raw, element, fieldsOf(below)); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		v.SetMapIndex(reflect.ValueOf(key), element)
	}
	return nil
}
