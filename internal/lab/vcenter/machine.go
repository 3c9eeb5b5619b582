package vcenter

import (
	"cmp"
	"crypto/rand"
	"fmt"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// next is a number that no other call of it gets.
func (o *overrides) next() int {
	o.lock.Lock()
	defer o.lock.Unlock()
	o.number++
	return o.number
}

// CreateVMTask refuses a name that is taken and gives every NIC an address of its own.
func (t *folders) CreateVMTask(ctx *simulator.Context, req *types.CreateVM_Task) soap.HasFault {
	folder, ok := t.m.Get(req.This).(*simulator.Folder)
	if !ok {
		return &methods.CreateVM_TaskBody{Fault_: simulator.Fault("", &types.ManagedObjectNotFound{Obj: req.This})}
	}
	task := begin(ctx, folder.Self, "createVm", func() (types.AnyType, types.BaseMethodFault) {
		if fault := t.index.claim(req.This, req.Config.Name); fault != nil {
			return nil, fault
		}
		return t.create(ctx, folder, req)
	})
	return &methods.CreateVM_TaskBody{Res: &types.CreateVM_TaskResponse{Returnval: task}}
}

// create makes a machine whose name is claimed. The machine is locked until it is complete.
func (o *overrides) create(ctx *simulator.Context, folder *simulator.Folder, req *types.CreateVM_Task) (types.AnyType, types.BaseMethodFault) {
	key := nameKey(folder.Self, req.Config.Name)
	o.prepareNew(&req.Config)
	defer o.index.making(ctx, key)()
	body, ok := folder.CreateVMTask(ctx, req).(*methods.CreateVM_TaskBody)
	if !ok {
		o.index.drop(key)
		return nil, new(types.RuntimeFault)
	}
	result, fault := o.await(body.Res.Returnval)
	ref, ok := result.(types.ManagedObjectReference)
	if fault != nil || !ok {
		o.index.drop(key)
		return nil, fault
	}
	o.index.named(key, ref)
	return ref, nil
}

// identify gives a machine to be made the UUIDs that the call leaves out. The simulator's depend on its path alone.
func identify(spec *types.VirtualMachineConfigSpec) {
	spec.InstanceUuid = cmp.Or(spec.InstanceUuid, randomUUID())
	spec.Uuid = cmp.Or(spec.Uuid, randomUUID())
}

func randomUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// prepareNew completes the identity and the devices of a machine to be made.
func (o *overrides) prepareNew(spec *types.VirtualMachineConfigSpec) {
	identify(spec)
	for _, change := range spec.DeviceChange {
		o.address(change.GetVirtualDeviceConfigSpec().Device)
	}
}

// address gives a NIC without one an address from the range that vCenter assigns from.
func (o *overrides) address(device types.BaseVirtualDevice) {
	card, ok := device.(types.BaseVirtualEthernetCard)
	if !ok {
		return
	}
	if nic := card.GetVirtualEthernetCard(); nic.MacAddress == "" {
		n := o.next()
		nic.MacAddress = fmt.Sprintf("00:50:56:%02x:%02x:%02x", 0x80|n>>16&0x3f, n>>8&0xff, n&0xff)
		if nic.AddressType == "" {
			nic.AddressType = string(types.VirtualEthernetCardMacTypeAssigned)
		}
	}
}

// ReconfigVMTask checks what the simulator lets pass.
func (t *machines) ReconfigVMTask(ctx *simulator.Context, req *types.ReconfigVM_Task) soap.HasFault {
	return &methods.ReconfigVM_TaskBody{Res: &types.ReconfigVM_TaskResponse{Returnval: t.reconfigure(ctx, req)}}
}

func (o *overrides) reconfigure(ctx *simulator.Context, req *types.ReconfigVM_Task) (task types.ManagedObjectReference) {
	vm := o.machine(req.This)
	if vm == nil {
		return failed(ctx, req.This, "reconfigVm", &types.ManagedObjectNotFound{Obj: req.This})
	}
	ctx.WithLock(vm, func() {
		if fault := o.prepareReconfigure(ctx, vm, &req.Spec); fault != nil {
			task = failed(ctx, vm, "reconfigVm", fault)
		} else if body, ok := vm.ReconfigVMTask(ctx, req).(*methods.ReconfigVM_TaskBody); ok {
			task = body.Res.Returnval
		}
	})
	return task
}

// RenameTask refuses a name that is taken as the reference says and renames the configuration too.
func (t *machines) RenameTask(ctx *simulator.Context, req *types.Rename_Task) soap.HasFault {
	task := begin(ctx, req.This, "rename", func() (types.AnyType, types.BaseMethodFault) {
		vm := t.machine(req.This)
		if vm == nil {
			return nil, &types.ManagedObjectNotFound{Obj: req.This}
		}
		if vm.Name == req.NewName {
			return nil, nil
		}
		if fault := t.index.claim(*vm.Parent, req.NewName); fault != nil {
			return nil, fault
		}
		t.index.named(nameKey(*vm.Parent, req.NewName), vm.Self)
		ctx.Update(vm, []types.PropertyChange{
			{Name: "name", Val: req.NewName},
			{Name: "config.name", Val: req.NewName},
			{Name: "summary.config.name", Val: req.NewName},
		})
		return nil, nil
	})
	return &methods.Rename_TaskBody{Res: &types.Rename_TaskResponse{Returnval: task}}
}

// ShutdownGuest needs running tools.
func (t *machines) ShutdownGuest(ctx *simulator.Context, req *types.ShutdownGuest) soap.HasFault {
	body := new(methods.ShutdownGuestBody)
	vm := t.machine(req.This)
	if vm == nil {
		body.Fault_ = simulator.Fault("", &types.ManagedObjectNotFound{Obj: req.This})
		return body
	}
	var answer soap.HasFault = body
	ctx.WithLock(vm, func() {
		on := vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn
		if on && vm.Guest.ToolsRunningStatus != string(types.VirtualMachineToolsRunningStatusGuestToolsRunning) {
			body.Fault_ = simulator.Fault("Cannot complete operation because VMware Tools is not running in this virtual machine.", new(types.ToolsUnavailable))
			return
		}
		answer = vm.ShutdownGuest(ctx, req)
	})
	return answer
}
