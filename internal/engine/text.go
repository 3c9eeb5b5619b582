package engine

import (
	"context"
	"encoding"
	"fmt"
	"reflect"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/attr/xattr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Text is the schema type of a string that P can parse: checked when the configuration is validated, and equal to every
// other spelling that parses to the same value.
type Text[T comparable, P interface {
	*T
	encoding.TextUnmarshaler
}] struct{ basetypes.StringType }

func (t Text[T, P]) parse(s string) (v T, err error) {
	err = P(&v).UnmarshalText([]byte(s))
	return v, err
}

// Same reports whether two spellings mean the same value.
func (t Text[T, P]) Same(a, b string) bool {
	x, err1 := t.parse(a)
	y, err2 := t.parse(b)
	return err1 == nil && err2 == nil && x == y
}

// Equal reports whether o is the same type.
func (t Text[T, P]) Equal(o attr.Type) bool { return reflect.TypeOf(o) == reflect.TypeOf(t) }

func (t Text[T, P]) String() string { return fmt.Sprintf("engine.Text[%T]", *new(T)) }

// ValueType gives the value's Go type.
func (t Text[T, P]) ValueType(context.Context) attr.Value { return TextValue[T, P]{} }

// ValueFromString wraps a string.
func (t Text[T, P]) ValueFromString(_ context.Context, v basetypes.StringValue) (basetypes.StringValuable, diag.Diagnostics) {
	return TextValue[T, P]{v}, nil
}

// ValueFromTerraform wraps a raw value.
func (t Text[T, P]) ValueFromTerraform(ctx context.Context, in tftypes.Value) (attr.Value, error) {
	v, err := t.StringType.ValueFromTerraform(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("text: %w", err)
	}
	s, ok := v.(basetypes.StringValue)
	if !ok {
		return nil, fmt.Errorf("text: unexpected value %T", v)
	}
	return TextValue[T, P]{s}, nil
}

// TextValue is a value of Text.
type TextValue[T comparable, P interface {
	*T
	encoding.TextUnmarshaler
}] struct{ basetypes.StringValue }

// Type gives the value's type.
func (v TextValue[T, P]) Type(context.Context) attr.Type { return Text[T, P]{} }

// Equal compares spellings.
func (v TextValue[T, P]) Equal(o attr.Value) bool {
	w, ok := o.(TextValue[T, P])
	return ok && v.StringValue.Equal(w.StringValue)
}

// StringSemanticEquals compares meanings.
func (v TextValue[T, P]) StringSemanticEquals(_ context.Context, o basetypes.StringValuable) (bool, diag.Diagnostics) {
	w, ok := o.(TextValue[T, P])
	return ok && Text[T, P]{}.Same(v.ValueString(), w.ValueString()), nil
}

// ValidateAttribute says how to write the value.
func (v TextValue[T, P]) ValidateAttribute(_ context.Context, req xattr.ValidateAttributeRequest, resp *xattr.ValidateAttributeResponse) {
	if v.IsNull() || v.IsUnknown() {
		return
	}
	if _, err := (Text[T, P]{}).parse(v.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid value", sentence(err.Error()))
	}
}
