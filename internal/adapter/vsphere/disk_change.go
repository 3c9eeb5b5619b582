package vsphere

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Update renames and grows a disk; a machine that has it keeps running.
func (v *volumes) Update(ctx context.Context, prior, want *platform.Disk) error {
	found, err := v.at(ctx, value(prior.ID))
	if err != nil {
		return err
	}
	if want.Name != found.name {
		if err := v.rename(ctx, found, want.Name); err != nil {
			return platform.At(err, "name")
		}
	}
	if want.Size != nil && *want.Size > found.size {
		if err := v.extend(ctx, found, *want.Size); err != nil {
			return platform.At(err, "size")
		}
	}
	got := platform.Disk{Meta: want.Meta}
	if err := v.Read(ctx, &got); err != nil {
		return err
	}
	want.ID, want.Native = got.ID, got.Native
	fillOpen(&want.Size, got.Size)
	return nil
}

func (v *volumes) rename(ctx context.Context, found *volume, name string) error {
	if plain(found.id) {
		err := platform.As(platform.ErrUnsupported, errors.New("a plain VMDK is called after its file"))
		return &platform.OpError{Op: "rename the disk", On: found.id, Err: err, Hint: "Change vsphere.path, which replaces the disk, or keep the name"}
	}
	_, err := methods.RenameVStorageObject(ctx, v.s.vim, &types.RenameVStorageObject{
		This: *v.s.vim.ServiceContent.VStorageObjectManager, Id: types.ID{Id: found.id}, Datastore: found.datastore, Name: name,
	})
	return failed("rename the disk", found.name, err)
}

// extend grows a disk: through the machine that has it as a plain file, else by itself.
func (v *volumes) extend(ctx context.Context, found *volume, size platform.Size) error {
	on := found.file
	if !plain(found.id) {
		_, err := v.s.run(ctx, func() (types.ManagedObjectReference, error) {
			return taskOf(methods.ExtendDisk_Task(ctx, v.s.vim, &types.ExtendDisk_Task{
				This: *v.s.vim.ServiceContent.VStorageObjectManager, Id: types.ID{Id: found.id}, Datastore: found.datastore, NewCapacityInMB: size.CeilMiB(),
			}))
		})
		return failed("grow the disk", on, err)
	}
	holders, err := v.holders(ctx, found)
	if err != nil {
		return err
	}
	for _, h := range holders {
		device := *h.device
		device.CapacityInBytes, device.CapacityInKB = int64(size), int64(size/platform.KiB)
		return failed("grow the disk", on, v.s.reconfigure(ctx, h.vm.Self, deviceChange(types.VirtualDeviceConfigSpecOperationEdit, &device)))
	}
	dc, err := v.s.datacenter(ctx)
	if err != nil {
		return err
	}
	_, err = v.s.run(ctx, func() (types.ManagedObjectReference, error) {
		return taskOf(methods.ExtendVirtualDisk_Task(ctx, v.s.vim, &types.ExtendVirtualDisk_Task{
			This: *v.s.vim.ServiceContent.VirtualDiskManager, Name: found.file, Datacenter: &dc.ref, NewCapacityKb: int64(size / platform.KiB),
		}))
	})
	return failed("grow the disk", on, err)
}

func deviceChange(op types.VirtualDeviceConfigSpecOperation, device types.BaseVirtualDevice) types.VirtualMachineConfigSpec {
	return types.VirtualMachineConfigSpec{DeviceChange: []types.BaseVirtualDeviceConfigSpec{
		&types.VirtualDeviceConfigSpec{Operation: op, Device: device},
	}}
}

// Delete removes a disk; a machine that has it loses it first.
func (v *volumes) Delete(ctx context.Context, have *platform.Disk) error {
	found, err := v.at(ctx, value(have.ID))
	if errors.Is(err, platform.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := v.detach(ctx, found); err != nil {
		return err
	}
	_, err = v.s.run(ctx, v.deletion(ctx, found))
	if isFault[*types.NotFound](err) || isFault[*types.FileNotFound](err) {
		return nil // somebody was faster
	}
	return failed("delete the disk", found.file, err)
}

func (v *volumes) deletion(ctx context.Context, found *volume) task {
	return func() (types.ManagedObjectReference, error) {
		if !plain(found.id) {
			return taskOf(methods.DeleteVStorageObject_Task(ctx, v.s.vim, &types.DeleteVStorageObject_Task{
				This: *v.s.vim.ServiceContent.VStorageObjectManager, Id: types.ID{Id: found.id}, Datastore: found.datastore,
			}))
		}
		dc, err := v.s.datacenter(ctx)
		if err != nil {
			return types.ManagedObjectReference{}, err
		}
		return taskOf(methods.DeleteVirtualDisk_Task(ctx, v.s.vim, &types.DeleteVirtualDisk_Task{
			This: *v.s.vim.ServiceContent.VirtualDiskManager, Name: found.file, Datacenter: &dc.ref,
		}))
	}
}

// holder is a machine and the device by which it has a disk.
type holder struct {
	vm        *mo.VirtualMachine
	device    *types.VirtualDisk
	snapshots bool // a snapshot depends on the disk
}

// detach takes the disk away from every machine that has it.
func (v *volumes) detach(ctx context.Context, found *volume) error {
	holders, err := v.holders(ctx, found)
	if err != nil {
		return err
	}
	for _, h := range holders {
		name := plainName(h.vm.Name)
		if h.snapshots {
			err := fmt.Errorf("snapshots of the machine %s depend on it", name)
			return &platform.OpError{Op: "delete the disk", On: found.file, Err: platform.As(platform.ErrConflict, err), Hint: "Delete those snapshots first"}
		}
		err := v.s.reconfigure(ctx, h.vm.Self, deviceChange(types.VirtualDeviceConfigSpecOperationRemove, h.device))
		if err != nil {
			return failed("detach the disk "+found.file+" from", name, err)
		}
	}
	return nil
}

// holders finds the machines that have a disk among those that use its datastore.
func (v *volumes) holders(ctx context.Context, found *volume) ([]holder, error) {
	through := types.ObjectSpec{Obj: found.datastore, Skip: new(true), SelectSet: []types.BaseSelectionSpec{
		&types.TraversalSpec{Type: kindDatastore, Path: "vm"},
	}}
	contents, err := v.s.retrieve(ctx, []types.ObjectSpec{through}, []types.PropertySpec{{
		Type: kindMachine, PathSet: []string{"name", "config.hardware.device", "snapshot"},
	}})
	if err != nil {
		return nil, failed("find the machines that have the disk", found.file, err)
	}
	machines, err := decodeMachines(contents)
	var list []holder
	for i := range machines {
		for _, d := range disksOf(&machines[i]) {
			if d.fcd != "" && d.fcd == found.id || slices.Contains(chain(d.device), found.file) {
				list = append(list, holder{vm: &machines[i], device: d.device, snapshots: machines[i].Snapshot != nil})
			}
		}
	}
	return list, err
}

// chain lists the files of a disk: its own, and those that snapshots put beneath it.
func chain(device *types.VirtualDisk) []string {
	var files []string
	b, _ := device.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	for ; b != nil; b = b.Parent {
		files = append(files, b.FileName)
	}
	return files
}
