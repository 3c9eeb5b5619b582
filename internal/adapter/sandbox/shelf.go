package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// object is a pointer to a kind's struct.
type object[T any] interface {
	*T
	platform.Object
}

// shelf is what all kinds do alike: reading, listing, finding. fill translates the native form into the contract's;
// it is the only place that does, so that what is listed equals what is read.
type shelf[T any, O object[T], N any, P native[N]] struct {
	*store
	like  likeness
	table *table[N, P]
	fill  func(ctx context.Context, n P, have O)
	bind  func(n P, want, have O) // gives have the bindings of want's elements; nil where there are none
	paths func(n P) []string      // further spellings by which an object is found; may be nil
	blind *mask                   // what the platform that this one is like does not tell
}

func newShelf[T any, O object[T], N any, P native[N]](t *table[N, P], like likeness, fill func(ctx context.Context, n P, have O)) shelf[T, O, N, P] {
	return shelf[T, O, N, P]{store: t.store, like: like, table: t, fill: fill, blind: newMask[T](like.traits[t.kind])}
}

func (s *shelf[T, O, N, P]) call(verb, name, id string) call {
	return call{verb, s.table.kind, name, id}
}

// target is a call on an object that exists. Its name is looked up only where somebody asks for it.
func (s *shelf[T, O, N, P]) target(verb, id string) call {
	c := s.call(verb, "", id)
	if slices.ContainsFunc(s.faults, func(r *rule) bool { return r.name != "" }) {
		if n, err := s.table.get(id); err == nil {
			c.name = n.header().Name
		}
	}
	return c
}

// show fills have as a reader sees it.
func (s *shelf[T, O, N, P]) show(ctx context.Context, n P, have O) {
	s.fill(ctx, n, have)
	h := n.header()
	have.Base().ID = &h.id
	if b := s.like.block; b != "" {
		fillBlock(have, b, h.Blocks[b])
	}
	s.blind.hide(have)
}

// Read fills have; see [platform.Resource].
func (s *shelf[T, O, N, P]) Read(ctx context.Context, have *T) error {
	id := deref(O(have).Base().ID)
	c := s.target("read", id)
	if err := s.begin(ctx, c); err != nil {
		return c.failed(err)
	}
	n, err := s.table.get(id)
	if err != nil {
		return c.failed(err)
	}
	s.show(ctx, n, have)
	return nil
}

// List reads the directory once; see [platform.Lister].
func (s *shelf[T, O, N, P]) List(ctx context.Context) iter.Seq2[platform.Entry[T], error] {
	return func(yield func(platform.Entry[T], error) bool) {
		c := s.call("list", "", "")
		err := s.begin(ctx, c)
		var list []P
		if err == nil {
			list, err = s.table.all(ctx)
		}
		if err != nil {
			yield(platform.Entry[T]{}, c.failed(err))
			return
		}
		for _, n := range list {
			fill := func(have *T) error { s.show(ctx, n, have); return nil }
			if !yield(platform.Entry[T]{ID: n.header().id, Name: n.header().Name, Fill: fill}, nil) {
				return
			}
		}
	}
}

// Find takes an id, a name, or the path of the object's file; see [platform.Finder].
func (s *shelf[T, O, N, P]) Find(ctx context.Context, ref string) (string, error) {
	c := s.call("find", ref, "")
	if err := s.begin(ctx, c); err != nil {
		return "", c.failed(err)
	}
	id, err := s.find(ctx, ref)
	return id, c.failed(err)
}

func (s *shelf[T, O, N, P]) find(ctx context.Context, ref string) (string, error) {
	id := ref
	if dir, file := filepath.Split(ref); strings.HasSuffix(file, ".json") && filepath.Base(dir) == s.table.kind {
		id = strings.TrimSuffix(file, ".json")
	}
	if _, err := s.table.get(id); err == nil || !errors.Is(err, platform.ErrNotFound) {
		return id, err
	}
	list, err := s.table.all(ctx)
	if err != nil {
		return "", err
	}
	var ids []string
	for _, n := range list {
		if n.header().Name == ref || s.paths != nil && slices.Contains(s.paths(n), ref) {
			ids = append(ids, n.header().id)
		}
	}
	switch len(ids) {
	case 0:
		return "", platform.As(platform.ErrNotFound, fmt.Errorf("no %s in %s has this name or id", s.table.kind, s.dir))
	case 1:
		return ids[0], nil
	}
	return "", &platform.AmbiguousError{Ref: ref, Matches: ids}
}

