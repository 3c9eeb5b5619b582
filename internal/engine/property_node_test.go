package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// The laws of the engine's parts, on values of random kinds. They need neither framework nor platform, so they are
// tried on many more cases than the sequences.

// lawCase is one change of one object of a random kind, in two passes.
type lawCase struct {
	*rules
	rng           *rand.Rand
	prior         tftypes.Value
	config        tftypes.Value // known
	hidden        tftypes.Value // the same with unknown parts
	first, second tftypes.Value // what the framework proposes for hidden and for config
	seen          tftypes.Value // another object of the kind
}

// TestPropertyLaws tries every law on random changes.
func TestPropertyLaws(t *testing.T) {
	laws := map[string]func(*lawCase) error{
		"equal":    lawEqual,
		"codec":    lawCodec,
		"observe":  lawObserve,
		"settle":   lawSettle,
		"fill":     lawFill,
		"planners": lawPlanners,
		"bindings": lawBindings,
		"costs":    lawCosts,
	}
	failed := 0
	for seed := range uint64(propCases(80, 5000)) {
		rng := rand.New(rand.NewPCG(seed, 23))
		for n, c := range drawLaws(t.Context(), rng, 20) {
			for name, law := range laws {
				if err := law(c); err != nil {
					t.Errorf("seed %d, change %d, %s: %v", seed, n, name, err)
					if failed++; failed == 3 {
						return
					}
				}
			}
		}
	}
}

// drawLaws draws one kind and changes of it.
func drawLaws(ctx context.Context, rng *rand.Rand, n int) []*lawCase {
	kinds := []reflect.Type{reflect.TypeFor[propElements](), reflect.TypeFor[propLeaves](), reflect.TypeFor[propWide]()}
	t := kinds[min(rng.IntN(8)/3, 2)]
	spec := drawSpec(rng, t)
	root, err := compile(ctx, spec.schema(), t)
	if err != nil {
		panic(err)
	}
	r := newRules(root, "acme", spec.table())
	var list []*lawCase
	for range n {
		c := &lawCase{rules: r, rng: rng}
		w := writer{rng, 60}
		cfg := w.write(spec.kids, nil, nil)
		made := func(cfg map[string]any) tftypes.Value {
			v := c.value(root, full(cfg))
			return root.fill(opened(root, noSecrets(root, proposed(root, root.null(), v)), v, false), c.told(root, 0))
		}
		c.prior = made(cfg)
		c.seen = made(w.write(spec.kids, nil, nil))
		cfg = w.write(spec.kids, cfg, asMap(enginetest.Plain(c.prior)))
		c.config, c.hidden = c.value(root, full(cfg)), c.value(root, full(w.hide(spec.kids, cfg)))
		c.first = opened(root, noSecrets(root, proposed(root, c.prior, c.hidden)), c.hidden, false)
		c.second = opened(root, noSecrets(root, proposed(root, c.prior, c.config)), c.config, false)
		list = append(list, c)
	}
	return list
}

func full(cfg map[string]any) map[string]any {
	cfg["name"], cfg["platform"] = "web", "a"
	return cfg
}

// value makes a value of plain ones.
func (c *lawCase) value(n *node, v any) tftypes.Value {
	switch {
	case v == nil:
		return n.null()
	case v == any(enginetest.Unknown):
		return n.unknown()
	case !n.leaf():
		out := map[string]tftypes.Value{}
		for _, name := range n.names {
			out[name] = c.value(n.attrs[name], asMap(v)[name])
		}
		for key, e := range asMap(v) {
			if n.elem != nil {
				out[key] = c.value(n.elem, e)
			}
		}
		return tftypes.NewValue(n.typ, out)
	}
	return plainValue(n.typ, v)
}

func plainValue(t tftypes.Type, v any) tftypes.Value {
	switch v := v.(type) {
	case []any:
		var out []tftypes.Value
		for _, e := range v {
			out = append(out, plainValue(tftypes.String, e))
		}
		return tftypes.NewValue(t, out)
	case map[string]any:
		out := map[string]tftypes.Value{}
		for key, e := range v {
			out[key] = plainValue(tftypes.String, e)
		}
		return tftypes.NewValue(t, out)
	}
	if v == any(enginetest.Unknown) {
		return tftypes.NewValue(t, tftypes.UnknownValue)
	}
	return tftypes.NewValue(t, v)
}

