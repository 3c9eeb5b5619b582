package enginetest

import "github.com/hashicorp/terraform-plugin-go/tftypes"

// propose merges the prior state into a configuration: what the configuration
// leaves out and the schema lets the provider compute keeps its prior value.
// Both are of the body's type; only the configuration may have unknown parts
// (data sources pass an unknown prior, which makes the computed parts unknown).
func (b *body) propose(prior, config tftypes.Value) tftypes.Value {
	if config.IsNull() {
		return config
	}
	out := make(map[string]tftypes.Value, len(b.attrs)+len(b.blocks))
	for _, a := range b.attrs {
		out[a.name] = a.propose(child(prior, a.name, a.typ), child(config, a.name, a.typ))
	}
	for _, c := range b.blocks {
		out[c.name] = c.propose(child(prior, c.name, c.typ), child(config, c.name, c.typ))
	}
	return tftypes.NewValue(b.typ, out)
}

func (a *attribute) propose(prior, config tftypes.Value) tftypes.Value {
	switch {
	case a.computed && config.IsNull():
		if a.optional && a.nested != nil && a.nested.wasConfigured(prior) {
			return config
		}
		return prior
	case a.nested != nil:
		return a.nested.propose(prior, config)
	}
	return config
}

// wasConfigured says whether a prior value holds something that only a
// configuration can have put there.
func (c *collection) wasConfigured(prior tftypes.Value) bool {
	for _, e := range c.objects(prior) {
		for _, a := range c.body.attrs {
			v := child(e, a.name, a.typ)
			if v.IsNull() {
				continue
			}
			if !a.computed || a.nested != nil && a.nested.wasConfigured(v) {
				return true
			}
		}
	}
	return false
}

// objects gives the known, non-null objects inside a collection.
func (c *collection) objects(v tftypes.Value) []tftypes.Value {
	var out []tftypes.Value
	keep := func(e tftypes.Value) {
		if e.IsKnown() && !e.IsNull() {
			out = append(out, e)
		}
	}
	switch c.mode {
	case single, group:
		keep(v)
	case mapping:
		for _, e := range fields(v) {
			keep(e)
		}
	case list, set:
		for _, e := range elements(v) {
			keep(e)
		}
	}
	return out
}

// propose does for one nested attribute or block what body.propose does for an
// object. The configuration decides which elements there are.
func (c *collection) propose(prior, config tftypes.Value) tftypes.Value {
	if config.IsNull() || !config.IsKnown() {
		return config
	}
	switch c.mode {
	case list:
		return c.proposeList(prior, config)
	case mapping:
		return c.proposeMap(prior, config)
	case set:
		return c.proposeSet(prior, config)
	case single, group:
	}
	return c.body.propose(prior, config)
}

// proposeList pairs elements by position; one without a pair stays as configured.
func (c *collection) proposeList(prior, config tftypes.Value) tftypes.Value {
	es := elements(config)
	out := make([]tftypes.Value, len(es))
	for i, e := range es {
		p, ok := item(prior, i)
		switch {
		case ok:
			out[i] = c.body.propose(p, e)
		case !prior.IsKnown():
			out[i] = c.body.propose(c.unknownElement(), e)
		default:
			out[i] = e
		}
	}
	return tftypes.NewValue(c.typ, out)
}

func (c *collection) proposeMap(prior, config tftypes.Value) tftypes.Value {
	before := fields(prior)
	out := make(map[string]tftypes.Value, len(fields(config)))
	for k, e := range fields(config) {
		p, ok := before[k]
		switch {
		case ok:
		case !prior.IsKnown():
			p = c.unknownElement()
		default:
			p = c.nullElement()
		}
		out[k] = c.body.propose(p, e)
	}
	return tftypes.NewValue(c.typ, out)
}

// proposeSet pairs each configured member with the first unused prior one that
// could have come from it.
func (c *collection) proposeSet(prior, config tftypes.Value) tftypes.Value {
	before := elements(prior)
	used := make([]bool, len(before))
	var out []tftypes.Value
	for _, e := range elements(config) {
		p := c.nullElement()
		for i, candidate := range before {
			if !used[i] && c.body.couldComeFrom(candidate, e) {
				p, used[i] = candidate, true
				break
			}
		}
		out = append(out, c.body.propose(p, e))
	}
	return distinct(tftypes.NewValue(c.typ, out))
}

func (c *collection) nullElement() tftypes.Value { return tftypes.NewValue(c.body.typ, nil) }

func (c *collection) unknownElement() tftypes.Value {
	return tftypes.NewValue(c.body.typ, tftypes.UnknownValue)
}

// couldComeFrom says whether the prior object is the configured one with only
// computed values added.
func (b *body) couldComeFrom(prior, config tftypes.Value) bool {
	if prior.IsNull() || equal(prior, config) {
		return true
	}
	if config.IsNull() {
		return false
	}
	for _, a := range b.attrs {
		p, c := child(prior, a.name, a.typ), child(config, a.name, a.typ)
		if !equal(p, c) && !a.couldComeFrom(p, c) {
			return false
		}
	}
	for _, c := range b.blocks {
		if !c.couldComeFrom(child(prior, c.name, c.typ), child(config, c.name, c.typ)) {
			return false
		}
	}
	return true
}

func (a *attribute) couldComeFrom(prior, config tftypes.Value) bool {
	if a.nested != nil {
		return a.nested.couldComeFrom(prior, config)
	}
	return a.computed && config.IsNull() && !a.typ.Is(tftypes.Set{})
}

func (c *collection) couldComeFrom(prior, config tftypes.Value) bool {
	switch {
	case equal(prior, config):
		return true
	case c.mode == set:
		return false // members cannot be paired across two levels
	case prior.IsNull():
		return true
	case config.IsNull():
		return c.mode != single && c.mode != group && size(prior) == 0
	case c.mode == list:
		for i, p := range elements(prior) {
			if e, ok := item(config, i); !ok || !c.body.couldComeFrom(p, e) {
				return false
			}
		}
		return true
	case c.mode == mapping:
		for k, p := range fields(prior) {
			if e, ok := fields(config)[k]; !ok || !c.body.couldComeFrom(p, e) {
				return false
			}
		}
		return true
	}
	return c.body.couldComeFrom(prior, config)
}
