package vcenter

import (
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// prepareReconfigure refuses what a real vCenter refuses: an outdated version, changes of a running machine that need
// it to be off, devices that do not fit, a name that is taken. All is checked before anything is done.
func (o *overrides) prepareReconfigure(ctx *simulator.Context, vm *simulator.VirtualMachine, spec *types.VirtualMachineConfigSpec) types.BaseMethodFault {
	if spec.ChangeVersion != "" && spec.ChangeVersion != vm.Config.ChangeVersion {
		return new(types.ConcurrentAccess)
	}
	if fault := checkRunning(vm, spec); fault != nil {
		return fault
	}
	after, fault := o.prepareDevices(ctx, vm, spec)
	if fault != nil {
		return fault
	}
	if spec.Name != "" && spec.Name != vm.Name {
		if fault := o.index.claim(*vm.Parent, spec.Name); fault != nil {
			return fault
		}
		o.index.named(nameKey(*vm.Parent, spec.Name), vm.Self)
	}
	for _, do := range after {
		do()
	}
	if spec.Annotation == emptied {
		spec.Annotation, vm.Config.Annotation = "", ""
	}
	return nil
}

func checkRunning(vm *simulator.VirtualMachine, spec *types.VirtualMachineConfigSpec) types.BaseMethodFault {
	if vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOff {
		return nil
	}
	if fault := checkHotAdd(vm, spec); fault != nil {
		return fault
	}
	if needsOff(vm, spec) {
		return &types.InvalidPowerState{
			RequestedState: types.VirtualMachinePowerStatePoweredOff, ExistingState: vm.Runtime.PowerState,
		}
	}
	return nil
}

// checkHotAdd holds the rules for processors and memory of a running machine: more of them with hot-add, fewer
// processors with hot-remove, less memory never.
func checkHotAdd(vm *simulator.VirtualMachine, spec *types.VirtualMachineConfigSpec) types.BaseMethodFault {
	hardware := vm.Config.Hardware
	switch n := spec.NumCPUs; {
	case n > hardware.NumCPU && !isTrue(vm.Config.CpuHotAddEnabled), n != 0 && n < hardware.NumCPU && !isTrue(vm.Config.CpuHotRemoveEnabled):
		return new(types.CpuHotPlugNotSupported)
	}
	switch n := spec.MemoryMB; {
	case n > int64(hardware.MemoryMB) && !isTrue(vm.Config.MemoryHotAddEnabled), n != 0 && n < int64(hardware.MemoryMB):
		return new(types.MemoryHotPlugNotSupported)
	}
	return nil
}

// needsOff reports a change of something that is fixed while the machine runs.
func needsOff(vm *simulator.VirtualMachine, spec *types.VirtualMachineConfigSpec) bool {
	c := vm.Config
	texts := [][2]string{
		{spec.Firmware, c.Firmware},
		{spec.GuestId, c.GuestId},
		{spec.Version, c.Version},
		{spec.Uuid, c.Uuid},
		{spec.InstanceUuid, c.InstanceUuid},
	}
	flags := [][2]*bool{
		{spec.CpuHotAddEnabled, c.CpuHotAddEnabled},
		{spec.CpuHotRemoveEnabled, c.CpuHotRemoveEnabled},
		{spec.MemoryHotAddEnabled, c.MemoryHotAddEnabled},
		{spec.NestedHVEnabled, c.NestedHVEnabled},
	}
	if spec.BootOptions != nil && c.BootOptions != nil {
		flags = append(flags, [2]*bool{spec.BootOptions.EfiSecureBootEnabled, c.BootOptions.EfiSecureBootEnabled})
	}
	cores := spec.NumCoresPerSocket != nil && (c.Hardware.NumCoresPerSocket == nil || *spec.NumCoresPerSocket != *c.Hardware.NumCoresPerSocket)
	return cores ||
		slices.ContainsFunc(texts, func(t [2]string) bool { return t[0] != "" && t[0] != t[1] }) ||
		slices.ContainsFunc(flags, func(f [2]*bool) bool { return f[0] != nil && *f[0] != isTrue(f[1]) }) ||
		slices.ContainsFunc(spec.DeviceChange, coldDevice)
}

// coldDevice reports a device that cannot come or go while the machine runs.
func coldDevice(change types.BaseVirtualDeviceConfigSpec) bool {
	c := change.GetVirtualDeviceConfigSpec()
	if c.Operation == types.VirtualDeviceConfigSpecOperationEdit {
		return false
	}
	switch c.Device.(type) {
	case *types.VirtualTPM, *types.VirtualIDEController, *types.VirtualMachineVideoCard:
		return true
	}
	return false
}

func isTrue(b *bool) bool { return b != nil && *b }
