package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// draft is a plan in the making.
type draft struct {
	config, plan, prior tftypes.Value // prior as the state has it; null for a creation
	inherited           tftypes.Value // prior as the adapter sees it
	creating            bool
	private             private
	conn                *Connection
	rules               *rules
}

// ModifyPlan runs twice: when planning, and again at apply, when all values are known. The second plan may only refine
// the first, so everything here treats an unknown value as changed and refuses nothing because of it.
func (r *Resource[T, P]) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		r.planDelete(req, resp)
		return
	}
	d := &draft{config: req.Config.Raw, plan: req.Plan.Raw, prior: req.State.Raw, creating: req.State.Raw.IsNull()}
	if !d.creating {
		var diags diag.Diagnostics
		d.private, diags = loadPrivate(ctx, req.Private)
		resp.Diagnostics.Append(diags...)
	}
	report := r.reporter("plan", d.plan)
	going, err := r.locate(ctx, d, resp)
	if err == nil && going {
		err = r.draw(ctx, d, resp)
	}
	report.add(&resp.Diagnostics, err)
	resp.Plan.Raw = d.plan
}

// locate finds the connection. It answers false when there is nothing more to plan: the platform is not known yet, or
// the object goes to another one, which Terraform plans anew as a creation.
func (r *Resource[T, P]) locate(ctx context.Context, d *draft, resp *resource.ModifyPlanResponse) (bool, error) {
	name, known, err := r.choose(d)
	if err != nil {
		return false, err
	}
	if !known {
		if !d.creating && r.hub != nil && !r.hub.Unknown {
			resp.RequiresReplace.Append(path.Root("platform"))
		} else {
			r.promiseNothing(d)
		}
		return false, nil
	}
	d.plan = with(d.plan, "platform", tftypes.NewValue(tftypes.String, name))
	if d.conn, err = r.hub.Get(name); err == nil {
		err = d.conn.offers(r.Name)
	}
	if err != nil {
		return false, err
	}
	if was := text(get(d.prior, "platform")); !d.creating && was != name {
		if moves, err := r.moves(ctx, d, name); err != nil {
			return false, err
		} else if moves {
			return false, r.leave(d, was, name, resp)
		}
	}
	d.rules, err = d.conn.rulesOf(r.Name, r.root)
	return err == nil, err
}

// choose says which connection the plan is for; false while that cannot be known.
func (r *Resource[T, P]) choose(d *draft) (string, bool, error) {
	switch v := get(d.config, "platform"); {
	case given(v):
		return text(v), r.hub != nil && !r.hub.Unknown, nil
	case !v.IsKnown():
		return "", false, nil
	}
	name, err := r.hub.pick("")
	if errors.Is(err, errNotYet) {
		return "", false, nil
	}
	return name, err == nil, err
}

// moves reports whether a new platform name leads to another endpoint. While that cannot be asked it counts as another.
func (r *Resource[T, P]) moves(ctx context.Context, d *draft, name string) (bool, error) {
	s, err := r.open(ctx, name)
	if errors.Is(err, errNotYet) {
		return true, nil
	}
	return err == nil && s.endpoint != d.private.Endpoint, err
}

// leave plans the end of the object on the platform where it was.
func (r *Resource[T, P]) leave(d *draft, was, name string, resp *resource.ModifyPlanResponse) error {
	resp.RequiresReplace.Append(path.Root("platform"))
	resp.Diagnostics.AddAttributeWarning(path.Root("platform"), fmt.Sprintf("%s %q is made anew on platform %q", r.Name, label(d.prior), name),
		fmt.Sprintf("Another platform means another %s: the one on %q is deleted and its data does not move.", r.Name, was))
	if old, err := r.hub.Get(was); err == nil {
		return old.sealed()
	}
	return nil
}

// promiseNothing plans without a platform to ask: only what the object is called stays certain.
func (r *Resource[T, P]) promiseNothing(d *draft) {
	if d.creating {
		return
	}
	d.plan = with(d.plan, "id", get(d.prior, "id"))
	if absent(get(d.config, "platform")) {
		d.plan = with(d.plan, "platform", get(d.prior, "platform"))
	}
}

// draw makes the plan on a platform that is known by type at least.
func (r *Resource[T, P]) draw(ctx context.Context, d *draft, resp *resource.ModifyPlanResponse) error {
	open := d.plan
	if err := r.settle(ctx, d); err != nil {
		return err
	}
	if !d.creating && d.plan.Equal(d.prior) {
		return nil
	}
	j := &judge{rules: d.rules, creating: d.creating, private: d.private}
	j.group(r.root, nil, d.config, d.plan, d.inherited)
	if err := errors.Join(j.refused...); err != nil {
		return err
	}
	if !d.creating && !d.rules.differs(r.root, d.inherited, d.plan) {
		return nil // nothing that concerns the platform
	}
	if err := d.conn.sealed(); err != nil {
		return err
	}
	s, err := r.openFor(ctx, d.conn.Name, d.private)
	if errors.Is(err, errNotYet) {
		d.plan = r.reopen(open, d)
		r.promiseNothing(d)
		r.replace(j.costs, resp)
		return nil
	}
	if err != nil {
		return err
	}
	return r.consult(ctx, s, d, j.costs, resp)
}

