package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Read refreshes the state.
func (r *Resource[T, P]) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	prior := req.State.Raw
	report := r.reporter("read", prior)
	name, id := text(get(prior, "platform")), text(get(prior, "id"))
	resp.Diagnostics.Append(identify(ctx, resp.Identity, name, id)...) // before anything else: even what is gone needs one
	p, diags := loadPrivate(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	s, err := r.openFor(ctx, name, p)
	if errors.Is(err, errNotYet) {
		resp.Diagnostics.AddWarning("Not refreshed", fmt.Sprintf("%s %q keeps its last known state: %s.", r.Name, label(prior), err))
		return
	}
	if err != nil || resp.Diagnostics.HasError() {
		report.add(&resp.Diagnostics, err)
		return
	}
	seen, err := r.look(ctx, s, prior, p.Fresh)
	if gone(err) && !p.Fresh {
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		report.add(&resp.Diagnostics, err)
		return
	}
	seen = seenTags(r.root, prior, r.unalias(s, seen, prior), r.hub.DefaultTags)
	state := s.observe(r.root, prior, seen, p.Fresh)
	if p.Fresh {
		p.Fresh = false
		p.markProvisional(s.rules, state)
	}
	resp.State.Raw = state
	if p.Endpoint = s.endpoint; !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(p.save(ctx, resp.Private)...)
	}
}

// look reads one object, from a list if that was read ahead.
func (r *Resource[T, P]) look(ctx context.Context, s *site[T], prior tftypes.Value, fresh bool) (tftypes.Value, error) {
	have, err := r.blank(s, prior)
	if err != nil {
		return prior, err
	}
	id := *have.Base().ID
	if fresh {
		ctx = platform.WithImporting(ctx)
	}
	err = call(ctx, reading().limit(have.Base(), r.Timeouts), "read the "+r.Name, func(ctx context.Context) error {
		lister, ok := s.reader.(platform.Lister[T])
		if ok && !fresh && !r.hub.NoAhead {
			if entry, ok := s.ahead.take(ctx, lister, id); ok {
				return entry.Fill(have)
			}
		}
		start := time.Now()
		defer func() { s.ahead.measured(time.Since(start)) }()
		return s.reader.Read(ctx, have)
	})
	if err != nil {
		return prior, err
	}
	return r.answered(have, id)
}

// answered is what an adapter told of the object that it was asked for.
func (k *Compiled[T, P]) answered(have P, id string) (tftypes.Value, error) {
	if told := word(have.Base().ID); told != id {
		return k.root.null(), fmt.Errorf("the adapter was asked for %q and answered for %q; this is a bug in the provider", id, told)
	}
	return k.encode(have)
}

// blank is what Read starts from: the id, the bindings and what is managed.
func (r *Resource[T, P]) blank(s *site[T], prior tftypes.Value) (P, error) {
	have, err := r.decode(s.bindings(r.root, prior))
	if err != nil {
		return nil, err
	}
	id, name := text(get(prior, "id")), text(get(prior, "platform"))
	have.Base().ID, have.Base().Platform = &id, &name
	return have, decodeTimeouts(get(prior, "timeouts"), have.Base())
}

func decodeTimeouts(v tftypes.Value, m *platform.Meta) error {
	if !given(v) {
		return nil
	}
	m.Timeouts = new(platform.Timeouts)
	return Decode(v, m.Timeouts)
}

func gone(err error) bool { return errors.Is(err, platform.ErrNotFound) }
