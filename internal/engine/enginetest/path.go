package enginetest

import (
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// path is a position in a value, built while walking down; nil is the root.
type path struct {
	up   *path
	step string // as printed: .name, ["key"], [0] or [*]
}

func (p *path) attr(name string) *path { return &path{up: p, step: "." + name} }
func (p *path) key(k string) *path     { return &path{up: p, step: "[" + strconv.Quote(k) + "]"} }
func (p *path) index(i int) *path      { return &path{up: p, step: "[" + strconv.Itoa(i) + "]"} }
func (p *path) member() *path          { return &path{up: p, step: "[*]"} }

// String renders the path as Terraform writes it, such as nics["eth0"].network_id.
// A member of a set is [*]. The root is empty.
func (p *path) String() string {
	var steps []string
	for ; p != nil; p = p.up {
		steps = append(steps, p.step)
	}
	var out strings.Builder
	for _, s := range slices.Backward(steps) {
		out.WriteString(s)
	}
	return strings.TrimPrefix(out.String(), ".")
}

// attributePath converts the wire form of a path.
func attributePath(in *tftypes.AttributePath) *path {
	var out *path
	for _, step := range in.Steps() {
		switch s := step.(type) {
		case tftypes.AttributeName:
			out = out.attr(string(s))
		case tftypes.ElementKeyString:
			out = out.key(string(s))
		case tftypes.ElementKeyInt:
			out = out.index(int(s))
		default:
			out = out.member()
		}
	}
	return out
}

// lookup follows a wire path in a value. Below something unknown everything is
// unknown; ok is false where the value has no such place. A path through a set
// leads nowhere, as in core.
func lookup(v tftypes.Value, in *tftypes.AttributePath) (_ tftypes.Value, ok bool) {
	for _, step := range in.Steps() {
		if !v.IsKnown() {
			return v, true
		}
		if v, ok = lookupStep(v, step); !ok {
			return v, false
		}
	}
	return v, true
}

func lookupStep(v tftypes.Value, step tftypes.AttributePathStep) (out tftypes.Value, ok bool) {
	switch s := step.(type) {
	case tftypes.AttributeName:
		out, ok = fields(v)[string(s)]
	case tftypes.ElementKeyString:
		out, ok = fields(v)[string(s)]
	case tftypes.ElementKeyInt:
		if v.Type().Is(tftypes.Set{}) {
			return out, false
		}
		es := elements(v)
		if ok = s >= 0 && int(s) < len(es); ok {
			out = es[s]
		}
	}
	return out, ok
}
