package enginetest

import (
	"fmt"
	"math/big"
	"reflect"
	"strconv"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Config is what a user writes in one block, as plain Go values: strings,
// booleans, any integer or float, nil, [Unknown], maps with string keys, slices,
// and [tftypes.Value] as taken from another object. It is converted to the
// schema's types as core does, "5" for 5 included.
//
// What is absent is null; a repeated block that is absent is empty. An attribute
// that the schema does not have is an error everywhere, though core silently
// drops it inside a nested attribute: in a test it is a slip.
type Config = map[string]any

type marker uint8

// Unknown stands in a [Config] for a value that is known only during apply, and
// in the result of [Plain] for an unknown value.
const Unknown marker = 1

// GoString makes the marker readable in messages.
func (marker) GoString() string { return "(known after apply)" }

// config converts what the user wrote in a block of this schema.
func (b *body) config(in Config) (tftypes.Value, error) {
	return b.convert(reflect.ValueOf(in), nil)
}

func (b *body) convert(in reflect.Value, at *path) (tftypes.Value, error) {
	m, err := stringMap(in, at)
	if err != nil {
		return tftypes.Value{}, err
	}
	for k := range m {
		if b.typ.AttributeTypes[k] == nil {
			return tftypes.Value{}, &ConfigError{at.attr(k).String(), "no such attribute or block"}
		}
	}
	out := make(map[string]tftypes.Value, len(b.typ.AttributeTypes))
	for _, a := range b.attrs {
		v, there := m[a.name]
		if a.required && !there {
			return tftypes.Value{}, &ConfigError{at.attr(a.name).String(), "required, but missing"}
		}
		if out[a.name], err = a.convert(v, at.attr(a.name)); err != nil {
			return tftypes.Value{}, err
		}
	}
	for _, c := range b.blocks {
		if out[c.name], err = c.convertBlocks(m[c.name], at.attr(c.name)); err != nil {
			return tftypes.Value{}, err
		}
	}
	return tftypes.NewValue(b.typ, out), nil
}

func (a *attribute) convert(in reflect.Value, at *path) (tftypes.Value, error) {
	if v, done, err := convertSpecial(in, a.typ, at); done || a.nested == nil {
		if done {
			return v, err
		}
		return convert(in, a.typ, at)
	}
	return a.nested.convert(in, at)
}

// convertBlocks is convert for blocks, which are never null except single ones.
func (c *collection) convertBlocks(in reflect.Value, at *path) (tftypes.Value, error) {
	v, done, err := convertSpecial(in, c.typ, at)
	if err != nil || done && !v.IsNull() {
		return v, err
	}
	switch {
	case !done:
		v, err = c.convert(in, at)
	case c.mode == group:
		v, err = c.body.convert(reflect.ValueOf(Config{}), at)
	case c.mode == mapping:
		v = tftypes.NewValue(c.typ, map[string]tftypes.Value{})
	case c.mode != single:
		v = tftypes.NewValue(c.typ, []tftypes.Value{})
	}
	if err == nil {
		err = c.checkCount(v, at)
	}
	return v, err
}

func (c *collection) checkCount(v tftypes.Value, at *path) error {
	n := int64(size(v))
	if c.mode == single && !v.IsNull() || c.mode == group {
		n = 1
	}
	if n < c.min || c.max > 0 && n > c.max {
		return &ConfigError{at.String(), fmt.Sprintf("%d blocks, but at least %d and at most %d are allowed", n, c.min, c.max)}
	}
	return nil
}

func (c *collection) convert(in reflect.Value, at *path) (tftypes.Value, error) {
	one := func(in reflect.Value, at *path) (tftypes.Value, error) {
		if v, done, err := convertSpecial(in, c.body.typ, at); done {
			return v, err
		}
		return c.body.convert(in, at)
	}
	switch c.mode {
	case list, set:
		return convertSlice(in, c.typ, at, one)
	case mapping:
		return convertMap(in, c.typ, at, one)
	case single, group:
	}
	return c.body.convert(in, at)
}

// convertSpecial handles what means the same for every type: nil, unknown, and
// values that are converted already.
func convertSpecial(in reflect.Value, t tftypes.Type, at *path) (_ tftypes.Value, done bool, _ error) {
	if !in.IsValid() {
		return tftypes.NewValue(t, nil), true, nil
	}
	switch v := in.Interface().(type) {
	case marker:
		return tftypes.NewValue(t, tftypes.UnknownValue), true, nil
	case tftypes.Value:
		if v.IsNull() {
			return tftypes.NewValue(t, nil), true, nil
		}
		if !v.IsKnown() {
			return tftypes.NewValue(t, tftypes.UnknownValue), true, nil
		}
		if !v.Type().UsableAs(t) {
			return v, true, &ConfigError{at.String(), fmt.Sprintf("is %s, need %s", v.Type(), t)}
		}
		return v, true, nil
	}
	return tftypes.Value{}, false, nil
}

// convert converts to a plain type.
func convert(in reflect.Value, t tftypes.Type, at *path) (tftypes.Value, error) {
	if v, done, err := convertSpecial(in, t, at); done {
		return v, err
	}
	deep := func(t tftypes.Type) func(reflect.Value, *path) (tftypes.Value, error) {
		return func(in reflect.Value, at *path) (tftypes.Value, error) { return convert(unwrap(in), t, at) }
	}
	switch t := t.(type) {
	case tftypes.List:
		return convertSlice(in, t, at, deep(t.ElementType))
	case tftypes.Set:
		return convertSlice(in, t, at, deep(t.ElementType))
	case tftypes.Map:
		return convertMap(in, t, at, deep(t.ElementType))
	case tftypes.Object:
		return convertObject(in, t, at)
	}
	return convertPrimitive(in, t, at)
}

func convertSlice(in reflect.Value, t tftypes.Type, at *path, one func(reflect.Value, *path) (tftypes.Value, error)) (tftypes.Value, error) {
	if in.Kind() != reflect.Slice && in.Kind() != reflect.Array {
		return tftypes.Value{}, &ConfigError{at.String(), fmt.Sprintf("%s where a list or set belongs", in.Type())}
	}
	out := make([]tftypes.Value, in.Len())
	for i := range out {
		v, err := one(unwrap(in.Index(i)), at.index(i))
		if err != nil {
			return v, err
		}
		out[i] = v
	}
	v := tftypes.NewValue(t, out)
	if t.Is(tftypes.Set{}) {
		v = distinct(v)
	}
	return v, nil
}

func convertMap(in reflect.Value, t tftypes.Type, at *path, one func(reflect.Value, *path) (tftypes.Value, error)) (tftypes.Value, error) {
	m, err := stringMap(in, at)
	if err != nil {
		return tftypes.Value{}, err
	}
	out := make(map[string]tftypes.Value, len(m))
	for k, e := range m {
		if out[k], err = one(e, at.key(k)); err != nil {
			return tftypes.Value{}, err
		}
	}
	return tftypes.NewValue(t, out), nil
}

func convertObject(in reflect.Value, t tftypes.Object, at *path) (tftypes.Value, error) {
	m, err := stringMap(in, at)
	if err != nil {
		return tftypes.Value{}, err
	}
	out := make(map[string]tftypes.Value, len(m))
	for k, at1 := range t.AttributeTypes {
		e, ok := m[k]
		if _, optional := t.OptionalAttributes[k]; !ok && !optional {
			return tftypes.Value{}, &ConfigError{at.attr(k).String(), "required, but missing"}
		}
		if out[k], err = convert(e, at1, at.attr(k)); err != nil {
			return tftypes.Value{}, err
		}
	}
	return tftypes.NewValue(t, out), nil
}

func convertPrimitive(in reflect.Value, t tftypes.Type, at *path) (tftypes.Value, error) {
	text, err := primitiveText(in)
	if err != nil {
		return tftypes.Value{}, &ConfigError{at.String(), err.Error()}
	}
	switch {
	case t.Is(tftypes.String):
		return tftypes.NewValue(t, text), nil
	case t.Is(tftypes.Bool) && (text == "true" || text == "false"):
		return tftypes.NewValue(t, text == "true"), nil
	case t.Is(tftypes.Number) && in.Kind() != reflect.Bool:
		if n, _, err := big.ParseFloat(text, 10, 512, big.ToNearestEven); err == nil {
			return tftypes.NewValue(t, n), nil
		}
	}
	return tftypes.Value{}, &ConfigError{at.String(), fmt.Sprintf("cannot use %v as %s", in, t)}
}

// primitiveText is the text that core converts a primitive value to.
func primitiveText(in reflect.Value) (string, error) {
	switch {
	case in.Kind() == reflect.String:
		return in.String(), nil
	case in.Kind() == reflect.Bool:
		return strconv.FormatBool(in.Bool()), nil
	case in.CanInt():
		return strconv.FormatInt(in.Int(), 10), nil
	case in.CanUint():
		return strconv.FormatUint(in.Uint(), 10), nil
	case in.CanFloat():
		return strconv.FormatFloat(in.Float(), 'f', -1, 64), nil
	}
	return "", fmt.Errorf("cannot use a %s", in.Type())
}

// stringMap reads any map with string keys.
func stringMap(in reflect.Value, at *path) (map[string]reflect.Value, error) {
	if in.Kind() != reflect.Map || in.Type().Key().Kind() != reflect.String {
		return nil, &ConfigError{at.String(), fmt.Sprintf("%s where a map or object belongs", in.Kind())}
	}
	out := make(map[string]reflect.Value, in.Len())
	for it := in.MapRange(); it.Next(); {
		out[it.Key().String()] = unwrap(it.Value())
	}
	return out, nil
}

// unwrap looks inside interfaces and pointers; nil gives the invalid value.
func unwrap(in reflect.Value) reflect.Value {
	for in.Kind() == reflect.Interface || in.Kind() == reflect.Pointer {
		in = in.Elem()
	}
	return in
}
