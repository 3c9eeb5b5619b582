package enginetest

import (
	"math/big"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// fields gives the attributes of an object or the elements of a map; nil where
// the value is null, unknown or something else. The map is shared: read only.
func fields(v tftypes.Value) map[string]tftypes.Value {
	var m map[string]tftypes.Value
	if v.IsNull() || !v.IsKnown() || v.As(&m) != nil {
		return nil
	}
	return m
}

// elements is fields for lists, sets and tuples.
func elements(v tftypes.Value) []tftypes.Value {
	var s []tftypes.Value
	if v.IsNull() || !v.IsKnown() || v.As(&s) != nil {
		return nil
	}
	return s
}

// child is an attribute or block of an object: null in a null object, unknown
// in an unknown one.
func child(v tftypes.Value, name string, t tftypes.Type) tftypes.Value {
	if v.IsNull() {
		return tftypes.NewValue(t, nil)
	}
	if !v.IsKnown() {
		return tftypes.NewValue(t, tftypes.UnknownValue)
	}
	return fields(v)[name]
}

// item is an element of a list by position; ok is false where there is none.
func item(v tftypes.Value, i int) (tftypes.Value, bool) {
	if es := elements(v); i < len(es) {
		return es[i], true
	}
	return tftypes.Value{}, false
}

// equal compares two values of one type. Unknown equals only unknown, null
// only null; sets are compared without order.
func equal(a, b tftypes.Value) bool {
	if a.IsNull() || b.IsNull() || !a.IsKnown() || !b.IsKnown() {
		return a.IsNull() == b.IsNull() && a.IsKnown() == b.IsKnown()
	}
	switch a.Type().(type) {
	case tftypes.Object, tftypes.Map:
		return equalFields(fields(a), fields(b))
	case tftypes.List, tftypes.Tuple:
		return equalElements(elements(a), elements(b))
	case tftypes.Set:
		return equalElements(elements(a), elements(b)) || equalMembers(elements(a), elements(b))
	}
	return equalPrimitive(a, b)
}

func equalFields(a, b map[string]tftypes.Value) bool {
	if len(a) != len(b) {
		return false
	}
	for k, av := range a {
		if bv, ok := b[k]; !ok || !equal(av, bv) {
			return false
		}
	}
	return true
}

func equalElements(a, b []tftypes.Value) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

func equalMembers(a, b []tftypes.Value) bool {
	if len(a) != len(b) {
		return false
	}
	used := make([]bool, len(b))
next:
	for _, av := range a {
		for i, bv := range b {
			if !used[i] && equal(av, bv) {
				used[i] = true
				continue next
			}
		}
		return false
	}
	return true
}

func equalPrimitive(a, b tftypes.Value) bool {
	switch {
	case a.Type().Is(tftypes.String):
		var x, y string
		return a.As(&x) == nil && b.As(&y) == nil && x == y
	case a.Type().Is(tftypes.Bool):
		var x, y bool
		return a.As(&x) == nil && b.As(&y) == nil && x == y
	case a.Type().Is(tftypes.Number):
		var x, y big.Float
		return a.As(&x) == nil && b.As(&y) == nil && x.Cmp(&y) == 0
	}
	return a.Equal(b)
}

// unknowns adds the path of every unknown part of v.
func (f *findings) unknowns(v tftypes.Value, at *path) {
	if !v.IsKnown() {
		f.add(at, "is unknown")
		return
	}
	for k, e := range fields(v) {
		if v.Type().Is(tftypes.Map{}) {
			f.unknowns(e, at.key(k))
		} else {
			f.unknowns(e, at.attr(k))
		}
	}
	isSet := v.Type().Is(tftypes.Set{})
	for i, e := range elements(v) {
		if isSet {
			f.unknowns(e, at.member())
		} else {
			f.unknowns(e, at.index(i))
		}
	}
}

// rebuild maps every part of a value, leaves first.
func rebuild(v tftypes.Value, change func(tftypes.Value) tftypes.Value) tftypes.Value {
	if m := fields(v); m != nil {
		out := make(map[string]tftypes.Value, len(m))
		for k, e := range m {
			out[k] = rebuild(e, change)
		}
		return change(tftypes.NewValue(v.Type(), out))
	}
	if s := elements(v); s != nil {
		out := make([]tftypes.Value, len(s))
		for i, e := range s {
			out[i] = rebuild(e, change)
		}
		return change(tftypes.NewValue(v.Type(), out))
	}
	return change(v)
}

// unknownAsNull is how core saves an object that should have been known.
func unknownAsNull(v tftypes.Value) tftypes.Value {
	return rebuild(v, func(v tftypes.Value) tftypes.Value {
		if !v.IsKnown() {
			return tftypes.NewValue(v.Type(), nil)
		}
		return v
	})
}

// distinct drops the equal, wholly known members of every set in v, as core's
// own value type does when it receives one.
func distinct(v tftypes.Value) tftypes.Value {
	return rebuild(v, func(v tftypes.Value) tftypes.Value {
		if !v.Type().Is(tftypes.Set{}) || len(elements(v)) < 2 {
			return v
		}
		var out []tftypes.Value
		for _, e := range elements(v) {
			if !e.IsFullyKnown() || !contains(out, e) {
				out = append(out, e)
			}
		}
		return tftypes.NewValue(v.Type(), out)
	})
}

func contains(in []tftypes.Value, v tftypes.Value) bool {
	for _, e := range in {
		if equal(e, v) {
			return true
		}
	}
	return false
}
