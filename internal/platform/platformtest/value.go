package platformtest

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Pair is two values of one attribute. A value may be a func(*Bench) any, also inside With, where it needs something to
// be there first.
type Pair struct {
	Old, New any
	// With is configured beside both values, NewWith in addition beside the new one; Without is left out.
	With, NewWith Config
	Without       []string
	// Gone is configured where the attribute is taken out and what goes with it has to change, too; a nil value leaves
	// that out.
	Gone Config
	// Missed is what the plan of an object that has it says when it is taken out: it is refused, as the object that
	// replaces this one could not be made.
	Missed string
	// Alone keeps it out of the configuration that has everything at once, and from its map's usual element.
	Alone bool
}

// Values is the pairs of a kind by attribute path.
type Values map[string]Pair

// Of is a pair that needs nothing beside it.
func Of(old, new any) Pair { return Pair{Old: old, New: new} }

// Other stands for the id of another object of a kind, the n-th one of the case.
func Other(kind string, n int) func(*Bench) any {
	return func(b *Bench) any { return b.Other(kind, n) }
}

// hasPair reports whether there is a pair for an attribute, be it by its traits alone.
func (b *Bench) hasPair(a attribute) (Pair, bool) {
	path := a.path.String()
	if p, ok := b.Kinds[b.kind.name].Values[path]; ok {
		return p, true
	}
	trait, _ := b.trait(a)
	p, ok := b.kind.values[path]
	if len(trait.OneOf) > 1 {
		p.Old, p.New = trait.OneOf[0], trait.OneOf[1]
		return p, true
	}
	if path == "name" {
		return Of(b.Name(), b.Name()), true
	}
	return p, ok && (p.Old != nil || p.New != nil)
}

// pair gives the values of an attribute; it is a failure when there are none.
func (b *Bench) pair(a attribute) Pair {
	b.t.Helper()
	p, ok := b.hasPair(a)
	if !ok {
		b.t.Fatalf("no values for %s: give a pair in the suite's Values", a.path)
	}
	return p
}

// resolved makes what a value stands for.
func (b *Bench) resolved(v any) any {
	switch v := v.(type) {
	case func(*Bench) any:
		return b.resolved(v(b))
	case map[string]any:
		return b.config(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = b.resolved(v[i])
		}
		return out
	}
	return v
}

func (b *Bench) config(c Config) Config {
	out := Config{}
	for key, v := range c {
		out[key] = b.resolved(v)
	}
	return out
}

// two is the pair of configurations that differ in one attribute.
func (b *Bench) two(a attribute) (older, newer Config) {
	b.t.Helper()
	p := b.pair(a)
	base := b.base(a, p)
	older = with(base, a.real(), b.resolved(p.Old))
	newer = with(merged(base, b.config(p.NewWith)), a.real(), b.resolved(p.New))
	return older, newer
}

// base is the least configuration in which an attribute can be set.
func (b *Bench) base(a attribute, p Pair) Config {
	b.t.Helper()
	cfg := b.minimal()
	if a.inMap() {
		m := b.kind.mapOf(a)
		element := Config{}
		if !p.Alone {
			element = b.element(m, 0)
		}
		cfg = with(cfg, append(slices.Clone(m.path), m.key()), element)
	}
	for _, path := range p.Without {
		cfg = without(cfg, platform.ParsePath(path))
	}
	return merged(cfg, b.config(p.With))
}

// stranger is any value that an attribute's type takes, for refusals: it refers to nothing that exists.
func (b *Bench) stranger(a attribute) any {
	if p, ok := b.hasPair(a); ok {
		if _, made := p.New.(func(*Bench) any); !made {
			return p.New
		}
	}
	switch {
	case a.isSize():
		return "1GiB"
	case a.goes.Kind() == reflect.Bool:
		return true
	case a.goes.Kind() == reflect.Int64:
		return 1
	case a.goes.Kind() == reflect.Slice:
		return []any{"some"}
	case a.goes.Kind() == reflect.Map:
		return Config{"some": "value"}
	}
	return "some-value"
}

// typed reads a value that traits write as text.
func (a attribute) typed(text string) any {
	switch a.goes.Kind() {
	case reflect.Bool:
		v, _ := strconv.ParseBool(text)
		return v
	case reflect.Int64:
		if a.isSize() {
			return text
		}
		v, _ := strconv.ParseInt(text, 10, 64)
		return v
	case reflect.Slice:
		return []any{text}
	}
	return text
}

// number spells a number as this attribute takes it.
func (a attribute) number(n int64) any {
	if a.isSize() {
		return fmt.Sprintf("%dB", n)
	}
	return n
}

// amount is the number that a value stands for.
func amount(v any) (int64, bool) {
	switch v := v.(type) {
	case int:
		return int64(v), true
	case int64:
		return v, true
	case string:
		size, err := platform.ParseSize(v)
		return int64(size), err == nil
	}
	return 0, false
}
