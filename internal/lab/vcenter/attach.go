package vcenter

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vmdk"
)

// attach checks a file that becomes a machine's disk: it must exist, must not be the disk of a machine that runs,
// and as a first-class disk not of any other. The disk is as large as the file, whatever the call says.
func (o *overrides) attach(ctx *simulator.Context, vm *simulator.VirtualMachine, disk *types.VirtualDisk) (func(), types.BaseMethodFault) {
	file := diskFile(disk)
	if file == "" {
		return nil, nil
	}
	for _, d := range vm.Config.Hardware.Device {
		if _, ok := d.(*types.VirtualDisk); ok && diskFile(d) == file {
			return nil, &types.FileLocked{FileFault: types.FileFault{File: file}}
		}
	}
	fcd := o.byFile(ctx, file)
	if others, running := o.index.holders(file, vm.Self); running || fcd != nil && len(others) > 0 {
		return nil, &types.FileLocked{FileFault: types.FileFault{File: file}}
	}
	desc, fault := o.descriptor(ctx, vm, file)
	if fault != nil {
		return nil, fault
	}
	disk.CapacityInBytes = desc.Capacity()
	disk.CapacityInKB = disk.CapacityInBytes >> 10
	if fcd == nil {
		return nil, nil
	}
	disk.VDiskId = &fcd.Config.Id
	return func() {
		o.withDisks(ctx, func() { fcd.Config.ConsumerId = []types.ID{{Id: vm.Config.InstanceUuid}} })
	}, nil
}

// descriptor reads the text that describes a disk file.
func (o *overrides) descriptor(ctx *simulator.Context, vm *simulator.VirtualMachine, file string) (*vmdk.Descriptor, types.BaseMethodFault) {
	dc := o.datacenter(vm.Parent)
	desc, _, fault := o.m.FileManager().DiskDescriptor(ctx, dc, file)
	if fault != nil {
		return nil, &types.FileNotFound{FileFault: types.FileFault{File: file}}
	}
	return desc, nil
}

// datacenter is the one that a folder or datastore lies in.
func (o *overrides) datacenter(ref *types.ManagedObjectReference) *types.ManagedObjectReference {
	for ref != nil && ref.Type != "Datacenter" {
		e, ok := o.m.Get(*ref).(interface {
			Reference() types.ManagedObjectReference
		})
		if !ok {
			return nil
		}
		ref = parentOf(e)
	}
	return ref
}

// detach ends the use of a first-class disk; destroying its file ends the disk.
func (o *overrides) detach(ctx *simulator.Context, disk *types.VirtualDisk, op types.VirtualDeviceConfigSpecFileOperation) func() {
	fcd := o.byFile(ctx, diskFile(disk))
	if fcd == nil {
		return nil
	}
	return func() {
		o.withDisks(ctx, func() {
			fcd.Config.ConsumerId = nil
			if op == types.VirtualDeviceConfigSpecFileOperationDestroy {
				o.forget(fcd)
			}
		})
	}
}

// AttachDiskTask adds the device, which the simulator leaves out.
func (t *machines) AttachDiskTask(ctx *simulator.Context, req *types.AttachDisk_Task) soap.HasFault {
	answer := func(ref types.ManagedObjectReference) soap.HasFault {
		return &methods.AttachDisk_TaskBody{Res: &types.AttachDisk_TaskResponse{Returnval: ref}}
	}
	vm, fcd := t.machine(req.This), t.disk(ctx, req.DiskId)
	if vm == nil || fcd == nil {
		return answer(failed(ctx, req.This, "attachDisk", new(types.NotFound)))
	}
	backing, _ := fcd.Config.Backing.(*types.BaseConfigInfoDiskFileBackingInfo)
	disk := &types.VirtualDisk{VirtualDevice: types.VirtualDevice{
		Key: -1, ControllerKey: req.ControllerKey, UnitNumber: req.UnitNumber,
		Backing: &types.VirtualDiskFlatVer2BackingInfo{
			VirtualDeviceFileBackingInfo: types.VirtualDeviceFileBackingInfo{FileName: backing.FilePath},
			DiskMode:                     string(types.VirtualDiskModePersistent),
		},
	}}
	if disk.ControllerKey == 0 || disk.UnitNumber == nil {
		controller, err := devices(vm).FindDiskController("")
		if err != nil {
			return answer(failed(ctx, vm, "attachDisk", new(types.InvalidController)))
		}
		devices(vm).AssignController(disk, controller)
	}
	return answer(t.reconfigure(ctx, &types.ReconfigVM_Task{This: vm.Self, Spec: types.VirtualMachineConfigSpec{
		DeviceChange: []types.BaseVirtualDeviceConfigSpec{&types.VirtualDeviceConfigSpec{
			Operation: types.VirtualDeviceConfigSpecOperationAdd, Device: disk,
		}},
	}}))
}

// DetachDiskTask removes the device, which the simulator leaves in.
func (t *machines) DetachDiskTask(ctx *simulator.Context, req *types.DetachDisk_Task) soap.HasFault {
	answer := func(ref types.ManagedObjectReference) soap.HasFault {
		return &methods.DetachDisk_TaskBody{Res: &types.DetachDisk_TaskResponse{Returnval: ref}}
	}
	vm := t.machine(req.This)
	if vm == nil {
		return answer(failed(ctx, req.This, "detachDisk", new(types.NotFound)))
	}
	for _, d := range vm.Config.Hardware.Device {
		if disk, ok := d.(*types.VirtualDisk); ok && disk.VDiskId != nil && disk.VDiskId.Id == req.DiskId.Id {
			return answer(t.reconfigure(ctx, &types.ReconfigVM_Task{This: vm.Self, Spec: types.VirtualMachineConfigSpec{
				DeviceChange: []types.BaseVirtualDeviceConfigSpec{&types.VirtualDeviceConfigSpec{
					Operation: types.VirtualDeviceConfigSpecOperationRemove, Device: disk,
				}},
			}}))
		}
	}
	return answer(failed(ctx, vm, "detachDisk", new(types.NotFound)))
}
