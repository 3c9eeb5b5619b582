package platformtest

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// attribute is one attribute of a kind that the platform is concerned with: a leaf, or a map of nested objects.
type attribute struct {
	path  platform.Path // "*" stands for a map's key
	goes  reflect.Type  // without its pointer
	block string        // the platform block that it lies in

	required, optional, computed, writeOnly, sensitive bool
}

// attributesOf lists a kind's attributes in the order of their paths; those that are Terraform's own, or that the kind
// derives, are left out.
func attributesOf(s schema.Schema, t reflect.Type) []attribute {
	var list []attribute
	walk(&list, nil, "", s.Attributes, s.Blocks, t)
	slices.SortFunc(list, func(a, b attribute) int { return strings.Compare(a.path.String(), b.path.String()) })
	return list
}

func walk(list *[]attribute, at platform.Path, block string, attrs map[string]schema.Attribute, blocks map[string]schema.Block, t reflect.Type) {
	fields := fieldsOf(t)
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		if f := fields[name]; f.Tag.Get("virt") != "local" && f.Tag.Get("virt") != "derived" && (len(at) > 0 || name != "id" && name != "tags_all") {
			walkAttribute(list, append(slices.Clone(at), name), block, attrs[name], f.Type)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(blocks)) {
		f := fields[name]
		inner, ok := blocks[name].(schema.SingleNestedBlock)
		if !ok || f.Tag.Get("virt") == "local" {
			continue
		}
		in := block
		if f.Tag.Get("virt") == "platform" {
			in = name
		}
		walk(list, append(slices.Clone(at), name), in, inner.Attributes, inner.Blocks, pointed(f.Type))
	}
}

func walkAttribute(list *[]attribute, at platform.Path, block string, a schema.Attribute, t reflect.Type) {
	leaf := attribute{
		path: at, goes: pointed(t), block: block,
		required: a.IsRequired(), optional: a.IsOptional(), computed: a.IsComputed(), writeOnly: a.IsWriteOnly(), sensitive: a.IsSensitive(),
	}
	nested, ok := a.(schema.NestedAttribute)
	if !ok {
		*list = append(*list, leaf)
		return
	}
	inner := map[string]schema.Attribute{}
	for name, sub := range nested.GetNestedObject().GetAttributes() {
		inner[name], _ = sub.(schema.Attribute)
	}
	if leaf.goes.Kind() != reflect.Map {
		walk(list, at, block, inner, nil, leaf.goes)
		return
	}
	*list = append(*list, leaf)
	if leaf.settable() {
		walk(list, append(slices.Clone(at), "*"), block, inner, nil, leaf.goes.Elem())
	}
}

func fieldsOf(t reflect.Type) map[string]reflect.StructField {
	fields := map[string]reflect.StructField{}
	for _, f := range reflect.VisibleFields(t) {
		if name, ok := f.Tag.Lookup("tfsdk"); ok && !f.Anonymous {
			fields[name] = f
		}
	}
	return fields
}

func pointed(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// locals lists the paths that are Terraform's own and may have a row all the same.
func (k *subject) locals() []string {
	switch k.name {
	case "machine":
		return []string{"allow_restart", "wait_for", "wait_for.address", "wait_for.guest_agent", "disks.*.delete_on_remove"}
	case "container_image":
		return []string{"source_hash"} // derived: the engine's tests see to that
	}
	return nil
}

func (a attribute) settable() bool { return a.required || a.optional }

// elements reports whether it is a map of nested objects that users fill.
func (a attribute) elements() bool {
	return a.goes.Kind() == reflect.Map && a.goes.Elem().Kind() == reflect.Struct && a.settable()
}

func (a attribute) inMap() bool { return slices.Contains(a.path, "*") }

func (a attribute) isSize() bool { return a.goes == reflect.TypeFor[platform.Size]() }

// key is what the suite calls the first element of the map at the top of the path.
func (a attribute) key() string {
	switch a.path[0] {
	case "disks":
		return "data"
	case "nics":
		return "eth0"
	}
	return "one"
}

// real is the path with the suite's key in it.
func (a attribute) real() platform.Path {
	p := slices.Clone(a.path)
	for i := range p {
		if p[i] == "*" {
			p[i] = a.key()
		}
	}
	return p
}

// spelled is the real path as diagnostics have it.
func (a attribute) spelled() string { return a.spell(a.real()) }

// spell writes a path that is this attribute's, or one step longer.
func (a attribute) spell(p platform.Path) string {
	var out strings.Builder
	for i, step := range p {
		switch {
		case i >= len(a.path) || a.path[i] == "*":
			out.WriteString("[" + strconv.Quote(step) + "]")
		case i > 0:
			out.WriteString("." + step)
		default:
			out.WriteString(step)
		}
	}
	return out.String()
}

// mapOf is the map that an element's attribute lies in.
func (k *subject) mapOf(a attribute) attribute {
	at := slices.Index(a.path, "*")
	i := slices.IndexFunc(k.attrs, func(m attribute) bool { return slices.Equal(m.path, a.path[:at]) })
	return k.attrs[i]
}

// attribute finds one by its pattern.
func (k *subject) attribute(path string) (attribute, bool) {
	i := slices.IndexFunc(k.attrs, func(a attribute) bool { return a.path.String() == path })
	if i < 0 {
		return attribute{}, false
	}
	return k.attrs[i], true
}
