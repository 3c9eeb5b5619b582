package platformtest

import (
	"context"
	"errors"
	"flag"
	"path"
	"strings"
)

// ErrCannot is what a hook answers for something that its backend really cannot do.
var ErrCannot = errors.New("this backend cannot do that")

// Backend reaches the platform past the adapter, as somebody with the platform's own tools would. It shares no code
// with the adapter. Attributes are paths with the user's keys: "nics.eth0.network_id"; values are as in a [Config].
type Backend interface {
	// Remove takes an object away.
	Remove(ctx context.Context, kind, id string) error
	// Change gives one attribute of an object another value. For something inside an element of a map, element
	// is the native id of that element; otherwise it is empty.
	Change(ctx context.Context, c Change) error
	// Attach adds a disk ("disks") or a NIC ("nics") to a machine.
	Attach(ctx context.Context, machine, what string) error
	// Detach takes the disk or NIC with a native id off a machine; the disk's data need not survive.
	Detach(ctx context.Context, machine, what, id string) error
	// Slots lists the native ids of the elements of a map in the order of the devices, the boot disk left out.
	Slots(ctx context.Context, kind, id, what string) ([]string, error)
	// Kept says whether a disk with this native id, or a path under which the state knew it, still has its data.
	Kept(ctx context.Context, disk string) (bool, error)
	// Twin makes another object of the same name, so that the name is ambiguous.
	Twin(ctx context.Context, kind, id string) error
	// Fault arms a failure. It returns the settings of connections that meet it, nil for the usual ones; clear
	// disarms it.
	Fault(ctx context.Context, f Fault) (settings map[string]any, clear func(), err error)
}

// Change is one change by hand.
type Change struct {
	Kind, ID  string
	Attribute string // path with keys
	Element   string // native id of the element of a map that the path leads through
	Value     any
}

// Fault is a failure of the calls of one verb for one kind.
type Fault struct {
	Kind string
	Verb string // create, update or delete
	Half bool   // it fails when half of the work is done; otherwise before anything is done
	Hang bool   // it does not fail but hangs until the client gives up
}

func (f Fault) String() string {
	words := []string{"fault", f.Verb, f.Kind}
	if f.Hang {
		words = append(words, "hang")
	}
	if f.Half {
		words = append(words, "half-way")
	}
	return strings.Join(words, " ")
}

// able reports whether a hook did its work. One that cannot has to be declared in the suite's Cannot.
func (b *Bench) able(what string, err error) bool {
	b.t.Helper()
	if err == nil {
		return true
	}
	if !errors.Is(err, ErrCannot) {
		b.t.Fatalf("hook: %s: %v", what, err)
	}
	b.waive(what)
	return false
}

// waive accepts that something cannot be tested when the suite says why.
func (b *Bench) waive(what string) {
	b.t.Helper()
	b.run.mu.Lock()
	defer b.run.mu.Unlock()
	for key, why := range b.Cannot {
		if ok, err := path.Match(key, what); err == nil && ok && why != "" {
			b.run.waived[key] = true
			b.t.Logf("not covered: %s: %s", what, why)
			return
		}
	}
	b.t.Errorf("not covered: %q: no hook or value for it, and the suite's Cannot does not say why", what)
}

// filtered reports whether only a part of the tests runs.
func filtered() bool {
	f := flag.Lookup("test.run")
	return f != nil && f.Value.String() != ""
}
