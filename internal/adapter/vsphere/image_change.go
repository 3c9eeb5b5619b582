package vsphere

import (
	"context"
	"errors"
	"fmt"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Create copies a machine and makes the copy a template. Until it is one it carries the mark of an unfinished creation.
func (i *images) Create(ctx context.Context, want *platform.Image, made func(id string)) error {
	if want.MachineID == nil {
		return failed("make the image", want.Name, platform.At(platform.As(platform.ErrInvalid, errNoMachine), "machine_id"))
	}
	m := &machines{i.s}
	source, err := m.lookup(ctx, *want.MachineID)
	if err != nil {
		return platform.At(err, "machine_id")
	}
	folder, err := i.s.machineFolder(ctx, "")
	if err == nil {
		err = m.vacant(ctx, folder, want.Name)
	}
	if err != nil {
		return failed("make the image", want.Name, err)
	}
	want.ID = new(newUUID())
	ref, err := i.copy(ctx, source, folder, want)
	if err != nil {
		want.ID = m.remains(ctx, err, *want.ID, made)
		return failed("make the image", want.Name, m.named(ctx, err, want.Name))
	}
	made(*want.ID)
	if err := i.finish(ctx, ref, want); err != nil {
		return failed("make the image", want.Name, err)
	}
	return i.complete(ctx, want)
}

func (i *images) copy(ctx context.Context, source *mo.VirtualMachine, folder types.ManagedObjectReference, want *platform.Image) (types.ManagedObjectReference, error) {
	pool, err := i.s.pool(ctx, "")
	if err != nil {
		return types.ManagedObjectReference{}, err
	}
	spec := types.VirtualMachineCloneSpec{
		Location: types.VirtualMachineRelocateSpec{Pool: &pool.ref},
		Config:   &types.VirtualMachineConfigSpec{InstanceUuid: *want.ID, ExtraConfig: marks()},
	}
	result, err := i.s.run(ctx, func() (types.ManagedObjectReference, error) {
		return taskOf(methods.CloneVM_Task(ctx, i.s.vim, &types.CloneVM_Task{This: source.Self, Folder: folder, Name: apiName(want.Name), Spec: spec}))
	})
	ref, ok := result.(types.ManagedObjectReference)
	if err == nil && !ok {
		err = fmt.Errorf("the task answered %T and no template", result)
	}
	return ref, err
}

// finish ends the mark, which a template could not lose any more, and makes the copy a template.
func (i *images) finish(ctx context.Context, ref types.ManagedObjectReference, want *platform.Image) error {
	if err := i.s.fields.apply(ctx, ref, want.Name, nil, want.Tags); err != nil {
		return err
	}
	spec := types.VirtualMachineConfigSpec{ExtraConfig: options(map[string]string{extraCreating: "", extraRecord: ""})}
	if err := i.s.reconfigure(ctx, ref, spec); err != nil {
		return err
	}
	if _, err := methods.MarkAsTemplate(ctx, i.s.vim, &types.MarkAsTemplate{This: ref}); err != nil {
		return errors.Join(err, i.reopen(ctx, ref))
	}
	return nil
}

// reopen gives back the mark to a copy that did not become a template, so that it can be deleted as an unfinished one.
// One that became a template all the same needs none.
func (i *images) reopen(ended context.Context, ref types.ManagedObjectReference) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ended), afterTime)
	defer cancel()
	vm, err := i.read(ctx, ref)
	if err != nil || vm.Config == nil || vm.Config.Template {
		return err
	}
	return i.s.reconfigure(ctx, ref, types.VirtualMachineConfigSpec{ExtraConfig: marks()})
}

// complete fills in what the server chose.
func (i *images) complete(ctx context.Context, want *platform.Image) error {
	got := platform.Image{Meta: want.Meta}
	if err := i.Read(ctx, &got); err != nil {
		return err
	}
	want.ID, want.Native, want.Size, want.CreatedAt = got.ID, got.Native, got.Size, got.CreatedAt
	return nil
}

// Update changes name and tags.
func (i *images) Update(ctx context.Context, prior, want *platform.Image) error {
	vm, err := i.at(ctx, value(prior.ID))
	if err != nil {
		return err
	}
	if want.Name != plainName(vm.Name) {
		if err := i.rename(ctx, vm, want.Name); err != nil {
			return platform.At(err, "name")
		}
	}
	if want.Tags != nil || prior.Tags != nil {
		have, err := i.s.fields.tags(ctx, vm.CustomValue)
		if err != nil {
			return err
		}
		if err := i.s.fields.apply(ctx, vm.Self, want.Name, have, want.Tags); err != nil {
			return err
		}
	}
	return i.complete(ctx, want)
}

func (i *images) rename(ctx context.Context, vm *mo.VirtualMachine, name string) error {
	_, err := i.s.run(ctx, func() (types.ManagedObjectReference, error) {
		return taskOf(methods.Rename_Task(ctx, i.s.vim, &types.Rename_Task{This: vm.Self, NewName: apiName(name)}))
	})
	return failed("rename the image", plainName(vm.Name), (&machines{i.s}).named(ctx, err, name))
}

// Delete removes a template. A machine that is none any more stays: somebody uses it.
func (i *images) Delete(ctx context.Context, have *platform.Image) error {
	vm, err := i.at(ctx, value(have.ID))
	if errors.Is(err, platform.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if !vm.Config.Template && extra(vm)[extraCreating] == "" {
		err := platform.As(platform.ErrConflict, errors.New("it is a machine now and no template"))
		return &platform.OpError{
			Op: "delete the image", On: plainName(vm.Name), Err: err, Hint: "Make it a template again, or remove it from the state to keep the machine",
		}
	}
	_, err = i.s.run(ctx, i.s.destroy(ctx, vm.Self))
	if isFault[*types.ManagedObjectNotFound](err) {
		return nil // somebody was faster
	}
	return failed("delete the image", plainName(vm.Name), err)
}
