package vsphere

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Delete removes a machine with its boot disk and its inline disks. Every other disk is detached first and stays.
func (m *machines) Delete(ctx context.Context, have *platform.Machine) error {
	vm, err := m.lookup(ctx, value(have.ID))
	if errors.Is(err, platform.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	err = m.destroy(ctx, vm, have)
	if isFault[*types.ManagedObjectNotFound](err) {
		return nil // somebody was faster
	}
	return err
}

func (m *machines) destroy(ctx context.Context, vm *mo.VirtualMachine, have *platform.Machine) error {
	name := m.name(vm)
	if vm.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOff {
		if err := m.cut(ctx, vm); err != nil {
			return err
		}
	}
	if err := m.release(ctx, vm, have); err != nil {
		return err
	}
	_, err := m.s.run(ctx, func() (types.ManagedObjectReference, error) {
		res, err := methods.Destroy_Task(ctx, m.s.vim, &types.Destroy_Task{This: vm.Self})
		if err != nil {
			return types.ManagedObjectReference{}, err
		}
		return res.Returnval, nil
	})
	return failed("delete the machine", name, err)
}

// release detaches the disks that outlive the machine.
func (m *machines) release(ctx context.Context, vm *mo.VirtualMachine, have *platform.Machine) error {
	d := newDevices(vm)
	for _, disk := range disksOf(vm) {
		if own, declared := owned(vm, &disk, have); !own {
			d.remove(disk.device, false)
			if !declared {
				platform.Warn(ctx, fmt.Errorf("a disk that no configuration declares was detached from %s and kept: it lies at %s", m.name(vm), disk.path))
			}
		}
	}
	if len(d.changes) == 0 {
		return nil
	}
	spec := types.VirtualMachineConfigSpec{DeviceChange: d.changes}
	return failed("detach the disks of", m.name(vm), m.s.reconfigure(ctx, vm.Self, spec))
}

// owned says whether a disk goes with its machine, and whether the configuration knows it. Of a machine whose creation
// failed half-way the state knows no disks: those that lie with it were made with it.
func owned(vm *mo.VirtualMachine, d *disk, have *platform.Machine) (own, declared bool) {
	if have.BootDisk != nil && value(have.BootDisk.ID) == d.id {
		return true, true
	}
	for _, known := range have.Disks {
		if value(known.ID) == d.id {
			return known.DiskID == nil, true
		}
	}
	if extra(vm)[extraCreating] == "" || d.fcd != "" {
		return false, false
	}
	attached := slices.Contains(diskIDs(have), d.path)
	return !attached && beside(vm.Config.Files.VmPathName, d.path), attached
}

func diskIDs(have *platform.Machine) []string {
	var ids []string
	for _, d := range have.Disks {
		ids = append(ids, value(d.DiskID))
	}
	return ids
}

// beside says whether a file lies in the machine's folder, on whatever datastore.
func beside(machine, file string) bool {
	var a, b object.DatastorePath
	return a.FromString(machine) && b.FromString(file) && path.Dir(a.Path) == path.Dir(b.Path)
}
