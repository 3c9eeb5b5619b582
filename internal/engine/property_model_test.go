package engine

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// propWorld is one endpoint of the model platform: it obeys its traits, normalises what it is told, adds defaults and
// ids of its own, and notes where the engine breaks the contract.
type propWorld struct {
	endpoint string
	root     *propSpec
	rng      *rand.Rand
	objects  map[string]*propObject

	lost   []*propElem // elements that an update destroyed with their data
	kept   []*propElem // detached ones
	broken []string    // what the engine must not have done
	writes int         // calls of Create, Update and Delete
	next   int         // of ids

	fault  int  // this many steps from now one fails; 0 is never
	panics bool // it panics instead

	imported bool // the object has been imported

	soft      map[string]bool // rows that the planner softens to live
	tells     bool            // fills in what it was not asked for
	blanks    bool            // tells "" and [] for nothing
	remembers bool            // keeps the user's keys on its elements
}

// propObject is one object. v holds canonical values by attribute, those of groups nested.
type propObject struct {
	id    string
	v     map[string]any
	elems map[string][]*propElem // by the name of the map
	boots int
}

// propElem is one element of a keyed map.
type propElem struct {
	id, slot, key string
	foreign       bool // nobody declared it
	v             map[string]any
}

func (w *propWorld) id(kind string) string {
	w.next++
	return fmt.Sprintf("%s-%s%d", kind, w.endpoint, w.next)
}

func (w *propWorld) breach(format string, args ...any) {
	w.broken = append(w.broken, fmt.Sprintf(format, args...))
}

// softens reports whether a change to a value is live here though the traits say otherwise.
func (w *propWorld) softens(row string, v any) bool { return w.soft[row] && len(fmt.Sprint(v))%2 == 1 }

// step is called before every single thing that is done to an object.
func (w *propWorld) step() error {
	if w.fault == 0 {
		return nil
	}
	if w.fault--; w.fault > 0 {
		return nil
	}
	if w.panics {
		panic("the model fell over")
	}
	return platform.As(platform.ErrConflict, errors.New("the model was busy"))
}

func (w *propWorld) defaults(kids []*propSpec) map[string]any {
	v := map[string]any{}
	for _, k := range kids {
		switch {
		case k.name == "power" && k.special:
			v[k.name] = platform.PowerOn
		case k.binding:
			v[k.name] = w.id(k.name)
		case k.leaf():
			v[k.name] = k.def
		case !k.keyed:
			v[k.name] = w.defaults(k.kids)
		}
	}
	return v
}

func (w *propWorld) newObject() *propObject {
	o := &propObject{id: w.id("obj"), v: w.defaults(w.root.kids), elems: map[string][]*propElem{}, boots: 1}
	w.objects[o.id] = o
	if w.root.kid("parts") != nil && w.rng.IntN(4) == 0 {
		w.foreign(o, w.root.kid("parts")) // what the template brought along
	}
	return o
}

func (w *propWorld) newElem(o *propObject, s *propSpec) *propElem {
	used := 0
	for _, e := range o.elems[s.name] {
		var n int
		_, _ = fmt.Sscanf(e.slot, "slot%d", &n)
		used = max(used, n+1)
	}
	e := &propElem{slot: fmt.Sprintf("slot%d", used), v: w.defaults(s.kids)}
	e.id = e.v["id"].(string)
	o.elems[s.name] = append(o.elems[s.name], e)
	return e
}

// foreign adds an element that nobody declared.
func (w *propWorld) foreign(o *propObject, m *propSpec) *propElem {
	e := w.newElem(o, m)
	e.foreign = true
	for _, k := range m.kids {
		if k.class == 'r' && k.leaf() {
			e.v[k.name] = canon(k, k.legal(nil)[0])
		}
	}
	return e
}

func (o *propObject) elem(of string, id any) *propElem {
	for _, e := range o.elems[of] {
		if e.id == id {
			return e
		}
	}
	return nil
}

// follow gives every computed value that follows others its new value.
func (w *propWorld) follow(o *propObject) {
	w.root.walk(func(s *propSpec) {
		if s.deps == nil || s.inElement() {
			return
		}
		put(o.v, s.path, followed(s, func(d *propSpec) any { return o.v[d.name] }, o.v))
	})
	for _, m := range w.root.kids {
		for _, e := range o.elems[m.name] {
			for _, s := range m.kids {
				if s.deps != nil {
					e.v[s.name] = followed(s, func(d *propSpec) any { return e.v[d.name] }, nil)
				}
			}
		}
	}
}

// followed is a value made of those that it follows; for a nested one these are beside it.
func followed(s *propSpec, get func(*propSpec) any, top map[string]any) any {
	h := fnv.New32()
	for _, d := range s.deps {
		v := get(d)
		if len(d.path) == 2 && top != nil {
			v = asMap(top[d.path[0]])[d.name]
		}
		fmt.Fprintf(h, "%s=%v;", d.name, v)
	}
	sum := fmt.Sprintf("%x", h.Sum32())
	switch s.typ.Kind() {
	case reflect.Slice:
		return []any{sum}
	case reflect.Map:
		return map[string]any{"sum": sum}
	}
	return sum
}

