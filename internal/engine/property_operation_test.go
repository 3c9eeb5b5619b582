package engine

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// change brings the object to a configuration, in one go or with a plan from parts of it, and checks what came of it.
func (c *propCase) change(cfg map[string]any, hide bool) error {
	was := c.now()
	planned := cfg
	if hide {
		planned = c.w.hide(c.spec.kids, cfg)
	}
	c.note("plan %v", planned)
	p, err := c.res.Plan(c.full(planned))
	if err != nil {
		return err
	}
	if !p.OK() {
		return c.refused(cfg, p.Diags)
	}
	// What the refresh inside the plan has seen counts as the state before.
	was.state = asMap(enginetest.Plain(p.Prior))
	writes := c.writes()
	c.note("%s, apply %v", p.Action, cfg)
	a, err := c.res.ApplyConfig(p, c.full(cfg))
	if err != nil {
		return err
	}
	if a.Diags.HasErrors() {
		return c.refused(cfg, a.Diags)
	}
	c.cfg = cfg
	c.fresh = c.fresh && c.writes() == writes && a.Plan.Action != enginetest.Update
	return c.settled(was, p.Action == enginetest.Create || p.Action == enginetest.Replace)
}

// refused accepts a refusal that has a reason; restarts are then allowed, and otherwise
// the object is taken as it is.
func (c *propCase) refused(cfg map[string]any, diags enginetest.Diagnostics) error {
	if !c.excused(cfg, diags) {
		return fmt.Errorf("refused: %s", diags)
	}
	c.note("refused: %s", diags)
	if cfg["allow"] == false {
		cfg = maps.Clone(cfg)
		cfg["allow"] = true
		return c.change(cfg, false)
	}
	return c.accept()
}

// accept takes the object as it is for the configuration.
func (c *propCase) accept() error {
	if _, err := c.res.Refresh(); err != nil {
		return err
	}
	secret := asMap(c.cfg["login"])["secret"]
	c.cfg = generated(c.spec.kids, c.state())
	if login := asMap(c.cfg["login"]); login != nil && secret != nil && login["secret_version"] != nil {
		login["secret"] = secret
	}
	return c.idle()
}

func (c *propCase) writes() int { return c.worlds["e1"].writes + c.worlds["e2"].writes }

// mutate changes some of the configuration.
func (c *propCase) mutate() map[string]any { return c.w.write(c.spec.kids, c.cfg, c.state()) }

func (c *propCase) opCreate() error {
	if c.res.State() != nil {
		return nil
	}
	return c.change(c.cfg, c.rng.IntN(2) == 0)
}

func (c *propCase) opUpdate() error { return c.change(c.mutate(), false) }

func (c *propCase) opRefine() error { return c.change(c.mutate(), true) }

// opClear takes everything out of the configuration that may be left out.
func (c *propCase) opClear() error {
	cfg := map[string]any{}
	for _, k := range c.spec.kids {
		if v, ok := c.cfg[k.name]; ok && (k.class == 'r' || c.w.chance(20)) {
			cfg[k.name] = v
		}
	}
	return c.change(cfg, false)
}

// opSpoil asks for something that the platform does not take: an error on the attribute, and nothing happens.
func (c *propCase) opSpoil() error {
	cfg, at := c.w.spoiled(c.spec.kids, c.cfg)
	if at == "" {
		return nil
	}
	before, writes := c.object().shot(), c.writes()
	c.note("spoil %s: %v", at, cfg[at])
	p, err := c.res.Plan(c.full(cfg))
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(p.Diags.Errors(), func(d enginetest.Diagnostic) bool { return d.Path == at }) {
		return fmt.Errorf("%s = %v was not refused on it: %s", at, cfg[at], p.Diags)
	}
	if c.writes() != writes || !reflect.DeepEqual(before, c.object().shot()) {
		return errors.New("a refused plan changed the object")
	}
	return nil
}

// opRename gives the connection another name: the same endpoint, so nothing is touched.
func (c *propCase) opRename() error {
	if c.conn == "c" {
		return nil
	}
	before, writes := c.object().shot(), c.writes()
	c.conn = map[string]string{"a": "b", "b": "a"}[c.conn]
	c.note("rename to %s", c.conn)
	if err := c.change(c.cfg, false); err != nil {
		return err
	}
	if c.writes() != writes || !reflect.DeepEqual(before, c.object().shot()) {
		return errors.New("a renamed connection touched the object")
	}
	return nil
}

// opMove goes to another endpoint: a replacement.
func (c *propCase) opMove() error {
	id := c.object().id
	c.conn, c.fresh = map[string]string{"a": "c", "b": "c", "c": "a"}[c.conn], false
	c.note("move to %s", c.conn)
	p, err := c.res.Plan(c.full(c.cfg))
	if err != nil || !p.OK() {
		return fmt.Errorf("move: %w %s", err, p.Diags)
	}
	if p.Action != enginetest.Replace || p.At("id") != enginetest.Unknown {
		return fmt.Errorf("another endpoint is planned as %s with id %v", p.Action, p.At("id"))
	}
	if err := c.change(c.cfg, false); err != nil {
		return err
	}
	if c.object().id == id {
		return errors.New("it has not moved")
	}
	return nil
}

