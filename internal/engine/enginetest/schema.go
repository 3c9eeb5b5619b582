package enginetest

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// mode says how the objects of a nested attribute or block are held together.
type mode uint8

const (
	single mode = iota + 1
	group       // a single block that is never null
	list
	set
	mapping
)

func (m mode) String() string {
	return [...]string{"invalid", "single", "group", "list", "set", "map"}[m]
}

// body is the compiled form of a schema block or of a nested attribute's object.
type body struct {
	attrs  []*attribute
	blocks []*collection
	typ    tftypes.Object

	hasSets      bool // somewhere below, so values need canonical sets
	hasWriteOnly bool // somewhere below
}

// attribute is one attribute. Its nested part is nil for a plain type.
type attribute struct {
	name   string
	typ    tftypes.Type
	nested *collection

	required, optional, computed, writeOnly bool
}

// collection is what a nested attribute and a nested block have in common.
type collection struct {
	name     string
	mode     mode
	body     *body
	typ      tftypes.Type // of the whole: an object, or a list, set or map of objects
	min, max int64
}

// resourceType is a compiled resource schema.
type resourceType struct {
	name            string
	version         int64
	body            *body
	identity        *tfprotov6.ResourceIdentitySchema // nil when the type has none
	identityType    tftypes.Type
	identityVersion int64
}

func compileBlock(b *tfprotov6.SchemaBlock) (*body, error) {
	if b == nil {
		return &body{typ: tftypes.Object{AttributeTypes: map[string]tftypes.Type{}}}, nil
	}
	out, err := compileAttributes(b.Attributes)
	if err != nil {
		return nil, err
	}
	for _, nb := range b.BlockTypes {
		c, err := compileNestedBlock(nb)
		if err != nil {
			return nil, fmt.Errorf("block %s: %w", nb.TypeName, err)
		}
		out.addBlock(c)
	}
	slices.SortFunc(out.blocks, func(a, b *collection) int { return cmp.Compare(a.name, b.name) })
	return out, nil
}

func compileAttributes(in []*tfprotov6.SchemaAttribute) (*body, error) {
	out := &body{typ: tftypes.Object{AttributeTypes: map[string]tftypes.Type{}}}
	for _, a := range in {
		c, err := compileAttribute(a)
		if err != nil {
			return nil, fmt.Errorf("attribute %s: %w", a.Name, err)
		}
		out.addAttribute(c)
	}
	slices.SortFunc(out.attrs, func(a, b *attribute) int { return cmp.Compare(a.name, b.name) })
	return out, nil
}

func compileAttribute(a *tfprotov6.SchemaAttribute) (*attribute, error) {
	out := &attribute{
		name: a.Name, typ: a.ValueType(),
		required: a.Required, optional: a.Optional, computed: a.Computed, writeOnly: a.WriteOnly,
	}
	if !out.required && !out.optional && !out.computed || out.required && (out.optional || out.computed) {
		return nil, fmt.Errorf("must be one of required, optional, computed or optional and computed")
	}
	if a.NestedType == nil {
		if out.typ == nil {
			return nil, fmt.Errorf("has no type")
		}
		return out, nil
	}
	inner, err := compileAttributes(a.NestedType.Attributes)
	if err != nil {
		return nil, err
	}
	m, err := attributeMode(a.NestedType.Nesting)
	out.nested = &collection{name: a.Name, mode: m, body: inner, typ: out.typ}
	return out, err
}

func compileNestedBlock(nb *tfprotov6.SchemaNestedBlock) (*collection, error) {
	inner, err := compileBlock(nb.Block)
	if err != nil {
		return nil, err
	}
	m, err := blockMode(nb.Nesting)
	return &collection{
		name: nb.TypeName, mode: m, body: inner, typ: nb.ValueType(),
		min: nb.MinItems, max: nb.MaxItems,
	}, err
}

func attributeMode(n tfprotov6.SchemaObjectNestingMode) (mode, error) {
	switch n {
	case tfprotov6.SchemaObjectNestingModeSingle:
		return single, nil
	case tfprotov6.SchemaObjectNestingModeList:
		return list, nil
	case tfprotov6.SchemaObjectNestingModeSet:
		return set, nil
	case tfprotov6.SchemaObjectNestingModeMap:
		return mapping, nil
	case tfprotov6.SchemaObjectNestingModeInvalid:
	}
	return 0, fmt.Errorf("nesting mode %s", n)
}

func blockMode(n tfprotov6.SchemaNestedBlockNestingMode) (mode, error) {
	switch n {
	case tfprotov6.SchemaNestedBlockNestingModeSingle:
		return single, nil
	case tfprotov6.SchemaNestedBlockNestingModeGroup:
		return group, nil
	case tfprotov6.SchemaNestedBlockNestingModeList:
		return list, nil
	case tfprotov6.SchemaNestedBlockNestingModeSet:
		return set, nil
	case tfprotov6.SchemaNestedBlockNestingModeMap:
		return mapping, nil
	case tfprotov6.SchemaNestedBlockNestingModeInvalid:
	}
	return 0, fmt.Errorf("nesting mode %s", n)
}

func (b *body) addAttribute(a *attribute) {
	b.attrs = append(b.attrs, a)
	b.typ.AttributeTypes[a.name] = a.typ
	b.hasSets = b.hasSets || containsSet(a.typ)
	b.hasWriteOnly = b.hasWriteOnly || a.writeOnly || a.nested != nil && a.nested.body.hasWriteOnly
}

func (b *body) addBlock(c *collection) {
	b.blocks = append(b.blocks, c)
	b.typ.AttributeTypes[c.name] = c.typ
	b.hasSets = b.hasSets || containsSet(c.typ)
	b.hasWriteOnly = b.hasWriteOnly || c.body.hasWriteOnly
}

func containsSet(t tftypes.Type) bool {
	switch t := t.(type) {
	case tftypes.Set:
		return true
	case tftypes.List:
		return containsSet(t.ElementType)
	case tftypes.Map:
		return containsSet(t.ElementType)
	case tftypes.Tuple:
		return slices.ContainsFunc(t.ElementTypes, containsSet)
	case tftypes.Object:
		for _, a := range t.AttributeTypes {
			if containsSet(a) {
				return true
			}
		}
	}
	return false
}
