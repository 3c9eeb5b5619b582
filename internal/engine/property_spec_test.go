package engine

import (
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// propSpec is one attribute of a random kind: what was drawn for it. The model platform and the expectations of the
// tests go by it, and nothing of the engine does.
type propSpec struct {
	name                           string
	path                           platform.Path // "*" stands for a key
	typ                            reflect.Type  // without pointer
	class                          byte          // r, o, k, c, w, or b for a block
	binding, local, keys, platform bool
	kids                           []*propSpec // of a group, or of the elements of a keyed map
	keyed                          bool
	special                        bool // the model knows it by name

	trait platform.Trait
	pool  []any       // values to configure
	def   any         // what the platform has when nobody says anything
	deps  []*propSpec // of a computed leaf: what it follows
}

func (s *propSpec) leaf() bool { return s.kids == nil }

func (s *propSpec) kid(name string) *propSpec {
	for _, k := range s.kids {
		if k.name == name {
			return k
		}
	}
	return nil
}

// walk visits everything below s, parents first.
func (s *propSpec) walk(visit func(*propSpec)) {
	for _, k := range s.kids {
		visit(k)
		k.walk(visit)
	}
}

// foreign is the block of a platform that is not there.
func (s *propSpec) foreign() bool { return s.platform && s.name != "acme" }

// dark reports whether the platform does not tell the value.
func (s *propSpec) dark() bool { return s.local || s.class == 'w' || s.trait.Unseen }

// drawSpec draws the classes of a kind's attributes, their values and traits.
func drawSpec(rng *rand.Rand, t reflect.Type) *propSpec {
	root := &propSpec{typ: t}
	root.kids = drawKids(rng, t, nil, false)
	root.walk(func(s *propSpec) {
		if s.leaf() && !s.special {
			s.pool = propPool(s.typ)
			drawTrait(rng, s)
			drawDefault(rng, s)
		}
	})
	drawGroups(rng, root)
	drawDeps(rng, root)
	root.walk(func(s *propSpec) {
		for _, d := range s.deps {
			d.sober()
		}
		if s.class == 'k' && s.def != nil || s.trait.Class == platform.ClassReplace {
			s.sober()
		}
	})
	return root
}

// sober takes the spellings of nothing out of the pool. Where nobody managed an attribute they ask for no change, so
// what is there by the platform's choice or by hand may stay.
func (s *propSpec) sober() {
	s.pool = slices.DeleteFunc(s.pool, func(v any) bool { return canon(s, v) == nil })
}

// stiff reports whether the platform's block holds what cannot change. An import does not read the block, so that what
// is given for it later is believed until the next read: nothing that follows is idle at once.
func (s *propSpec) stiff() bool {
	block := s.kid("acme")
	return block != nil && slices.ContainsFunc(block.kids, func(k *propSpec) bool { return k.trait.Class == platform.ClassReplace })
}

// mayBeBlank reports whether nothing may be spelled out.
func (s *propSpec) mayBeBlank() bool {
	return slices.ContainsFunc(s.pool, func(v any) bool { return canon(s, v) == nil })
}

func drawKids(rng *rand.Rand, t reflect.Type, under platform.Path, local bool) []*propSpec {
	var kids []*propSpec
	for _, f := range propFields(t) {
		name, classes := f.Tag.Get("tfsdk"), f.Tag.Get("class")
		s := &propSpec{name: name, path: append(slices.Clone(under), name), typ: f.Type, special: classes == ""}
		if s.typ.Kind() == reflect.Pointer {
			s.typ = s.typ.Elem()
		}
		if len(under) == 0 && slices.Contains([]string{"power", "booted_at", "native", "loose_parts", "loose_ports"}, name) {
			s.special = true
		}
		if classes != "" {
			s.class = classes[rng.IntN(len(classes))]
		}
		switch virt := f.Tag.Get("virt"); virt {
		case "binding":
			s.binding = true
		case "keys":
			s.keys = true
		case "platform":
			s.platform = true
		case "local":
			s.local = true
		}
		s.local = s.local || local
		at := s.path
		elem := s.typ
		if elem.Kind() == reflect.Map && elem.Elem().Kind() == reflect.Struct {
			s.keyed, elem, at = true, elem.Elem(), append(slices.Clone(at), "*")
		}
		if elem.Kind() == reflect.Struct && classes != "" {
			s.kids = drawKids(rng, elem, at, s.local)
		}
		kids = append(kids, s)
	}
	return kids
}

// propPool lists values that may be configured, spellings included.
func propPool(t reflect.Type) []any {
	switch t {
	case reflect.TypeFor[platform.Size]():
		return []any{"1GiB", "1024MiB", "2GiB", "2048MiB", "4GiB", "8GiB"}
	case reflect.TypeFor[propFold]():
		return []any{"low", "LOW", "High", "high", "mid"}
	}
	switch t.Kind() {
	case reflect.String:
		return []any{"alpha", "beta", "gamma", ""}
	case reflect.Bool:
		return []any{true, false}
	case reflect.Int64:
		return []any{int64(1), int64(2), int64(4), int64(0)}
	case reflect.Slice:
		return []any{[]any{}, []any{"a"}, []any{"a", "b"}, []any{"b"}}
	case reflect.Map:
		return []any{map[string]any{}, map[string]any{"a": "1"}, map[string]any{"a": "1", "b": "2"}, map[string]any{"b": "1"}}
	}
	return nil
}

func drawTrait(rng *rand.Rand, s *propSpec) {
	live := []platform.Trait{platform.Live(), platform.Live(), platform.Restart(), platform.Replace()}
	switch {
	case s.class == 'c':
		s.trait = platform.Computed()
		return
	case s.class == 'w':
		s.trait = platform.Live()
		return
	case s.name == "secret_version":
		s.trait = []platform.Trait{platform.CreateOnly(), platform.Live().Unobservable()}[rng.IntN(2)]
		return
	case s.binding, s.keys:
		s.trait = live[rng.IntN(2)]
		return
	case s.class == 'o':
		live = append(live, platform.CreateOnly(), platform.Live().Unobservable(), platform.Unsupported("the platform has no such thing"))
	case s.class == 'k' && !s.inElement():
		live = append(live, platform.Unsupported("the platform has no such thing"))
	}
	s.trait = live[rng.IntN(len(live))]
	number := s.typ.Kind() == reflect.Int64
	switch {
	case s.trait.Class == platform.ClassUnsupported && rng.IntN(2) == 0 && s.typ.Kind() == reflect.Bool:
		s.trait = s.trait.Except("false")
	case s.trait.Class == platform.ClassUnsupported && s.typ == reflect.TypeFor[string]():
		s.trait = s.trait.Except("alpha")
	case s.trait.Class == platform.ClassUnsupported:
	case number && rng.IntN(3) == 0:
		s.trait = s.trait.NoShrink("what is there would be lost")
	case s.typ == reflect.TypeFor[string]() && s.name != "name" && rng.IntN(4) == 0:
		s.trait = s.trait.Among("alpha", "beta")
	}
}

func (s *propSpec) inElement() bool { return slices.Contains(s.path, "*") }

// drawDefault says what the platform has of itself. Text and collections that only the user decides start as nothing.
func drawDefault(rng *rand.Rand, s *propSpec) {
	if s.class == 'c' || s.class == 'w' || s.class == 'r' || s.local {
		return
	}
	switch {
	case s.trait.Class == platform.ClassUnsupported:
		if len(s.trait.Neutral) > 0 && s.class == 'k' && rng.IntN(2) == 0 {
			s.def = canon(s, map[string]any{"false": false, "alpha": "alpha"}[s.trait.Neutral[0]])
		}
	case s.class == 'o' && (s.typ.Kind() != reflect.Bool && s.typ.Kind() != reflect.Int64 || s.trait.Unseen || s.path[0] == "deep"):
	case rng.IntN(4) > 0:
		if legal := s.legal(nil); len(legal) > 0 {
			s.def = canon(s, legal[rng.IntN(len(legal))])
		}
	}
}

// legal lists the values that the traits let pass where the state has old (canonical, nil for nothing).
func (s *propSpec) legal(old any) []any {
	var list []any
	for _, v := range s.pool {
		c := canon(s, v)
		low, isNumber := c.(int64)
		was, had := old.(int64)
		switch {
		case s.class == 'r' && c == nil:
		case c == nil: // nothing is never refused
			list = append(list, v)
		case s.trait.Class == platform.ClassUnsupported && !slices.Contains(s.trait.Neutral, spelled(v)):
		case len(s.trait.OneOf) > 0 && !slices.Contains(s.trait.OneOf, spelled(v)):
		case s.trait.GrowOnly != "" && isNumber && had && low < was:
		default:
			list = append(list, v)
		}
	}
	return list
}

func spelled(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		if v {
			return "true"
		}
		return "false"
	}
	return ""
}