// opFail has a change fail half-way, then repeats it: what was made is known, and is not made again.
func (c *propCase) opFail() error {
	w := c.world()
	cfg := c.mutate()
	w.fault, w.panics = 1+c.rng.IntN(6), c.rng.IntN(4) == 0
	c.note("fail at step %d of %v", w.fault, cfg)
	a, err := c.res.PlanApply(c.full(cfg))
	hit := w.fault == 0
	w.fault = 0
	if err != nil {
		return err
	}
	if !hit {
		if a.Diags.HasErrors() {
			return c.refused(cfg, a.Diags)
		}
		c.cfg = cfg
		c.fresh = c.fresh && a.Plan.Action == enginetest.NoOp
		return c.idle()
	}
	if !a.Diags.HasErrors() {
		return errors.New("the failure was not reported")
	}
	if err := c.known(); err != nil {
		return err
	}
	c.fresh = c.fresh && a.Plan.Action == enginetest.NoOp
	return c.again(cfg)
}

// known checks the state after a failure: whatever exists is in it, or is nobody's.
func (c *propCase) known() error {
	for _, w := range c.worlds {
		for id, o := range w.objects {
			if c.res.State() == nil || c.res.State().At("id") != id {
				return fmt.Errorf("the object %s is not in the state", id)
			}
			var f faults
			state := c.state()
			f.partly(c.spec.kids, state, o.v, nil)
			for _, m := range c.spec.kids {
				for key, e := range asMap(state[m.name]) {
					if m.keyed && !m.special {
						c.partlyElement(&f, o, m, key, asMap(e))
					}
				}
			}
			if err := f.err("after the failure"); err != nil && !c.res.State().Tainted {
				return err
			}
		}
	}
	return nil
}

func (c *propCase) partlyElement(f *faults, o *propObject, m *propSpec, key string, e map[string]any) {
	at := platform.Path{m.name, key}
	found := o.elem(m.name, e["id"])
	if found == nil {
		f.add(at, "the state binds it to %v, which is not there", e["id"])
		return
	}
	f.partly(m.kids, e, found.v, at)
}

// partly demands that what the state says, where it says something, is so.
func (f *faults) partly(kids []*propSpec, state, truth map[string]any, at platform.Path) {
	for _, k := range kids {
		here := append(slices.Clone(at), k.name)
		v := state[k.name]
		switch {
		case v == nil || k.special && k.name != "power" || k.dark() || k.foreign() || k.keyed || k.keys || k.trait.Class == platform.ClassUnsupported:
		case !k.leaf():
			f.partly(k.kids, asMap(v), asMap(truth[k.name]), here)
		case !same(k, v, truth[k.name]):
			f.add(here, "the state has %v, the platform %v", v, truth[k.name])
		}
	}
}

// again repeats a change that failed. Every element beside those that nobody declared before is bound in the end.
func (c *propCase) again(cfg map[string]any) error {
	var p *enginetest.Plan
	for range 3 {
		a, err := c.res.PlanApply(c.full(cfg))
		if err != nil {
			return err
		}
		if a.Diags.HasErrors() {
			return c.refused(cfg, a.Diags)
		}
		c.fresh = c.fresh && a.Plan.Action == enginetest.NoOp
		if p = a.Plan; p.Action == enginetest.NoOp {
			break
		}
	}
	if p.Action != enginetest.NoOp {
		return fmt.Errorf("after a failure it does not converge (-prior +planned):\n%s", cmp.Diff(enginetest.Plain(p.Prior), enginetest.Plain(p.Planned)))
	}
	c.cfg = cfg
	o := c.object()
	for _, m := range c.spec.kids {
		if !m.keyed || m.special {
			continue
		}
		bound := map[any]bool{}
		for _, e := range asMap(c.state()[m.name]) {
			bound[asMap(e)["id"]] = true
		}
		for _, e := range o.elems[m.name] {
			if !bound[e.id] && !e.foreign && e.key != "" {
				return fmt.Errorf("%s %s was made and forgotten", m.name, e.id)
			}
		}
	}
	return c.idle()
}

// opImport forgets the object and imports it: the configuration that Terraform generates plans clean.
func (c *propCase) opImport() error {
	if c.spec.stiff() {
		return nil
	}
	if err := c.reimport(); err != nil {
		return err
	}
	c.cfg = generated(c.spec.kids, c.state())
	c.note("generated %v", c.cfg)
	return c.idle()
}

// opImportHand imports under the configuration that was written by hand, with other keys.
func (c *propCase) opImportHand() error {
	if c.spec.stiff() {
		return nil
	}
	cfg := renamed(c.spec.kids, c.cfg, "new")
	if err := c.reimport(); err != nil {
		return err
	}
	if c.rng.IntN(3) == 0 {
		return c.change(cfg, true)
	}
	// Everything is as it is configured: no reason for another object, unless an element is taken for a new one.
	p, err := c.res.Plan(c.full(cfg))
	if err == nil && slices.ContainsFunc(p.RequiresReplace, func(at string) bool { return !strings.HasPrefix(at, "parts") && !strings.HasPrefix(at, "ports") }) {
		return fmt.Errorf("what was imported is to be replaced because of %v", p.RequiresReplace)
	}
	return c.change(cfg, false)
}

