package provider_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// byHand is a change made behind the provider's back, with a client that is not ours, and all that the next plan may say
// about it.
type byHand struct {
	commands [][]string
	config   string            // in the object's block
	nic      string            // in that of its adapter
	drift    map[string]string // what was found changed
	action   string            // what is planned
	changes  map[string]string // of the plan
}

// drifted plans after changes by hand, and compares what the plan says of each object with what its case allows. An
// object's address is the prefix and the name of its case.
func (w *workspace) drifted(prefix string, cases map[string]byHand) {
	w.Helper()
	p := w.planned()
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		w.T.Run(name, func(t *testing.T) {
			c, address := cases[name], prefix+name
			exactly(t, "drift", c.drift, p.Drift[address])
			if p.Actions[address] != c.action {
				t.Errorf("planned %q, want %q", p.Actions[address], c.action)
			}
			if c.action != "create" {
				exactly(t, "changes", c.changes, p.Changes[address])
			}
		})
	}
}

// exactly compares what is said with what must be said; "" stands for any value.
func exactly(t *testing.T, what string, want, got map[string]string) {
	t.Helper()
	open := maps.Clone(want)
	for path, text := range open {
		if _, said := got[path]; said && text == "" {
			open[path] = got[path]
		}
	}
	if len(open) == 0 && len(got) == 0 {
		return
	}
	if diff := cmp.Diff(open, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
