package platformtest

import (
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// bounds demands that values outside what the row allows are refused on the attribute.
func (b *Bench) bounds(a attribute, t platform.Trait) {
	if len(t.OneOf) == 0 && t.MultipleOf <= 1 && t.Min <= 0 && t.Max <= 0 {
		return
	}
	base, _ := b.two(a)
	if len(t.OneOf) > 0 {
		b.refused(with(base, a.real(), a.typed("no-such-value")), a, "")
	}
	step := max(1, t.MultipleOf)
	if t.MultipleOf > 1 {
		b.refused(with(base, a.real(), a.number(max(t.Min, t.MultipleOf)+1)), a, "")
	}
	if t.Min > 0 {
		b.refused(with(base, a.real(), a.number(max(0, t.Min-step))), a, "")
	}
	if t.Max > 0 {
		b.refused(with(base, a.real(), a.number(t.Max+step)), a, "")
	}
}

// shrinks demands that a smaller value is refused for the row's reason.
func (b *Bench) shrinks(x thing, a attribute, older, newer Config, why string) {
	b.t.Helper()
	small, ok1 := amount(value(older, a.real()))
	large, ok2 := amount(value(newer, a.real()))
	if !ok1 || !ok2 || small >= large {
		b.t.Fatalf("%s only grows, so its values have to grow: %v, %v", a.path, value(older, a.real()), value(newer, a.real()))
	}
	p, err := x.raw.Plan(older)
	if err != nil {
		b.t.Fatal(err)
	}
	b.refuses(p, a, why)
}