func (c *propCase) reimport() error {
	o := c.object()
	c.imports++
	c.res = c.core.Resource("virt_thing", fmt.Sprintf("x%d", c.imports))
	c.note("import %s", o.id)
	ref := []string{o.id, "web"}[c.rng.IntN(2)]
	i, err := c.res.Import(c.conn + "/" + ref)
	if err != nil || i.Diags.HasErrors() {
		return fmt.Errorf("import: %w %s", err, i.Diags)
	}
	c.fresh, c.world().imported = true, true
	for _, list := range o.elems {
		for _, e := range list {
			e.foreign = true
		}
	}
	return nil
}

// opDrift has somebody change the object by hand, then plans and applies.
func (c *propCase) opDrift() error {
	if c.w.chance(8) {
		delete(c.world().objects, c.object().id)
		c.note("deleted by hand")
		return c.change(c.cfg, c.rng.IntN(2) == 0)
	}
	managed := c.drift()
	if !managed {
		c.note("drift that is nobody's business")
		return c.idle()
	}
	return c.change(c.cfg, false)
}

// drift changes the object by hand and says whether that is managed.
func (c *propCase) drift() bool {
	o, managed := c.object(), false
	for range 1 + c.rng.IntN(3) {
		if c.driftElement(o) {
			managed = true
		}
		k := c.spec.kids[c.rng.IntN(len(c.spec.kids))]
		managed = c.driftLeaf(k, o.v, asMap(c.cfg)) || managed
		if !k.leaf() && !k.keyed && !k.special && k.class != 'c' && !k.foreign() && !k.local {
			g := k.kids[c.rng.IntN(len(k.kids))]
			managed = c.driftLeaf(g, asMap(o.v[k.name]), asMap(c.cfg[k.name])) || managed
		}
	}
	c.world().follow(o)
	return managed
}

func (c *propCase) driftLeaf(k *propSpec, truth, cfg map[string]any) bool {
	if !k.leaf() || k.special || k.dark() || k.binding || k.keys || k.name == "name" || strings.IndexByte("rok", k.class) < 0 || k.trait.Class == platform.ClassUnsupported {
		return false
	}
	legal := k.legal(nil)
	if len(legal) == 0 || k.trait.GrowOnly != "" && cfg[k.name] != nil || k.trait.Class != platform.ClassLive && k.mayBeBlank() {
		return false
	}
	v := canon(k, legal[c.rng.IntN(len(legal))])
	c.note("by hand: %s from %v to %v", k.path, truth[k.name], v)
	changed := !reflect.DeepEqual(v, truth[k.name])
	truth[k.name] = v
	return changed && cfg[k.name] != nil
}

func (c *propCase) driftElement(o *propObject) bool {
	managed := false
	for _, m := range c.spec.kids {
		if !m.keyed || m.special || !c.w.chance(30) {
			continue
		}
		list := o.elems[m.name]
		switch c.rng.IntN(3) {
		case 0:
			e := c.world().foreign(o, m)
			c.note("by hand: %s %s added", m.name, e.id)
		case 1:
			if len(list) > 0 {
				e := list[c.rng.IntN(len(list))]
				c.note("by hand: %s %s removed", m.name, e.id)
				o.elems[m.name] = slices.DeleteFunc(slices.Clone(list), func(x *propElem) bool { return x == e })
				managed = managed || c.boundTo(m, e) != nil
			}
		case 2:
			if len(list) > 0 {
				e := list[c.rng.IntN(len(list))]
				managed = c.driftLeaf(m.kids[c.rng.IntN(len(m.kids))], e.v, asMap(c.boundTo(m, e))) || managed
			}
		}
	}
	return managed
}

// boundTo is the configuration of the element that is bound to e.
func (c *propCase) boundTo(m *propSpec, e *propElem) map[string]any {
	for key, x := range asMap(c.state()[m.name]) {
		if asMap(x)["id"] == e.id {
			return maps.Clone(asMap(asMap(c.cfg[m.name])[key]))
		}
	}
	return nil
}

// opDestroy ends the object: elements that nobody declared are kept.
func (c *propCase) opDestroy() error {
	o, w := c.object(), c.world()
	mine := map[any]bool{}
	for _, e := range asMap(c.state()["parts"]) {
		mine[asMap(e)["id"]] = !c.fresh
	}
	c.note("destroy")
	a, err := c.res.Destroy()
	if err != nil || a.Diags.HasErrors() {
		return fmt.Errorf("destroy: %w %s", err, a.Diags)
	}
	for _, e := range o.elems["parts"] {
		kept := slices.ContainsFunc(w.kept, func(x *propElem) bool { return x.id == e.id })
		if kept == mine[e.id] {
			return fmt.Errorf("parts %s: kept is %v after the destruction", e.id, kept)
		}
	}
	if len(w.objects) != 0 {
		return errors.New("the object is still there")
	}
	return c.change(c.cfg, false)
}
