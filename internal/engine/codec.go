package engine

import (
	"encoding"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"strconv"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// The codec carries values between Terraform's form and plain structs. The framework's own reflection refuses
// unknown values in plain fields; here null and unknown both become the zero value, and what is unknown is
// asked of the plan.

// decode reads v into dst.
func decode(v tftypes.Value, dst reflect.Value) error {
	if v.Type() == nil || !v.IsKnown() || v.IsNull() {
		dst.SetZero()
		return nil
	}
	if dst.Kind() == reflect.Pointer {
		dst.Set(reflect.New(dst.Type().Elem()))
		return decode(v, dst.Elem())
	}
	if u, ok := reflect.TypeAssert[encoding.TextUnmarshaler](dst.Addr()); ok {
		var s string
		if err := v.As(&s); err != nil {
			return err
		}
		return u.UnmarshalText([]byte(s))
	}
	switch dst.Kind() {
	case reflect.Struct:
		return decodeStruct(v, dst)
	case reflect.Slice:
		return decodeSlice(v, dst)
	case reflect.Map:
		return decodeMap(v, dst)
	}
	return decodeScalar(v, dst)
}

func decodeScalar(v tftypes.Value, dst reflect.Value) error {
	switch dst.Kind() {
	case reflect.String:
		var s string
		err := v.As(&s)
		dst.SetString(s)
		return err
	case reflect.Bool:
		var b bool
		err := v.As(&b)
		dst.SetBool(b)
		return err
	case reflect.Int64:
		var f big.Float
		if err := v.As(&f); err != nil {
			return err
		}
		n, exact := f.Int64()
		if exact != big.Exact {
			return fmt.Errorf("%s is not a whole number between %d and %d", f.String(), -1<<63, 1<<63-1)
		}
		dst.SetInt(n)
		return nil
	case reflect.Float64:
		var f big.Float
		err := v.As(&f)
		n, _ := f.Float64()
		dst.SetFloat(n)
		return err
	}
	return fmt.Errorf("no decoding into %s", dst.Type())
}

func decodeStruct(v tftypes.Value, dst reflect.Value) error {
	var m map[string]tftypes.Value
	if err := v.As(&m); err != nil {
		return err
	}
	for _, f := range fieldList(dst.Type()) {
		if err := decode(m[f.name], dst.FieldByIndex(f.index)); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

func decodeSlice(v tftypes.Value, dst reflect.Value) error {
	var l []tftypes.Value
	if err := v.As(&l); err != nil {
		return err
	}
	dst.Set(reflect.MakeSlice(dst.Type(), len(l), len(l)))
	for i := range l {
		if err := decode(l[i], dst.Index(i)); err != nil {
			return fmt.Errorf("%d: %w", i, err)
		}
	}
	return nil
}

func decodeMap(v tftypes.Value, dst reflect.Value) error {
	var m map[string]tftypes.Value
	if err := v.As(&m); err != nil {
		return err
	}
	dst.Set(reflect.MakeMapWithSize(dst.Type(), len(m)))
	for k, e := range m {
		elem := reflect.New(dst.Type().Elem()).Elem()
		if err := decode(e, elem); err != nil {
			return fmt.Errorf("%s: %w", k, err)
		}
		dst.SetMapIndex(reflect.ValueOf(k), elem)
	}
	return nil
}

// encode writes src as a value of type t. Nil pointers, slices and maps become null; fields that t does not have are
// left out.
func encode(t tftypes.Type, src reflect.Value) (tftypes.Value, error) {
	switch src.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		if src.IsNil() {
			return tftypes.NewValue(t, nil), nil
		}
	}
	if src.Kind() == reflect.Pointer {
		return encode(t, src.Elem())
	}
	if m, ok := reflect.TypeAssert[encoding.TextMarshaler](src); ok {
		b, err := m.MarshalText()
		return tftypes.NewValue(t, string(b)), err
	}
	switch src.Kind() {
	case reflect.Struct:
		return encodeStruct(t, src)
	case reflect.Slice:
		return encodeSlice(t, src)
	case reflect.Map:
		return encodeMap(t, src)
	case reflect.String, reflect.Bool, reflect.Int64:
		return tftypes.NewValue(t, src.Interface()), nil
	case reflect.Float64:
		return encodeFloat(t, src.Float())
	}
	return tftypes.Value{}, fmt.Errorf("no encoding of %s", src.Type())
}

// encodeFloat writes the number as a person would and Terraform reads that: 0.1 is not the binary fraction next to it.
func encodeFloat(t tftypes.Type, v float64) (tftypes.Value, error) {
	f, _, err := big.ParseFloat(strconv.FormatFloat(v, 'g', -1, 64), 10, 512, big.ToNearestEven)
	if err != nil {
		return tftypes.Value{}, err
	}
	return tftypes.NewValue(t, f), nil
}

func encodeStruct(t tftypes.Type, src reflect.Value) (tftypes.Value, error) {
	o, ok := t.(tftypes.Object)
	if !ok {
		return tftypes.Value{}, fmt.Errorf("%s is no object", t)
	}
	out := make(map[string]tftypes.Value, len(o.AttributeTypes))
	for _, f := range fieldList(src.Type()) {
		at, ok := o.AttributeTypes[f.name]
		if !ok {
			continue
		}
		v, err := encode(at, src.FieldByIndex(f.index))
		if err != nil {
			return v, fmt.Errorf("%s: %w", f.name, err)
		}
		out[f.name] = v
	}
	return tftypes.NewValue(t, out), nil
}

func encodeSlice(t tftypes.Type, src reflect.Value) (tftypes.Value, error) {
	l, ok := t.(tftypes.List)
	if !ok {
		return tftypes.Value{}, fmt.Errorf("%s is no list", t)
	}
	out := make([]tftypes.Value, src.Len())
	for i := range out {
		v, err := encode(l.ElementType, src.Index(i))
		if err != nil {
			return v, fmt.Errorf("%d: %w", i, err)
		}
		out[i] = v
	}
	return tftypes.NewValue(t, out), nil
}

func encodeMap(t tftypes.Type, src reflect.Value) (tftypes.Value, error) {
	m, ok := t.(tftypes.Map)
	if !ok {
		return tftypes.Value{}, fmt.Errorf("%s is no map", t)
	}
	out := make(map[string]tftypes.Value, src.Len())
	for it := src.MapRange(); it.Next(); {
		v, err := encode(m.ElementType, it.Value())
		if err != nil {
			return v, fmt.Errorf("%s: %w", it.Key(), err)
		}
		out[it.Key().String()] = v
	}
	return tftypes.NewValue(t, out), nil
}

// Decode reads a configuration value into a plain struct with tfsdk tags; dst is a pointer to it.
func Decode(v tftypes.Value, dst any) error {
	to := reflect.ValueOf(dst)
	if to.Kind() != reflect.Pointer {
		return errors.New("decoding needs a pointer")
	}
	return decode(v, to.Elem())
}
