package engine_test

import (
	"context"
	"errors"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Rule 2: after an apply the state is the plan with only its unknowns taken from the adapter.

func TestStateIsThePlanWithItsUnknownsFilled(t *testing.T) {
	fake := newCloud()
	m := web(t, fake).Must(t)
	c := config(object{
		"memory": "4096MiB", "description": "", "metadata": object{}, "disks": object{"data": object{"size": "2048MiB"}},
		"nics": object{"eth0": object{"network_id": "n1", "addresses": []any{}}},
	})
	a := m.Converge(c)
	equalTo(t, "id", a.At("id"), any("vm-1"))
	equalTo(t, "spelling kept", a.At("memory"), any("4096MiB"))
	equalTo(t, "spelling kept in an element", a.At("disks", "data", "size"), any("2048MiB"))
	equalTo(t, "empty text kept", a.At("description"), any(""))
	equalTo(t, "empty map kept", a.At("metadata"), any(object{}))
	equalTo(t, "empty list kept", a.At("nics", "eth0", "addresses"), any([]any{}))
	equalTo(t, "default taken", a.At("cpus"), any(int64(1)))
	equalTo(t, "default in an element taken", a.At("disks", "data", "type"), any("thin"))
	equalTo(t, "binding taken", a.At("disks", "data", "id"), any("disk-2"))
	equalTo(t, "not managed", a.At("tags"), nil)
	equalTo(t, "other block", a.At("vsphere"), nil)
}

func TestNothingDriftsAfterCreate(t *testing.T) {
	m := web(t, newCloud()).Must(t)
	m.PlanApply(config(object{"tags": object{"a": "b"}, "disks": object{"d": object{"size": "1GiB"}}}))
	if m.Refresh().Changed {
		t.Fatal("the refresh after the creation found something else")
	}
}

func TestSecretsAreHandedOverByVersion(t *testing.T) {
	fake := newCloud()
	var got []*string
	fake.create = func(ctx context.Context, want *machine, made func(string)) error {
		got = append(got, want.Login.PasswordWO)
		return fake.honestCreate(ctx, want, made)
	}
	fake.update = func(ctx context.Context, prior, want *machine) error {
		got = append(got, want.Login.PasswordWO)
		return fake.honestUpdate(ctx, prior, want)
	}
	m := web(t, fake).Must(t)
	login := func(secret string, version int) object {
		return object{"login": object{"user": "ops", "password_wo": secret, "password_wo_version": version}}
	}
	m.Converge(config(login("one", 1)))
	m.Empty(config(login("two", 1))) // the version says whether it is new
	m.Converge(config(login("two", 1), object{"description": "x"}))
	a := m.Converge(config(login("three", 2)))
	want := []*string{new("one"), nil, new("three")}
	equalTo(t, "secrets handed over", got, want)
	equalTo(t, "in the state", a.At("login", "password_wo"), nil)
}

// A lying adapter is found out, the state keeps the plan, and nothing is made twice.
func TestLyingCreate(t *testing.T) {
	cases := map[string]struct {
		lie  func(want *machine)
		says string
	}{
		"another value":       {func(w *machine) { w.Description = new("other") }, "description"},
		"a value dropped":     {func(w *machine) { w.Description = nil }, "description"},
		"another number":      {func(w *machine) { w.CPUs = new(int64(9)) }, "cpus"},
		"another name":        {func(w *machine) { w.Name = "other" }, "name"},
		"in an element":       {func(w *machine) { d := w.Disks["data"]; d.Size = new(platform.TiB); w.Disks["data"] = d }, "disks.data.size"},
		"a key dropped":       {func(w *machine) { delete(w.Disks, "data") }, "disks.data"},
		"all keys dropped":    {func(w *machine) { w.Disks = nil }, "disks"},
		"a key not planned":   {func(w *machine) { w.Disks["more"] = platform.MachineDisk{ID: new("x")} }, "disks.more"},
		"another tag":         {func(w *machine) { w.Tags = map[string]string{"a": "c"} }, "tags_all"},
		"the block forgotten": {func(w *machine) { w.VSphere = nil }, "vsphere"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newCloud()
			fake.create = func(ctx context.Context, want *machine, made func(string)) error {
				err := fake.honestCreate(ctx, want, made)
				c.lie(want)
				return err
			}
			r := web(t, fake)
			cfg := config(object{
				"description": "x", "cpus": 2, "tags": object{"a": "b"}, "disks": object{"data": object{"size": "2GiB"}}, "vsphere": object{"folder": "web"},
			})
			a, err := r.PlanApply(cfg)
			clean(t, err)
			says(t, a.Diags.Errors(), "", "Cannot create machine", "other values than were planned", c.says, "bug in the provider")
			equalTo(t, "id", a.State.At("id"), any("vm-1"))
			equalTo(t, "description", a.State.At("description"), any("x"))
			if !a.State.Tainted {
				t.Fatal("not tainted")
			}
			equalTo(t, "machines", len(fake.vms), 1)
		})
	}
}