// told is what an adapter might tell of everything that it is asked.
func (c *lawCase) told(n *node, depth int) tftypes.Value {
	switch {
	case n.elem != nil:
		elems := map[string]tftypes.Value{}
		for _, key := range []string{"a", "b2", "b10"} {
			elems[key] = c.told(n.elem, depth+1)
		}
		return tftypes.NewValue(n.typ, elems)
	case n.attrs != nil:
		out := map[string]tftypes.Value{}
		for name, a := range n.attrs {
			out[name] = c.told(a, depth+1)
		}
		return tftypes.NewValue(n.typ, out)
	case c.rng.IntN(5) == 0 && !n.binding:
		return n.null()
	case n.binding:
		return tftypes.NewValue(n.typ, fmt.Sprintf("id-%d", c.rng.IntN(1000)))
	}
	pool := propPool(n.goes)
	return plainValue(n.typ, pool[c.rng.IntN(len(pool))])
}

// proposed mixes prior state and configuration as core does.
func proposed(n *node, prior, config tftypes.Value) tftypes.Value {
	return n.each(config, func(c *node, key string, cfg tftypes.Value) tftypes.Value {
		p := c.orNull(get(prior, key))
		switch {
		case n.elem != nil:
			if !cfg.IsKnown() {
				cfg = spread(c)
			}
			return proposed(c, p, cfg)
		case c.computed && cfg.IsNull():
			if c.optional && !c.leaf() && owns(c, p) {
				return cfg
			}
			return p
		case c.leaf() || !cfg.IsKnown() || cfg.IsNull():
			return cfg
		}
		return proposed(c, p, cfg)
	})
}

// spread is an unknown object as core sees it: one whose attributes are unknown.
func spread(n *node) tftypes.Value {
	out := map[string]tftypes.Value{}
	for name, c := range n.attrs {
		out[name] = c.unknown()
	}
	return tftypes.NewValue(n.typ, out)
}

// owns reports whether a value holds something that only a configuration can have put there.
func owns(n *node, v tftypes.Value) bool {
	found := false
	n.each(v, func(c *node, _ string, e tftypes.Value) tftypes.Value {
		found = found || n.elem == nil && given(e) && !c.computed || owns(c, e)
		return e
	})
	return found
}

// refines reports where b is something else than a with unknown parts known.
func refines(n *node, a, b tftypes.Value, at platform.Path) error {
	switch {
	case !a.IsKnown():
		return nil
	case a.IsNull() != b.IsNull() || !b.IsKnown():
		return fmt.Errorf("%s: from %s to %s", at, a, b)
	case n.leaf():
		if a.IsFullyKnown() && !a.Equal(b) {
			return fmt.Errorf("%s: from %s to %s", at, a, b)
		}
		return nil
	}
	x, y := object(a), object(b)
	for key := range x {
		if y[key].Type() == nil {
			return fmt.Errorf("%s: %q is gone", at, key)
		}
		if err := refines(n.step(key), x[key], y[key], append(slices.Clone(at), key)); err != nil {
			return err
		}
	}
	if len(x) != len(y) {
		return fmt.Errorf("%s: from %d to %d elements", at, len(x), len(y))
	}
	return nil
}

func alike(what string, want, got tftypes.Value) error {
	if want.Equal(got) {
		return nil
	}
	return fmt.Errorf("%s (-want +got):\n%s", what, cmp.Diff(enginetest.Plain(want), enginetest.Plain(got)))
}

// lawEqual: equality holds for a value and itself and in both directions.
func lawEqual(c *lawCase) error {
	if !c.root.equal(c.prior, c.prior) || c.differs(c.root, c.prior, c.prior) {
		return fmt.Errorf("%v differs from itself", c.prior)
	}
	if c.root.equal(c.prior, c.seen) != c.root.equal(c.seen, c.prior) {
		return fmt.Errorf("equality of %v and %v depends on the direction", c.prior, c.seen)
	}
	return nil
}

// lawCodec: through the plain struct and back, a value is equal.
func lawCodec(c *lawCase) error {
	v := reflect.New(c.root.goes)
	if err := decode(c.prior, v.Elem()); err != nil {
		return err
	}
	back, err := encode(c.root.typ, v.Elem())
	if err == nil && !c.root.equal(c.prior, back) {
		err = alike("the codec changed it", c.prior, back)
	}
	return err
}

