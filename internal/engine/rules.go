package engine

import (
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// rules is a kind's schema seen by one platform: what each attribute costs there and what is inert.
type rules struct {
	root     *node
	platform string // whose blocks count
	traits   map[*node]platform.Trait
	holds    map[*node]bool // has a binding below it
}

func newRules(root *node, name string, table platform.Traits) *rules {
	r := &rules{root: root, platform: name, traits: map[*node]platform.Trait{}, holds: map[*node]bool{}}
	root.walk(func(n *node) {
		if trait, ok := table.Of(n.path); ok {
			r.traits[n] = trait
		}
	})
	r.findBindings(root)
	return r
}

func (r *rules) findBindings(n *node) bool {
	found := n.binding
	for _, name := range n.names {
		found = r.findBindings(n.attrs[name]) || found
	}
	if n.elem != nil {
		found = r.findBindings(n.elem) || found
	}
	r.holds[n] = found
	return found
}

// inert reports whether n is the block of another platform.
func (r *rules) inert(n *node) bool { return n.platform && n.path[0] != r.platform }

// unseen reports whether the platform cannot tell n's value: the state keeps what was configured. Of what it lacks, that
// is a value that passes everywhere.
func (r *rules) unseen(n *node) bool {
	return n.local || n.derived || r.inert(n) || r.traits[n].Unseen || r.traits[n].Class == platform.ClassUnsupported
}

// strip takes away what an adapter must not see: other platforms' blocks.
func (r *rules) strip(v tftypes.Value) tftypes.Value {
	return r.root.each(v, func(c *node, _ string, v tftypes.Value) tftypes.Value {
		if r.inert(c) {
			return c.null()
		}
		return v
	})
}

// differs reports whether a change concerns the platform at all.
func (r *rules) differs(n *node, prior, plan tftypes.Value) bool {
	if n.local || n.writeOnly || r.inert(n) {
		return false
	}
	if n.leaf() || !given(prior) || !given(plan) {
		// An explicit nothing asks for something where it was not managed before: nobody knows what is there.
		return absent(prior) && !absent(plan) || !n.equal(prior, plan)
	}
	a, b := object(prior), object(plan)
	for key := range a {
		if b[key].Type() == nil || r.differs(n.step(key), a[key], b[key]) {
			return true
		}
	}
	for key := range b {
		if a[key].Type() == nil {
			return true
		}
	}
	return false
}

// bindings is what Read starts from: every native id inside the object, and which blocks and keys are managed.
func (r *rules) bindings(n *node, prior tftypes.Value) tftypes.Value {
	switch {
	case !given(prior) || r.inert(n):
		return n.null()
	case n.binding:
		return prior
	case n.keys:
		return blankKeys(n, prior)
	case n.leaf() || !r.holds[n] && !n.platform && n.path != nil:
		return n.null()
	}
	return n.each(prior, func(c *node, _ string, v tftypes.Value) tftypes.Value { return r.bindings(c, v) })
}

func blankKeys(n *node, prior tftypes.Value) tftypes.Value {
	keys := map[string]tftypes.Value{}
	for key := range object(prior) {
		if n.elem != nil {
			keys[key] = n.elem.null()
		} else {
			keys[key] = tftypes.NewValue(tftypes.String, "")
		}
	}
	return tftypes.NewValue(n.typ, keys)
}

// observe is the state after a read: what was seen, except that what the user left alone stays null, what the platform
// cannot tell stays as it was, and another spelling of the same value is no change. With fresh, all that was seen is
// taken: after an import, or for an element that was not there before. Sensitive values are not even then: a
// configuration that the CLI generates leaves them out, which would mean to remove them.
func (r *rules) observe(n *node, prior, seen tftypes.Value, fresh bool) tftypes.Value {
	switch {
	case n.writeOnly:
		return n.null()
	case r.unseen(n), n.platform && absent(prior):
		return n.orNull(prior)
	case absent(prior) && n.optional && !n.computed && (!fresh || n.sensitive || blank(seen)):
		return n.null()
	case absent(seen):
		return r.vanished(n, prior)
	case n.leaf() && (n.sameText(prior, seen) || (blank(prior) || absent(prior) && !fresh) && blank(seen)):
		return n.orNull(prior)
	case n.leaf():
		return seen
	}
	return n.each(seen, func(c *node, key string, s tftypes.Value) tftypes.Value {
		p := get(prior, key)
		return r.observe(c, p, s, fresh || n.elem != nil && absent(p))
	})
}

// vanished is the state of what the platform no longer tells: nothing, unless the user wrote nothing in a spelling of
// his own, or it is a group that holds values which the platform never tells.
func (r *rules) vanished(n *node, prior tftypes.Value) tftypes.Value {
	if absent(prior) || hollow(prior) {
		return n.orNull(prior)
	}
	if n.attrs == nil || !n.block && !r.hidden(n) {
		return n.null()
	}
	return n.each(prior, func(c *node, _ string, p tftypes.Value) tftypes.Value {
		return r.observe(c, p, c.null(), false)
	})
}

// hollow reports whether a value says nothing: it is blank, or a group of which that holds all over.
func hollow(v tftypes.Value) bool {
	if !given(v) || !v.Type().Is(tftypes.Object{}) {
		return blank(v)
	}
	for _, e := range object(v) {
		if !absent(e) && !hollow(e) {
			return false
		}
	}
	return true
}

// hidden reports whether n holds values that the user may set and the platform never tells.
func (r *rules) hidden(n *node) bool {
	for _, name := range n.names {
		if c := n.attrs[name]; r.unseen(c) || r.hidden(c) {
			return true
		}
	}
	return false
}

func (n *node) orNull(v tftypes.Value) tftypes.Value {
	if v.Type() == nil {
		return n.null()
	}
	return v
}
