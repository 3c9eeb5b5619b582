package engine

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// writer writes configurations that the platform takes.
type writer struct {
	rng *rand.Rand
	// keep is the chance in percent that what is written already stays as it is.
	keep int
}

func (w writer) chance(percent int) bool { return w.rng.IntN(100) < percent }

// write draws the configuration of an object: what is in cfg stays or is changed. state is what it may not shrink below.
func (w writer) write(kids []*propSpec, cfg, state map[string]any) map[string]any {
	out := map[string]any{}
	for _, k := range kids {
		old, had := cfg[k.name]
		switch {
		case k.class == 'c' || k.class == 0 && k.name != "tags" || k.name == "name":
			continue
		case had && w.chance(w.keep) && !k.keyed && (k.leaf() || k.class == 'b'):
			out[k.name] = old
			continue
		case cfg != nil && !had && w.chance(w.keep):
			continue
		}
		if v, ok := w.one(k, old, state[k.name]); ok {
			out[k.name] = v
		}
	}
	if out["secret"] != nil && out["secret_version"] == nil {
		delete(out, "secret")
	}
	return out
}

// one draws the value of one attribute; false leaves it out.
func (w writer) one(k *propSpec, old, state any) (any, bool) {
	switch {
	case k.class != 'r' && w.chance(35):
		return nil, false
	case k.name == "power" && k.special:
		return []any{platform.PowerOn, platform.PowerOff}[w.rng.IntN(2)], true
	case k.name == "tags" && k.special:
		return propPool(k.typ)[w.rng.IntN(4)], true
	case k.binding:
		return []any{"m1", "m2"}[w.rng.IntN(2)], true
	case k.local && k.name == "allow":
		return !w.chance(20), true
	case k.keyed:
		return w.elements(k, asMap(old), asMap(state)), true
	case !k.leaf():
		return w.write(k.kids, asMap(old), asMap(state)), true
	}
	legal := k.legal(canon(k, state))
	if len(legal) == 0 {
		return nil, false
	}
	return legal[w.rng.IntN(len(legal))], true
}

func (w writer) elements(k *propSpec, cfg, state map[string]any) map[string]any {
	out := map[string]any{}
	for key, old := range sorted(cfg) {
		if w.chance(80) {
			out[key] = w.write(k.kids, asMap(old), asMap(state[key]))
		}
	}
	for _, key := range []string{"a", "b2", "b10"} {
		if out[key] == nil && cfg[key] == nil && w.chance(30) {
			out[key] = w.write(k.kids, nil, nil)
		}
	}
	return out
}

// sorted walks a map in a fixed order, so that a seed means one case.
func sorted(m map[string]any) func(yield func(string, any) bool) {
	return func(yield func(string, any) bool) {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if !yield(key, m[key]) {
				return
			}
		}
	}
}

// hide makes parts of a configuration unknown.
func (w writer) hide(kids []*propSpec, cfg map[string]any) map[string]any {
	out := maps.Clone(cfg)
	for _, k := range kids {
		v, ok := cfg[k.name]
		switch {
		case !ok || v == nil:
		case k.class != 'b' && w.chance(15):
			out[k.name] = enginetest.Unknown
		case k.keyed:
			elems := map[string]any{}
			for key, e := range sorted(asMap(v)) {
				// The framework takes an unknown element for one that lacks its required attributes.
				whole := !slices.ContainsFunc(k.kids, func(c *propSpec) bool { return c.class == 'r' })
				if elems[key] = any(enginetest.Unknown); !whole || !w.chance(10) {
					elems[key] = w.hide(k.kids, asMap(e))
				}
			}
			out[k.name] = elems
		case !k.leaf():
			out[k.name] = w.hide(k.kids, asMap(v))
		default:
			out[k.name] = w.hideInside(v)
		}
	}
	return out
}

// hideInside hides elements of a plain collection.
func (w writer) hideInside(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, e := range sorted(v) {
			if out[key] = e; w.chance(20) {
				out[key] = enginetest.Unknown
			}
		}
		return out
	case []any:
		out := slices.Clone(v)
		for i := range out {
			if w.chance(20) {
				out[i] = enginetest.Unknown
			}
		}
		return out
	}
	return v
}

// generated is the configuration that Terraform writes for an imported object: everything that may be configured, as
// the state has it.
func generated(kids []*propSpec, state map[string]any) map[string]any {
	out := map[string]any{}
	for _, k := range kids {
		v := state[k.name]
		switch {
		case v == nil || k.class == 'c' || k.class == 'w' || k.class == 0 && k.name != "tags":
		case k.keyed:
			elems := map[string]any{}
			for key, e := range asMap(v) {
				elems[key] = generated(k.kids, asMap(e))
			}
			out[k.name] = elems
		case !k.leaf():
			out[k.name] = generated(k.kids, asMap(v))
		default:
			out[k.name] = v
		}
	}
	return out
}

// renamed gives the elements of all keyed maps other keys, which keep their order.
func renamed(kids []*propSpec, cfg map[string]any, to string) map[string]any {
	out := maps.Clone(cfg)
	for _, k := range kids {
		if v, ok := cfg[k.name]; ok && k.keyed {
			elems := map[string]any{}
			for key, e := range asMap(v) {
				elems[to+key] = e
			}
			out[k.name] = elems
		}
	}
	return out
}

// spoiled puts one value into a configuration that the platform refuses; where it did is "" when there is none.
func (w writer) spoiled(kids []*propSpec, cfg map[string]any) (map[string]any, string) {
	var at []*propSpec
	for _, k := range kids {
		if k.leaf() && !k.special && !k.local && strings.IndexByte("rok", k.class) >= 0 && len(k.refused()) > 0 {
			at = append(at, k)
		}
	}
	if len(at) == 0 {
		return cfg, ""
	}
	k := at[w.rng.IntN(len(at))]
	out, bad := maps.Clone(cfg), k.refused()
	out[k.name] = bad[w.rng.IntN(len(bad))]
	return out, k.name
}

// refused lists the values that the traits never let pass.
func (s *propSpec) refused() []any {
	var list []any
	legal := s.legal(nil)
	for _, v := range s.pool {
		if canon(s, v) != nil && !slices.ContainsFunc(legal, func(l any) bool { return same(s, l, v) }) {
			list = append(list, v)
		}
	}
	return list
}
