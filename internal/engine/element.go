package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// keyed lists the maps at the top of a kind whose elements are bound to something native: disks, nics, subnets.
func (r *rules) keyed() []*node {
	var list []*node
	for _, name := range r.root.names {
		if n := r.root.attrs[name]; n.elem != nil && r.holds[n] {
			list = append(list, n)
		}
	}
	return list
}

// takeovers finds for every new key the provisional element that it continues: one that nobody declares any more and
// with which all that the configuration says agrees. Nothing is decided while the configuration is partly unknown: the
// second planning pass decides, and until then what the element computes is unknown anyway.
func (r *rules) takeovers(config, prior tftypes.Value, p private) (map[string]map[string]string, error) {
	took := map[string]map[string]string{}
	var errs []error
	for _, n := range r.keyed() {
		path := n.path.String()
		cfg, _ := lookup(config, n.path)
		had, _ := lookup(prior, n.path)
		if len(p.Provisional[path]) == 0 || !given(cfg) || !cfg.IsFullyKnown() {
			continue
		}
		pairs, err := r.pair(n, object(cfg), object(had), p.Provisional[path])
		took[path] = pairs
		errs = append(errs, err)
	}
	return took, errors.Join(errs...)
}

// pair matches new keys with provisional ones in natural order, and refuses to guess where more elements fit than keys.
func (r *rules) pair(n *node, cfg, had map[string]tftypes.Value, provisional []string) (map[string]string, error) {
	pairs, used := map[string]string{}, map[string]bool{}
	var errs []error
	for _, key := range platform.Keys(cfg) {
		if had[key].Type() != nil {
			continue
		}
		fit := r.candidates(n, cfg[key], cfg, had, provisional)
		rivals := r.rivals(n, cfg, had, fit)
		free := slices.DeleteFunc(slices.Clone(fit), func(k string) bool { return used[k] })
		if len(free) == 0 {
			continue
		}
		if len(fit) > rivals {
			errs = append(errs, platform.At(fmt.Errorf("%q could be any of the imported elements %s, which all fit: use one of these keys, or say more about it", key, strings.Join(fit, ", ")), append(slices.Clone(n.path), key)...))
			continue
		}
		pairs[key], used[free[0]] = free[0], true
	}
	return pairs, errors.Join(errs...)
}

// candidates lists the provisional elements that nobody declares and that agree with what is configured under a key.
func (r *rules) candidates(n *node, want tftypes.Value, cfg, had map[string]tftypes.Value, provisional []string) []string {
	var fit []string
	for _, key := range provisional {
		if cfg[key].Type() == nil && had[key].Type() != nil && r.agrees(n.elem, want, had[key]) {
			fit = append(fit, key)
		}
	}
	slices.SortFunc(fit, platform.CompareNatural)
	return fit
}

// rivals counts the new keys that fit the same elements.
func (r *rules) rivals(n *node, cfg, had map[string]tftypes.Value, fit []string) int {
	count := 0
	for key, want := range cfg {
		if had[key].Type() == nil && slices.ContainsFunc(fit, func(k string) bool { return r.agrees(n.elem, want, had[k]) }) {
			count++
		}
	}
	return count
}

// agrees reports whether everything configured and observable is so already.
func (r *rules) agrees(n *node, want, have tftypes.Value) bool {
	if absent(want) || r.unseen(n) {
		return true
	}
	if n.leaf() {
		return n.equal(want, have)
	}
	for key, w := range object(want) {
		if !r.agrees(n.step(key), w, get(have, key)) {
			return false
		}
	}
	return true
}

// inherit rewrites the prior state as the adapter shall see it: elements that continue under a new key carry that key,
// and provisional elements that nobody declares are not there, so that nothing undeclared ever looks dropped.
func (r *rules) inherit(prior, plan tftypes.Value, p private) tftypes.Value {
	prior = r.adopted(prior, plan, p)
	for _, n := range r.keyed() {
		had, now := get(prior, n.path[0]), get(plan, n.path[0])
		if !given(had) || now.Type() != nil && !now.IsKnown() { // any of them may yet turn out to be declared
			continue
		}
		elems := map[string]tftypes.Value{}
		for key, e := range object(had) {
			to := r.continuation(key, e, object(now))
			if to != "" {
				elems[to] = e
			} else if !p.provisional(n.path.String(), key) {
				elems[key] = e
			}
		}
		prior = with(prior, n.path[0], tftypes.NewValue(n.typ, elems))
	}
	return prior
}

// continuation is the planned key of a prior element: its own, or the one that has taken over its bindings.
func (r *rules) continuation(key string, e tftypes.Value, plan map[string]tftypes.Value) string {
	if plan[key].Type() != nil {
		return key
	}
	for to, planned := range plan {
		if id := get(planned, "id"); given(id) && id.Equal(get(e, "id")) {
			return to
		}
	}
	return ""
}
