package enginetest

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Action is what a plan will do.
type Action string

// The actions. Whether a Replace creates or destroys first is the plan's
// [CreateBeforeDestroy].
const (
	NoOp    Action = "no-op"
	Create  Action = "create"
	Update  Action = "update"
	Replace Action = "replace"
	Delete  Action = "delete"
)

// Plan is the outcome of [Resource.Plan]. It is complete only without errors.
type Plan struct {
	Diags  Diagnostics
	Action Action
	// Prior is the object as the refresh found it, null where there is none.
	Prior tftypes.Value
	// Proposed is the mix of Prior and the configuration that the provider was
	// given; for a replacement, that of its second half.
	Proposed tftypes.Value
	// Planned is the object to come: null for Delete.
	Planned tftypes.Value
	// RequiresReplace are the paths that force a replacement, without those
	// whose values do not differ.
	RequiresReplace []string
	Private         []byte // planned
	PriorIdentity   tftypes.Value
	Identity        tftypes.Value // planned; the zero value where there is none
	// Drift says that the refresh found something else than the state had.
	Drift bool

	config  tftypes.Value
	current *State // as refreshed
	opts    planOptions
	ok      bool
}

// At is the plain form of one part of the planned object; see the function [At].
func (p *Plan) At(steps ...any) any { return At(p.Planned, steps...) }

// OK says that the plan can be applied.
func (p *Plan) OK() bool { return p.ok }

type planOptions struct {
	skipRefresh, forceReplace, createFirst bool
}

// PlanOption changes how one plan is made.
type PlanOption func(*planOptions)

// SkipRefresh plans against the state as it is (-refresh=false).
func SkipRefresh() PlanOption { return func(o *planOptions) { o.skipRefresh = true } }

// ForceReplace replaces an object that could be updated or kept (-replace).
func ForceReplace() PlanOption { return func(o *planOptions) { o.forceReplace = true } }

// CreateBeforeDestroy is the lifecycle setting of that name.
func CreateBeforeDestroy() PlanOption { return func(o *planOptions) { o.createFirst = true } }

// Plan does what the command plan does for one resource. The state stays as it
// is: what the refresh found is saved by Apply.
func (r *Resource) Plan(config Config, opts ...PlanOption) (*Plan, error) {
	o := r.begin("plan")
	p := r.newPlan(opts)
	if o.failed() {
		return p, o.err()
	}
	var err error
	if p.config, err = r.schema.body.config(config); err != nil {
		o.fail(err)
		return p, o.err()
	}
	if o.validate(r.core.server, r.schema, o.encode(r.schema.body.typ, p.config)) && o.refresh(r, p) {
		o.plan(r.schema, p, nil)
	}
	return o.finish(p)
}

// PlanDestroy does what plan -destroy does: refresh, then plan the object's end.
// Without an object it is a NoOp.
func (r *Resource) PlanDestroy(opts ...PlanOption) (*Plan, error) {
	o := r.begin("plan")
	p := r.newPlan(opts)
	if o.failed() || !o.refresh(r, p) {
		return o.finish(p)
	}
	p.Action, p.Planned, p.config, p.Proposed = NoOp, r.schema.null(), r.schema.null(), r.schema.null()
	if p.current != nil {
		p.Prior, p.PriorIdentity, p.Action = p.current.Value, p.current.Identity, Delete
		o.planDestroy(r.schema, p)
	}
	return o.finish(p)
}

func (r *Resource) newPlan(opts []PlanOption) *Plan {
	p := &Plan{Action: NoOp}
	for _, o := range opts {
		o(&p.opts)
	}
	if r.schema != nil {
		p.Prior, p.Planned = r.schema.null(), r.schema.null()
	}
	return p
}

func (o *op) finish(p *Plan) (*Plan, error) {
	p.Diags, p.ok = o.diags, !o.failed()
	return p, o.err()
}

