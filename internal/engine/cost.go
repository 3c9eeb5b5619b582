package engine

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// cost is one planned change of one attribute and what it takes on this platform.
type cost struct {
	path  platform.Path
	class platform.Class
	known bool // the new value is known; an unknown one counts as changed but raises no refusal
}

// judge compares a plan with what the platform's traits say.
type judge struct {
	*rules
	creating bool
	private  private
	costs    []cost
	refused  []error
}

// see walks the attribute n at path, whose map keys are real ones.
func (j *judge) see(n *node, path platform.Path, config, plan, prior tftypes.Value) {
	if n.local || j.inert(n) || n.computed && !n.optional && !n.required && !n.derived {
		return
	}
	trait := j.traits[n]
	if n.elem == nil && trait.Class == platform.ClassUnsupported && !n.leaf() {
		if given(config) {
			j.refuse(trait.Check("", nil), path)
		}
		return
	}
	if n.leaf() {
		if n.derived {
			config = plan // it costs what it would if the user had written it; what it follows from is refused by its own rows
		} else {
			j.value(n, trait, path, config, plan)
		}
		if !j.creating {
			j.change(n, trait, path, config, plan, prior)
		}
		return
	}
	if n.elem != nil {
		j.elements(n, path, config, plan, prior)
		return
	}
	j.group(n, path, config, plan, prior)
}

// group descends into an object. Where it is null in the plan its attributes are gone, which is a change of each.
func (j *judge) group(n *node, path platform.Path, config, plan, prior tftypes.Value) {
	if absent(plan) && absent(prior) {
		return
	}
	for _, name := range n.names {
		c := n.attrs[name]
		cfg, p, old := n.written(config, name), get(plan, name), get(prior, name)
		if p.Type() == nil && !plan.IsKnown() {
			p = c.unknown()
		}
		j.see(c, append(slices.Clone(path), name), c.orNull(cfg), c.orNull(p), c.orNull(old))
	}
}

// elements judges a map: what new and dropped keys cost, then what changed inside those that stay.
func (j *judge) elements(n *node, path platform.Path, config, plan, prior tftypes.Value) {
	trait := j.traits[n.elem]
	if trait.Class == platform.ClassUnsupported {
		if given(config) && !blank(config) {
			j.refuse(trait.Check("", nil), path)
		}
		return
	}
	now, old := object(plan), object(prior)
	if !plan.IsKnown() && !j.creating {
		j.costs = append(j.costs, cost{path, j.dearest(n, len(old) > 0), false})
	}
	for _, key := range platform.Keys(now) {
		at := append(slices.Clone(path), key)
		if old[key].Type() == nil && !j.creating {
			j.costs = append(j.costs, cost{at, trait.Add, true})
		}
		inner := judge{rules: j.rules, creating: j.creating || old[key].Type() == nil, private: j.private}
		inner.see(n.elem, at, n.elem.orNull(n.written(config, key)), now[key], n.elem.orNull(old[key]))
		j.costs, j.refused = append(j.costs, inner.costs...), append(j.refused, inner.refused...)
	}
	if !plan.IsKnown() {
		return
	}
	for _, key := range platform.Keys(old) {
		if now[key].Type() == nil && !j.private.provisional(n.path.String(), key) {
			j.costs = append(j.costs, cost{append(slices.Clone(path), key), trait.Remove, true})
		}
	}
}

// dearest is the most that elements can cost which nobody knows yet: any may come and, where there are some, change
// or go.
func (j *judge) dearest(n *node, some bool) platform.Class {
	class := j.traits[n.elem].Add
	if !some {
		return class
	}
	class = max(class, j.traits[n.elem].Remove)
	n.elem.walk(func(c *node) {
		switch trait := j.traits[c]; {
		case !c.leaf() || c.local || c.computed && !c.optional:
		case trait.Class == platform.ClassCreateOnly:
			class = platform.ClassReplace
		case trait.Class <= platform.ClassReplace:
			class = max(class, trait.Class)
		}
	})
	return class
}

// value checks what is configured against what the platform takes.
func (j *judge) value(n *node, trait platform.Trait, path platform.Path, config, plan tftypes.Value) {
	switch {
	case absent(config) && trait.Needed && (absent(plan) || !plan.IsKnown()):
		j.refuse(platform.As(platform.ErrInvalid, errors.New("needed here, because this platform has no default for it")), path)
	case !given(config) || blank(config):
		return
	}
	var list []tftypes.Value
	switch config.Type().(type) {
	case tftypes.List:
		_ = config.As(&list)
	case tftypes.Map:
		for _, v := range object(config) {
			list = append(list, v)
		}
	default:
		list = []tftypes.Value{config}
	}
	for _, v := range list {
		if given(v) {
			s, number := scalar(n, v)
			if err := trait.Check(s, number); err != nil {
				j.refuse(err, path)
				return
			}
		}
	}
}

// change adds what a changed attribute costs.
func (j *judge) change(n *node, trait platform.Trait, path platform.Path, config, plan, prior tftypes.Value) {
	open := !plan.IsKnown() || !plan.IsFullyKnown()
	switch {
	case open && n.computed && absent(config), !open && n.equal(prior, plan):
		return
	case trait.Class == platform.ClassUnsupported, trait.Class == platform.ClassComputed, n.writeOnly:
		return
	case trait.Class == platform.ClassCreateOnly && absent(prior) && j.private.Imported:
		return // taken as it is: what made an imported object cannot be observed
	case n.derived && absent(prior) && j.private.Imported:
		return // nor can what it was derived from
	case trait.Class == platform.ClassReplace && absent(plan) && absent(config) && j.private.Imported && !n.derived:
		return // an import saw it and nobody wrote it: that is no reason to make another object
	case trait.Class == platform.ClassReplace && absent(prior) && j.root.attrs[path[0]].platform && j.private.Imported:
		return // an import does not read platform blocks: the next read finds what it really is
	}
	class := trait.Class
	if class == platform.ClassCreateOnly {
		class = platform.ClassReplace
	}
	j.costs = append(j.costs, cost{path, class, !open})
	if trait.GrowOnly == "" || !given(plan) || !given(prior) {
		return
	}
	_, now := scalar(n, plan)
	_, old := scalar(n, prior)
	if now != nil && old != nil && *now < *old {
		j.refuse(platform.As(platform.ErrUnsupported, fmt.Errorf("it cannot become smaller (%s, now %s): %s", text(plan), text(prior), trait.GrowOnly)), path)
	}
}

func (j *judge) refuse(err error, path platform.Path) {
	if err != nil {
		j.refused = append(j.refused, platform.At(err, path...))
	}
}

// scalar spells a value as traits write it, with its number for whole numbers and sizes.
func scalar(n *node, v tftypes.Value) (string, *int64) {
	switch {
	case v.Type().Is(tftypes.Bool):
		var b bool
		_ = v.As(&b)
		return fmt.Sprint(b), nil
	case v.Type().Is(tftypes.Number):
		var f big.Float
		_ = v.As(&f)
		i, _ := f.Int64()
		return f.Text('f', -1), &i
	}
	s := text(v)
	if n.same == nil {
		return s, nil
	}
	size, err := platform.ParseSize(s)
	if err != nil {
		return s, nil
	}
	i := int64(size)
	return s, &i
}

// attributes lists what costs at least class, for messages.
func attributes(costs []cost, class platform.Class) string {
	var names []string
	for _, c := range costs {
		if c.class == class {
			names = append(names, c.path.String())
		}
	}
	return strings.Join(names, ", ")
}
