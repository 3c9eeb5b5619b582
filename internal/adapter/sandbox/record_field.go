package sandbox

import (
	"maps"
	"reflect"
	"slices"
)

// ownFields lists the attributes that a record keeps under its attributes: all but those of every kind.
func ownFields(t reflect.Type) []field {
	return slices.DeleteFunc(fieldsOf(t), func(f field) bool {
		return f.local || f.block || f.meta || f.name == "name" || f.name == "native"
	})
}

// hides reports whether nothing but a hash of an attribute is kept.
func (c conduct[T]) hides(f field) bool {
	return f.mute || slices.Contains(c.hashed, f.name)
}

// amend gives a record's attributes what is wanted and takes back what is not any more. What neither names stays.
func amend(now, prior, want reflect.Value, hides func(field) bool) {
	for _, f := range ownFields(now.Type()) {
		n, p, w := now.FieldByIndex(f.index), prior.FieldByIndex(f.index), want.FieldByIndex(f.index)
		if hides(f) {
			w = concealed(w)
		}
		amendValue(f, n, p, w)
	}
}

func amendStruct(now, prior, want reflect.Value) {
	for _, f := range fieldsOf(now.Type()) {
		amendValue(f, now.FieldByIndex(f.index), prior.FieldByIndex(f.index), want.FieldByIndex(f.index))
	}
}

func amendValue(f field, now, prior, want reflect.Value) {
	below, isNested := nested(now.Type())
	switch {
	case isElements(now.Type()):
		if !want.IsNil() || !prior.IsNil() {
			amendElements(now, prior, want)
		}
	case isNested && !want.IsNil():
		fresh, before := reflect.New(below), reflect.Zero(below)
		if !now.IsNil() {
			fresh.Elem().Set(now.Elem())
		}
		if !prior.IsNil() {
			before = prior.Elem()
		}
		amendStruct(fresh.Elem(), before, want.Elem())
		now.Set(fresh)
	case f.keys:
		now.Set(mergeMap(now, prior, want))
	case !want.IsZero():
		now.Set(want)
	case !prior.IsZero():
		now.SetZero()
	}
}

// amendElements finds elements by their binding, so that a key may be another one now.
func amendElements(now, prior, want reflect.Value) {
	all := reflect.MakeMap(now.Type())
	for _, k := range now.MapKeys() {
		all.SetMapIndex(k, now.MapIndex(k))
	}
	take := func(k reflect.Value) reflect.Value {
		old := prior.MapIndex(k)
		at := k
		for _, key := range all.MapKeys() {
			if id := idOf(all.MapIndex(key)); old.IsValid() && id != "" && id == idOf(old) {
				at = key
			}
		}
		element := reflect.New(now.Type().Elem()).Elem()
		if found := all.MapIndex(at); found.IsValid() && old.IsValid() {
			element.Set(found)
		}
		all.SetMapIndex(at, reflect.Value{})
		return element
	}
	taken := map[string]reflect.Value{}
	for _, k := range prior.MapKeys() {
		taken[k.String()] = take(k)
	}
	for _, k := range want.MapKeys() {
		element, old := taken[k.String()], prior.MapIndex(k)
		if !old.IsValid() {
			element, old = take(k), reflect.Zero(now.Type().Elem())
		}
		amendStruct(element, old, want.MapIndex(k))
		if id := element.FieldByName("ID"); id.IsValid() && id.IsNil() {
			id.Set(reflect.ValueOf(new(newID())))
		}
		all.SetMapIndex(k, element)
	}
	now.Set(all)
}

// idOf is the binding of an element, "" where it has none.
func idOf(element reflect.Value) string {
	if !element.IsValid() {
		return ""
	}
	id, _ := reflect.TypeAssert[*string](orNil(element.FieldByName("ID")))
	return deref(id)
}

// orNil stands in for a field that a struct lacks.
func orNil(v reflect.Value) reflect.Value {
	if !v.IsValid() {
		return reflect.ValueOf((*string)(nil))
	}
	return v
}

// concealed is a value of which texts are replaced by their hash.
func concealed(v reflect.Value) reflect.Value {
	switch x := v.Interface().(type) {
	case *string:
		if x != nil {
			return reflect.ValueOf(new(fingerprint(*x)))
		}
	case map[string]string:
		hashed := maps.Clone(x)
		for k := range hashed {
			hashed[k] = fingerprint(hashed[k])
		}
		return reflect.ValueOf(hashed)
	}
	return v
}

// bound picks the elements that have binds, under its keys; after an import it is all of them. What has no binding is
// always there.
func bound(have, all reflect.Value, importing bool) reflect.Value {
	if _, ok := have.Type().Elem().FieldByName("ID"); !ok || importing {
		return all
	}
	keys := map[string]reflect.Value{}
	for _, k := range have.MapKeys() {
		keys[idOf(have.MapIndex(k))] = k
	}
	out := reflect.Zero(have.Type())
	for _, k := range all.MapKeys() {
		key, ok := keys[idOf(all.MapIndex(k))]
		if !ok {
			continue
		}
		if out.IsNil() {
			out = reflect.MakeMap(have.Type())
		}
		out.SetMapIndex(key, all.MapIndex(k))
	}
	return out
}

// common is those of the elements whose keys the other map has, too.
func common(all, other reflect.Value) reflect.Value {
	out := reflect.MakeMap(all.Type())
	for _, k := range other.MapKeys() {
		if e := all.MapIndex(k); e.IsValid() {
			out.SetMapIndex(k, e)
		}
	}
	return out
}
