package vcenter

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// Defining a custom attribute gives it to every object, while making a machine gives that machine every attribute.
// The simulator does both at once without care, so here the making of machines and the changes of attributes exclude
// each other: whoever makes a machine holds overrides.fields for reading, from before any object is locked until the
// machine exists.

// AddCustomFieldDef waits until no machine is being made.
func (t *attributes) AddCustomFieldDef(ctx *simulator.Context, req *types.AddCustomFieldDef) soap.HasFault {
	return t.alone(ctx, func(m *simulator.CustomFieldsManager) soap.HasFault { return m.AddCustomFieldDef(ctx, req) })
}

// RemoveCustomFieldDef waits until no machine is being made.
func (t *attributes) RemoveCustomFieldDef(ctx *simulator.Context, req *types.RemoveCustomFieldDef) soap.HasFault {
	return t.alone(ctx, func(m *simulator.CustomFieldsManager) soap.HasFault { return m.RemoveCustomFieldDef(ctx, req) })
}

// RenameCustomFieldDef waits until no machine is being made.
func (t *attributes) RenameCustomFieldDef(ctx *simulator.Context, req *types.RenameCustomFieldDef) soap.HasFault {
	return t.alone(ctx, func(m *simulator.CustomFieldsManager) soap.HasFault { return m.RenameCustomFieldDef(ctx, req) })
}

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

// alone changes the attributes while nobody makes a machine.
func (t *attributes) alone(ctx *simulator.Context, do func(*simulator.CustomFieldsManager) soap.HasFault) (answer soap.HasFault) {
	t.fields.Lock()
	defer t.fields.Unlock()
	manager := t.m.CustomFieldsManager()
	ctx.WithLock(manager, func() { answer = do(manager) })
	return answer
}
