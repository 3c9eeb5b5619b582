package enginetest

import (
	"errors"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Applied is the outcome of an apply.
type Applied struct {
	Diags Diagnostics
	// Plan is what was applied: the plan as refined during apply, or the one
	// given where there was nothing to refine or it failed.
	Plan *Plan
	// State is what the state holds now, nil for nothing.
	State *State
}

// At is the plain form of one part of the new object; see the function [At].
func (a *Applied) At(steps ...any) any { return a.State.At(steps...) }

// Apply does what the command apply does with a plan: it plans again with the
// configuration, which must have no unknown values, checks that the second plan
// refines the first, and carries it out.
func (r *Resource) Apply(p *Plan) (*Applied, error) {
	return r.apply(p, func() (tftypes.Value, error) {
		if !p.config.IsFullyKnown() {
			return p.config, &ConfigError{"", "has unknown values: use ApplyConfig"}
		}
		return p.config, nil
	})
}

// ApplyConfig is Apply with the configuration as it has become during apply: that
// of the plan with its unknown parts filled in.
func (r *Resource) ApplyConfig(p *Plan, config Config) (*Applied, error) {
	return r.apply(p, func() (tftypes.Value, error) { return p.refinedConfig(r.schema, config) })
}

// PlanApply plans and, where the provider does not refuse, applies.
func (r *Resource) PlanApply(config Config, opts ...PlanOption) (*Applied, error) {
	p, err := r.Plan(config, opts...)
	if err != nil || !p.ok {
		return &Applied{Diags: p.Diags, Plan: p, State: r.state}, err
	}
	a, err := r.Apply(p)
	a.Diags = slices.Concat(p.Diags, a.Diags)
	return a, err
}

// Destroy plans the object's end and carries it out.
func (r *Resource) Destroy() (*Applied, error) {
	p, err := r.PlanDestroy()
	if err != nil || !p.ok {
		return &Applied{Diags: p.Diags, Plan: p, State: r.state}, err
	}
	a, err := r.Apply(p)
	a.Diags = slices.Concat(p.Diags, a.Diags)
	return a, err
}

func (r *Resource) apply(p *Plan, config func() (tftypes.Value, error)) (*Applied, error) {
	o := r.begin("apply")
	out := &Applied{Plan: p, State: r.state}
	if !p.ok {
		o.fail(errors.New("the plan has errors"))
	}
	if o.failed() {
		return out, o.err()
	}
	r.state = p.current
	switch p.Action {
	case NoOp:
	case Delete:
		r.state = o.change(r.schema, r.state, change{action: Delete, before: p.Prior, after: p.Planned, private: p.Private, identity: p.Identity})
	case Create, Update, Replace:
		if v, err := config(); err != nil {
			o.fail(err)
		} else {
			out.Plan = o.carryOut(r, p, v)
		}
	}
	out.Diags, out.State = o.diags, r.state
	return out, o.err()
}

// carryOut applies a plan that leaves an object behind.
func (o *op) carryOut(r *Resource, p *Plan, config tftypes.Value) *Plan {
	prior := r.state
	if p.Action == Replace && !p.opts.createFirst {
		if r.state = o.end(r.schema, prior, p); o.failed() {
			return p
		}
	}
	if p.Action == Replace && p.opts.createFirst {
		r.state = nil // deposed for now
	}
	second := o.applyOne(r, p, config)
	if p.Action == Replace && p.opts.createFirst {
		o.endDeposed(r, prior)
	}
	return second
}

// end destroys the old object of a replacement.
func (o *op) end(rt *resourceType, s *State, p *Plan) *State {
	o.step = "destroy"
	s = o.upgrade(rt, s)
	if o.failed() {
		return s
	}
	return o.change(rt, s, change{action: Delete, before: p.Prior, after: rt.null(), private: p.Private})
}

// endDeposed destroys the old object once the new one is there. Where that
// failed, the old object is the current one again unless a part of the new one exists.
func (o *op) endDeposed(r *Resource, old *State) {
	if o.failed() {
		if r.state == nil {
			r.state = old
		} else {
			r.deposed = append(r.deposed, old)
		}
		return
	}
	p := &Plan{current: old}
	if o.planDestroy(r.schema, p); o.failed() {
		r.deposed = append(r.deposed, old)
		return
	}
	c := change{action: Delete, before: old.Value, after: r.schema.null(), private: p.Private, identity: p.Identity}
	if left := o.change(r.schema, old, c); left != nil {
		r.deposed = append(r.deposed, left)
	}
}

// applyOne plans again with what is known now and applies the result to r.state.
func (o *op) applyOne(r *Resource, first *Plan, config tftypes.Value) *Plan {
	rt := r.schema
	current := o.upgrade(rt, r.state)
	if o.failed() {
		return first
	}
	second := &Plan{Action: NoOp, config: config, current: current, opts: first.opts, Drift: first.Drift}
	if !o.validate(o.core.server, rt, o.encode(rt.body.typ, config)) {
		return first
	}
	o.plan(rt, second, first)
	if !o.failed() {
		o.final(rt, first, second)
	}
	if o.failed() {
		return first
	}
	second.ok = true
	if second.Action == NoOp {
		return second
	}
	c := change{action: second.Action, before: second.Prior, after: second.Planned, config: config, private: second.Private, identity: second.Identity}
	if c.action == Replace {
		c.action, c.before = Create, rt.null()
	}
	r.state = o.change(rt, current, c)
	return second
}

// change is one request to make something so.
type change struct {
	action                Action // Create, Update or Delete
	before, after, config tftypes.Value
	private               []byte
	identity              tftypes.Value // planned
}

// change has the provider carry out a change and gives what is to be saved: also
// after an error, since something may exist.
func (o *op) change(rt *resourceType, s *State, c change) *State {
	failedBefore := len(o.errs)
	resp, ok := call(o, "apply", o.core.server.ApplyResourceChange, &tfprotov6.ApplyResourceChangeRequest{
		TypeName: rt.name, PriorState: o.encode(rt.body.typ, c.before), PlannedState: o.encode(rt.body.typ, c.after),
		Config: o.encode(rt.body.typ, c.config), PlannedPrivate: c.private, PlannedIdentity: o.encodeIdentity(rt, c.identity),
	})
	if !ok || len(o.errs) > failedBefore {
		return s
	}
	identity := o.decodeIdentity(rt, resp.NewIdentity, false)
	o.take(resp.Diagnostics)
	if resp.UnsafeToUseLegacyTypeSystem { //nolint:staticcheck // deprecated for providers; here it is caught
		o.violate(RuleLegacy, nil, "asked for in the result of an apply")
	}
	v, ok := o.decode(rt.body.typ, rt.body.hasSets, resp.NewState)
	if !ok {
		return s
	}
	before := len(o.errs)
	if o.stateRules(rt, v); len(o.errs) > before && Breaks(o.err(), RuleWriteOnly) {
		return s
	}
	v = unknownAsNullIfAny(v)
	o.result(rt, c, v, identity)
	return o.save(s, c, &State{
		Value: v, Private: resp.Private, Identity: identity, SchemaVersion: rt.version, IdentityVersion: rt.identityVersion,
	})
}

func unknownAsNullIfAny(v tftypes.Value) tftypes.Value {
	if v.IsFullyKnown() {
		return v
	}
	return unknownAsNull(v)
}

// result holds a new object against the plan. Where something is wrong already,
// that explains the rest.
func (o *op) result(rt *resourceType, c change, v, identity tftypes.Value) {
	if o.failed() {
		return
	}
	switch {
	case c.action == Delete && !v.IsNull():
		o.violate(RuleDestroyResult, nil, "the provider returned %s", show(v))
	case c.action != Delete && v.IsNull():
		o.violate(RuleNullResult, nil, "after %s", c.action)
	case c.action != Delete:
		o.check(RuleResult, func(f *findings) { f.complete(rt.body, c.after, v, nil) })
		o.sameIdentity(c.identity, identity)
	}
}

// save decides what the state holds after a change.
func (o *op) save(s *State, c change, made *State) *State {
	switch {
	case !o.failed() && c.action == Delete:
		return nil
	case !o.failed():
		return made
	case made.Value.IsNull():
		if c.action == Create {
			return nil
		}
		return s // still what it was, as far as anyone knows
	}
	made.Tainted = c.action == Create || s != nil && s.Tainted
	return made
}
