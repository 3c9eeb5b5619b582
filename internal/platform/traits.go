package platform

import (
	"fmt"
	"slices"
	"strings"
)

// Class is what a change of an attribute costs.
type Class int

// The classes, from the cheapest change to the dearest, then those that are not changed at all.
const (
	ClassLive        Class = iota // changed in place, nobody notices
	ClassRestart                  // changed in place, needs the machine to be off for a moment
	ClassReplace                  // the object is deleted and made again
	ClassCreateOnly               // used at creation, not observable; a changed value is a replacement
	ClassComputed                 // the platform decides it
	ClassUnsupported              // the platform has no such thing
)

func (c Class) String() string {
	return [...]string{"live", "restart", "replace", "create only", "computed", "unsupported"}[c]
}

// Trait is how one attribute behaves on one platform.
type Trait struct {
	Class Class
	Why   string // unsupported: why, and what to use instead

	Elements    bool  // the row of a map: Add and Remove say what a new and a dropped key cost
	Add, Remove Class //

	GrowOnly   string   // not empty: a smaller value is refused, for this reason
	OneOf      []string // the values this platform takes
	MultipleOf int64    // bytes for a Size
	Min, Max   int64    // bytes for a Size; 0: no bound
	Needed     bool     // must be configured here though the kind leaves it open
	Neutral    []string // values that pass although unsupported: they ask for what is so anyway
	Unseen     bool     // the platform does not tell it back
}

// Live is an attribute that changes in place.
func Live() Trait { return Trait{Class: ClassLive} }

// Restart is an attribute that changes in place while the machine is off.
func Restart() Trait { return Trait{Class: ClassRestart} }

// Replace is an attribute whose change deletes the object and makes it again.
func Replace() Trait { return Trait{Class: ClassReplace} }

// CreateOnly is an attribute that is used at creation and cannot be observed. A changed value is a replacement; a
// value given after an import is taken as it is.
func CreateOnly() Trait { return Trait{Class: ClassCreateOnly, Unseen: true} }

// Computed is an attribute that the platform decides.
func Computed() Trait { return Trait{Class: ClassComputed} }

// Unsupported is an attribute that the platform lacks: why, and what to use instead.
func Unsupported(why string) Trait { return Trait{Class: ClassUnsupported, Why: why} }

// Elements is the row of a map of nested objects ("disks.*"): what adding and dropping a key costs.
func Elements(add, remove Class) Trait { return Trait{Elements: true, Add: add, Remove: remove} }

// NoShrink refuses smaller values, for the given reason.
func (t Trait) NoShrink(why string) Trait { t.GrowOnly = why; return t }

// Among narrows the values.
func (t Trait) Among(values ...string) Trait { t.OneOf = values; return t }

// Steps narrows the values to multiples of n (bytes for a Size).
func (t Trait) Steps(n int64) Trait { t.MultipleOf = n; return t }

// Between narrows the values to a range (bytes for a Size); 0 leaves a side open.
func (t Trait) Between(low, high int64) Trait { t.Min, t.Max = low, high; return t }

// Must says that this platform needs a value here.
func (t Trait) Must() Trait { t.Needed = true; return t }

// Except names values that pass although the attribute is unsupported ("false").
func (t Trait) Except(values ...string) Trait { t.Neutral = values; return t }

// Unobservable says that the platform does not tell the value back: the state keeps what was configured.
func (t Trait) Unobservable() Trait { t.Unseen = true; return t }

// Traits is one kind's table: a path such as "cpus", "disks.*" or "vsphere.folder" to its trait. A row covers what is
// below it and has no row of its own.
type Traits map[string]Trait

// Of finds the row for a path whose map keys may be real ones: its own or that of the nearest ancestor.
func (t Traits) Of(path Path) (Trait, bool) {
	for n := len(path); n > 0; n-- {
		for row, trait := range t {
			if Path(path[:n]).matches(row) && (n == len(path) || !trait.Elements) {
				return trait, true
			}
		}
	}
	return Trait{}, false
}

// matches compares with a pattern without splitting it: this runs for every attribute of every plan.
func (p Path) matches(pattern string) bool {
	for i, step := range p {
		var want string
		var more bool
		want, pattern, more = strings.Cut(pattern, ".")
		if want != "*" && want != step || more != (i < len(p)-1) {
			return false
		}
	}
	return true
}

// Check judges one value, spelled as text, with its number for ints and sizes (bytes).
func (t Trait) Check(value string, number *int64) error {
	switch {
	case t.Class == ClassUnsupported && !slices.Contains(t.Neutral, value):
		return As(ErrUnsupported, fmt.Errorf("not supported here: %s", t.Why))
	case t.Class == ClassUnsupported:
		return nil
	case len(t.OneOf) > 0 && !slices.Contains(t.OneOf, value):
		return As(ErrInvalid, fmt.Errorf("%q is not offered here: it takes %s", value, strings.Join(t.OneOf, ", ")))
	case number == nil:
		return nil
	case t.MultipleOf > 0 && *number%t.MultipleOf != 0:
		return As(ErrInvalid, fmt.Errorf("%s must be a multiple of %d here", value, t.MultipleOf))
	case t.Min != 0 && *number < t.Min:
		return As(ErrInvalid, fmt.Errorf("%s is less than the smallest value here, %d", value, t.Min))
	case t.Max != 0 && *number > t.Max:
		return As(ErrInvalid, fmt.Errorf("%s is more than the largest value here, %d", value, t.Max))
	}
	return nil
}
