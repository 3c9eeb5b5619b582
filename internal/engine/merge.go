package engine

import (
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// fill is the state after an apply: what was planned, with only the unknown parts taken from the adapter.
func (n *node) fill(plan, got tftypes.Value) tftypes.Value {
	switch {
	case plan.IsFullyKnown():
		return plan
	case !plan.IsKnown() && got.Type() != nil && got.IsFullyKnown():
		return n.disown(got)
	case !plan.IsKnown():
		return n.null()
	case n.leaf(): // a plain collection with unknown elements
		return n.orNull(got)
	}
	return n.each(plan, func(c *node, key string, p tftypes.Value) tftypes.Value {
		return c.fill(p, get(got, key))
	})
}

// settle keeps, in a plan to update, what the change does not touch: computed values that nobody configured hold their
// prior value, even null, wherever the object around them existed before, and a new spelling is no change. took says
// which prior element a new key continues, by the map's path.
func (n *node) settle(plan, config, prior tftypes.Value, took map[string]map[string]string) tftypes.Value {
	switch {
	case !plan.IsKnown() && n.computed && absent(config) && prior.Type() != nil:
		return n.disown(prior)
	case !given(plan) || absent(prior):
		return plan
	case n.leaf() && n.sameText(prior, plan):
		return prior
	case n.leaf():
		return plan
	}
	continues := took[n.path.String()]
	return n.each(plan, func(c *node, key string, v tftypes.Value) tftypes.Value {
		from := key
		if n.elem != nil && continues[key] != "" {
			from = continues[key]
		}
		p := get(prior, from)
		if p.Type() == nil {
			return v // a new element: what is computed in it stays unknown
		}
		settled := c.settle(v, n.written(config, key), p, took)
		if from != key {
			return c.spelled(settled, get(config, key)) // Terraform holds a new key against the configuration to the letter
		}
		return settled
	})
}

// spelled is v with all that the configuration says in the configuration's spelling.
func (n *node) spelled(v, config tftypes.Value) tftypes.Value {
	if n.leaf() && given(config) {
		return config
	}
	return n.each(v, func(c *node, key string, e tftypes.Value) tftypes.Value { return c.spelled(e, get(config, key)) })
}

// disown takes out of a group that the configuration leaves to the platform what only the user decides: it is not
// managed, or no more.
func (n *node) disown(v tftypes.Value) tftypes.Value {
	return n.each(v, func(c *node, _ string, e tftypes.Value) tftypes.Value {
		if c.optional && !c.computed {
			return c.null()
		}
		return c.disown(e)
	})
}

// adopt puts values that a planner chose where the plan is open and nobody configured. Leaves only: a chosen object
// would pin its own computed parts to null.
func (n *node) adopt(plan, config, chosen tftypes.Value) tftypes.Value {
	if !plan.IsKnown() {
		if n.leaf() && n.computed && absent(config) && given(chosen) && !n.binding && !n.derived && !ours(n) {
			return chosen
		}
		return plan
	}
	return n.each(plan, func(c *node, key string, v tftypes.Value) tftypes.Value {
		return c.adopt(v, n.written(config, key), get(chosen, key))
	})
}

// forget makes the computed values at p unknown where the configuration does not say them.
func (n *node) forget(plan, config tftypes.Value, p platform.Path) tftypes.Value {
	if len(p) == 0 {
		if n.computed && !n.derived && absent(config) {
			return n.unknown()
		}
		return plan
	}
	return n.each(plan, func(c *node, key string, v tftypes.Value) tftypes.Value {
		if key != p[0] && p[0] != "*" {
			return v
		}
		return c.forget(v, n.written(config, key), p[1:])
	})
}

// secrets copies write-only values, which exist in the configuration alone, where their version says they are new.
func (n *node) secrets(v, config, prior tftypes.Value) tftypes.Value {
	return n.each(v, func(c *node, key string, e tftypes.Value) tftypes.Value {
		if !c.writeOnly {
			return c.secrets(e, get(config, key), get(prior, key))
		}
		old, now := get(prior, c.version), get(v, c.version)
		if !absent(prior) && old.Type() != nil && old.Equal(now) {
			return c.null()
		}
		return c.orNull(get(config, key))
	})
}
