package engine

import (
	"context"
	"fmt"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Update changes the object. A change of what is Terraform's own matter alone calls nobody.
func (r *Resource[T, P]) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	plan, prior := req.Plan.Raw, req.State.Raw
	report := r.reporter("update", prior)
	p, diags := loadPrivate(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	s, err := r.openFor(ctx, text(get(plan, "platform")), p)
	if err != nil || resp.Diagnostics.HasError() {
		report.add(&resp.Diagnostics, err)
		return
	}
	withSecrets := r.root.secrets(plan, req.Config.Raw, prior)
	inherited := s.inherit(prior, plan, p)
	got := prior
	if s.differs(r.root, inherited, plan) || !withSecrets.Equal(plan) {
		var ok bool
		if got, ok = r.change(ctx, s, withSecrets, inherited, prior, resp); !ok {
			return
		}
	}
	resp.State.Raw = r.root.fill(plan, got)
	p.Endpoint, p.Provisional = s.endpoint, nil
	resp.Diagnostics.Append(p.save(ctx, resp.Private)...)
	resp.Diagnostics.Append(identify(ctx, resp.Identity, s.conn.Name, text(get(plan, "id")))...)
}

// change calls the adapter. When it fails, the state becomes what was achieved.
func (r *Resource[T, P]) change(ctx context.Context, s *site[T], plan, inherited, prior tftypes.Value, resp *resource.UpdateResponse) (tftypes.Value, bool) {
	report := r.reporter("update", prior)
	want, err := r.prepare(s, plan)
	if err != nil {
		report.add(&resp.Diagnostics, err)
		return prior, false
	}
	had, err := r.prepare(s, inherited)
	if err != nil {
		report.add(&resp.Diagnostics, err)
		return prior, false
	}
	err = r.write(ctx, s, want, updating(), &resp.Diagnostics, func(ctx context.Context) error {
		return s.adapter.Update(ctx, had, want)
	})
	if err != nil {
		report.add(&resp.Diagnostics, err)
		resp.State.Raw = r.achieved(ctx, s, want, abandoned(err), plan, inherited, prior)
		return prior, false
	}
	got, err := r.publish(s, want, plan)
	if err == nil {
		err = r.contradictions(s, plan, got)
	}
	report.add(&resp.Diagnostics, err)
	return got, true
}

// achieved is the state after a failed update, found by reading back with the bindings that the adapter got as far as
// filling in, so that nothing it made is forgotten. What cannot be observed counts as not done: the next plan shows
// it again.
func (r *Resource[T, P]) achieved(ctx context.Context, s *site[T], want P, lost bool, plan, inherited, prior tftypes.Value) tftypes.Value {
	known := inherited
	if !lost {
		if got, err := r.publish(s, want, plan); err == nil {
			known = s.gained(inherited, got)
		}
	}
	known = r.ownMatter(known, plan)
	seen, err := r.readBack(context.WithoutCancel(ctx), s, known)
	if err != nil {
		return known // nothing else was seen to be done
	}
	seen = r.unalias(s, r.unalias(s, seen, prior), plan) // it may have either name by now
	base := s.claimed(r.root, known, plan, seenTags(r.root, plan, seen, r.hub.DefaultTags))
	return s.observe(r.root, base, seenTags(r.root, base, seen, r.hub.DefaultTags), false)
}

// gained adds to the prior state the elements that now have bindings.
func (r *rules) gained(prior, got tftypes.Value) tftypes.Value {
	for _, n := range r.keyed() {
		had, now := object(get(prior, n.path[0])), object(get(got, n.path[0]))
		elems := map[string]tftypes.Value{}
		for key, e := range now {
			if had[key].Type() == nil && given(get(e, "id")) {
				elems[key] = r.bindings(n.elem, e)
			}
		}
		if len(elems) == 0 {
			continue
		}
		maps.Copy(elems, had)
		prior = with(prior, n.path[0], tftypes.NewValue(n.typ, elems))
	}
	return prior
}

// ownMatter takes what is Terraform's own matter from the plan: that is done by saying so.
func (r *Resource[T, P]) ownMatter(known, plan tftypes.Value) tftypes.Value {
	return r.root.each(known, func(c *node, key string, v tftypes.Value) tftypes.Value {
		if planned := get(plan, key); c.local && planned.Type() != nil && planned.IsFullyKnown() {
			return planned
		}
		return v
	})
}

// claimed is the base against which the read-back is judged: what was there, and of what was planned to be managed for
// the first time that which is so now.
func (r *rules) claimed(n *node, known, plan, seen tftypes.Value) tftypes.Value {
	claims := absent(known) && n.optional && !n.computed && given(plan)
	switch {
	case r.unseen(n) || n.writeOnly || !given(known) && !claims:
		return known
	case n.leaf() || claims && n.elem != nil:
		if claims && plan.IsFullyKnown() && n.equal(plan, seen) {
			return plan
		}
		return known
	case claims: // a group, of which some may be done
		some := n.each(plan, func(c *node, key string, p tftypes.Value) tftypes.Value {
			return r.claimed(c, c.null(), p, get(seen, key))
		})
		if hollow(some) {
			return known
		}
		return some
	}
	return n.each(known, func(c *node, key string, v tftypes.Value) tftypes.Value {
		return r.claimed(c, v, get(plan, key), get(seen, key))
	})
}

// readBack reads an object again after a change that failed.
func (r *Resource[T, P]) readBack(ctx context.Context, s *site[T], known tftypes.Value) (tftypes.Value, error) {
	have, err := r.blank(s, known)
	if err != nil {
		return known, err
	}
	err = call(ctx, reading().limit(have.Base(), r.Timeouts), fmt.Sprintf("read the %s", r.Name), func(ctx context.Context) error {
		return s.adapter.Read(ctx, have)
	})
	if err != nil {
		return known, err
	}
	return r.answered(have, text(get(known, "id")))
}

// Delete removes the object; one that is gone already is no error.
func (r *Resource[T, P]) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	report := r.reporter("delete", req.State.Raw)
	p, diags := loadPrivate(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	s, err := r.openFor(ctx, text(get(req.State.Raw, "platform")), p)
	if err != nil || resp.Diagnostics.HasError() {
		report.add(&resp.Diagnostics, err)
		return
	}
	// Elements that an import found and nobody declared are not this resource's to destroy.
	have, err := r.prepare(s, s.inherit(req.State.Raw, r.root.null(), p))
	if err == nil {
		err = r.write(ctx, s, have, deleting(), &resp.Diagnostics, func(ctx context.Context) error {
			return s.adapter.Delete(ctx, have)
		})
	}
	if !gone(err) {
		report.add(&resp.Diagnostics, err)
	}
}
