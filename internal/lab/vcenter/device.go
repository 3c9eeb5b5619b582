package vcenter

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// prepareDevices checks and completes the device changes of a reconfiguration, because the simulator leaves a damaged
// device list behind when a change fails half-way. It returns what else there is to do when all is well.
func (o *overrides) prepareDevices(ctx *simulator.Context, vm *simulator.VirtualMachine, spec *types.VirtualMachineConfigSpec) (after []func(), fault types.BaseMethodFault) {
	for i, change := range spec.DeviceChange {
		c := change.GetVirtualDeviceConfigSpec()
		old := devices(vm).FindByKey(c.Device.GetVirtualDevice().Key)
		if c.Operation != types.VirtualDeviceConfigSpecOperationAdd && old == nil {
			return nil, &types.InvalidDeviceSpec{DeviceIndex: int32(i)}
		}
		do, fault := o.prepareDevice(ctx, vm, c, old)
		if fault != nil {
			return nil, fault
		}
		if do != nil {
			after = append(after, do)
		}
	}
	o.nameDisks(vm, spec)
	return after, nil
}

// prepareDevice checks one change; do, when not nil, is what it does beside the machine's own configuration.
func (o *overrides) prepareDevice(ctx *simulator.Context, vm *simulator.VirtualMachine, c *types.VirtualDeviceConfigSpec, old types.BaseVirtualDevice) (do func(), fault types.BaseMethodFault) {
	switch c.Operation {
	case types.VirtualDeviceConfigSpecOperationAdd:
		o.address(c.Device)
		if disk, ok := c.Device.(*types.VirtualDisk); ok && c.FileOperation == "" {
			return o.attach(ctx, vm, disk)
		}
	case types.VirtualDeviceConfigSpecOperationEdit:
		complete(c.Device, old)
		if disk, ok := c.Device.(*types.VirtualDisk); ok {
			return o.editDisk(ctx, disk, old)
		}
	case types.VirtualDeviceConfigSpecOperationRemove:
		c.Device = old // only the key counts
		if disk, ok := old.(*types.VirtualDisk); ok {
			return o.detach(ctx, disk, c.FileOperation), nil
		}
	}
	return nil, nil
}

// complete fills in what an edit left open: the simulator would take it as empty.
func complete(device, old types.BaseVirtualDevice) {
	d, was := device.GetVirtualDevice(), old.GetVirtualDevice()
	if d.ControllerKey == 0 {
		d.ControllerKey = was.ControllerKey
	}
	if d.UnitNumber == nil {
		d.UnitNumber = was.UnitNumber
	}
	if d.Backing == nil {
		d.Backing = was.Backing
	}
	if d.DeviceInfo == nil && was.DeviceInfo != nil {
		info := *was.DeviceInfo.GetDescription()
		d.DeviceInfo = &info
	}
	card, ok := device.(types.BaseVirtualEthernetCard)
	before, same := old.(types.BaseVirtualEthernetCard)
	if ok && same && card.GetVirtualEthernetCard().MacAddress == "" {
		card.GetVirtualEthernetCard().MacAddress = before.GetVirtualEthernetCard().MacAddress
		card.GetVirtualEthernetCard().AddressType = before.GetVirtualEthernetCard().AddressType
	}
}

// editDisk refuses a smaller size and lets the file grow with the device.
func (o *overrides) editDisk(ctx *simulator.Context, disk *types.VirtualDisk, old types.BaseVirtualDevice) (func(), types.BaseMethodFault) {
	was, ok := old.(*types.VirtualDisk)
	if !ok {
		return nil, new(types.InvalidDeviceOperation)
	}
	size := max(disk.CapacityInBytes, disk.CapacityInKB<<10)
	if disk.CapacityInBytes == was.CapacityInBytes && disk.CapacityInKB != 0 && disk.CapacityInKB != was.CapacityInKB {
		size = disk.CapacityInKB << 10
	}
	if disk.CapacityInKB == was.CapacityInKB && disk.CapacityInBytes != 0 && disk.CapacityInBytes != was.CapacityInBytes {
		size = disk.CapacityInBytes
	}
	if size == 0 {
		size = was.CapacityInBytes
	}
	if size < was.CapacityInBytes {
		return nil, new(types.InvalidDeviceOperation)
	}
	disk.CapacityInBytes, disk.CapacityInKB = size, size>>10
	disk.VDiskId = was.VDiskId
	keepBacking(disk, was)
	return func() { o.grown(ctx, disk) }, nil
}

// keepBacking keeps what identifies a disk when an edit names its file alone.
func keepBacking(disk, was *types.VirtualDisk) {
	b, ok := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	before, same := was.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	if !ok || !same {
		return
	}
	if b.FileName == "" {
		b.FileName = before.FileName
	}
	if b.Uuid == "" {
		b.Uuid = before.Uuid
	}
	if b.ThinProvisioned == nil {
		b.ThinProvisioned = before.ThinProvisioned
	}
	if b.EagerlyScrub == nil {
		b.EagerlyScrub = before.EagerlyScrub
	}
}

// diskFile is the file of a disk, "" when it has none.
func diskFile(d types.BaseVirtualDevice) string {
	if b, ok := d.GetVirtualDevice().Backing.(types.BaseVirtualDeviceFileBackingInfo); ok {
		return b.GetVirtualDeviceFileBackingInfo().FileName
	}
	return ""
}