// make is the ritual of every creation: the object is there, marked, before the rest happens, and the mark goes last.
// first decides what the object is, under the lock; finish completes it and may be nil.
func (s *shelf[T, O, N, P]) make(ctx context.Context, want O, n P, made func(id string), first, finish func(ch *change) error) error {
	h := n.header()
	c := s.call("create", h.Name, "")
	if err := s.begin(ctx, c); err != nil {
		return c.failed(err)
	}
	h.id, h.Created, h.Creating = cmp.Or(h.id, newID()), now(), true
	err := s.change(ctx, func(ch *change) error {
		ch.brief = true
		if err := first(ch); err != nil {
			return err
		}
		return ch.put(s.table.kind, h.id, n)
	})
	if err != nil {
		return c.failed(err)
	}
	made(h.id)
	if err := s.strike(ctx, c, true); err != nil {
		return c.failed(err)
	}
	err = s.change(ctx, func(ch *change) error {
		if _, err := s.table.get(h.id); err != nil {
			return err
		}
		h.Creating = false
		if finish != nil {
			if err := finish(ch); err != nil {
				return err
			}
		}
		return ch.put(s.table.kind, h.id, n)
	})
	if err != nil {
		return c.failed(err)
	}
	s.complete(ctx, n, want)
	return nil
}

// complete gives every attribute that want leaves open the value that a reader sees.
func (s *shelf[T, O, N, P]) complete(ctx context.Context, n P, want O) {
	got := O(new(T))
	if s.bind != nil {
		s.bind(n, want, got)
	}
	s.show(ctx, n, got)
	fillOpen(want, got)
}

// revise is the ritual of every update: it changes the object as it is now, under the lock. first is the half that
// is done when the call fails half-way. An update that goes through clears the mark of an unfinished creation.
func (s *shelf[T, O, N, P]) revise(ctx context.Context, name string, want O, first, second func(ch *change, n P) error) (P, error) {
	id := deref(want.Base().ID)
	c := s.call("update", name, id)
	if err := s.begin(ctx, c); err != nil {
		return nil, c.failed(err)
	}
	var n P
	step := func(parts ...func(ch *change, n P) error) error {
		return s.change(ctx, func(ch *change) (err error) {
			if n, err = s.table.get(id); err != nil {
				return err
			}
			for _, part := range parts {
				if err := part(ch, n); err != nil {
					return err
				}
			}
			return ch.put(s.table.kind, id, n)
		})
	}
	done := func(_ *change, n P) error { n.header().Creating = false; return nil }
	if !s.faulty(c) {
		return n, c.failed(step(first, second, done))
	}
	if err := step(first); err != nil {
		return nil, c.failed(err)
	}
	if err := s.strike(ctx, c, true); err != nil {
		return nil, c.failed(err)
	}
	return n, c.failed(step(second, done))
}

// destroy is the ritual of every deletion. first is the half that is done when the call fails half-way.
func (s *shelf[T, O, N, P]) destroy(ctx context.Context, have O, first, second func(ch *change, n P) error) error {
	id := deref(have.Base().ID)
	c := s.target("delete", id)
	if err := s.begin(ctx, c); err != nil {
		return c.failed(err)
	}
	half := s.faulty(c)
	err := s.change(ctx, func(ch *change) error {
		n, err := s.table.get(id)
		if errors.Is(err, platform.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := first(ch, n); err != nil {
			return err
		}
		if half {
			return ch.put(s.table.kind, id, n)
		}
		return s.drop(ch, n, second)
	})
	if err != nil || !half {
		return c.failed(err)
	}
	if err := s.strike(ctx, c, true); err != nil {
		return c.failed(err)
	}
	return c.failed(s.change(ctx, func(ch *change) error {
		n, err := s.table.get(id)
		if errors.Is(err, platform.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.drop(ch, n, second)
	}))
}

func (s *shelf[T, O, N, P]) drop(ch *change, n P, second func(ch *change, n P) error) error {
	if err := second(ch, n); err != nil {
		return err
	}
	ch.remove(s.table.kind, n.header().id)
	return nil
}
