package vsphere

import (
	"context"
	"fmt"
	"strings"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// diskPath finds the file of a disk by its id: "[datastore] path.vmdk" names itself; any other id is that of a
// first-class disk, which is looked for on the connection's datastore first and then on the others.
func (s *session) diskPath(ctx context.Context, id string) (path, fcd string, err error) {
	if strings.HasPrefix(id, "[") {
		return id, "", nil
	}
	dc, err := s.datacenter(ctx)
	if err != nil {
		return "", "", err
	}
	stores, err := s.inventory.all(ctx, kindDatastore, dc.ref)
	if err != nil {
		return "", "", err
	}
	if own, err := s.datastore(ctx, ""); err == nil {
		stores = append([]*node{own}, stores...)
	}
	manager := s.vim.ServiceContent.VStorageObjectManager
	for _, ds := range stores {
		if manager == nil {
			break
		}
		req := types.RetrieveVStorageObject{This: *manager, Id: types.ID{Id: id}, Datastore: ds.ref}
		res, err := methods.RetrieveVStorageObject(ctx, s.vim, &req)
		if err != nil && isFault[*types.NotFound](err) {
			continue
		}
		if err != nil {
			return "", "", failed("look up the disk", id, err)
		}
		if b, ok := res.Returnval.Config.Backing.(types.BaseBaseConfigInfoFileBackingInfo); ok {
			return b.GetBaseConfigInfoFileBackingInfo().FilePath, id, nil
		}
	}
	return "", "", platform.As(platform.ErrNotFound, fmt.Errorf("%s has no disk %q: give the id of a virt_disk or \"[datastore] path.vmdk\"", s.server, id))
}
