package engine_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// fake is an adapter of one kind whose verbs are functions that a test may exchange. It records every call.
type fake[T any] struct {
	create func(ctx context.Context, want *T, made func(id string)) error
	read   func(ctx context.Context, have *T) error
	update func(ctx context.Context, prior, want *T) error
	remove func(ctx context.Context, have *T) error
	find   func(ctx context.Context, ref string) (string, error)
	plan   func(ctx context.Context, p *platform.Plan[T]) error
	list   func(ctx context.Context) iter.Seq2[platform.Entry[T], error]

	mu    sync.Mutex
	calls []string
}

func (f *fake[T]) Create(ctx context.Context, want *T, made func(id string)) error {
	f.note("create")
	return f.create(ctx, want, made)
}

func (f *fake[T]) Read(ctx context.Context, have *T) error {
	f.note("read")
	return f.read(ctx, have)
}

func (f *fake[T]) Update(ctx context.Context, prior, want *T) error {
	f.note("update")
	return f.update(ctx, prior, want)
}

func (f *fake[T]) Delete(ctx context.Context, have *T) error {
	f.note("delete")
	return f.remove(ctx, have)
}

func (f *fake[T]) Find(ctx context.Context, ref string) (string, error) {
	f.note("find")
	if f.find == nil {
		return ref, nil
	}
	return f.find(ctx, ref)
}

func (f *fake[T]) Plan(ctx context.Context, p *platform.Plan[T]) error {
	f.note("plan")
	if f.plan == nil {
		return nil
	}
	return f.plan(ctx, p)
}

func (f *fake[T]) List(ctx context.Context) iter.Seq2[platform.Entry[T], error] {
	f.note("list")
	return f.list(ctx)
}

func (f *fake[T]) note(call string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, call)
}

// took gives the calls since the last time, as "read plan update".
func (f *fake[T]) took() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	calls := strings.Join(f.calls, " ")
	f.calls = nil
	return calls
}

// count tells how often one verb was called since the last took.
func (f *fake[T]) count(verb string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(f.calls), func(c string) bool { return c != verb }))
}

// expect compares the calls since the last time.
func (f *fake[T]) expect(t *testing.T, want string) {
	t.Helper()
	if got := f.took(); got != want {
		t.Fatalf("calls %q, want %q", got, want)
	}
}

// imageShelf is a fake for images that are there already.
func imageShelf(images ...platform.Image) *fake[platform.Image] {
	f := &fake[platform.Image]{}
	f.read = func(_ context.Context, have *platform.Image) error {
		for _, i := range images {
			if *i.ID == *have.ID {
				i.Platform = have.Platform
				*have = i
				return nil
			}
		}
		return platform.As(platform.ErrNotFound, fmt.Errorf("no image %s", *have.ID))
	}
	f.find = func(_ context.Context, ref string) (string, error) {
		var ids []string
		for _, i := range images {
			if i.Name == ref || *i.ID == ref {
				ids = append(ids, *i.ID)
			}
		}
		switch len(ids) {
		case 0:
			return "", platform.As(platform.ErrNotFound, fmt.Errorf("no image called %s", ref))
		case 1:
			return ids[0], nil
		}
		return "", &platform.AmbiguousError{Ref: ref, Matches: ids}
	}
	return f
}
