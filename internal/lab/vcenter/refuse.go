package vcenter

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// refusal is one task that is going to fail.
type refusal struct {
	*target
	entity types.ManagedObjectReference
	fault  types.BaseMethodFault
}

// refuse makes the task of a call fail with an injected fault. A method that no refusing answer exists for fails at
// once instead.
func (o *overrides) refuse(call *simulator.Method, fault types.BaseMethodFault) types.BaseMethodFault {
	self := types.ManagedObjectReference{Type: "Lab", Value: fmt.Sprintf("refusal-%d", o.next())}
	r := &refusal{o.target(self), call.This, fault}
	if !reflect.ValueOf(r).MethodByName(strings.Replace(call.Name, "_Task", "Task", 1)).IsValid() {
		return fault
	}
	o.m.Put(r)
	call.This = self
	return nil
}

func (r *refusal) run(ctx *simulator.Context, req any) types.ManagedObjectReference {
	defer r.m.Remove(ctx, r.Self)
	return failed(ctx, r.entity, reflect.TypeOf(req).Elem().Name(), r.fault)
}

// PowerOnVMTask fails.
func (r *refusal) PowerOnVMTask(ctx *simulator.Context, req *types.PowerOnVM_Task) soap.HasFault {
	return &methods.PowerOnVM_TaskBody{Res: &types.PowerOnVM_TaskResponse{Returnval: r.run(ctx, req)}}
}

// PowerOffVMTask fails.
func (r *refusal) PowerOffVMTask(ctx *simulator.Context, req *types.PowerOffVM_Task) soap.HasFault {
	return &methods.PowerOffVM_TaskBody{Res: &types.PowerOffVM_TaskResponse{Returnval: r.run(ctx, req)}}
}

// SuspendVMTask fails.
func (r *refusal) SuspendVMTask(ctx *simulator.Context, req *types.SuspendVM_Task) soap.HasFault {
	return &methods.SuspendVM_TaskBody{Res: &types.SuspendVM_TaskResponse{Returnval: r.run(ctx, req)}}
}

// ReconfigVMTask fails.
func (r *refusal) ReconfigVMTask(ctx *simulator.Context, req *types.ReconfigVM_Task) soap.HasFault {
	return &methods.ReconfigVM_TaskBody{Res: &types.ReconfigVM_TaskResponse{Returnval: r.run(ctx, req)}}
}

// CloneVMTask fails.
func (r *refusal) CloneVMTask(ctx *simulator.Context, req *types.CloneVM_Task) soap.HasFault {
	return &methods.CloneVM_TaskBody{Res: &types.CloneVM_TaskResponse{Returnval: r.run(ctx, req)}}
}

// CreateVMTask fails.
func (r *refusal) CreateVMTask(ctx *simulator.Context, req *types.CreateVM_Task) soap.HasFault {
	return &methods.CreateVM_TaskBody{Res: &types.CreateVM_TaskResponse{Returnval: r.run(ctx, req)}}
}

// CreateSnapshotTask fails.
func (r *refusal) CreateSnapshotTask(ctx *simulator.Context, req *types.CreateSnapshot_Task) soap.HasFault {
	return &methods.CreateSnapshot_TaskBody{Res: &types.CreateSnapshot_TaskResponse{Returnval: r.run(ctx, req)}}
}

// RemoveSnapshotTask fails.
func (r *refusal) RemoveSnapshotTask(ctx *simulator.Context, req *types.RemoveSnapshot_Task) soap.HasFault {
	return &methods.RemoveSnapshot_TaskBody{Res: &types.RemoveSnapshot_TaskResponse{Returnval: r.run(ctx, req)}}
}

// DestroyTask fails.
func (r *refusal) DestroyTask(ctx *simulator.Context, req *types.Destroy_Task) soap.HasFault {
	return &methods.Destroy_TaskBody{Res: &types.Destroy_TaskResponse{Returnval: r.run(ctx, req)}}
}

