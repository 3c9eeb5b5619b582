package engine

import (
	"maps"
	"reflect"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Tags: the user writes `tags`, the provider adds its default ones, and `tags_all` is what the object shall carry. The
// adapter sees only the latter, as Tags.

// planTags says in tags_all what the object will carry, so that a changed default tag shows in every plan it concerns.
func (r *rules) planTags(plan, prior tftypes.Value, defaults map[string]string) tftypes.Value {
	n := r.root.attrs["tags_all"]
	if n == nil || r.traits[r.root.attrs["tags"]].Class == platform.ClassUnsupported {
		return plan
	}
	tags := get(plan, "tags")
	switch {
	case r.lasting(tags, prior):
		return with(plan, "tags_all", get(prior, "tags_all"))
	case !tags.IsFullyKnown():
		return with(plan, "tags_all", n.unknown())
	case given(tags):
		return with(plan, "tags_all", merged(n, defaults, tags))
	case given(get(prior, "tags")): // taken out of the configuration
		return with(plan, "tags_all", merged(n, defaults, n.null()))
	case len(defaults) == 0:
		return plan
	case absent(prior):
		return with(plan, "tags_all", merged(n, defaults, n.null()))
	}
	return with(plan, "tags_all", merged(n, stringMap(get(prior, "tags_all")), stringValue(n, defaults)))
}

// lasting reports whether an object keeps the tags that it was made with: where another tag means another object, other
// default tags are no reason to make one. It gets them when something else is.
func (r *rules) lasting(tags, prior tftypes.Value) bool {
	n := r.root.attrs["tags"]
	class := r.traits[n].Class
	fixed := class == platform.ClassReplace || class == platform.ClassCreateOnly
	return fixed && !absent(prior) && tags.IsFullyKnown() && n.equal(tags, get(prior, "tags"))
}

func merged(n *node, under map[string]string, over tftypes.Value) tftypes.Value {
	all := map[string]string{}
	maps.Copy(all, under)
	maps.Copy(all, stringMap(over))
	return stringValue(n, all)
}

func stringMap(v tftypes.Value) map[string]string {
	m := map[string]string{}
	for key, e := range object(v) {
		m[key] = text(e)
	}
	return m
}

func stringValue(n *node, m map[string]string) tftypes.Value {
	v, err := encode(n.typ, reflect.ValueOf(m))
	if err != nil {
		return n.null()
	}
	return v
}

// seenTags splits what an object carries: default tags, those of the time when it was tagged included, do not count as
// the user's, unless the user wrote them too.
func seenTags(root *node, prior, seen tftypes.Value, defaults map[string]string) tftypes.Value {
	if root.attrs["tags_all"] == nil {
		return seen
	}
	all := get(seen, "tags")
	seen = with(seen, "tags_all", all)
	if !given(all) {
		return seen
	}
	wrote, had := object(get(prior, "tags")), stringMap(get(prior, "tags_all"))
	own := map[string]string{}
	for key, value := range stringMap(all) {
		def, isDefault := defaults[key]
		was, carried := had[key] // one that was a default tag when it was put on, and may be none any more
		if isDefault && def == value || carried && was == value {
			if wrote[key].Type() == nil {
				continue
			}
		}
		own[key] = value
	}
	return with(seen, "tags", stringValue(root.attrs["tags"], own))
}
