package engine

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// moment is what there was before a change.
type moment struct {
	state  map[string]any
	object *propObject
	fresh  bool
	kept   int
	lost   int
}

func (c *propCase) now() moment {
	return moment{c.state(), c.object().shot(), c.fresh, len(c.world().kept), len(c.world().lost)}
}

// faults collects what a check finds.
type faults struct {
	list     []string
	imported bool // what an import saw and nobody declared is no reason to make another object
}

func (f *faults) add(at platform.Path, format string, args ...any) {
	f.list = append(f.list, at.String()+": "+fmt.Sprintf(format, args...))
}

func (f *faults) err(what string) error {
	if len(f.list) == 0 {
		return nil
	}
	slices.Sort(f.list)
	return fmt.Errorf("%s:\n\t%s", what, joinLines(f.list))
}

func joinLines(list []string) string {
	var s string
	for i, l := range list {
		if i > 0 {
			s += "\n\t"
		}
		s += l
	}
	return s
}

// settled checks an object after a change that succeeded: the platform has what the configuration says, left alone what
// it does not say, and reset what it says no more; the state tells the truth; nothing was lost; nothing is left to do.
func (c *propCase) settled(was moment, created bool) error {
	o := c.object()
	if o == nil {
		return fmt.Errorf("there is no object after the apply")
	}
	var f faults
	if created {
		was = moment{object: &propObject{v: map[string]any{}}, kept: was.kept, lost: was.lost}
	}
	f.imported = c.world().imported
	f.expect(c.spec.kids, c.cfg, was.state, was.object.v, o.v, nil, created)
	c.expectTags(&f, was, o)
	for _, m := range c.spec.kids {
		if m.keyed && !m.special {
			c.expectElements(&f, m, was, o, created)
		}
	}
	f.truthful(c.spec.kids, c.state(), c.cfg, o.v, nil)
	c.truthfulObject(&f, c.state(), o, was.fresh)
	for _, w := range c.worlds {
		for _, b := range w.broken {
			f.add(nil, "%s", b)
		}
	}
	if n := len(c.worlds["e1"].objects) + len(c.worlds["e2"].objects); n != 1 {
		f.add(nil, "there are %d objects", n)
	}
	if err := f.err("after the apply"); err != nil {
		return err
	}
	return c.idle()
}

// idle checks that nothing is left to do, and that a refresh finds the state to be true.
func (c *propCase) idle() error {
	p, err := c.res.Plan(c.full(c.cfg))
	if err != nil || p.Diags.HasErrors() {
		return fmt.Errorf("plan again: %w\n%s", err, p.Diags)
	}
	if p.Action != enginetest.NoOp {
		return fmt.Errorf("the plan after the apply is %s, want none (-prior +planned):\n%s", p.Action, cmp.Diff(enginetest.Plain(p.Prior), enginetest.Plain(p.Planned)))
	}
	var f faults
	state := asMap(enginetest.Plain(p.Prior)) // as the refresh inside the plan found it
	f.truthful(c.spec.kids, state, c.cfg, c.object().v, nil)
	c.truthfulObject(&f, state, c.object(), false)
	return f.err("after the refresh")
}

// expect compares what the platform has with what the configuration asked for.
func (f *faults) expect(kids []*propSpec, cfg, state, before, after map[string]any, at platform.Path, created bool) {
	for _, k := range kids {
		here := append(slices.Clone(at), k.name)
		v, given := cfg[k.name]
		given = given && v != nil
		switch {
		case k.special && k.name != "power", k.local, k.class == 'c', k.foreign(), k.keyed, k.trait.Class == platform.ClassUnsupported && k.leaf():
		case k.class == 'w':
			want := before[k.name]
			if given && (created || k.trait.Class != platform.ClassCreateOnly) && (created || !reflect.DeepEqual(cfg["secret_version"], state["secret_version"])) {
				want = v
			}
			f.differs(k, want, after[k.name], here, "the secret")
		case k.keys:
			f.expectKeys(asMap(v), asMap(state[k.name]), asMap(before[k.name]), asMap(after[k.name]), here)
		case !k.leaf():
			f.expect(k.kids, asMap(v), asMap(state[k.name]), asMap(before[k.name]), asMap(after[k.name]), here, created)
		case !given && !created && k.trait.Class == platform.ClassReplace && f.imported:
			f.differs(k, before[k.name], after[k.name], here, "cannot be reset")
		case cfg == nil && (k.class == 'k' || k.class == 'r') && !created && state[k.name] != nil && len(at) > 0 && at[0] != "boot":
			f.differs(k, k.def, after[k.name], here, "its group was taken out")
		case given && k.trait.Class == platform.ClassCreateOnly && !created:
			f.differs(k, before[k.name], after[k.name], here, "used at creation only")
		case given:
			f.differs(k, v, after[k.name], here, "configured")
		case k.class == 'o' && (created || state[k.name] != nil && k.trait.Class != platform.ClassCreateOnly):
			f.differs(k, k.def, after[k.name], here, "not configured")
		case !created:
			f.differs(k, before[k.name], after[k.name], here, "left alone")
		}
	}
}

func (f *faults) differs(k *propSpec, want, got any, at platform.Path, why string) {
	if !same(k, want, got) {
		f.add(at, "the platform has %v, want %v (%s, %c, %s)", got, want, why, k.class, k.trait.Class)
	}
}

func (f *faults) expectKeys(cfg, state, before, after map[string]any, at platform.Path) {
	want := maps.Clone(before)
	if want == nil {
		want = map[string]any{}
	}
	for key := range state {
		delete(want, key)
	}
	maps.Copy(want, cfg)
	if len(want)+len(after) > 0 && !reflect.DeepEqual(want, after) {
		f.add(at, "the platform has %v, want %v", after, want)
	}
}

