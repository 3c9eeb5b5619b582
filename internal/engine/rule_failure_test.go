package engine_test

import (
	"context"
	"errors"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Rule 7: whatever fails, nothing is orphaned and nothing is made twice.

var errHalfWay = errors.New("the datastore is full")

func TestFailedCreateSavesTheID(t *testing.T) {
	fake := newCloud()
	fake.create = func(_ context.Context, want *machine, made func(string)) error {
		fake.vms["vm-1"] = native("vm-1")
		made("vm-1")
		want.CPUs = new(int64(1))
		return &platform.OpError{Op: "add the disk", On: "web", Err: errHalfWay, Hint: "Free some space"}
	}
	r := web(t, fake)
	a, err := r.PlanApply(config(object{"description": "x"}))
	clean(t, err)
	says(t, a.Diags, "", `Cannot create machine "web"`, "Cannot add the disk web: the datastore is full. Free some space.")
	equalTo(t, "id", a.State.At("id"), any("vm-1"))
	equalTo(t, "planned", a.State.At("description"), any("x"))
	equalTo(t, "learnt", a.State.At("cpus"), any(int64(1)))
	equalTo(t, "never learnt", a.State.At("memory"), nil)
	equalTo(t, "tainted", a.State.Tainted, true)
	identity(t, r, "dc1", "vm-1")

	fake.create = fake.honestCreate
	fake.next = 1
	p := r.Must(t).Plan(config(object{"description": "x"}))
	equalTo(t, "action", p.Action, enginetest.Replace)
	r.Must(t).Apply(p)
	equalTo(t, "machines", len(fake.vms), 1)
	r.Must(t).Empty(config(object{"description": "x"}))
}

func TestFailedCreateOfNothing(t *testing.T) {
	fake := newCloud()
	fake.create = func(context.Context, *machine, func(string)) error {
		return platform.At(platform.As(platform.ErrInvalid, errors.New("no such network")), "nics", "eth0", "network_id")
	}
	a, err := web(t, fake).PlanApply(config(object{"nics": object{"eth0": object{"network_id": "n"}}}))
	clean(t, err)
	says(t, a.Diags, `nics["eth0"].network_id`, "No such network.")
	if a.State != nil {
		t.Fatal("nothing was made, yet the state has it")
	}
}

func TestCreateNeverAdopts(t *testing.T) {
	fake := newCloud()
	fake.vms["vm-9"] = &machine{Name: "web"}
	a, err := web(t, fake).PlanApply(config())
	clean(t, err)
	says(t, a.Diags, "", `"web" exists already`, "import it", "virt_machine", "'dc1/vm-9'")
	if a.State != nil {
		t.Fatal("adopted")
	}
}

func TestSeveralErrors(t *testing.T) {
	fake := newCloud()
	fake.create = func(context.Context, *machine, func(string)) error {
		return errors.Join(platform.At(errors.New("one"), "cpus"), platform.At(errors.New("two"), "memory"), platform.As(platform.ErrThrottled, errors.New("three")))
	}
	a, err := web(t, fake).PlanApply(config())
	clean(t, err)
	equalTo(t, "errors", len(a.Diags), 3)
	mentions(t, a.Diags, "cpus", "One.")
	mentions(t, a.Diags, "memory", "Two.")
	mentions(t, a.Diags, "", "Three.", "-parallelism")
}

func TestWarningsOfAnOperation(t *testing.T) {
	fake := newCloud()
	fake.create = func(ctx context.Context, want *machine, made func(string)) error {
		platform.Warn(ctx, errors.New("no tools"), "wait_for")
		return fake.honestCreate(ctx, want, made)
	}
	fake.remove = func(ctx context.Context, have *machine) error {
		platform.Warn(ctx, errors.New("the disk lies at ds0/x"))
		return fake.honestDelete(ctx, have)
	}
	m := web(t, fake).Must(t)
	says(t, m.PlanApply(config()).Diags, "wait_for", "No tools.")
	says(t, m.Destroy().Diags, "", "The disk lies at ds0/x.")
}

// failing makes updates do the first half and fail.
func failing(fake *cloud, half func(want *machine)) {
	fake.update = func(ctx context.Context, prior, want *machine) error {
		whole := clone(want)
		half(want)
		if err := fake.honestUpdate(ctx, prior, want); err != nil {
			return err
		}
		for key := range whole.Disks { // what was not done is as it was wanted, but has no bindings
			if _, ok := want.Disks[key]; !ok {
				want.Disks[key] = whole.Disks[key]
			}
		}
		want.Description, want.CPUs = whole.Description, whole.CPUs
		return errHalfWay
	}
}

func TestFailedUpdateSavesWhatWasAchieved(t *testing.T) {
	fake := newCloud()
	before := object{"description": "x", "cpus": 2, "size": "m", "disks": object{"a": object{"size": "1GiB"}}}
	fake.aliases = map[string]map[string]string{"sizes": {"m": "native.medium"}}
	r := web(t, fake)
	r.Must(t).Converge(config(before))
	after := config(object{
		"description": "y", "cpus": 4, "size": "m", "metadata": object{"k": "v"}, "allow_restart": true,
		"disks": object{"a": object{"size": "2048MiB"}, "b": object{"size": "1GiB"}, "c": object{"size": "1GiB"}},
	})
	failing(fake, func(want *machine) {
		want.Description, want.CPUs = new("x"), new(int64(2)) // these were still to come
		delete(want.Disks, "c")
	})
	a, err := r.PlanApply(after)
	clean(t, err)
	says(t, a.Diags.Errors(), "", "Cannot update machine", "The datastore is full.")
	equalTo(t, "tainted", a.State.Tainted, false)
	equalTo(t, "done", a.State.At("disks", "a", "size"), any("2GiB"))
	equalTo(t, "made", a.State.At("disks", "b", "id"), any("disk-4"))
	equalTo(t, "managed from now on", a.State.At("metadata", "k"), any("v"))
	equalTo(t, "not done", a.State.At("description"), any("x"))
	equalTo(t, "not done either", a.State.At("cpus"), any(int64(2)))
	equalTo(t, "not made", a.State.At("disks", "c"), nil)
	equalTo(t, "alias", a.State.At("size"), any("m"))

	fake.update = fake.honestUpdate
	p := r.Must(t).Plan(after)
	equalTo(t, "kept", p.At("disks", "b", "id"), any("disk-4"))
	r.Must(t).Apply(p)
	r.Must(t).Empty(after)
	equalTo(t, "disks", len(fake.vms["vm-1"].Disks), 3)
}

// When nobody can tell what was achieved, the bindings that the adapter got as far as telling survive all the same.
func TestFailedUpdateAndFailedReadBack(t *testing.T) {
	fake := newCloud()
	r := web(t, fake)
	r.Must(t).Converge(config(object{"disks": object{"a": object{"size": "1GiB"}}}))
	after := config(object{
		"description": "y", "disks": object{"a": object{"size": "1GiB"}, "b": object{"size": "1GiB"}},
		"placement": object{"host": "h"}, "login": object{"password_wo": "secret", "password_wo_version": 1},
	})
	p := r.Must(t).Plan(after)
	failing(fake, func(want *machine) { want.Description = nil })
	fake.read = func(context.Context, *machine) error { return errors.New("the network is down") }
	a, err := r.Apply(p)
	clean(t, err)
	says(t, a.Diags.Errors(), "", "The datastore is full.")
	equalTo(t, "id", a.State.At("id"), any("vm-1"))
	equalTo(t, "binding", a.State.At("disks", "b", "id"), any("disk-4"))
	equalTo(t, "nobody saw it", a.State.At("description"), nil)

	fake.read, fake.update = fake.honestRead, fake.honestUpdate
	r.Must(t).Converge(after)
	equalTo(t, "disks", len(fake.vms["vm-1"].Disks), 2)
}

func TestFailedUpdateOfWhatIsGone(t *testing.T) {
	fake := newCloud()
	r := web(t, fake)
	r.Must(t).Converge(config())
	p := r.Must(t).Plan(config(object{"description": "x"}))
	delete(fake.vms, "vm-1")
	a, err := r.Apply(p)
	clean(t, err)
	says(t, a.Diags, "", "No such machine.")
	equalTo(t, "id", a.State.At("id"), any("vm-1"))
	equalTo(t, "next", r.Must(t).Plan(config(object{"description": "x"})).Action, enginetest.Create)
}

func TestFailedDelete(t *testing.T) {
	fake := newCloud()
	r := web(t, fake)
	r.Must(t).Converge(config())
	fake.remove = func(context.Context, *machine) error {
		return platform.As(platform.ErrConflict, errors.New("it is locked"))
	}
	a, err := r.Destroy()
	clean(t, err)
	says(t, a.Diags, "", `Cannot delete machine "web"`, "It is locked.")
	equalTo(t, "id", r.State().At("id"), any("vm-1"))
	fake.remove = func(context.Context, *machine) error {
		return platform.As(platform.ErrNotFound, errors.New("gone"))
	}
	r.Must(t).Destroy()
	if r.State() != nil {
		t.Fatal("still in the state")
	}
}

func TestCreateMeetsAnUnfinishedOne(t *testing.T) {
	fake := newCloud()
	fake.create = func(context.Context, *machine, func(string)) error {
		return &platform.ExistsError{Name: "web", ID: "vm-9", Unfinished: true}
	}
	a, err := web(t, fake).PlanApply(config())
	clean(t, err)
	says(t, a.Diags, "", "an earlier run was interrupted", "Nothing was changed", "'dc1/vm-9'")
}
