package engine

import (
	"context"
	"fmt"
	"iter"
	"reflect"
	"slices"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// propAdapter lets the engine at a propWorld.
type propAdapter[T any, P Object[T]] struct{ w *propWorld }

func plainOf[T any](t *T) map[string]any { return propPlain(reflect.ValueOf(t)).(map[string]any) }

func (a propAdapter[T, P]) Create(_ context.Context, want *T, made func(string)) error {
	w := a.w
	w.writes++
	v := plainOf(want)
	for _, o := range w.objects {
		if o.v["name"] == v["name"] {
			w.breach("a second object %v was asked for", v["name"])
			return &platform.ExistsError{Name: fmt.Sprint(v["name"]), ID: o.id}
		}
	}
	if err := w.step(); err != nil {
		return err
	}
	run := &act{propWorld: w, o: w.newObject(), creating: true, made: map[string]*propElem{}}
	made(run.o.id)
	return a.run(run, nil, v, want)
}

func (a propAdapter[T, P]) Update(_ context.Context, prior, want *T) error {
	w := a.w
	w.writes++
	p, v := plainOf(prior), plainOf(want)
	o := w.objects[fmt.Sprint(p["id"])]
	if o == nil {
		return platform.As(platform.ErrNotFound, fmt.Errorf("no %v", p["id"]))
	}
	if v["id"] != p["id"] {
		w.breach("the id went from %v to %v", p["id"], v["id"])
	}
	return a.run(&act{propWorld: w, o: o, made: map[string]*propElem{}}, p, v, want)
}

// run makes the change and fills in what came of it, also when it fails half-way.
func (a propAdapter[T, P]) run(r *act, prior, v map[string]any, want *T) error {
	whole := false
	defer func() {
		r.finish()
		have := map[string]any{"id": r.o.id}
		if whole {
			have = a.w.answer(r, v)
		} else {
			for _, m := range a.w.root.kids {
				elems := map[string]any{}
				for key := range asMap(v[m.name]) {
					if e := r.made[m.name+"."+key]; m.keyed && e != nil {
						elems[key] = a.w.viewKids(m.kids, e.v, nil)
					}
				}
				if len(elems) > 0 {
					have[m.name] = elems
				}
			}
		}
		propFill(have, reflect.ValueOf(want).Elem(), true)
	}()
	if err := r.change(a.w.root.kids, r.o.v, prior, v, nil, r.creating); err != nil {
		return err
	}
	if err := r.step(); err != nil {
		return err
	}
	whole = true
	return nil
}

// answer is what the adapter fills in after a success.
func (w *propWorld) answer(r *act, v map[string]any) map[string]any {
	have := w.view(r.o, v, r.made)
	for _, k := range w.root.kids {
		switch {
		case k.keyed && !k.special && v[k.name] == nil:
			delete(have, k.name) // not managed
		case k.class == 'o' && !k.keyed && !w.tells, k.name == "tags" && v["tags"] == nil && !w.tells:
			if v[k.name] == nil {
				delete(have, k.name)
			}
		}
		if k.class == 'b' && v[k.name] == nil {
			delete(have, k.name)
		}
	}
	// What was kept and the platform does not tell still has to be filled in.
	for _, k := range w.root.kids {
		if k.class == 'k' && k.leaf() && have[k.name] == nil && !k.special {
			have[k.name] = r.o.v[k.name]
		}
	}
	return have
}

func (a propAdapter[T, P]) Read(ctx context.Context, have *T) error {
	v := plainOf(have)
	o := a.w.objects[fmt.Sprint(v["id"])]
	if o == nil {
		return platform.As(platform.ErrNotFound, fmt.Errorf("no %v", v["id"]))
	}
	a.w.bare(a.w.root.kids, v)
	bound := map[string]*propElem{}
	for _, m := range a.w.root.kids {
		for key, e := range asMap(v[m.name]) {
			if found := o.elem(m.name, asMap(e)["id"]); m.keyed && !m.special && found != nil {
				bound[m.name+"."+key] = found
			}
		}
		if platform.Importing(ctx) {
			for _, e := range o.elems[m.name] {
				key := e.slot
				if e.key != "" && a.w.remembers {
					key = e.key
				}
				bound[m.name+"."+key] = e
			}
		}
	}
	seen := a.w.view(o, v, bound)
	for _, m := range a.w.root.kids {
		if m.keyed && !m.special && v[m.name] == nil && len(asMap(seen[m.name])) == 0 && !a.w.blanks && m.class != 'r' {
			delete(seen, m.name)
		}
	}
	limits := P(have).Base().Timeouts
	*have = *new(T)
	propFill(seen, reflect.ValueOf(have).Elem(), false)
	P(have).Base().Timeouts = limits
	return nil
}

// bare notes what a read was told beyond bindings.
func (w *propWorld) bare(kids []*propSpec, v map[string]any) {
	for _, k := range kids {
		x := v[k.name]
		switch {
		case k.binding || k.special && k.class == 0 || k.keys || x == nil:
		case k.keyed:
			for _, e := range asMap(x) {
				w.bare(k.kids, asMap(e))
			}
		case !k.leaf():
			w.bare(k.kids, asMap(x))
		case x != "":
			w.breach("read was told that %s is %v", k.path, x)
		}
	}
}

func (a propAdapter[T, P]) Delete(_ context.Context, have *T) error {
	w := a.w
	w.writes++
	v := plainOf(have)
	o := w.objects[fmt.Sprint(v["id"])]
	if o == nil {
		return nil
	}
	if err := w.step(); err != nil {
		return err
	}
	for _, e := range o.elems["parts"] {
		mine := false
		for _, p := range asMap(v["parts"]) {
			mine = mine || asMap(p)["id"] == e.id
		}
		if !mine {
			w.kept = append(w.kept, e)
		}
	}
	delete(w.objects, o.id)
	return nil
}

func (a propAdapter[T, P]) List(ctx context.Context) iter.Seq2[platform.Entry[T], error] {
	return func(yield func(platform.Entry[T], error) bool) {
		for id, o := range a.w.objects {
			if !yield(platform.Entry[T]{ID: id, Name: fmt.Sprint(o.v["name"]), Fill: func(have *T) error { return a.Read(ctx, have) }}, nil) {
				return
			}
		}
	}
}

func (a propAdapter[T, P]) Find(_ context.Context, ref string) (string, error) {
	for id, o := range a.w.objects {
		if id == ref || o.v["name"] == ref {
			return id, nil
		}
	}
	return "", platform.As(platform.ErrNotFound, fmt.Errorf("no %s", ref))
}

// Plan softens, chooses and recomputes; what it decides follows from known values only.
func (a propAdapter[T, P]) Plan(_ context.Context, p *platform.Plan[T]) error {
	want := plainOf(p.Want)
	for row := range a.w.soft {
		// It does not ask whether the value is known, as it should: the engine has to see to that.
		if at := platform.ParsePath(row); a.w.softens(row, want[row]) {
			p.Soften(platform.ClassLive, at...)
		}
	}
	if p.Prior == nil {
		a.choose(p, want)
	}
	a.recompute(p, a.w.root, nil, want)
	return nil
}

// choose fills in what is open and follows from a known value.
func (a propAdapter[T, P]) choose(p *platform.Plan[T], want map[string]any) {
	level := a.w.root.kid("level")
	if level == nil || level.class != 'k' || level.trait.Class == platform.ClassUnsupported || p.Known("level") || !p.Known("number") || want["number"] == nil {
		return
	}
	n := 10 + want["number"].(int64)
	propFill(map[string]any{"level": n}, reflect.ValueOf(p.Want).Elem(), true)
}

func (a propAdapter[T, P]) recompute(p *platform.Plan[T], s *propSpec, at platform.Path, want map[string]any) {
	for _, k := range s.kids {
		here := append(slices.Clone(at), k.name)
		switch {
		case k.keyed && !k.special:
			for key := range asMap(want[k.name]) {
				a.recompute(p, k, append(slices.Clone(here), key), asMap(asMap(want[k.name])[key]))
			}
		case !k.leaf():
			a.recompute(p, k, here, asMap(want[k.name]))
		}
		for _, d := range k.deps {
			beside := append(slices.Clone(at), d.name)
			if len(at) == 1 && len(d.path) == 1 {
				beside = d.path
			}
			if p.Changed(beside...) {
				p.Recompute(here...)
			}
		}
	}
}