func (c *propCase) expectTags(f *faults, was moment, o *propObject) {
	if c.spec.kid("tags") == nil {
		return
	}
	want := map[string]any{}
	cfg := asMap(c.cfg["tags"])
	if cfg == nil && was.state["tags"] == nil {
		maps.Copy(want, asMap(was.object.v["tags"]))
	}
	for key, v := range c.defaults {
		want[key] = v
	}
	maps.Copy(want, cfg)
	if got := asMap(o.v["tags"]); len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
		f.add(platform.Path{"tags"}, "the platform has %v, want %v", got, want)
	}
}

// expectElements compares the elements of one keyed map, and follows those whose key was dropped.
func (c *propCase) expectElements(f *faults, m *propSpec, was moment, o *propObject, created bool) {
	cfg, state, prior := asMap(c.cfg[m.name]), asMap(c.state()[m.name]), asMap(was.state[m.name])
	from := map[any]map[string]any{} // what the state said before, by id
	for _, e := range prior {
		from[asMap(e)["id"]] = asMap(e)
	}
	bound := map[any]bool{}
	for key, v := range cfg {
		id := asMap(state[key])["id"]
		e := o.elem(m.name, id)
		at := platform.Path{m.name, key}
		switch old := was.object.elem(m.name, id); {
		case e == nil || bound[id]:
			f.add(at, "it is bound to %v, which is nothing or another's", id)
		case old == nil || from[id] == nil:
			f.expect(m.kids, asMap(v), nil, nil, e.v, at, true)
		default:
			f.expect(m.kids, asMap(v), from[id], old.v, e.v, at, false)
		}
		bound[id] = true
	}
	for _, e := range was.object.elems[m.name] {
		old := from[e.id]
		stays := o.elem(m.name, e.id) != nil
		destroyed := slices.ContainsFunc(c.world().lost, func(x *propElem) bool { return x.id == e.id })
		switch {
		case created || bound[e.id]:
		case old == nil && !stays:
			f.add(platform.Path{m.name, e.slot}, "it was nobody's and is gone")
		case was.fresh && !stays:
			f.add(platform.Path{m.name, e.slot}, "it was imported, never declared, and is gone")
		case m.name == "parts" && destroyed && old["delete"] != true:
			f.add(platform.Path{m.name, e.slot}, "its data is lost")
		case old != nil && !was.fresh && stays:
			f.add(platform.Path{m.name, e.slot}, "its key was dropped, but it is still there")
		}
	}
}

// truthful compares the state with what the platform has.
func (f *faults) truthful(kids []*propSpec, state, cfg, truth map[string]any, at platform.Path) {
	for _, k := range kids {
		here := append(slices.Clone(at), k.name)
		v := state[k.name]
		unset := cfg[k.name] == nil && (k.class == 'o' || k.class == 'b' || k.class == 0 && k.name == "tags")
		switch {
		case unset && v != nil:
			f.add(here, "the state has %v for what is not managed", v)
		case unset, k.special && k.name != "power", k.class == 'w', k.keyed:
		case k.local && k.leaf():
			if !same(k, v, cfg[k.name]) {
				f.add(here, "the state has %v, want %v as configured", v, cfg[k.name])
			}
		case k.dark(), k.foreign(), k.trait.Class == platform.ClassUnsupported, k.keys:
		case !k.leaf():
			if v == nil {
				f.add(here, "the state has nothing")
			}
			f.truthful(k.kids, asMap(v), asMap(cfg[k.name]), asMap(truth[k.name]), here)
		case !same(k, v, truth[k.name]):
			f.add(here, "the state has %v, the platform %v", v, truth[k.name])
		}
	}
}

// truthfulObject compares elements and what the model knows by name. What is loose is stale while a plan had no reason
// to look at it again.
func (c *propCase) truthfulObject(f *faults, state map[string]any, o *propObject, stale bool) {
	if c.spec.kid("power") != nil {
		var booted any
		if o.v["power"] == platform.PowerOn {
			booted = fmt.Sprintf("t%d", o.boots)
		}
		if state["booted_at"] != booted {
			f.add(platform.Path{"booted_at"}, "the state has %v, the platform %v", state["booted_at"], booted)
		}
	}
	if tags := asMap(state["tags_all"]); c.spec.kid("tags") != nil && len(tags)+len(asMap(o.v["tags"])) > 0 && !reflect.DeepEqual(tags, asMap(o.v["tags"])) {
		f.add(platform.Path{"tags_all"}, "the state has %v, the platform %v", tags, o.v["tags"])
	}
	for _, m := range c.spec.kids {
		if !m.keyed || m.special {
			continue
		}
		loose := map[any]bool{}
		for _, e := range o.elems[m.name] {
			loose[e.id] = true
		}
		for key, e := range asMap(state[m.name]) {
			id := asMap(e)["id"]
			if !loose[id] {
				f.add(platform.Path{m.name, key}, "the state binds it to %v, which is not there", id)
				continue
			}
			delete(loose, id)
			f.truthful(m.kids, asMap(e), asMap(asMap(c.cfg[m.name])[key]), o.elem(m.name, id).v, platform.Path{m.name, key})
		}
		told := map[any]bool{}
		for _, e := range asMap(state["loose_"+m.name]) {
			told[asMap(e)["id"]] = true
		}
		if !stale && !reflect.DeepEqual(told, loose) {
			f.add(platform.Path{"loose_" + m.name}, "the state has %v, the platform %v", told, loose)
		}
	}
}
