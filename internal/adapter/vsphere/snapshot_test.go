package vsphere

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/vcenter"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func (l *lab) snapshot(t *testing.T, machine *string, name string) *platform.Snapshot {
	t.Helper()
	want := &platform.Snapshot{Name: name, MachineID: *machine, Description: new("first")}
	var ids made
	must(t, l.conn.Snapshots.Create(t.Context(), want, ids.add))
	ids.only(t, want.ID)
	return want
}

func (l *lab) readSnapshot(t *testing.T, id *string) *platform.Snapshot {
	t.Helper()
	got := &platform.Snapshot{}
	got.ID = id
	must(t, l.conn.Snapshots.Read(t.Context(), got))
	return got
}

func TestSnapshotLife(t *testing.T) {
	l := start(t, vcenter.Options{})
	m := l.create(t, l.machine("web"))
	first, child := l.snapshot(t, m.ID, "before"), l.snapshot(t, m.ID, "after")
	if value(first.Memory) || value(first.Quiesce) || first.CreatedAt == nil {
		t.Errorf("made %+v", first)
	}
	got := l.readSnapshot(t, first.ID)
	if got.Name != "before" || value(got.Description) != "first" || got.MachineID != *m.ID {
		t.Errorf("read %+v", got)
	}
	next := *first
	next.Name, next.Description = "earlier", nil
	must(t, l.conn.Snapshots.Update(t.Context(), first, &next))
	if got := l.readSnapshot(t, first.ID); got.Name != "earlier" || got.Description != nil {
		t.Errorf("after the change %+v", got)
	}
	must(t, l.conn.Snapshots.Delete(t.Context(), first))
	must(t, l.conn.Snapshots.Delete(t.Context(), first))
	wantClass(t, l.conn.Snapshots.Read(t.Context(), &platform.Snapshot{Meta: first.Meta}), platform.ErrNotFound)
	if got := l.readSnapshot(t, child.ID); got.Name != "after" {
		t.Errorf("the child became %+v", got)
	}
	must(t, l.conn.Machines.Delete(t.Context(), bound(m)))
	wantClass(t, l.conn.Snapshots.Read(t.Context(), &platform.Snapshot{Meta: child.Meta}), platform.ErrNotFound)
}

func TestSnapshotNameTaken(t *testing.T) {
	l := start(t, vcenter.Options{})
	m := l.create(t, l.machine("web"))
	first := l.snapshot(t, m.ID, "before")
	err := l.conn.Snapshots.Create(t.Context(), &platform.Snapshot{Name: "before", MachineID: *m.ID}, func(string) { t.Error("something was made") })
	var exists *platform.ExistsError
	if !errors.As(err, &exists) || exists.ID != *first.ID {
		t.Errorf("error %v, want the id %s", err, *first.ID)
	}
}

func TestSnapshotPlan(t *testing.T) {
	for name, c := range map[string]struct {
		memory, quiesce, known bool
		refused                bool
	}{
		"neither": {false, false, true, false},
		"memory":  {true, false, true, false},
		"quiesce": {false, true, true, false},
		"both":    {true, true, true, true},
		"unknown": {true, true, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := &platform.Plan[platform.Snapshot]{
				Want:  &platform.Snapshot{Memory: &c.memory, Quiesce: &c.quiesce},
				Known: func(...string) bool { return c.known },
			}
			err := (&snapshots{}).Plan(t.Context(), p)
			if c.refused != errors.Is(err, platform.ErrInvalid) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestSnapshotFind(t *testing.T) {
	l := start(t, vcenter.Options{})
	m := l.create(t, l.machine("web"))
	first := l.snapshot(t, m.ID, "before")
	f := l.conn.Snapshots.(*snapshots)
	for name, ref := range map[string]string{"name": "web/before", "path": "/DC0/vm/web/before", "id": *first.ID} {
		t.Run(name, func(t *testing.T) {
			if id, err := f.Find(t.Context(), ref); err != nil || id != *first.ID {
				t.Errorf("found %q, error %v", id, err)
			}
		})
	}
	_, err := f.Find(t.Context(), "web/none")
	wantClass(t, err, platform.ErrNotFound)
	vm, _ := l.native(t, "web")
	op, err := vm.CreateSnapshot(t.Context(), "before", "", false, false)
	must(t, err)
	must(t, op.Wait(t.Context()))
	_, err = f.Find(t.Context(), "web/before")
	var several *platform.AmbiguousError
	if !errors.As(err, &several) || len(several.Matches) != 2 {
		t.Errorf("error %v, want two matches", err)
	}
}

func TestSnapshotList(t *testing.T) {
	l := start(t, vcenter.Options{})
	m := l.create(t, l.machine("web"))
	l.snapshot(t, m.ID, "one")
	l.snapshot(t, m.ID, "two")
	n := 0
	for entry, err := range l.conn.Snapshots.(platform.Lister[platform.Snapshot]).List(t.Context()) {
		must(t, err)
		listed := &platform.Snapshot{}
		must(t, entry.Fill(listed))
		if diff := cmp.Diff(l.readSnapshot(t, &entry.ID), listed); diff != "" {
			t.Errorf("%s: -read +list\n%s", entry.Name, diff)
		}
		n++
	}
	if n != 2 {
		t.Errorf("%d snapshots, want 2", n)
	}
}
