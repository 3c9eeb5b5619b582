package vsphere

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Find resolves an instance UUID, a BIOS UUID, a moref, an inventory path or a name to the instance UUID.
func (m *machines) Find(ctx context.Context, ref string) (string, error) {
	id, err := m.find(ctx, ref)
	return id, failed("find the machine", ref, err)
}

func (m *machines) find(ctx context.Context, ref string) (string, error) {
	switch {
	case isUUID(ref):
		return m.findUUID(ctx, ref)
	case isMachineRef(ref):
		vm, err := m.at(ctx, types.ManagedObjectReference{Type: kindMachine, Value: ref}, ref)
		if err == nil {
			return vm.Config.InstanceUuid, nil
		}
		if !errors.Is(err, platform.ErrNotFound) {
			return "", err
		}
	case strings.HasPrefix(ref, "/"):
		return m.findPath(ctx, ref)
	}
	return m.findName(ctx, ref)
}

func isUUID(ref string) bool {
	return regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`).MatchString(ref)
}

func isMachineRef(ref string) bool { return regexp.MustCompile(`^vm-[0-9]+$`).MatchString(ref) }

func (m *machines) findUUID(ctx context.Context, ref string) (string, error) {
	ref = strings.ToLower(ref)
	vm, err := m.lookup(ctx, ref)
	if err == nil || !errors.Is(err, platform.ErrNotFound) {
		if err != nil {
			return "", err
		}
		return vm.Config.InstanceUuid, nil
	}
	byBIOS := false
	req := types.FindAllByUuid{This: *m.s.vim.ServiceContent.SearchIndex, Uuid: ref, VmSearch: true, InstanceUuid: &byBIOS}
	res, err := methods.FindAllByUuid(ctx, m.s.vim, &req)
	if err != nil {
		return "", err
	}
	return m.only(ctx, ref, res.Returnval)
}

func (m *machines) findPath(ctx context.Context, ref string) (string, error) {
	req := types.FindByInventoryPath{This: *m.s.vim.ServiceContent.SearchIndex, InventoryPath: strings.TrimPrefix(ref, "/")}
	res, err := methods.FindByInventoryPath(ctx, m.s.vim, &req)
	if err != nil {
		return "", err
	}
	if res.Returnval == nil || res.Returnval.Type != kindMachine {
		return "", m.nothing(ref, "at this inventory path")
	}
	return m.only(ctx, ref, []types.ManagedObjectReference{*res.Returnval})
}

// findName looks for a name, or for the end of a path such as "web/web-1", in the connection's datacenter, or
// everywhere when it names none.
func (m *machines) findName(ctx context.Context, ref string) (string, error) {
	view, err := m.s.inventory.container(ctx)
	if err != nil {
		return "", err
	}
	props := []types.PropertySpec{{Type: kindMachine, PathSet: []string{"name", "parent"}}}
	contents, err := m.s.retrieve(ctx, []types.ObjectSpec{through(view)}, props)
	if err != nil {
		return "", err
	}
	above := ""
	if dc := m.s.config.String(setDatacenter); dc != "" {
		node, err := m.s.datacenter(ctx)
		if err != nil {
			return "", err
		}
		if above, err = m.s.inventory.path(ctx, node.ref); err != nil {
			return "", err
		}
	}
	var found []types.ManagedObjectReference
	for _, c := range contents {
		path, err := m.contentPath(ctx, c)
		if err != nil {
			return "", err
		}
		if strings.HasPrefix(path, above+"/") && strings.HasSuffix(path, "/"+pathOf(ref)) {
			found = append(found, c.Obj)
		}
	}
	return m.only(ctx, ref, found)
}

// pathOf escapes the steps of a relative path; a lone name may hold a slash only as %2f.
func pathOf(ref string) string { return strings.Trim(ref, "/") }

func (m *machines) contentPath(ctx context.Context, c types.ObjectContent) (string, error) {
	n := nodeOf(c)
	if n.parent.Value == "" {
		return m.s.pathIn(ctx, nil, n.name)
	}
	return m.s.pathIn(ctx, &n.parent, n.name)
}

// only gives the id of the one machine that was found.
func (m *machines) only(ctx context.Context, ref string, found []types.ManagedObjectReference) (string, error) {
	if len(found) == 0 {
		where := "in any datacenter"
		if dc := m.s.config.String(setDatacenter); dc != "" {
			where = "in the datacenter " + dc
		}
		return "", m.nothing(ref, where)
	}
	if len(found) == 1 {
		vm, err := m.at(ctx, found[0], ref)
		if err != nil {
			return "", err
		}
		return vm.Config.InstanceUuid, nil
	}
	several := &platform.AmbiguousError{Ref: ref}
	for _, f := range found {
		vm, err := m.at(ctx, f, ref)
		if err != nil {
			return "", err
		}
		path, err := m.s.pathIn(ctx, vm.Parent, plainName(vm.Name))
		if err != nil {
			return "", err
		}
		several.Matches = append(several.Matches, path)
	}
	return "", platform.As(platform.ErrInvalid, several)
}

func (m *machines) nothing(ref, where string) error {
	return platform.As(platform.ErrNotFound, fmt.Errorf("%s has no machine %q %s that the user may see", m.s.server, ref, where))
}
