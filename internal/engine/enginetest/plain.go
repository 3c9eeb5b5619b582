package enginetest

import (
	"math/big"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Plain turns a value into plain Go, the reverse of a [Config]: nil, [Unknown],
// string, bool, int64 (float64 when it has a fraction or is too large), []any
// for lists, sets and tuples, map[string]any for maps and objects.
func Plain(v tftypes.Value) any {
	switch {
	case v.IsNull():
		return nil
	case !v.IsKnown():
		return Unknown
	}
	switch v.Type().(type) {
	case tftypes.Object, tftypes.Map:
		out := make(map[string]any, size(v))
		for k, e := range fields(v) {
			out[k] = Plain(e)
		}
		return out
	case tftypes.List, tftypes.Set, tftypes.Tuple:
		out := make([]any, size(v))
		for i, e := range elements(v) {
			out[i] = Plain(e)
		}
		return out
	}
	return plainPrimitive(v)
}

func plainPrimitive(v tftypes.Value) any {
	var (
		text   string
		truth  bool
		number big.Float
	)
	switch {
	case v.As(&text) == nil:
		return text
	case v.As(&truth) == nil:
		return truth
	case v.As(&number) == nil:
		if n, exact := number.Int64(); exact == big.Exact {
			return n
		}
		f, _ := number.Float64()
		return f
	}
	return nil
}

// At is the plain form of one part of a value. Steps are attribute names and map
// keys (string) and list positions (int). A place that does not exist, or lies
// inside something null, is nil; inside something unknown it is [Unknown].
func At(v tftypes.Value, steps ...any) any {
	p := tftypes.NewAttributePath()
	for _, s := range steps {
		switch s := s.(type) {
		case int:
			p = p.WithElementKeyInt(s)
		case string:
			p = p.WithElementKeyString(s)
		default:
			return nil
		}
	}
	part, ok := lookup(v, p)
	if !ok {
		return nil
	}
	return Plain(part)
}
