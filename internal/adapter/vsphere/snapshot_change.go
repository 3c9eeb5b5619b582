package vsphere

import (
	"context"
	"errors"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Plan refuses what excludes each other.
func (*snapshots) Plan(_ context.Context, p *platform.Plan[platform.Snapshot]) error {
	if p.Known("memory") && p.Known("quiesce") && value(p.Want.Memory) && value(p.Want.Quiesce) {
		err := errors.New("a snapshot with the memory is not quiesced: the memory has what the file systems lack")
		return platform.At(platform.As(platform.ErrInvalid, err), "quiesce")
	}
	return nil
}

// Create makes a snapshot. The server would allow a second one of the same name; we do not.
func (t *snapshots) Create(ctx context.Context, want *platform.Snapshot, made func(id string)) error {
	vm, err := t.machine(ctx, want.MachineID)
	if err != nil {
		return platform.At(err, "machine_id")
	}
	if same := named(vm, want.Name); same != nil {
		return failed("make the snapshot", want.Name, &platform.ExistsError{Name: want.Name, ID: snapshotID(want.MachineID, same.Snapshot)})
	}
	fillOpen(&want.Memory, new(false))
	fillOpen(&want.Quiesce, new(false))
	_, err = t.s.run(ctx, func() (types.ManagedObjectReference, error) {
		return taskOf(methods.CreateSnapshot_Task(ctx, t.s.vim, &types.CreateSnapshot_Task{
			This: vm.Self, Name: want.Name, Description: value(want.Description), Memory: *want.Memory, Quiesce: *want.Quiesce,
		}))
	})
	if err != nil && !unanswered(err) {
		return failed("make the snapshot", want.Name, err)
	}
	if lost := t.finish(ctx, err, want, made); err != nil || lost != nil {
		return failed("make the snapshot", want.Name, errors.Join(err, lost))
	}
	return nil
}

// finish finds the snapshot by its name, which nothing had before, also when the creation's time is over or the
// server's answer was lost.
func (t *snapshots) finish(ended context.Context, failure error, want *platform.Snapshot, made func(id string)) error {
	return aftermath(ended, failure, func(ctx context.Context) (bool, error) {
		vm, err := t.machine(ctx, want.MachineID)
		if err != nil {
			return false, err
		}
		s := named(vm, want.Name)
		if s == nil && failure == nil {
			return false, platform.As(platform.ErrConflict, errors.New("it is gone already"))
		}
		if s == nil {
			return false, nil
		}
		var got platform.Snapshot
		fillSnapshot(vm, s, &got)
		want.ID, want.CreatedAt, want.Native = got.ID, got.CreatedAt, got.Native
		made(*want.ID)
		return true, nil
	})
}

// named finds a snapshot by its name.
func named(vm *mo.VirtualMachine, name string) *types.VirtualMachineSnapshotTree {
	for s := range trees(vm) {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// Update changes name and description.
func (t *snapshots) Update(ctx context.Context, prior, want *platform.Snapshot) error {
	_, s, err := t.at(ctx, value(prior.ID))
	if err != nil {
		return err
	}
	req := types.RenameSnapshot{This: s.Snapshot, Name: want.Name}
	if value(want.Description) != value(prior.Description) {
		req.Description = cmpOr(value(want.Description), cleared)
	}
	if _, err := methods.RenameSnapshot(ctx, t.s.vim, &req); err != nil {
		return failed("change the snapshot", prior.Name, err)
	}
	got := platform.Snapshot{Meta: want.Meta}
	if err := t.Read(ctx, &got); err != nil {
		return err
	}
	want.ID, want.CreatedAt, want.Native = got.ID, got.CreatedAt, got.Native
	return nil
}

// Delete removes a snapshot; those made after it stay.
func (t *snapshots) Delete(ctx context.Context, have *platform.Snapshot) error {
	_, s, err := t.at(ctx, value(have.ID))
	if errors.Is(err, platform.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = t.s.run(ctx, func() (types.ManagedObjectReference, error) {
		return taskOf(methods.RemoveSnapshot_Task(ctx, t.s.vim, &types.RemoveSnapshot_Task{This: s.Snapshot, Consolidate: new(true)}))
	})
	if isFault[*types.ManagedObjectNotFound](err) {
		return nil // somebody was faster
	}
	return failed("delete the snapshot", s.Name, err)
}