// RenameTask fails.
func (r *refusal) RenameTask(ctx *simulator.Context, req *types.Rename_Task) soap.HasFault {
	return &methods.Rename_TaskBody{Res: &types.Rename_TaskResponse{Returnval: r.run(ctx, req)}}
}

// AttachDiskTask fails.
func (r *refusal) AttachDiskTask(ctx *simulator.Context, req *types.AttachDisk_Task) soap.HasFault {
	return &methods.AttachDisk_TaskBody{Res: &types.AttachDisk_TaskResponse{Returnval: r.run(ctx, req)}}
}

// DetachDiskTask fails.
func (r *refusal) DetachDiskTask(ctx *simulator.Context, req *types.DetachDisk_Task) soap.HasFault {
	return &methods.DetachDisk_TaskBody{Res: &types.DetachDisk_TaskResponse{Returnval: r.run(ctx, req)}}
}

// AddDVPortgroupTask fails.
func (r *refusal) AddDVPortgroupTask(ctx *simulator.Context, req *types.AddDVPortgroup_Task) soap.HasFault {
	return &methods.AddDVPortgroup_TaskBody{Res: &types.AddDVPortgroup_TaskResponse{Returnval: r.run(ctx, req)}}
}

// ReconfigureDVPortgroupTask fails.
func (r *refusal) ReconfigureDVPortgroupTask(ctx *simulator.Context, req *types.ReconfigureDVPortgroup_Task) soap.HasFault {
	return &methods.ReconfigureDVPortgroup_TaskBody{Res: &types.ReconfigureDVPortgroup_TaskResponse{Returnval: r.run(ctx, req)}}
}

// CreateDiskTask fails.
func (r *refusal) CreateDiskTask(ctx *simulator.Context, req *types.CreateDisk_Task) soap.HasFault {
	return &methods.CreateDisk_TaskBody{Res: &types.CreateDisk_TaskResponse{Returnval: r.run(ctx, req)}}
}

// ExtendDiskTask fails.
func (r *refusal) ExtendDiskTask(ctx *simulator.Context, req *types.ExtendDisk_Task) soap.HasFault {
	return &methods.ExtendDisk_TaskBody{Res: &types.ExtendDisk_TaskResponse{Returnval: r.run(ctx, req)}}
}

// DeleteVStorageObjectTask fails.
func (r *refusal) DeleteVStorageObjectTask(ctx *simulator.Context, req *types.DeleteVStorageObject_Task) soap.HasFault {
	return &methods.DeleteVStorageObject_TaskBody{Res: &types.DeleteVStorageObject_TaskResponse{Returnval: r.run(ctx, req)}}
}

// CreateVirtualDiskTask fails.
func (r *refusal) CreateVirtualDiskTask(ctx *simulator.Context, req *types.CreateVirtualDisk_Task) soap.HasFault {
	return &methods.CreateVirtualDisk_TaskBody{Res: &types.CreateVirtualDisk_TaskResponse{Returnval: r.run(ctx, req)}}
}

// DeleteVirtualDiskTask fails.
func (r *refusal) DeleteVirtualDiskTask(ctx *simulator.Context, req *types.DeleteVirtualDisk_Task) soap.HasFault {
	return &methods.DeleteVirtualDisk_TaskBody{Res: &types.DeleteVirtualDisk_TaskResponse{Returnval: r.run(ctx, req)}}
}

// ExtendVirtualDiskTask fails.
func (r *refusal) ExtendVirtualDiskTask(ctx *simulator.Context, req *types.ExtendVirtualDisk_Task) soap.HasFault {
	return &methods.ExtendVirtualDisk_TaskBody{Res: &types.ExtendVirtualDisk_TaskResponse{Returnval: r.run(ctx, req)}}
}

// RelocateVMTask fails.
func (r *refusal) RelocateVMTask(ctx *simulator.Context, req *types.RelocateVM_Task) soap.HasFault {
	return &methods.RelocateVM_TaskBody{Res: &types.RelocateVM_TaskResponse{Returnval: r.run(ctx, req)}}
}