// drawGroups gives some groups one row for all that is below, and keyed maps what a key costs.
func drawGroups(rng *rand.Rand, root *propSpec) {
	costs := []platform.Class{platform.ClassLive, platform.ClassLive, platform.ClassRestart, platform.ClassReplace}
	root.walk(func(s *propSpec) {
		switch {
		case s.leaf() || s.class == 'c':
		case s.keyed:
			s.trait = platform.Elements(costs[rng.IntN(4)], costs[rng.IntN(3)])
		case s.name == "login" && rng.IntN(3) == 0:
			s.walk(func(k *propSpec) { k.trait = platform.CreateOnly() })
		}
	})
}

// drawDeps makes the computed leaves follow others: those beside them in an element, or any at the top.
func drawDeps(rng *rand.Rand, root *propSpec) {
	var each func(s *propSpec)
	each = func(s *propSpec) {
		for _, k := range s.kids {
			if k.class == 'c' && k.leaf() && !k.special && !k.binding {
				k.deps = pickDeps(rng, s.kids)
				if s == root || s.name == "facts" {
					k.deps = pickDeps(rng, root.kids)
				}
			}
			each(k)
		}
	}
	each(root)
}

func pickDeps(rng *rand.Rand, among []*propSpec) []*propSpec {
	var deps []*propSpec
	for _, d := range among {
		// What cannot be observed may be changed unseen, so nothing observable may follow it.
		if d.leaf() && !d.special && strings.IndexByte("rok", d.class) >= 0 && !d.dark() && !d.binding && rng.IntN(3) == 0 {
			deps = append(deps, d)
		}
	}
	return deps
}

