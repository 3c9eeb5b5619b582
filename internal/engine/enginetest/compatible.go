package enginetest

import "github.com/hashicorp/terraform-plugin-go/tftypes"

// complete checks that an actual object is the planned one with only its
// unknown parts filled in. It serves for the result of an apply and, with
// unknown parts left in both, for the second plan.
func (f *findings) complete(b *body, planned, actual tftypes.Value, at *path) {
	switch {
	case planned.IsNull() && actual.IsNull():
		return
	case planned.IsNull():
		f.add(at, "was absent, is now present")
		return
	case actual.IsNull():
		f.add(at, "was present, is now absent")
		return
	}
	for _, a := range b.attrs {
		p, v := child(planned, a.name, a.typ), child(actual, a.name, a.typ)
		if !equal(p, v) {
			f.completeValue(p, v, at.attr(a.name))
		}
	}
	for _, c := range b.blocks {
		p, v := child(planned, c.name, c.typ), child(actual, c.name, c.typ)
		if !equal(p, v) {
			f.completeBlocks(c, p, v, at.attr(c.name))
		}
	}
}

func (f *findings) completeBlocks(c *collection, planned, actual tftypes.Value, at *path) {
	if c.mode == single || c.mode == group {
		if planned.IsKnown() || !actual.IsNull() {
			f.complete(c.body, planned, actual, at)
		}
		return
	}
	if !planned.IsKnown() || !actual.IsKnown() || planned.IsNull() || actual.IsNull() {
		return
	}
	n, m := size(planned), size(actual)
	if n < m || c.mode != set && n != m {
		f.add(at, "had %d blocks, has now %d", n, m)
		return
	}
	switch c.mode {
	case list:
		for i, p := range elements(planned) {
			f.complete(c.body, p, elements(actual)[i], at.index(i))
		}
	case mapping:
		for k, p := range fields(planned) {
			f.complete(c.body, p, keyOrNull(c, actual, k), at.key(k))
		}
	case set:
		f.correlate(planned, actual, at, func(g *findings, p, v tftypes.Value) { g.complete(c.body, p, v, at) })
	case single, group:
	}
}

func (f *findings) completeValue(planned, actual tftypes.Value, at *path) {
	switch {
	case !planned.IsKnown():
		if !planned.Type().Is(tftypes.DynamicPseudoType) && !planned.Type().Is(actual.Type()) {
			f.add(at, "was %s, is now %s", planned.Type(), actual.Type())
		}
		return
	case planned.IsNull() && actual.IsNull():
		return
	case planned.IsNull() || actual.IsNull() || !actual.IsKnown() || !planned.Type().Is(actual.Type()):
		f.add(at, "was %s, is now %s", show(planned), show(actual))
		return
	}
	switch planned.Type().(type) {
	case tftypes.Object:
		f.completeFields(planned, actual, at.attr)
	case tftypes.Map:
		f.completeFields(planned, actual, at.key)
	case tftypes.List, tftypes.Tuple:
		f.completeElements(elements(planned), elements(actual), at)
	case tftypes.Set:
		if n, m := size(planned), size(actual); n < m {
			f.add(at, "had %d members, has now %d", n, m)
		}
		f.correlate(planned, actual, at, func(g *findings, p, v tftypes.Value) { g.completeValue(p, v, at) })
	default:
		if !equal(planned, actual) {
			f.add(at, "was %s, is now %s", show(planned), show(actual))
		}
	}
}

func (f *findings) completeFields(planned, actual tftypes.Value, step func(string) *path) {
	ps, vs := fields(planned), fields(actual)
	for k, p := range ps {
		v, ok := vs[k]
		switch {
		case !ok:
			f.add(step(k), "has vanished")
		case !equal(p, v):
			f.completeValue(p, v, step(k))
		}
	}
	for k := range vs {
		if _, ok := ps[k]; !ok {
			f.add(step(k), "has appeared")
		}
	}
}

func (f *findings) completeElements(planned, actual []tftypes.Value, at *path) {
	for i := range max(len(planned), len(actual)) {
		switch {
		case i >= len(actual):
			f.add(at.index(i), "has vanished")
		case i >= len(planned):
			f.add(at.index(i), "has appeared")
		default:
			f.completeValue(planned[i], actual[i], at.index(i))
		}
	}
}

// correlate demands that each member of either set completes, or is completed
// by, some member of the other. Several may share one: members that were
// unknown can turn out to be equal.
func (f *findings) correlate(planned, actual tftypes.Value, at *path, check func(g *findings, p, v tftypes.Value)) {
	ps, vs := elements(planned), elements(actual)
	pok, vok := make([]bool, len(ps)), make([]bool, len(vs))
	for i, p := range ps {
		for j, v := range vs {
			if pok[i] && vok[j] {
				continue
			}
			var g findings
			if check(&g, p, v); len(g.list) == 0 {
				pok[i], vok[j] = true, true
			}
		}
	}
	before := len(f.list)
	for i, ok := range pok {
		if !ok {
			f.add(at.member(), "no member matches the planned %s", show(ps[i]))
		}
	}
	for j, ok := range vok {
		if !ok && len(f.list) == before {
			f.add(at.member(), "no planned member matches %s", show(vs[j]))
		}
	}
}

// writeOnly finds values where the schema allows none in a plan or a state.
func (f *findings) writeOnly(b *body, v tftypes.Value, at *path) {
	if !b.hasWriteOnly || v.IsNull() || !v.IsKnown() {
		return
	}
	for _, a := range b.attrs {
		av := child(v, a.name, a.typ)
		if a.writeOnly && !av.IsNull() {
			f.add(at.attr(a.name), "has a value")
		}
		if a.nested != nil {
			f.inside(a.nested, av, at.attr(a.name), f.writeOnly)
		}
	}
	for _, c := range b.blocks {
		f.inside(c, child(v, c.name, c.typ), at.attr(c.name), f.writeOnly)
	}
}

// nullBlocks finds collections of blocks that are null instead of empty.
func (f *findings) nullBlocks(b *body, v tftypes.Value, at *path) {
	if v.IsNull() || !v.IsKnown() {
		return
	}
	for _, c := range b.blocks {
		cv := child(v, c.name, c.typ)
		if c.mode != single && cv.IsNull() {
			f.add(at.attr(c.name), "a %s of blocks is null", c.mode)
		}
		f.inside(c, cv, at.attr(c.name), f.nullBlocks)
	}
}

// inside runs a check on each object of a collection.
func (f *findings) inside(c *collection, v tftypes.Value, at *path, check func(*body, tftypes.Value, *path)) {
	switch c.mode {
	case single, group:
		check(c.body, v, at)
	case mapping:
		for k, e := range fields(v) {
			check(c.body, e, at.key(k))
		}
	case list:
		for i, e := range elements(v) {
			check(c.body, e, at.index(i))
		}
	case set:
		for _, e := range elements(v) {
			check(c.body, e, at.member())
		}
	}
}
