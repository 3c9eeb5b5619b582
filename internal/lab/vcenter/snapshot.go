package vcenter

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// CreateSnapshotTask refuses to bring the file systems of a running guest without tools to rest, and one without
// memory is never said to have been quiesced on a machine that is off.
func (t *machines) CreateSnapshotTask(ctx *simulator.Context, req *types.CreateSnapshot_Task) soap.HasFault {
	vm := t.machine(req.This)
	if vm == nil {
		return &methods.CreateSnapshot_TaskBody{Fault_: simulator.Fault("", &types.ManagedObjectNotFound{Obj: req.This})}
	}
	var answer soap.HasFault
	ctx.WithLock(vm, func() {
		on := vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn
		tools := vm.Guest.ToolsRunningStatus == string(types.VirtualMachineToolsRunningStatusGuestToolsRunning)
		if req.Quiesce && !req.Memory && on && !tools {
			ref := failed(ctx, vm, "createSnapshot", new(types.ApplicationQuiesceFault))
			answer = &methods.CreateSnapshot_TaskBody{Res: &types.CreateSnapshot_TaskResponse{Returnval: ref}}
			return
		}
		req.Quiesce = req.Quiesce && on && !req.Memory
		answer = vm.CreateSnapshotTask(ctx, req)
	})
	return answer
}

// RenameSnapshot changes name and description of a snapshot; the simulator lacks it.
func (t *snapshots) RenameSnapshot(ctx *simulator.Context, req *types.RenameSnapshot) soap.HasFault {
	body := new(methods.RenameSnapshotBody)
	snapshot, ok := t.m.Get(req.This).(*simulator.VirtualMachineSnapshot)
	vm := (*simulator.VirtualMachine)(nil)
	if ok {
		vm = t.machine(snapshot.Vm)
	}
	if vm == nil {
		body.Fault_ = simulator.Fault("", &types.ManagedObjectNotFound{Obj: req.This})
		return body
	}
	ctx.WithLock(vm, func() {
		if vm.Snapshot == nil {
			body.Fault_ = simulator.Fault("", &types.ManagedObjectNotFound{Obj: req.This})
			return
		}
		list := renamed(vm.Snapshot.RootSnapshotList, req)
		ctx.Update(vm, []types.PropertyChange{{Name: "snapshot.rootSnapshotList", Val: list}})
		body.Res = new(types.RenameSnapshotResponse)
	})
	return body
}

// renamed is a copy of a tree in which one snapshot has a new name or description.
func renamed(tree []types.VirtualMachineSnapshotTree, req *types.RenameSnapshot) []types.VirtualMachineSnapshotTree {
	var out []types.VirtualMachineSnapshotTree
	for _, s := range tree {
		if s.Snapshot == req.This {
			if req.Name != "" {
				s.Name = req.Name
			}
			switch req.Description {
			case "":
			case emptied:
				s.Description = ""
			default:
				s.Description = req.Description
			}
		}
		s.ChildSnapshotList = renamed(s.ChildSnapshotList, req)
		out = append(out, s)
	}
	return out
}