// table is the platform's traits of the kind.
func (s *propSpec) table() platform.Traits {
	t := platform.Traits{"power": platform.Live(), "tags": platform.Live(), "tags_all": platform.Computed()}
	s.walk(func(k *propSpec) {
		if k.keyed {
			t[strings.Join(append(slices.Clone(k.path), "*"), ".")] = k.trait
		}
		if k.leaf() && !k.special && !k.local && k.class != 'c' {
			t[k.path.String()] = k.trait
		}
	})
	return t
}

// schema is the kind as Terraform sees it.
func (s *propSpec) schema() schema.Schema {
	attrs, blocks := propSchema(s.kids)
	attrs["id"] = schema.StringAttribute{Computed: true}
	attrs["platform"] = schema.StringAttribute{Optional: true, Computed: true}
	if s.kid("tags") != nil {
		attrs["tags"] = schema.MapAttribute{Optional: true, ElementType: types.StringType}
		attrs["tags_all"] = schema.MapAttribute{Computed: true, ElementType: types.StringType}
	}
	limits := map[string]schema.Attribute{}
	for _, verb := range []string{"create", "read", "update", "delete"} {
		limits[verb] = schema.StringAttribute{Optional: true}
	}
	blocks["timeouts"] = schema.SingleNestedBlock{Attributes: limits}
	return schema.Schema{Attributes: attrs, Blocks: blocks}
}

func propSchema(kids []*propSpec) (map[string]schema.Attribute, map[string]schema.Block) {
	attrs, blocks := map[string]schema.Attribute{}, map[string]schema.Block{}
	for _, k := range kids {
		r, o, c := k.class == 'r', strings.IndexByte("okw", k.class) >= 0, k.class == 'k' || k.class == 'c'
		sub := map[string]schema.Attribute{}
		if !k.leaf() {
			sub, _ = propSchema(k.kids)
		}
		switch {
		case k.class == 0:
		case k.class == 'b':
			blocks[k.name] = schema.SingleNestedBlock{Attributes: sub}
		case k.keyed:
			attrs[k.name] = schema.MapNestedAttribute{Required: r, Optional: o, Computed: c, NestedObject: schema.NestedAttributeObject{Attributes: sub}}
		case !k.leaf():
			attrs[k.name] = schema.SingleNestedAttribute{Required: r, Optional: o, Computed: c, Attributes: sub}
		default:
			attrs[k.name] = leafSchema(k, r, o, c)
		}
	}
	return attrs, blocks
}

func leafSchema(k *propSpec, r, o, c bool) schema.Attribute {
	var text attr.Type = types.StringType
	switch k.typ {
	case reflect.TypeFor[platform.Size]():
		return schema.StringAttribute{Required: r, Optional: o, Computed: c, CustomType: Text[platform.Size, *platform.Size]{}}
	case reflect.TypeFor[propFold]():
		return schema.StringAttribute{Required: r, Optional: o, Computed: c, CustomType: Text[propFold, *propFold]{}}
	}
	switch k.typ.Kind() {
	case reflect.Bool:
		return schema.BoolAttribute{Required: r, Optional: o, Computed: c}
	case reflect.Int64:
		return schema.Int64Attribute{Required: r, Optional: o, Computed: c}
	case reflect.Slice:
		return schema.ListAttribute{Required: r, Optional: o, Computed: c, ElementType: text}
	case reflect.Map:
		return schema.MapAttribute{Required: r, Optional: o, Computed: c, ElementType: text}
	}
	return schema.StringAttribute{Required: r, Optional: o, Computed: c, WriteOnly: k.class == 'w'}
}

// canon is a value without its spelling: sizes in bytes, texts folded, "" and empty collections nil.
func canon(s *propSpec, v any) any {
	switch x := v.(type) {
	case string:
		switch s.typ {
		case reflect.TypeFor[platform.Size]():
			n, _ := platform.ParseSize(x)
			return int64(n)
		case reflect.TypeFor[propFold]():
			x = strings.ToLower(x)
		}
		if x != "" {
			return x
		}
	case []any:
		if len(x) > 0 {
			return slices.Clone(x)
		}
	case map[string]any:
		if len(x) > 0 {
			return maps.Clone(x)
		}
	case nil:
	default:
		return v
	}
	return nil
}
