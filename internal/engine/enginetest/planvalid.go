package enginetest

import "github.com/hashicorp/terraform-plugin-go/tftypes"

// plan checks that a planned object is a valid answer to a configuration: what
// is configured is planned as it is configured or, where the provider takes the
// two for the same, as it was before; what is not configured changes only where
// the schema says computed.
func (f *findings) plan(b *body, prior, config, planned tftypes.Value, at *path) {
	switch {
	case planned.IsNull() && config.IsNull():
		return
	case planned.IsNull():
		f.add(at, "planned absent though configured")
		return
	case config.IsNull():
		f.add(at, "planned present though not configured")
		return
	}
	f.planAttributes(b, prior, config, planned, at)
	for _, c := range b.blocks {
		f.planBlocks(c, child(prior, c.name, c.typ), child(config, c.name, c.typ), child(planned, c.name, c.typ), at.attr(c.name))
	}
}

func (f *findings) planAttributes(b *body, prior, config, planned tftypes.Value, at *path) {
	for _, a := range b.attrs {
		p, c := child(planned, a.name, a.typ), child(config, a.name, a.typ)
		if equal(p, c) {
			continue
		}
		f.planAttribute(a, child(prior, a.name, a.typ), c, p, at.attr(a.name))
	}
}

// planAttribute judges one attribute whose plan differs from its configuration.
func (f *findings) planAttribute(a *attribute, prior, config, planned tftypes.Value, at *path) {
	switch {
	case !prior.IsNull() && !config.IsNull() && equal(planned, prior):
		// The provider takes the configured value for the prior one in other words.
	case a.writeOnly:
		if !planned.IsNull() {
			f.add(at, "planned a value for a write-only attribute")
		}
	case a.computed && (!a.optional || config.IsNull()):
		// The provider's to decide.
	case config.IsNull():
		f.add(at, "planned %s, but it is not configured and not computed", show(planned))
	case a.nested != nil:
		f.planNested(a.nested, prior, config, planned, at)
	default:
		f.add(at, "planned %s, but configured %s (before: %s)", show(planned), show(config), show(prior))
	}
}

// planNested judges a nested attribute that is configured.
func (f *findings) planNested(c *collection, prior, config, planned tftypes.Value, at *path) {
	switch {
	case planned.IsNull():
		f.add(at, "planned absent though configured")
		return
	case !planned.IsKnown():
		f.add(at, "planned unknown though configured")
		return
	}
	switch c.mode {
	case single, group:
		f.planAttributes(c.body, prior, config, planned, at)
	case list:
		if f.sameLength(config, planned, at) {
			for i, p := range elements(planned) {
				f.planAttributes(c.body, itemOrNull(c, prior, i), elements(config)[i], p, at.index(i))
			}
		}
	case mapping:
		if f.sameLength(config, planned, at) && f.sameKeys(config, planned, at) {
			for k, p := range fields(planned) {
				f.planAttributes(c.body, keyOrNull(c, prior, k), fields(config)[k], p, at.key(k))
			}
		}
	case set:
		f.setLength(config, planned, at)
	}
}

// planBlocks judges a nested block.
func (f *findings) planBlocks(c *collection, prior, config, planned tftypes.Value, at *path) {
	switch {
	case c.mode != single && planned.IsNull():
		f.add(at, "planned null; a %s without blocks is empty", c.mode)
	case equal(planned, config):
	case !config.IsKnown():
		f.add(at, "planned %s for a dynamic block whose elements are unknown", show(planned))
	case !planned.IsKnown():
		f.add(at, "planned unknown; blocks cannot be computed")
	case c.mode == single || c.mode == group:
		f.plan(c.body, prior, config, planned, at)
	case c.mode == list:
		if f.sameLength(config, planned, at) {
			for i, p := range elements(planned) {
				f.planBlock(c, itemOrNull(c, prior, i), elements(config)[i], p, at.index(i))
			}
		}
	case c.mode == mapping:
		if f.sameLength(config, planned, at) && f.sameKeys(config, planned, at) {
			for k, p := range fields(planned) {
				f.planBlock(c, keyOrNull(c, prior, k), fields(config)[k], p, at.key(k))
			}
		}
	case c.mode == set:
		for _, p := range elements(planned) {
			if !p.IsKnown() {
				f.add(at.member(), "planned an unknown block; only its attributes may be unknown")
			}
		}
	}
}

func (f *findings) planBlock(c *collection, prior, config, planned tftypes.Value, at *path) {
	if !planned.IsKnown() {
		f.add(at, "planned an unknown block; only its attributes may be unknown")
		return
	}
	f.plan(c.body, prior, config, planned, at)
}

// sameLength also fails where only one of the two is known.
func (f *findings) sameLength(config, planned tftypes.Value, at *path) bool {
	c, p := size(config), size(planned)
	if config.IsKnown() && c == p {
		return true
	}
	f.add(at, "planned %d elements, but configured %s", p, show(config))
	return false
}

func (f *findings) sameKeys(config, planned tftypes.Value, at *path) bool {
	ok := true
	for k := range fields(planned) {
		if _, there := fields(config)[k]; !there {
			f.add(at.key(k), "planned, but not configured")
			ok = false
		}
	}
	return ok
}

// setLength compares the lengths of two sets as far as they are certain: members
// with unknown parts may turn out to be equal.
func (f *findings) setLength(config, planned tftypes.Value, at *path) {
	if !config.IsKnown() || size(config) > 1 && !config.IsFullyKnown() {
		return
	}
	high := size(planned)
	low := high
	if !planned.IsFullyKnown() {
		low = min(1, high)
	}
	if n := size(config); n < low || n > high {
		f.add(at, "planned %d members, but configured %d", high, n)
	}
}

func size(v tftypes.Value) int {
	return len(fields(v)) + len(elements(v))
}

func itemOrNull(c *collection, v tftypes.Value, i int) tftypes.Value {
	if e, ok := item(v, i); ok {
		return e
	}
	return c.nullElement()
}

func keyOrNull(c *collection, v tftypes.Value, k string) tftypes.Value {
	if e, ok := fields(v)[k]; ok {
		return e
	}
	return c.nullElement()
}
