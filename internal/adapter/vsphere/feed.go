package vsphere

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// guestProperties are what waits for a machine can ask about.
func guestProperties() []string {
	return []string{"runtime.powerState", "guest.toolsRunningStatus", "guest.net", "guest.ipAddress"}
}

// feed is the property collector of the watcher on the server: its own collector, a list view of what is watched
// and a filter. Only the watcher's goroutine uses it.
type feed struct {
	session    *session
	collector  types.ManagedObjectReference
	view       types.ManagedObjectReference
	version    string
	generation int64
	open       bool
}

// forget makes the next change start anew.
func (f *feed) forget() { f.open, f.version = false, "" }

// lost says whether err means that the server dropped the collector, as it does with the session it belonged to.
func (f *feed) lost(err error) bool {
	var gone *types.ManagedObjectNotFound
	if fault, ok := faultOf(err).(*types.ManagedObjectNotFound); ok {
		gone = fault
	}
	return gone != nil || isFault[*types.NotAuthenticated](err) || f.generation != f.session.generation.Load()
}

// retryable says whether a broken connection explains err.
func retryable(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// change adds objects to the view and removes others; it names those that are gone already.
func (f *feed) change(ctx context.Context, add, remove []types.ManagedObjectReference) (gone []types.ManagedObjectReference, err error) {
	if !f.open {
		return f.start(ctx, add)
	}
	req := types.ModifyListView{This: f.view, Add: add, Remove: remove}
	res, err := methods.ModifyListView(ctx, f.session.vim, &req)
	if err != nil {
		return nil, err
	}
	return res.Returnval, nil
}

// start makes collector, view and filter.
func (f *feed) start(ctx context.Context, refs []types.ManagedObjectReference) (gone []types.ManagedObjectReference, err error) {
	vim := f.session.vim
	f.generation, f.version = f.session.generation.Load(), ""
	collector, err := methods.CreatePropertyCollector(ctx, vim, &types.CreatePropertyCollector{This: vim.ServiceContent.PropertyCollector})
	if err != nil {
		return nil, err
	}
	view, err := methods.CreateListView(ctx, vim, &types.CreateListView{This: *vim.ServiceContent.ViewManager, Obj: refs})
	if fault, ok := faultOf(err).(*types.ManagedObjectNotFound); ok {
		return []types.ManagedObjectReference{fault.Obj}, nil // the watcher leaves it out and starts again
	}
	if err != nil {
		return nil, err
	}
	f.collector, f.view = collector.Returnval, view.Returnval
	_, err = methods.CreateFilter(ctx, vim, &types.CreateFilter{This: f.collector, Spec: f.filter()})
	f.open = err == nil
	return nil, err
}

// filter selects what the view lists.
func (f *feed) filter() types.PropertyFilterSpec {
	skip := true
	return types.PropertyFilterSpec{
		ObjectSet: []types.ObjectSpec{{
			Obj:  f.view,
			Skip: &skip,
			SelectSet: []types.BaseSelectionSpec{
				&types.TraversalSpec{Type: "ListView", Path: "view"},
			},
		}},
		PropSet: []types.PropertySpec{
			{Type: "Task", PathSet: []string{"info.state", "info.result", "info.error"}},
			{Type: "VirtualMachine", PathSet: guestProperties()},
		},
	}
}

// wait blocks until something changed or the time is up; a set of nil is no change.
func (f *feed) wait(ctx context.Context, seconds int32) (*types.UpdateSet, error) {
	if !f.open {
		return nil, nil
	}
	req := types.WaitForUpdatesEx{This: f.collector, Version: f.version, Options: &types.WaitOptions{MaxWaitSeconds: &seconds}}
	res, err := methods.WaitForUpdatesEx(ctx, f.session.vim, &req)
	if err != nil {
		return nil, err
	}
	return res.Returnval, nil
}

// advance notes how far the updates were taken in.
func (f *feed) advance(set *types.UpdateSet) {
	if set != nil {
		f.version = set.Version
	}
}

// cancel ends a wait that is under way.
func (f *feed) cancel(ctx context.Context) {
	if f.open {
		_, _ = methods.CancelWaitForUpdates(ctx, f.session.vim, &types.CancelWaitForUpdates{This: f.collector})
	}
}
