package engine_test

import (
	"context"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Elements are bound to native things by keys of the user's choice; what an import found has provisional keys, and what
// nobody declared is never deleted.

func disksOf(sizes map[string]string) object {
	disks := object{}
	for key, size := range sizes {
		disks[key] = object{"size": size}
	}
	return object{"name": "old", "disks": disks}
}

// imported is a resource of a machine that was found with disks of these sizes, under slot-d1, slot-d2 and so on.
func imported(t *testing.T, sizes ...platform.Size) (*cloud, *enginetest.Resource) {
	t.Helper()
	fake := newCloud()
	vm := native("vm-7")
	vm.Disks, vm.NICs, vm.Description, vm.Tags = map[string]platform.MachineDisk{}, nil, nil, nil
	for i, size := range sizes {
		id := "d" + string(rune('1'+i))
		vm.Disks[id] = platform.MachineDisk{ID: &id, Size: &size, Type: new("thin"), Storage: new("ds0")}
	}
	fake.vms["vm-7"] = vm
	r := web(t, fake)
	r.Must(t).Import("dc1/vm-7")
	fake.took()
	return fake, r
}

func TestTakeover(t *testing.T) {
	cases := map[string]struct {
		found  []platform.Size
		config map[string]string
		bound  map[string]string // the configuration's key to the native id
	}{
		"the provisional key itself": {[]platform.Size{platform.GiB}, map[string]string{"slot-d1": "1GiB"}, map[string]string{"slot-d1": "d1"}},
		"the only one":               {[]platform.Size{platform.GiB}, map[string]string{"data": "1024MiB"}, map[string]string{"data": "d1"}},
		"the one that fits":          {[]platform.Size{platform.GiB, 2 * platform.GiB}, map[string]string{"data": "2GiB", "slot-d1": "1GiB"}, map[string]string{"data": "d2", "slot-d1": "d1"}},
		"each its own":               {[]platform.Size{platform.GiB, 2 * platform.GiB}, map[string]string{"b": "1GiB", "a": "2GiB"}, map[string]string{"b": "d1", "a": "d2"}},
		"as many as fit, in order":   {[]platform.Size{platform.GiB, platform.GiB}, map[string]string{"b2": "1GiB", "b10": "1GiB"}, map[string]string{"b2": "d1", "b10": "d2"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, r := imported(t, c.found...)
			a := r.Must(t).PlanApply(config(disksOf(c.config)))
			for key, id := range c.bound {
				equalTo(t, key, a.At("disks", key, "id"), any(id))
			}
			equalTo(t, "changes", fake.count("update"), 0)
			equalTo(t, "disks", len(fake.vms["vm-7"].Disks), len(c.found))
			r.Must(t).Empty(config(disksOf(c.config)))
		})
	}
}

func TestTakeoverTellsTheAdapterTheNewKey(t *testing.T) {
	fake, r := imported(t, platform.GiB)
	var prior, want *machine
	fake.update = func(ctx context.Context, p, w *machine) error {
		prior, want = clone(p), clone(w)
		return fake.honestUpdate(ctx, p, w)
	}
	cfg := config(disksOf(map[string]string{"data": "1GiB", "more": "9GiB"}), object{"description": "x"})
	r.Must(t).PlanApply(cfg)
	equalTo(t, "prior", platform.Keys(prior.Disks), []string{"data"})
	equalTo(t, "prior id", *prior.Disks["data"].ID, "d1")
	equalTo(t, "want id", *want.Disks["data"].ID, "d1")
	if want.Disks["more"].ID != nil {
		t.Error("the new disk has an id before it is made")
	}
	equalTo(t, "disks", len(fake.vms["vm-7"].Disks), 2)
	r.Must(t).Empty(cfg)
}

func TestAmbiguousTakeoverIsRefused(t *testing.T) {
	fake, r := imported(t, platform.GiB, platform.GiB)
	refused(t, r, config(disksOf(map[string]string{"data": "1GiB"})), `disks["data"]`, "slot-d1, slot-d2", "all fit", "use one of these keys")
	equalTo(t, "changes", fake.count("update"), 0)
	r.Must(t).PlanApply(config(disksOf(map[string]string{"slot-d2": "1GiB"})))
}

func TestNothingFits(t *testing.T) {
	fake, r := imported(t, platform.GiB)
	a := r.Must(t).PlanApply(config(disksOf(map[string]string{"data": "3GiB"})))
	if a.At("disks", "data", "id") == any("d1") {
		t.Error("took over what does not fit")
	}
	equalTo(t, "disks", len(fake.vms["vm-7"].Disks), 2)
	r.Must(t).Refresh()
	equalTo(t, "left alone and shown", r.State().At("unmanaged_disks", "slot-d1", "id"), any("d1"))
}

// Which element a new key continues is decided once everything is known; until then nothing is promised.
func TestTakeoverWaitsForKnownValues(t *testing.T) {
	fake, r := imported(t, platform.GiB, 2*platform.GiB)
	m := r.Must(t)
	p := m.Plan(config(object{"name": "old", "disks": object{"data": object{"size": enginetest.Unknown}, "slot-d1": object{"size": "1GiB"}}}))
	equalTo(t, "id", p.At("disks", "data", "id"), any(enginetest.Unknown))
	after := config(disksOf(map[string]string{"data": "2GiB", "slot-d1": "1GiB"}))
	a := m.ApplyConfig(p, after)
	equalTo(t, "id", a.At("disks", "data", "id"), any("d2"))
	equalTo(t, "disks", len(fake.vms["vm-7"].Disks), 2)
	m.Empty(after)
}

// dropping tells which disks an adapter would take for dropped: in prior and not in want.
func dropping(fake *cloud) *[]string {
	dropped := &[]string{}
	fake.update = func(ctx context.Context, prior, want *machine) error {
		*dropped = nil
		for _, key := range platform.Keys(prior.Disks) {
			if _, stays := want.Disks[key]; !stays {
				*dropped = append(*dropped, key)
			}
		}
		return fake.honestUpdate(ctx, prior, want)
	}
	return dropped
}

func TestProvisionalElementsAreNeverDropped(t *testing.T) {
	configs := map[string]object{
		"not managed":      {"name": "old", "description": "x"},
		"none":             {"name": "old", "description": "x", "disks": object{}},
		"another declared": {"name": "old", "description": "x", "disks": object{"data": object{"size": "9GiB"}}},
		"one declared":     {"name": "old", "description": "x", "disks": object{"slot-d1": object{"size": "1GiB"}}},
	}
	for name, c := range configs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, r := imported(t, platform.GiB, 2*platform.GiB)
			dropped := dropping(fake)
			p := r.Must(t).Plan(config(c))
			equalTo(t, "warnings of dropped disks", len(p.Diags), 0)
			r.Must(t).Apply(p)
			equalTo(t, "dropped", len(*dropped), 0)
			if fake.vms["vm-7"].Disks["d1"].ID == nil || fake.vms["vm-7"].Disks["d2"].ID == nil {
				t.Error("a disk that nobody declared is gone")
			}
			r.Must(t).Empty(config(c))
		})
	}
}

