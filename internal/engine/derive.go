package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// ErrUnknownYet is what Derive answers of a value whose inputs are not known yet: tied to a derived attribute by
// [platform.At], alone for all of them, several by errors.Join. The plan leaves them open then, which counts as a change.
var ErrUnknownYet = errors.New("not known yet")

// checkDerived finds derived attributes that the engine could not fill.
func (n *node) checkDerived() error {
	if n.derived && (len(n.path) != 1 || !n.leaf() || !n.computed || n.optional) {
		return errors.New("only a computed attribute at the top of the kind, without others below it, can be derived")
	}
	return nil
}

// derivedOnes lists the attributes that Derive fills.
func (n *node) derivedOnes() []*node {
	var list []*node
	for _, name := range n.names {
		if c := n.attrs[name]; c.derived {
			list = append(list, c)
		}
	}
	return list
}

// derive writes into the plan what follows from the configuration and from files on this machine. Whatever was there
// before, from the prior state or left open by Terraform, does not count.
func (r *Resource[T, P]) derive(ctx context.Context, d *draft) error {
	if r.Derive == nil {
		return nil
	}
	plan := d.rules.strip(d.plan)
	for _, n := range r.root.derivedOnes() {
		plan = with(plan, n.path[0], n.null())
	}
	want, err := r.decode(plan)
	if err != nil {
		return fmt.Errorf("the values of this %s cannot be read: %w", r.Name, err)
	}
	known := func(at ...string) bool { _, known := lookup(plan, at); return known }
	what := "work out what follows from the configuration of the " + r.Name
	err = call(ctx, reading().limit(want.Base(), r.Timeouts), what, func(context.Context) error { return r.Derive(want, known) })
	later, err := r.root.undecided(err)
	if err != nil {
		return err
	}
	got, err := r.encode(want)
	if err != nil {
		return fmt.Errorf("what was derived for this %s cannot be stored: %w; this is a bug in the provider", r.Name, err)
	}
	for _, n := range r.root.derivedOnes() {
		d.plan = with(d.plan, n.path[0], n.derivation(get(got, n.path[0]), get(d.prior, n.path[0]), later))
	}
	return nil
}

// derivation is the planned value: open while it is not known, and the prior one where it only is spelled otherwise.
func (n *node) derivation(v, prior tftypes.Value, later map[*node]bool) tftypes.Value {
	switch {
	case later[n]:
		return n.unknown()
	case n.sameText(prior, v):
		return prior
	}
	return v
}

// undecided splits what Derive answered: which attributes are not known yet, and what is wrong.
func (n *node) undecided(err error) (map[*node]bool, error) {
	later := map[*node]bool{}
	var wrong []error
	for _, e := range each(err) {
		if !errors.Is(e, ErrUnknownYet) {
			wrong = append(wrong, e)
			continue
		}
		at, tied := errors.AsType[*platform.AttrError](e)
		for _, c := range n.derivedOnes() {
			if !tied || at.Path.String() == c.path.String() {
				later[c] = true
			}
		}
	}
	return later, errors.Join(wrong...)
}

// adopted is the prior state of an imported object with the derived values that no import can know: they count as what
// it was made from.
func (r *rules) adopted(prior, plan tftypes.Value, p private) tftypes.Value {
	if !p.Imported {
		return prior
	}
	for _, n := range r.root.derivedOnes() {
		if now := get(plan, n.path[0]); given(now) && given(prior) && absent(get(prior, n.path[0])) {
			prior = with(prior, n.path[0], now)
		}
	}
	return prior
}

// reopen is a plan from before it was settled, for a connection that cannot be asked yet: all that the platform decides
// may change. Terraform leaves that open by itself where the configuration changed, but knows nothing of a change in
// what is derived.
func (r *Resource[T, P]) reopen(open tftypes.Value, d *draft) tftypes.Value {
	if !d.creating {
		open = r.root.loosen(open, d.config)
	}
	for _, n := range r.root.derivedOnes() {
		open = with(open, n.path[0], get(d.plan, n.path[0]))
	}
	return open
}

// loosen makes unknown what the configuration leaves to the platform.
func (n *node) loosen(v, config tftypes.Value) tftypes.Value {
	return n.each(v, func(c *node, key string, e tftypes.Value) tftypes.Value {
		written := n.written(config, key)
		if c.computed && absent(written) {
			return c.unknown()
		}
		return c.loosen(e, written)
	})
}
