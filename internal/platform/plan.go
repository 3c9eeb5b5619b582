package platform

import (
	"errors"
	"slices"
)

// Plan is one planned change, as a Planner sees it. Prior is nil for a creation. An unknown field of Want holds its
// zero value: ask Known before judging it. Fields of Want that the user left open may be filled in from fields that
// are known; they become planned values.
type Plan[T any] struct {
	Prior, Want *T
	Known       func(path ...string) bool // the value there is known
	Changed     func(path ...string) bool // it differs from the prior one, or may
	Left        func(path ...string) bool // the configuration leaves it out, which is not the same as not known yet

	softened   map[string]Class
	recomputed []Path
	warnings   []AttrError
}

// Soften lowers what the change of an attribute costs in this case, below what the traits say.
func (p *Plan[T]) Soften(to Class, path ...string) {
	if p.softened == nil {
		p.softened = map[string]Class{}
	}
	p.softened[Path(path).String()] = to
}

// Recompute names a computed attribute that this change alters.
func (p *Plan[T]) Recompute(path ...string) { p.recomputed = append(p.recomputed, path) }

// Warn tells the user something about an attribute of this plan.
func (p *Plan[T]) Warn(text string, path ...string) {
	p.warnings = append(p.warnings, AttrError{path, errors.New(text)})
}

// Cost is what the change at path costs: what the traits say, or what it was softened to if that is less.
func (p *Plan[T]) Cost(traits Class, path Path) Class {
	if c, ok := p.softened[path.String()]; ok && c < traits {
		return c
	}
	return traits
}

// Recomputed lists what Recompute was told.
func (p *Plan[T]) Recomputed() []Path { return slices.Clone(p.recomputed) }

// Warnings lists what Warn was told.
func (p *Plan[T]) Warnings() []AttrError { return slices.Clone(p.warnings) }
