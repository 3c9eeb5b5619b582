package vsphere

import (
	"context"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// pageSize is how many objects one answer holds at most: a page of machines with all that is read of them is about
// five megabytes.
const pageSize = 500

// retrieve reads properties of what objs select, page by page. An object that is gone is left out.
func (s *session) retrieve(ctx context.Context, objs []types.ObjectSpec, props []types.PropertySpec) ([]types.ObjectContent, error) {
	var all []types.ObjectContent
	for page, err := range s.pages(ctx, objs, props) {
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
	}
	return all, nil
}

// pages gives what retrieve reads, a page at a time; an error is the last thing it gives.
func (s *session) pages(ctx context.Context, objs []types.ObjectSpec, props []types.PropertySpec) func(yield func([]types.ObjectContent, error) bool) {
	leaveOut := true
	return func(yield func([]types.ObjectContent, error) bool) {
		collector := s.vim.ServiceContent.PropertyCollector
		req := types.RetrievePropertiesEx{
			This:    collector,
			SpecSet: []types.PropertyFilterSpec{{ObjectSet: objs, PropSet: props, ReportMissingObjectsInResults: &leaveOut}},
			Options: types.RetrieveOptions{MaxObjects: pageSize},
		}
		res, err := methods.RetrievePropertiesEx(ctx, s.vim, &req)
		if err != nil {
			yield(nil, err)
			return
		}
		if res.Returnval == nil {
			return
		}
		token := res.Returnval.Token
		for more := yield(res.Returnval.Objects, nil); more && token != ""; {
			next, err := methods.ContinueRetrievePropertiesEx(ctx, s.vim, &types.ContinueRetrievePropertiesEx{This: collector, Token: token})
			if err != nil {
				yield(nil, err)
				return
			}
			token = next.Returnval.Token
			more = yield(next.Returnval.Objects, nil)
		}
	}
}

// through selects everything that a container view lists.
func through(view types.ManagedObjectReference) types.ObjectSpec {
	skip := true
	return types.ObjectSpec{
		Obj:       view,
		Skip:      &skip,
		SelectSet: []types.BaseSelectionSpec{&types.TraversalSpec{Type: "ContainerView", Path: "view"}},
	}
}