func TestLyingUpdate(t *testing.T) {
	cases := map[string]struct {
		lie  func(want *machine)
		says string
	}{
		"another value":     {func(w *machine) { w.Description = new("other") }, "description"},
		"a key dropped":     {func(w *machine) { delete(w.Disks, "more") }, "disks.more"},
		"a key not planned": {func(w *machine) { w.Disks["odd"] = platform.MachineDisk{ID: new("x")} }, "disks.odd"},
		"another id":        {func(w *machine) { w.ID = new("vm-9") }, "id"},
		"no id":             {func(w *machine) { w.ID = nil }, "id"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newCloud()
			r := web(t, fake)
			r.Must(t).Converge(config(object{"description": "x", "disks": object{"data": object{"size": "2GiB"}}}))
			fake.update = func(ctx context.Context, prior, want *machine) error {
				err := fake.honestUpdate(ctx, prior, want)
				c.lie(want)
				return err
			}
			a, err := r.PlanApply(config(object{"description": "y", "disks": object{"data": object{"size": "2GiB"}, "more": object{"size": "1GiB"}}}))
			clean(t, err)
			says(t, a.Diags.Errors(), "", "Cannot update machine", "other values than were planned", c.says)
			equalTo(t, "id", a.State.At("id"), any("vm-1"))
			equalTo(t, "description", a.State.At("description"), any("y"))
			if a.State.Tainted {
				t.Fatal("tainted")
			}
			fake.update = fake.honestUpdate
			r.Must(t).Converge(config(object{"description": "y", "disks": object{"data": object{"size": "2GiB"}, "more": object{"size": "1GiB"}}}))
			equalTo(t, "machines", len(fake.vms), 1)
		})
	}
}

func TestLyingAboutIDs(t *testing.T) {
	t.Run("forgotten", func(t *testing.T) {
		fake := newCloud()
		fake.create = func(context.Context, *machine, func(string)) error { return nil }
		a, err := web(t, fake).PlanApply(config())
		clean(t, err)
		says(t, a.Diags.Errors(), "", "without an id", "import it")
		if a.State != nil {
			t.Fatal("something is in the state that nobody can find again")
		}
	})
	t.Run("two, the second in the result", func(t *testing.T) {
		fake := newCloud()
		fake.create = func(ctx context.Context, want *machine, made func(string)) error {
			err := fake.honestCreate(ctx, want, made)
			want.ID = new("vm-9")
			return err
		}
		twoIDs(t, fake, "vm-1", "vm-9")
	})
	t.Run("two, both announced", func(t *testing.T) {
		fake := newCloud()
		fake.create = func(ctx context.Context, want *machine, made func(string)) error {
			err := fake.honestCreate(ctx, want, made)
			made("vm-8")
			return err
		}
		twoIDs(t, fake, "vm-1", "vm-8")
	})
	t.Run("two, and an error", func(t *testing.T) {
		fake := newCloud()
		fake.create = func(ctx context.Context, want *machine, made func(string)) error {
			return errors.Join(fake.honestCreate(ctx, want, made), func() error { want.ID = new("vm-9"); return nil }(), errors.New("disk full"))
		}
		a, err := web(t, fake).PlanApply(config())
		clean(t, err)
		mentions(t, a.Diags.Errors(), "", "Disk full")
		mentions(t, a.Diags.Errors(), "", `"vm-1"`, `"vm-9"`)
		equalTo(t, "id", a.State.At("id"), any("vm-1"))
	})
}

// twoIDs demands that the first id is in the state and that the error names both.
func twoIDs(t *testing.T, fake *cloud, first, second string) {
	t.Helper()
	a, err := web(t, fake).PlanApply(config())
	clean(t, err)
	says(t, a.Diags.Errors(), "", "two ids", first, second)
	equalTo(t, "id", a.State.At("id"), any(first))
}

// What cannot be known to be a lie is still a state that Terraform accepts.
func TestIncompleteCreate(t *testing.T) {
	fake := newCloud()
	fake.create = func(ctx context.Context, want *machine, made func(string)) error {
		err := fake.honestCreate(ctx, want, made)
		*want = machine{Meta: platform.Meta{ID: want.ID}, Name: want.Name}
		return err
	}
	a := web(t, fake).Must(t).PlanApply(config())
	equalTo(t, "id", a.At("id"), any("vm-1"))
	equalTo(t, "cpus", a.At("cpus"), nil)
	equalTo(t, "marker", a.At("cpus") == enginetest.Unknown, false)
}