// refresh upgrades and reads the object that the plan starts from.
func (o *op) refresh(r *Resource, p *Plan) bool {
	before := o.upgradeCurrent(r)
	p.current = before
	if !p.opts.skipRefresh {
		p.current = o.read(r.schema, before, false)
		p.Drift = before != nil && (p.current == nil || !equal(before.Value, p.current.Value))
	}
	return !o.failed()
}

// plan plans from p.current and p.config. first is the plan being applied, nil
// when this is that plan.
func (o *op) plan(rt *resourceType, p, first *Plan) {
	p.Prior = rt.null()
	from := State{Value: p.Prior}
	if p.current != nil {
		p.Prior = p.current.Value
		if !p.current.Tainted { // a tainted object is planned as if it were not there
			from = *p.current
		}
	}
	p.PriorIdentity = from.Identity
	paths, ok := o.planOnce(rt, p, from)
	if !ok {
		return
	}
	o.decide(rt, p, from, paths)
	if o.failed() {
		return
	}
	if p.Action == Replace {
		// The object of the replacement starts from nothing. What the provider
		// says now it has said already, unless it is a refusal.
		said := o.diags
		again := State{Value: rt.null(), Private: p.Private, Identity: p.Identity}
		if _, ok := o.planOnce(rt, p, again); ok {
			o.diags = said
		}
	}
	tainted := p.current != nil && p.current.Tainted
	if p.Action == Create && (tainted || first != nil && first.Action == Replace) {
		p.Action = Replace
	}
	if first != nil && first.Action == Replace {
		p.Prior = first.Prior
	}
}

// planOnce makes one plan request and checks the answer against the configuration.
func (o *op) planOnce(rt *resourceType, p *Plan, from State) ([]*tftypes.AttributePath, bool) {
	p.Proposed = rt.body.propose(from.Value, p.config)
	resp, ok := call(o, "plan", o.core.server.PlanResourceChange, &tfprotov6.PlanResourceChangeRequest{
		TypeName: rt.name, PriorState: o.encode(rt.body.typ, from.Value), ProposedNewState: o.encode(rt.body.typ, p.Proposed),
		Config: o.encode(rt.body.typ, p.config), PriorPrivate: from.Private,
		ClientCapabilities: &tfprotov6.PlanResourceChangeClientCapabilities{}, PriorIdentity: o.encodeIdentity(rt, from.Identity),
	})
	if !ok {
		return nil, false
	}
	if !o.planAnswer(rt, resp) {
		return nil, false
	}
	if p.Planned, ok = o.decode(rt.body.typ, rt.body.hasSets, resp.PlannedState); !ok {
		return nil, false
	}
	o.check(RuleWriteOnly, func(f *findings) { f.writeOnly(rt.body, p.Planned, nil) })
	if !o.failed() {
		o.check(RuleInvalidPlan, func(f *findings) { f.plan(rt.body, from.Value, p.config, p.Planned, nil) })
	}
	p.Private = resp.PlannedPrivate
	p.Identity = o.decodeIdentity(rt, resp.PlannedIdentity, true)
	return resp.RequiresReplace, !o.failed()
}

func (o *op) planAnswer(rt *resourceType, resp *tfprotov6.PlanResourceChangeResponse) bool {
	o.take(resp.Diagnostics)
	o.deferral(resp.Deferred)
	if resp.UnsafeToUseLegacyTypeSystem { //nolint:staticcheck // deprecated for providers; here it is caught
		o.violate(RuleLegacy, nil, "asked for in a plan of %s", rt.name)
	}
	return !o.failed()
}

// decide derives the action from the planned object and the paths that the
// provider says require a replacement.
func (o *op) decide(rt *resourceType, p *Plan, from State, paths []*tftypes.AttributePath) {
	if from.Value.IsNull() {
		p.Action = Create
		return
	}
	for _, at := range paths {
		if o.differs(rt, from.Value, p.Planned, at) {
			p.RequiresReplace = append(p.RequiresReplace, attributePath(at).String())
		}
	}
	switch {
	case p.opts.forceReplace || len(p.RequiresReplace) > 0:
		p.Action = Replace
	case equal(p.Planned, from.Value):
		p.Action = NoOp
	default:
		p.Action = Update
	}
	if p.Action == Replace || p.Identity.IsNull() {
		return
	}
	if !p.Identity.IsFullyKnown() {
		o.violate(RuleIdentity, nil, "planned unknown for an object that exists: %s", show(p.Identity))
	}
	o.sameIdentity(from.Identity, p.Identity)
}