// lawObserve: reading what is so is no change, reading twice is reading once, and what was left alone stays null.
func lawObserve(c *lawCase) error {
	if err := alike("read as written", c.prior, c.observe(c.root, c.prior, c.prior, false)); err != nil {
		return err
	}
	for _, fresh := range []bool{false, true} {
		once := c.observe(c.root, c.prior, c.seen, fresh)
		if err := alike("read twice", once, c.observe(c.root, once, c.seen, fresh)); err != nil {
			return err
		}
		for _, name := range c.root.names {
			n := c.root.attrs[name]
			if !fresh && n.optional && !n.computed && get(c.prior, name).IsNull() && !get(once, name).IsNull() {
				return fmt.Errorf("%s: unmanaged, but the state now has %s", name, get(once, name))
			}
		}
	}
	return nil
}

// lawSettle: settling twice is settling once, a plan with more known values refines one with less, and where nothing is
// asked for nothing changes.
func lawSettle(c *lawCase) error {
	first := c.root.settle(c.first, c.hidden, c.prior, nil)
	second := c.root.settle(c.second, c.config, c.prior, nil)
	if err := alike("settled twice", second, c.root.settle(second, c.config, c.prior, nil)); err != nil {
		return err
	}
	if err := refines(c.root, first, second, nil); err != nil {
		return fmt.Errorf("the second plan: %w", err)
	}
	return nil
}

// lawFill: the state after an apply is fully known and is the plan where that was known.
func lawFill(c *lawCase) error {
	plan := c.root.settle(c.second, c.config, c.prior, nil)
	state := c.root.fill(plan, c.told(c.root, 0))
	if !state.IsFullyKnown() {
		return fmt.Errorf("the state has unknown values: %s", state)
	}
	if err := refines(c.root, plan, state, nil); err != nil {
		return err
	}
	return alike("filled twice", state, c.root.fill(state, c.seen))
}

// lawPlanners: what a planner chooses only refines, what it alters only opens, and neither touches what is configured.
func lawPlanners(c *lawCase) error {
	plan := c.root.settle(c.second, c.config, c.prior, nil)
	chosen := c.root.adopt(plan, c.config, c.told(c.root, 0))
	if err := refines(c.root, plan, chosen, nil); err != nil {
		return fmt.Errorf("chosen: %w", err)
	}
	var nodes []*node
	c.root.walk(func(n *node) { nodes = append(nodes, n) })
	n := nodes[c.rng.IntN(len(nodes))]
	open := c.root.forget(plan, c.config, n.path)
	if err := refines(c.root, open, plan, nil); err != nil {
		return fmt.Errorf("%s altered: %w", n.path, err)
	}
	return alike("altered twice", open, c.root.forget(open, c.config, n.path))
}

// lawBindings: what a read starts from is part of the state, holds every id, and is the same however often it is taken.
func lawBindings(c *lawCase) error {
	once := c.bindings(c.root, c.prior)
	if err := alike("taken twice", once, c.bindings(c.root, once)); err != nil {
		return err
	}
	for _, n := range c.keyed() {
		for key, e := range object(get(c.prior, n.path[0])) {
			if got := get(get(get(once, n.path[0]), key), "id"); !got.Equal(get(e, "id")) {
				return fmt.Errorf("%s.%s: the id went from %s to %s", n.path, key, get(e, "id"), got)
			}
		}
	}
	return nil
}

// lawCosts: no change costs nothing, and what costs something once all values are known was expected to cost no less
// while some were not.
func lawCosts(c *lawCase) error {
	judged := func(config, plan tftypes.Value) *judge {
		j := &judge{rules: c.rules}
		j.group(c.root, nil, config, plan, c.prior)
		return j
	}
	if j := judged(c.config, c.prior); len(j.costs) > 0 {
		return fmt.Errorf("no change costs %v", j.costs)
	}
	first := judged(c.hidden, c.root.settle(c.first, c.hidden, c.prior, nil))
	second := judged(c.config, c.root.settle(c.second, c.config, c.prior, nil))
	for _, class := range []platform.Class{platform.ClassRestart, platform.ClassReplace} {
		costs := func(j *judge) bool {
			return slices.ContainsFunc(j.costs, func(x cost) bool { return x.class == class })
		}
		if costs(second) && !costs(first) && !(class == platform.ClassRestart && slices.ContainsFunc(first.costs, func(x cost) bool { return x.class > class })) {
			return fmt.Errorf("first %v, then %v", first.costs, second.costs)
		}
	}
	if len(first.refused) > len(second.refused) {
		return fmt.Errorf("refused while values were unknown, though not later: %v", first.refused)
	}
	return nil
}