// settle prepares the plan: what an update does not touch holds its value, and what can be told already is filled in.
func (r *Resource[T, P]) settle(ctx context.Context, d *draft) error {
	if !d.creating {
		took, err := d.rules.takeovers(d.config, d.prior, d.private)
		if err != nil {
			return err
		}
		d.plan = r.root.settle(d.plan, d.config, d.prior, took)
	}
	if err := r.derive(ctx, d); err != nil {
		return err
	}
	d.plan = d.rules.planTags(d.plan, d.prior, r.hub.DefaultTags)
	d.inherited = d.rules.inherit(d.prior, d.plan, d.private)
	return nil
}

// consult asks the kind and the adapter, then writes down what the change costs.
func (r *Resource[T, P]) consult(ctx context.Context, s *site[T], d *draft, costs []cost, resp *resource.ModifyPlanResponse) error {
	p, err := r.question(s, d)
	if err != nil {
		return err
	}
	if r.Kind.Plan != nil {
		if err := r.Kind.Plan(p); err != nil {
			return err
		}
	}
	if planner, ok := s.adapter.(platform.Planner[T]); ok {
		if err := call(ctx, reading().limit(P(p.Want).Base(), r.Timeouts), "plan the "+r.Name, func(ctx context.Context) error { return planner.Plan(ctx, p) }); err != nil {
			return err
		}
	}
	for i, c := range costs {
		if c.known { // what is unknown may yet turn out dear
			costs[i].class = p.Cost(c.class, c.path)
		}
	}
	r.reporter("plan", d.plan).warn(&resp.Diagnostics, fmt.Sprintf("%s %q", r.Name, label(d.plan)), p.Warnings())
	if chosen, err := r.encode(p.Want); err == nil {
		d.plan = r.root.adopt(d.plan, d.config, chosen)
	}
	for _, at := range p.Recomputed() {
		d.plan = r.root.forget(d.plan, d.config, at)
	}
	if !r.replace(costs, resp) {
		return r.restart(d, p, costs, resp)
	}
	return nil
}

// question is the plan as kinds and adapters see it.
func (r *Resource[T, P]) question(s *site[T], d *draft) (*platform.Plan[T], error) {
	want, err := r.prepare(s, r.root.secrets(d.plan, d.config, d.prior))
	if err != nil {
		return nil, err
	}
	p := &platform.Plan[T]{
		Want:  want,
		Known: func(at ...string) bool { _, known := lookup(d.plan, at); return known },
		Left: func(at ...string) bool {
			v, known := lookup(d.config, at)
			return known && absent(v)
		},
		Changed: func(at ...string) bool {
			now, known := lookup(d.plan, at)
			old, _ := lookup(d.inherited, at)
			n := r.root.at(at)
			return !known || n == nil || !n.equal(now, old)
		},
	}
	if !d.creating {
		if p.Prior, err = r.prepare(s, d.inherited); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// replace notes the changes that need another object.
func (r *Resource[T, P]) replace(costs []cost, resp *resource.ModifyPlanResponse) bool {
	found := false
	for _, c := range costs {
		if c.class == platform.ClassReplace || c.class == platform.ClassCreateOnly {
			resp.RequiresReplace.Append(r.root.spell(c.path))
			found = true
		}
	}
	return found
}

// restart announces a restart, or refuses it where the user said so.
func (r *Resource[T, P]) restart(d *draft, p *platform.Plan[T], costs []cost, resp *resource.ModifyPlanResponse) error {
	names := attributes(costs, platform.ClassRestart)
	if r.Restart == nil || d.creating || names == "" || !r.Restart.Running(p.Prior) {
		return nil
	}
	var errs []error
	if allowed := r.Restart.Allowed(p.Want); allowed != nil && !*allowed {
		for _, c := range costs {
			if c.class == platform.ClassRestart && c.known {
				errs = append(errs, platform.At(fmt.Errorf("this change needs a restart of %q, which allow_restart = false forbids", label(d.prior)), c.path...))
			}
		}
	} else {
		resp.Diagnostics.AddWarning(fmt.Sprintf("%s %q will be restarted: %s", r.Name, label(d.prior), names),
			"On this platform the change needs the guest to shut down and start again. Set allow_restart = false to refuse such plans.")
	}
	d.plan = r.root.forget(d.plan, d.config, platform.Path{r.Restart.Moment})
	return errors.Join(errs...)
}

// planDelete refuses to plan a deletion on a connection that may not change anything.
func (r *Resource[T, P]) planDelete(req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	c, err := r.hub.Get(text(get(req.State.Raw, "platform")))
	if err == nil {
		r.reporter("delete", req.State.Raw).add(&resp.Diagnostics, c.sealed())
	}
}

func (r *Resource[T, P]) reporter(verb string, v tftypes.Value) reporter {
	return reporter{
		root: r.root, summary: fmt.Sprintf("Cannot %s %s %q", verb, r.Name, label(v)),
		typeName: "virt_" + r.Name, platform: text(get(v, "platform")),
	}
}

// label is what users call an object: its name, or its id while it has none.
func label(v tftypes.Value) string {
	if name := text(get(v, "name")); name != "" {
		return name
	}
	return text(get(v, "id"))
}
