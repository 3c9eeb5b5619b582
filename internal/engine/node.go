package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// node is one attribute or block of a kind's schema, compiled once together with its Go field: the facts that
// Terraform's rules depend on. A node has attrs (a single object), elem (a map of objects) or neither (a leaf, plain
// collections included).
type node struct {
	path platform.Path // "*" stands for a map key
	typ  tftypes.Type
	goes reflect.Type // the Go type without its pointer

	required, optional, computed, writeOnly bool
	block, sensitive                        bool
	binding, local, platform, keys, derived bool

	same    func(a, b string) bool // equality of spellings; nil for text that means itself
	version string                 // write-only: the sibling whose change says that the secret changed

	names  []string // of attrs, sorted, so that walks are deterministic
	attrs  map[string]*node
	fields map[string]field // of attrs
	elem   *node
}

// compile checks that schema and struct agree and returns the root.
func compile(ctx context.Context, s schema.Schema, goType reflect.Type) (*node, error) {
	root := &node{goes: goType, typ: s.Type().TerraformType(ctx), attrs: map[string]*node{}}
	attrs := maps.Clone(s.Attributes)
	if err := root.addAll(ctx, attrs, s.Blocks); err != nil {
		return nil, err
	}
	return root, nil
}

func (n *node) addAll(ctx context.Context, attrs map[string]schema.Attribute, blocks map[string]schema.Block) error {
	n.fields = fieldsOf(n.goes)
	n.names = slices.Sorted(maps.Keys(attrs))
	n.names = append(n.names, slices.Sorted(maps.Keys(blocks))...)
	if err := checkFields(n.goes, n.fields, n.names); err != nil {
		return err
	}
	for name, a := range attrs {
		if err := n.addAttribute(ctx, name, a, attrs); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for name, b := range blocks {
		if err := n.addBlock(ctx, name, b); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// child makes the node of a field, without its own children.
func (n *node) child(name string, typ tftypes.Type) *node {
	f := n.fields[name]
	c := &node{
		path: append(slices.Clone(n.path), name), typ: typ, goes: f.typ,
		binding: f.binding, local: f.local || n.local, platform: f.platform, keys: f.keys, derived: f.derived,
	}
	if c.goes.Kind() == reflect.Pointer {
		c.goes = c.goes.Elem()
	}
	n.attrs[name] = c
	return c
}

func (n *node) addAttribute(ctx context.Context, name string, a schema.Attribute, siblings map[string]schema.Attribute) error {
	c := n.child(name, a.GetType().TerraformType(ctx))
	c.required, c.optional, c.computed, c.writeOnly = a.IsRequired(), a.IsOptional(), a.IsComputed(), a.IsWriteOnly()
	c.sensitive = a.IsSensitive()
	if !a.IsRequired() && !optional(n.fields[name].typ) {
		return fmt.Errorf("it is not required, so its Go type %s must be able to say nil", n.fields[name].typ)
	}
	if c.writeOnly {
		if c.version = name + "_version"; siblings[c.version] == nil {
			return fmt.Errorf("a write-only attribute needs %s beside it, or its change is never seen", c.version)
		}
	}
	if t, ok := a.GetType().(interface{ Same(a, b string) bool }); ok {
		c.same = t.Same
	}
	if nested, ok := a.(schema.NestedAttribute); ok {
		if err := c.nest(ctx, nested); err != nil {
			return err
		}
		return c.checkDerived()
	}
	return errors.Join(c.checkLeaf(a.GetType()), c.checkDerived())
}

// nest adds what is below a nested attribute.
func (n *node) nest(ctx context.Context, a schema.NestedAttribute) error {
	into := n
	switch t := n.typ.(type) {
	case tftypes.Object:
		if n.goes.Kind() != reflect.Struct {
			return fmt.Errorf("%s does not fit %s", t, n.goes)
		}
	case tftypes.Map:
		if n.goes.Kind() != reflect.Map || n.goes.Elem().Kind() != reflect.Struct {
			return fmt.Errorf("%s does not fit %s", t, n.goes)
		}
		into = &node{path: append(slices.Clone(n.path), "*"), typ: t.ElementType, goes: n.goes.Elem(), local: n.local}
		n.elem = into
	default:
		return fmt.Errorf("nested %s: elements without a key cannot be told apart while values are unknown; use a map", t)
	}
	into.attrs = map[string]*node{}
	sub := map[string]schema.Attribute{}
	for name, s := range a.GetNestedObject().GetAttributes() {
		sub[name] = s.(schema.Attribute) //nolint:forcetypeassert // the resource schema's nested attributes are resource attributes
	}
	return into.addAll(ctx, sub, nil)
}

func (n *node) addBlock(ctx context.Context, name string, b schema.Block) error {
	single, ok := b.(schema.SingleNestedBlock)
	if !ok {
		return fmt.Errorf("%T: only single blocks can be told absent", b)
	}
	c := n.child(name, b.Type().TerraformType(ctx))
	c.optional, c.block, c.attrs = true, true, map[string]*node{}
	return c.addAll(ctx, single.Attributes, single.Blocks)
}

// checkLeaf finds values that the codec could not carry.
func (n *node) checkLeaf(t attr.Type) error {
	switch {
	case n.typ.Is(tftypes.Set{}):
		return fmt.Errorf("%s: sets lose the order the platform tells; use a list or a map", t)
	case !fits(n.typ, n.goes):
		return fmt.Errorf("%s does not fit %s", t, n.goes)
	}
	return nil
}

func (n *node) leaf() bool { return n.attrs == nil && n.elem == nil }

func (n *node) null() tftypes.Value { return tftypes.NewValue(n.typ, nil) }

func (n *node) unknown() tftypes.Value { return tftypes.NewValue(n.typ, tftypes.UnknownValue) }

// step is the node of an attribute of an object or of an element of a map.
func (n *node) step(key string) *node {
	if n.attrs != nil {
		return n.attrs[key]
	}
	return n.elem
}

// at is the node at a path, whose map keys may be real; nil when the path leaves the schema.
func (n *node) at(p platform.Path) *node {
	for _, key := range p {
		if n == nil {
			return nil
		}
		n = n.step(key)
	}
	return n
}

// spell writes a path in the framework's way. A path that leaves the schema, such as a key of a plain map, is kept as
// far as the schema goes.
func (n *node) spell(p platform.Path) path.Path {
	out := path.Empty()
	for _, key := range p {
		switch {
		case n == nil:
			return out
		case n.attrs != nil:
			if n.attrs[key] == nil {
				return out
			}
			out = out.AtName(key)
		default:
			out = out.AtMapKey(key)
		}
		n = n.step(key)
	}
	return out
}

// walk visits n and everything below it, parents first.
func (n *node) walk(visit func(*node)) {
	visit(n)
	for _, name := range n.names {
		n.attrs[name].walk(visit)
	}
	if n.elem != nil {
		n.elem.walk(visit)
	}
}
