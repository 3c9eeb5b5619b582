package engine

import (
	"maps"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// given reports whether a value is known and not null.
func given(v tftypes.Value) bool { return v.Type() != nil && v.IsKnown() && !v.IsNull() }

// absent reports whether there is no value: null, or outside of what was looked into.
func absent(v tftypes.Value) bool { return v.Type() == nil || v.IsNull() }

// object opens an object or a map, to be read only; nil when it is null or unknown.
func object(v tftypes.Value) map[string]tftypes.Value {
	var m map[string]tftypes.Value
	if given(v) {
		_ = v.As(&m) // the caller knows the type
	}
	return m
}

// text reads a string; "" when it is null or unknown.
func text(v tftypes.Value) string {
	var s string
	if given(v) {
		_ = v.As(&s)
	}
	return s
}

// get steps into an object or a map; the zero Value when there is nothing.
func get(v tftypes.Value, key string) tftypes.Value { return object(v)[key] }

// lookup returns the value at p and whether it is known; nothing there is known to be nothing.
func lookup(v tftypes.Value, p platform.Path) (tftypes.Value, bool) {
	for _, key := range p {
		if v.Type() != nil && !v.IsKnown() {
			return v, false
		}
		v = get(v, key)
	}
	return v, v.Type() == nil || v.IsFullyKnown()
}

// with returns an object with one attribute exchanged.
func with(v tftypes.Value, name string, attr tftypes.Value) tftypes.Value {
	m := maps.Clone(object(v))
	m[name] = attr
	return tftypes.NewValue(v.Type(), m)
}

// written is what the configuration says of a child: inside of something unknown that is unknown too, not left out.
func (n *node) written(config tftypes.Value, key string) tftypes.Value {
	if config.Type() != nil && !config.IsKnown() {
		return n.step(key).unknown()
	}
	return get(config, key)
}

// each rebuilds an object or a map by calling f on every child. A null or unknown value stays as it is.
func (n *node) each(v tftypes.Value, f func(c *node, key string, v tftypes.Value) tftypes.Value) tftypes.Value {
	if !given(v) || n.leaf() {
		return v
	}
	m := object(v)
	out := make(map[string]tftypes.Value, len(m))
	for key, e := range m {
		out[key] = f(n.step(key), key, e)
	}
	return tftypes.NewValue(n.typ, out)
}

// equal compares two values as the user would: absent, "" and empty collections are nothing, spellings of the same
// value are the same.
func (n *node) equal(a, b tftypes.Value) bool {
	if absent(a) || absent(b) {
		return (absent(a) || blank(a)) && (absent(b) || blank(b))
	}
	if !a.IsKnown() || !b.IsKnown() {
		return a.IsKnown() == b.IsKnown()
	}
	if n.leaf() {
		return n.sameText(a, b) || a.Equal(b)
	}
	x, y := object(a), object(b)
	for key := range x {
		if !n.step(key).equal(x[key], y[key]) || n.elem != nil && y[key].Type() == nil {
			return false
		}
	}
	for key := range y {
		if x[key].Type() == nil {
			return false
		}
	}
	return true
}

func (n *node) sameText(a, b tftypes.Value) bool {
	return n.same != nil && given(a) && given(b) && n.same(text(a), text(b))
}

// blank reports whether a value is how a user writes nothing: "", [] or {}.
func blank(v tftypes.Value) bool {
	if !given(v) {
		return false
	}
	switch {
	case v.Type().Is(tftypes.String):
		return text(v) == ""
	case v.Type().Is(tftypes.List{}):
		var l []tftypes.Value
		return v.As(&l) == nil && len(l) == 0
	case v.Type().Is(tftypes.Map{}):
		return len(object(v)) == 0
	}
	return false
}