// differs says whether a path that requires a replacement has changed. A
// write-only attribute cannot be compared, so it always has.
func (o *op) differs(rt *resourceType, prior, planned tftypes.Value, at *tftypes.AttributePath) bool {
	was, there := lookup(prior, at)
	will, planned2 := lookup(planned, at)
	switch {
	case !there && !planned2:
		o.violate(RuleReplacePath, attributePath(at), "neither in the prior state nor in the plan")
		return false
	case rt.body.isWriteOnly(at.Steps()):
		return true
	case !there:
		return !will.IsNull()
	case !planned2:
		return !was.IsNull()
	}
	return !will.IsKnown() || !will.IsFullyKnown() || !equal(was, will)
}

// isWriteOnly says whether a path names a write-only attribute.
func (b *body) isWriteOnly(steps []tftypes.AttributePathStep) bool {
	if !b.hasWriteOnly || len(steps) == 0 {
		return false
	}
	name, ok := steps[0].(tftypes.AttributeName)
	if !ok {
		return b.isWriteOnly(steps[1:]) // an element of a collection
	}
	for _, a := range b.attrs {
		if a.name == string(name) {
			return len(steps) == 1 && a.writeOnly || a.nested != nil && a.nested.body.isWriteOnly(steps[1:])
		}
	}
	for _, c := range b.blocks {
		if c.name == string(name) {
			return c.body.isWriteOnly(steps[1:])
		}
	}
	return false
}

// planDestroy asks the provider for the end of p.current.
func (o *op) planDestroy(rt *resourceType, p *Plan) {
	null := o.encode(rt.body.typ, rt.null())
	resp, ok := call(o, "plan destroy", o.core.server.PlanResourceChange, &tfprotov6.PlanResourceChangeRequest{
		TypeName: rt.name, PriorState: o.encode(rt.body.typ, p.current.Value), ProposedNewState: null, Config: null,
		PriorPrivate: p.current.Private, ClientCapabilities: &tfprotov6.PlanResourceChangeClientCapabilities{},
		PriorIdentity: o.encodeIdentity(rt, p.current.Identity),
	})
	if !ok {
		return
	}
	if !o.planAnswer(rt, resp) {
		return
	}
	p.Private = resp.PlannedPrivate
	p.Identity = o.decodeIdentity(rt, resp.PlannedIdentity, false)
	if v, ok := o.decode(rt.body.typ, false, resp.PlannedState); ok && !v.IsNull() {
		o.violate(RuleDestroyPlan, nil, "planned %s", show(v))
	}
}

// final checks that the plan made during apply only refines the one applied.
func (o *op) final(rt *resourceType, first, second *Plan) {
	if first.Action != second.Action && (first.Action != Update || second.Action != NoOp) {
		o.violate(RuleFinalPlan, nil, "the action changed from %s to %s", first.Action, second.Action)
	}
	o.check(RuleFinalPlan, func(f *findings) { f.complete(rt.body, first.Planned, second.Planned, nil) })
}

// refinedConfig converts the configuration at apply time, which must be the
// planned one with its unknown parts filled in.
func (p *Plan) refinedConfig(rt *resourceType, config Config) (tftypes.Value, error) {
	v, err := rt.body.config(config)
	if err != nil {
		return v, err
	}
	if !v.IsFullyKnown() {
		return v, &ConfigError{"", "has unknown values during apply"}
	}
	var f findings
	if f.complete(rt.body, p.config, v, nil); len(f.list) > 0 {
		return v, &ConfigError{f.list[0].at.String(), fmt.Sprintf("does not fill in the planned one: %s", f.list[0].detail)}
	}
	return v, nil
}
