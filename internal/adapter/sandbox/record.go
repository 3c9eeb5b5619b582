package sandbox

import (
	"context"
	"errors"
	"reflect"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// record is the native form of the kinds that keep what they are told and do little else: their attributes under their
// own names. Elements of a map lie under the keys of who made them.
type record[T any] struct {
	head
	Attributes told[T] `json:"attributes"`
}

func (r *record[T]) check() error { return nil }

// conduct is what such a kind does beside keeping what it is told.
type conduct[T any] struct {
	// id says by which id a new object is known; nil is a random one.
	id func(want *T) string
	// settle fills in what the platform decides and checks references. was is the object as it was, now as it is to be.
	settle func(ctx context.Context, s *store, id string, was, now, want *T) error
	// hashed lists attributes of which nothing but a hash is kept.
	hashed []string
	// keeps reports whether deleting leaves the object where it is.
	keeps func(have *T) bool
	// unused refuses to delete what others need; nil where nobody does.
	unused func(ctx context.Context, s *store, id string) error
	// derive fills in what follows from other objects; it may be nil.
	derive func(ctx context.Context, s *store, id string, have *T)
}

// records implements [platform.Resource] for such a kind.
type records[T any, O object[T]] struct {
	shelf[T, O, record[T], *record[T]]
	conduct[T]
}

func newRecords[T any, O object[T]](s *store, like likeness, kind string, c conduct[T]) *records[T, O] {
	return newRecordsIn[T, O](newTable[record[T]](s, kind), like, c)
}

// newRecordsIn is newRecords of a table that others look into, too.
func newRecordsIn[T any, O object[T]](t *table[record[T], *record[T]], like likeness, c conduct[T]) *records[T, O] {
	r := &records[T, O]{conduct: c}
	r.shelf = newShelf(t, like, r.fillRecord)
	r.bind = r.bindElements
	return r
}

// fillRecord shows what is kept; only bound elements, or all of them after an import.
func (s *records[T, O]) fillRecord(ctx context.Context, n *record[T], have O) {
	to, from := reflect.ValueOf(have).Elem(), reflect.ValueOf(n.Attributes.copied()).Elem()
	for _, f := range ownFields(to.Type()) {
		if f.mute || s.hides(f) {
			continue
		}
		at, value := to.FieldByIndex(f.index), from.FieldByIndex(f.index)
		if isElements(at.Type()) {
			value = bound(at, value, platform.Importing(ctx))
		}
		at.Set(value)
	}
	to.FieldByName("Name").SetString(n.Name)
	to.FieldByName("Native").Set(reflect.ValueOf(map[string]string{"file": s.file(s.table.kind, n.id)}))
	if tagged, ok := any(have).(platform.Tagged); ok {
		setMap(&tagged.TagSet().Tags, nil, n.Tags)
	}
	if s.derive != nil {
		s.derive(ctx, s.store, n.id, have)
	}
}

// bindElements gives have the bindings of the elements that want names.
func (s *records[T, O]) bindElements(n *record[T], want, have O) {
	w, h, now := reflect.ValueOf(want).Elem(), reflect.ValueOf(have).Elem(), reflect.ValueOf(&n.Attributes.of).Elem()
	for _, f := range ownFields(w.Type()) {
		if isElements(h.FieldByIndex(f.index).Type()) {
			h.FieldByIndex(f.index).Set(common(now.FieldByIndex(f.index), w.FieldByIndex(f.index)))
		}
	}
}

// Create makes an object. Its name is unique; what was left behind on purpose makes room.
func (s *records[T, O]) Create(ctx context.Context, want *T, made func(id string)) error {
	n := &record[T]{head: head{Name: nameOf(want)}}
	return s.make(ctx, want, n, made, func(ch *change) error {
		if err := s.room(ctx, ch, n, want); err != nil {
			return err
		}
		return s.settings(ctx, n, new(T), want)
	}, nil)
}

// room finds the new object's id and makes sure that nobody has its name.
func (s *records[T, O]) room(ctx context.Context, ch *change, n *record[T], want *T) error {
	list, err := s.table.held(ctx)
	if err != nil {
		return err
	}
	for _, other := range list {
		if other.Name == n.Name && other.Kept {
			ch.remove(s.table.kind, other.id)
		}
	}
	if s.id != nil {
		n.id = s.id(want)
		if other, err := s.table.get(n.id); err == nil && !other.Kept {
			n.id = newID()
		}
	}
	return s.table.free(ctx, n.Name, n.id, func(other *record[T]) bool { return !other.Kept })
}

// settings gives the object what is wanted, takes back what is not any more, and lets the platform complete it.
func (s *records[T, O]) settings(ctx context.Context, n *record[T], prior, want *T) error {
	was := n.Attributes.copied()
	now := &n.Attributes.of
	amend(reflect.ValueOf(now).Elem(), reflect.ValueOf(prior).Elem(), reflect.ValueOf(want).Elem(), s.hides)
	if tagged, ok := any(want).(platform.Tagged); ok {
		before, _ := any(prior).(platform.Tagged)
		setMap(&n.Tags, before.TagSet().Tags, tagged.TagSet().Tags)
	}
	n.Name = nameOf(want)
	if s.settle != nil {
		if err := s.settle(ctx, s.store, n.id, was, now, want); err != nil {
			return err
		}
	}
	return setBlock(&n.head, s.like.block, prior, want)
}

// Update changes an object.
func (s *records[T, O]) Update(ctx context.Context, prior, want *T) error {
	n, err := s.revise(ctx, nameOf(want), want, func(_ *change, n *record[T]) error {
		if nameOf(want) != n.Name {
			return s.table.free(ctx, nameOf(want), n.id, nil)
		}
		return nil
	}, func(_ *change, n *record[T]) error { return s.settings(ctx, n, prior, want) })
	if err != nil {
		return err
	}
	s.complete(ctx, n, want)
	return nil
}

// Delete removes an object, unless it is to stay where it is.
func (s *records[T, O]) Delete(ctx context.Context, have *T) error {
	nothing := func(*change, *record[T]) error { return nil }
	first := nothing
	if s.unused != nil {
		first = func(_ *change, n *record[T]) error { return s.unused(ctx, s.store, n.id) }
	}
	if s.keeps == nil || !s.keeps(have) {
		return s.destroy(ctx, have, first, nothing)
	}
	return s.leave(ctx, have)
}

// leave marks an object as nobody's.
func (s *records[T, O]) leave(ctx context.Context, have O) error {
	id := deref(have.Base().ID)
	c := s.target("delete", id)
	if err := s.begin(ctx, c); err != nil {
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
		n.Kept = true
		return ch.put(s.table.kind, id, n)
	}))
}

// nameOf is an object's name.
func nameOf[T any](object *T) string {
	return reflect.ValueOf(object).Elem().FieldByName("Name").String()
}