func TestDestroyLeavesProvisionalElements(t *testing.T) {
	cases := map[string]struct {
		apply object // before the destruction
		want  []string
	}{
		"right after the import":  {nil, nil},
		"one of them was claimed": {disksOf(map[string]string{"data": "1GiB"}), []string{"data"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, r := imported(t, platform.GiB, 2*platform.GiB)
			if c.apply != nil {
				r.Must(t).PlanApply(config(c.apply))
			}
			var got []string
			fake.remove = func(ctx context.Context, have *machine) error {
				got = platform.Keys(have.Disks)
				return fake.honestDelete(ctx, have)
			}
			r.Must(t).Destroy()
			equalTo(t, "disks that go with it", len(got), len(c.want))
			for i := range got {
				equalTo(t, "disk", got[i], c.want[i])
			}
		})
	}
}

func TestDroppedElement(t *testing.T) {
	fake := newCloud()
	m := web(t, fake).Must(t)
	dropped := dropping(fake)
	m.Converge(config(object{"disks": object{"a": object{"size": "1GiB"}, "b": object{"size": "2GiB"}}}))
	p := m.Plan(config(object{"disks": object{"b": object{"size": "2GiB"}}}))
	says(t, p.Diags.Warnings(), "disks", `disk "a" (id disk-2)`, "keeps it")
	m.Apply(p)
	equalTo(t, "dropped", *dropped, []string{"a"})
	m.Empty(config(object{"disks": object{"b": object{"size": "2GiB"}}}))
}

// A claimed element is the user's own like any other.
func TestClaimedElementCanBeDropped(t *testing.T) {
	fake, r := imported(t, platform.GiB)
	dropped := dropping(fake)
	m := r.Must(t)
	m.Converge(config(disksOf(map[string]string{"data": "1GiB"})))
	m.Converge(config(object{"name": "old", "disks": object{}}))
	equalTo(t, "dropped", *dropped, []string{"data"})
}

func TestOrderAndRenaming(t *testing.T) {
	fake := newCloud()
	m := web(t, fake).Must(t)
	two := object{"disks": object{"b": object{"size": "2GiB"}, "a": object{"size": "1GiB"}}}
	m.Converge(config(two))
	m.Empty(config(object{"disks": object{"a": object{"size": "1GiB"}, "b": object{"size": "2GiB"}}}))
	dropped := dropping(fake)
	m.Converge(config(object{"disks": object{"c": object{"size": "1GiB"}, "b": object{"size": "2GiB"}}}))
	equalTo(t, "another key is another disk", *dropped, []string{"a"})
}

func TestDeleteOnRemoveCountsFromTheState(t *testing.T) {
	with := func(remove any) object {
		return object{"disks": object{"a": object{"size": "1GiB", "delete_on_remove": remove}}}
	}
	cases := map[string]struct {
		applied, planned object
		want             bool
		says             string
	}{
		"applied before":     {with(true), nil, true, "deletes it and its data"},
		"never applied":      {with(nil), nil, false, "keeps it"},
		"taken back":         {with(false), nil, false, "keeps it"},
		"planned, not there": {with(nil), with(true), false, "keeps it"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newCloud()
			r := web(t, fake)
			r.Must(t).Converge(config(c.applied))
			if c.planned != nil {
				r.Must(t).Plan(config(c.planned)) // not applied
			}
			var got bool
			fake.update = func(ctx context.Context, prior, want *machine) error {
				got = prior.Disks["a"].DeleteOnRemove != nil && *prior.Disks["a"].DeleteOnRemove
				return fake.honestUpdate(ctx, prior, want)
			}
			p := r.Must(t).Plan(config(object{"disks": object{}}))
			says(t, p.Diags.Warnings(), "disks", c.says)
			r.Must(t).Apply(p)
			equalTo(t, "delete_on_remove", got, c.want)
		})
	}
}

func TestDeleteOnRemoveAloneCallsNobody(t *testing.T) {
	fake := newCloud()
	m := web(t, fake).Must(t)
	m.Converge(config(object{"disks": object{"a": object{"size": "1GiB"}}}))
	fake.took()
	after := config(object{"disks": object{"a": object{"size": "1GiB", "delete_on_remove": true}}})
	a := m.PlanApply(after)
	equalTo(t, "state", a.At("disks", "a", "delete_on_remove"), any(true))
	fake.expect(t, "read")
	m.Empty(after)
}
