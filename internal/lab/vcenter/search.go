package vcenter

import (
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// FindChild finds an object in a folder by its name. The simulator panics where a machine is just being made and has no
// name yet; here it waits until that machine is whole.
func (t *searches) FindChild(ctx *simulator.Context, req *types.FindChild) soap.HasFault {
	folder, ok := ctx.Map.Get(req.Entity).(*simulator.Folder)
	if !ok {
		return t.m.SearchIndex().FindChild(ctx, req)
	}
	var children []types.ManagedObjectReference
	ctx.WithLock(folder, func() { children = slices.Clone(folder.ChildEntity) })
	res := new(types.FindChildResponse)
	for _, ref := range children {
		if nameOf(ctx, ref) == req.Name {
			res.Returnval = &ref
			break
		}
	}
	return &methods.FindChildBody{Res: res}
}

// nameOf is the name of an object; "" when it is gone.
func nameOf(ctx *simulator.Context, ref types.ManagedObjectReference) (name string) {
	e, ok := ctx.Map.Get(ref).(mo.Entity)
	if ok {
		ctx.WithLock(e, func() { name = e.Entity().Name })
	}
	return name
}
