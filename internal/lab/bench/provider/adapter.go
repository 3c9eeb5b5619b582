package main

import (
	"context"
	"errors"
	"iter"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// adapter lends a platform's machines to the wide ones: the further blocks are never its own.
type adapter struct {
	inner platform.Resource[platform.Machine]
}

func (a adapter) Create(ctx context.Context, want *machine, made func(id string)) error {
	return a.inner.Create(ctx, &want.Machine, made)
}

func (a adapter) Read(ctx context.Context, have *machine) error {
	return a.inner.Read(ctx, &have.Machine)
}

func (a adapter) Update(ctx context.Context, prior, want *machine) error {
	return a.inner.Update(ctx, &prior.Machine, &want.Machine)
}

func (a adapter) Delete(ctx context.Context, have *machine) error {
	return a.inner.Delete(ctx, &have.Machine)
}

func (a adapter) List(ctx context.Context) iter.Seq2[platform.Entry[machine], error] {
	return func(yield func(platform.Entry[machine], error) bool) {
		lister, ok := a.inner.(platform.Lister[platform.Machine])
		if !ok {
			yield(platform.Entry[machine]{}, errors.New("these machines cannot be listed"))
			return
		}
		for e, err := range lister.List(ctx) {
			fill := func(have *machine) error { return e.Fill(&have.Machine) }
			if !yield(platform.Entry[machine]{ID: e.ID, Name: e.Name, Fill: fill}, err) {
				return
			}
		}
	}
}

func (a adapter) Plan(ctx context.Context, p *platform.Plan[machine]) error {
	planner, ok := a.inner.(platform.Planner[platform.Machine])
	if !ok {
		return nil
	}
	return planned(p, func(inner *platform.Plan[platform.Machine]) error { return planner.Plan(ctx, inner) })
}

// planned asks about the machine within. What is softened there is lost, which only changes would notice.
func planned(p *platform.Plan[machine], ask func(*platform.Plan[platform.Machine]) error) error {
	inner := &platform.Plan[platform.Machine]{Want: &p.Want.Machine, Known: p.Known, Changed: p.Changed}
	if p.Prior != nil {
		inner.Prior = &p.Prior.Machine
	}
	err := ask(inner)
	for _, path := range inner.Recomputed() {
		p.Recompute(path...)
	}
	for _, w := range inner.Warnings() {
		p.Warn(w.Err.Error(), w.Path...)
	}
	return err
}
