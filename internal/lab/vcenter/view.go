package vcenter

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// ModifyListView changes a view while somebody waits on it. The simulator deadlocks there now and then: the change
// holds the view and wants the filter, the waiter holds the filter and wants the view. Here the change takes the
// filter first, too.
func (t *views) ModifyListView(ctx *simulator.Context, req *types.ModifyListView) soap.HasFault {
	view, ok := ctx.Session.Get(req.This).(*simulator.ListView)
	if !ok {
		return &methods.ModifyListViewBody{Fault_: simulator.Fault("", &types.ManagedObjectNotFound{Obj: req.This})}
	}
	var body soap.HasFault
	withFilters(ctx, req.This, func() {
		ctx.WithLock(view, func() { body = view.ModifyListView(ctx, req) })
	})
	return body
}

// withFilters holds the locks of the session's filters that start from a view.
func withFilters(ctx *simulator.Context, view types.ManagedObjectReference, do func()) {
	for _, e := range ctx.Session.AllReference("PropertyFilter") {
		f, ok := e.(*simulator.PropertyFilter)
		if !ok {
			continue
		}
		for _, set := range f.Spec.ObjectSet {
			if set.Obj == view {
				defer ctx.Map.AcquireLock(ctx, f)()
			}
		}
	}
	do()
}