func asMap(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func put(m map[string]any, p platform.Path, v any) {
	for _, key := range p[:len(p)-1] {
		m = asMap(m[key])
	}
	m[p[len(p)-1]] = v
}

// same compares two plain values of a leaf as the platform does.
func same(s *propSpec, a, b any) bool { return reflect.DeepEqual(canon(s, a), canon(s, b)) }

// act is one Create or Update under way.
type act struct {
	*propWorld
	o        *propObject
	creating bool
	restart  bool
	made     map[string]*propElem // by map and key, those that were there before too
}

// change brings the values of one object, group or element from prior to want.
func (a *act) change(kids []*propSpec, truth, prior, want map[string]any, at platform.Path, creating bool) error {
	for _, k := range kids {
		here := append(slices.Clone(at), k.name)
		p, w := prior[k.name], want[k.name]
		var err error
		switch {
		case k.foreign():
			if w != nil || p != nil {
				a.breach("%s: the block of another platform was handed over", here)
			}
		case k.name == "tags" && k.special, k.name == "power" && k.special:
			err = a.plain(k, truth, p, w)
		case k.special, k.local, k.class == 'c':
		case k.class == 'w' && w == nil: // no new secret
		case k.keyed:
			err = a.elements(k, p, w, creating)
		case k.keys:
			err = a.keys(k, truth, asMap(p), asMap(w))
		case !k.leaf():
			err = a.change(k.kids, truth[k.name].(map[string]any), asMap(p), asMap(w), here, creating)
		default:
			err = a.set(k, truth, p, w, here, creating)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *act) plain(k *propSpec, truth map[string]any, p, w any) error {
	if same(k, p, w) {
		return nil
	}
	if err := a.step(); err != nil {
		return err
	}
	truth[k.name] = canon(k, w)
	if k.name == "power" {
		if w == nil && !a.creating {
			a.breach("power was taken away")
		}
		if truth[k.name] = w; w == nil {
			truth[k.name] = platform.PowerOn
		}
		a.o.boots++
	}
	return nil
}

func (a *act) keys(k *propSpec, truth, p, w map[string]any) error {
	have := map[string]any{}
	for key, v := range asMap(truth[k.name]) {
		if _, had := p[key]; !had || w[key] != nil {
			have[key] = v
		}
	}
	for key, v := range w {
		if have[key] != v {
			if err := a.step(); err != nil {
				return err
			}
		}
		have[key] = v
	}
	truth[k.name] = canon(k, have)
	return nil
}

func (a *act) set(k *propSpec, truth map[string]any, p, w any, at platform.Path, creating bool) error {
	switch {
	case same(k, p, w) && (p != nil || w == nil || !creating && k.trait.Class != platform.ClassLive):
		return nil // the second half: nothing at all and an explicit nothing differ while nobody managed it
	case k.trait.Class == platform.ClassUnsupported:
		if w != nil && canon(k, w) != nil && !slices.Contains(k.trait.Neutral, spelled(w)) {
			a.breach("%s: %v was let pass though unsupported", at, w)
		}
		return nil
	case creating:
	case k.trait.Class == platform.ClassCreateOnly && p == nil:
		return nil // an adopted value
	case k.trait.Class == platform.ClassReplace && w == nil && a.imported:
		return nil // an import saw it and nobody declared it
	case a.softens(at.String(), w):
	case k.trait.Class == platform.ClassReplace, k.trait.Class == platform.ClassCreateOnly:
		a.breach("%s: an update from %v to %v though it needs a replacement", at, p, w)
	case k.trait.Class == platform.ClassRestart:
		a.restart = true
	}
	if err := a.step(); err != nil {
		return platform.At(err, at...)
	}
	if truth[k.name] = canon(k, w); w == nil {
		truth[k.name] = k.def
	}
	return nil
}

// elements drops, changes and makes the elements of one keyed map.
func (a *act) elements(m *propSpec, p, w any, creating bool) error {
	prior, want := asMap(p), asMap(w)
	for _, key := range platform.Keys(prior) {
		if _, stays := want[key]; stays {
			continue
		}
		if e := a.o.elem(m.name, asMap(prior[key])["id"]); e != nil {
			if err := a.drop(m, e, asMap(prior[key])); err != nil {
				return err
			}
		}
	}
	for _, key := range platform.Keys(want) {
		at := platform.Path{m.name, key}
		v, had := asMap(want[key]), asMap(prior[key])
		e := a.o.elem(m.name, had["id"])
		switch {
		case had != nil && (had["id"] == nil || v["id"] != nil && v["id"] != had["id"]):
			a.breach("%s: its binding went from %v to %v", at, had["id"], v["id"])
		case had != nil && e == nil:
			return platform.At(platform.As(platform.ErrConflict, errors.New("it is gone")), at...)
		case had == nil && v["id"] != nil:
			a.breach("%s: it is new but has a binding, %v", at, v["id"])
		}
		if had == nil {
			if err := a.step(); err != nil {
				return platform.At(err, at...)
			}
			a.costs(m.trait.Add, at, creating)
			e = a.newElem(a.o, m)
		}
		if a.made[m.name+"."+key] = e; a.remembers {
			e.key = key
		}
		if err := a.change(m.kids, e.v, had, v, at, had == nil); err != nil {
			return err
		}
	}
	return nil
}

func (a *act) costs(c platform.Class, at platform.Path, creating bool) {
	switch {
	case creating:
	case c == platform.ClassReplace:
		a.breach("%s: an update though it needs a replacement", at)
	case c == platform.ClassRestart:
		a.restart = true
	}
}

func (a *act) drop(m *propSpec, e *propElem, prior map[string]any) error {
	if err := a.step(); err != nil {
		return err
	}
	a.costs(m.trait.Remove, platform.Path{m.name, e.id}, false)
	a.o.elems[m.name] = slices.DeleteFunc(a.o.elems[m.name], func(x *propElem) bool { return x == e })
	if m.name == "parts" && prior["delete"] != true {
		a.kept = append(a.kept, e)
		return nil
	}
	a.lost = append(a.lost, e)
	return nil
}

// finish notes the restart and what follows from the change.
func (a *act) finish() {
	if a.restart && a.o.v["power"] == platform.PowerOn {
		a.o.boots++
	}
	a.follow(a.o)
}

// view is an object as Read or Create tell it. have says which blocks and keys are managed, bound which elements are.
func (w *propWorld) view(o *propObject, have map[string]any, bound map[string]*propElem) map[string]any {
	v := w.viewKids(w.root.kids, o.v, have)
	v["id"] = o.id
	if w.root.kid("power") != nil {
		v["booted_at"] = any(nil)
		if o.v["power"] == platform.PowerOn {
			v["booted_at"] = fmt.Sprintf("t%d", o.boots)
		}
		v["native"] = map[string]any{"ref": "native-" + o.id}
	}
	for _, m := range w.root.kids {
		if !m.keyed || m.special {
			continue
		}
		elems, loose := map[string]any{}, map[string]any{}
		for _, e := range o.elems[m.name] {
			loose[e.slot] = map[string]any{"id": e.id}
		}
		for at, e := range bound {
			if key, ok := strings.CutPrefix(at, m.name+"."); ok {
				elems[key] = w.viewKids(m.kids, e.v, asMap(asMap(have[m.name])[key]))
				delete(loose, e.slot)
			}
		}
		v[m.name], v["loose_"+m.name] = elems, loose
	}
	return v
}

func (w *propWorld) viewKids(kids []*propSpec, truth, have map[string]any) map[string]any {
	v := map[string]any{}
	for _, k := range kids {
		switch {
		case k.dark(), k.foreign(), k.keyed, k.special && k.name != "power" && k.name != "tags":
		case k.platform && have[k.name] == nil:
		case k.keys:
			some := map[string]any{}
			for key := range asMap(have[k.name]) {
				if x, ok := asMap(truth[k.name])[key]; ok {
					some[key] = x
				}
			}
			v[k.name] = some
		case k.leaf():
			if v[k.name] = truth[k.name]; truth[k.name] == nil && w.blanks && k.class != 'c' {
				v[k.name] = map[reflect.Kind]any{reflect.String: "", reflect.Slice: []any{}, reflect.Map: map[string]any{}}[k.typ.Kind()]
				if k.typ == reflect.TypeFor[propFold]() {
					v[k.name] = nil
				}
			}
		default:
			sub := w.viewKids(k.kids, asMap(truth[k.name]), asMap(have[k.name]))
			if k.class == 'o' && k.lacks(sub) {
				continue
			}
			if k.platform || k.class == 'k' || k.class == 'c' || !saysNothing(sub) || w.blanks {
				v[k.name] = sub
			}
		}
	}
	return v
}

// lacks reports whether a group has not even what it requires.
func (s *propSpec) lacks(v map[string]any) bool {
	return slices.ContainsFunc(s.kids, func(k *propSpec) bool { return k.class == 'r' && canon(k, v[k.name]) == nil })
}

// saysNothing reports whether a group says nothing.
func saysNothing(v any) bool {
	m, ok := v.(map[string]any)
	if !ok {
		return v == nil || v == "" || reflect.ValueOf(v).Kind() == reflect.Slice && len(v.([]any)) == 0
	}
	for _, e := range m {
		if !saysNothing(e) {
			return false
		}
	}
	return true
}
