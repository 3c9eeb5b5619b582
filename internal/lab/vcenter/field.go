package vcenter

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// SetField refuses an object that is gone: the simulator panics.
func (t *attributes) SetField(ctx *simulator.Context, req *types.SetField) soap.HasFault {
	if t.m.Get(req.Entity) == nil {
		return &methods.SetFieldBody{Fault_: simulator.Fault("", &types.ManagedObjectNotFound{Obj: req.Entity})}
	}
	manager := t.m.CustomFieldsManager()
	var answer soap.HasFault
	ctx.WithLock(manager, func() { answer = manager.SetField(ctx, req) })
	return answer
}
