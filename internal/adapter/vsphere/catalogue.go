package vsphere

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vslm"
	"github.com/vmware/govmomi/vslm/methods"
	vslmtypes "github.com/vmware/govmomi/vslm/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// listSize is how many disks one answer of the catalogue holds at most.
const listSize = 1000

// catalogue is the vCenter's global list of first-class disks, which finds a disk wherever it lies. It is another
// endpoint of the server that shares the session's login.
type catalogue struct {
	session *session

	mu      sync.Mutex
	caller  *caller
	manager types.ManagedObjectReference
}

// open connects when it is first needed.
func (c *catalogue) open(ctx context.Context) (*caller, types.ManagedObjectReference, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.caller != nil {
		return c.caller, c.manager, nil
	}
	s := c.session
	if s.vim.ServiceContent.VStorageObjectManager == nil || s.vim.ServiceContent.About.ApiType != "VirtualCenter" {
		err := errors.New("only a vCenter has first-class disks: set vsphere.path for a plain VMDK")
		return nil, c.manager, platform.As(platform.ErrUnsupported, err)
	}
	client := s.vim.NewServiceClient(vslm.Path, vslm.Namespace)
	client.Transport, client.Jar, client.Cookie = s.vim.Transport, s.vim.Jar, s.vim.SessionCookie
	to := &caller{
		next: client, session: s, slots: make(chan struct{}, max(1, s.config.Int(setParallel))),
		timeout: s.config.Duration(setTimeout),
	}
	content, err := methods.RetrieveContent(ctx, to, &vslmtypes.RetrieveContent{This: vslm.ServiceInstance})
	if err != nil {
		return nil, c.manager, failed("open the disk catalogue of", s.server, err)
	}
	c.caller, c.manager = to, content.Returnval.VStorageObjectManager
	return c.caller, c.manager, nil
}

// volume is a virtual disk that belongs to no machine, as the API tells it.
type volume struct {
	id        string
	name      string
	file      string                       // "[ds0] fcd/1234.vmdk"
	datastore types.ManagedObjectReference // empty in lists
	size      platform.Size
	metadata  map[string]string
}

// disk gives one first-class disk; an error that is ErrNotFound says that there is none.
func (c *catalogue) disk(ctx context.Context, id string) (*volume, error) {
	to, manager, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	req := vslmtypes.VslmRetrieveVStorageObject{This: manager, Id: types.ID{Id: id}}
	res, err := methods.VslmRetrieveVStorageObject(ctx, to, &req)
	if unknownDisk(err) {
		return nil, noDisk(id, c.session.server)
	}
	if err != nil {
		return nil, failed("read the disk", id, err)
	}
	return volumeOf(res.Returnval.Config), nil
}

func noDisk(id, server string) error {
	err := errors.New(server + " has no such disk that the user may see")
	return failed("find the disk", id, platform.As(platform.ErrNotFound, err))
}

// unknownDisk says whether a fault means that no disk has the id.
func unknownDisk(err error) bool {
	argument, ok := faultOf(err).(*types.InvalidArgument)
	return ok && (argument.InvalidProperty == "VolumeId" || argument.InvalidProperty == "id") || isFault[*types.NotFound](err)
}

func volumeOf(config types.VStorageObjectConfigInfo) *volume {
	v := &volume{id: config.Id.Id, name: config.Name, size: platform.Size(config.CapacityInMB) * platform.MiB, metadata: pairs(config.Metadata)}
	if b, ok := config.Backing.(types.BaseBaseConfigInfoFileBackingInfo); ok {
		info := b.GetBaseConfigInfoFileBackingInfo()
		v.file, v.datastore = info.FilePath, info.Datastore
	}
	return v
}

func pairs(list []types.KeyValue) map[string]string {
	m := map[string]string{}
	for _, kv := range list {
		m[kv.Key] = kv.Value
	}
	return m
}

// list gives the first-class disks, or only those with a name: one request for each page.
func (c *catalogue) list(ctx context.Context, name string) ([]volume, error) {
	to, manager, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	var found []volume
	for after := ""; ; {
		req := vslmtypes.VslmListVStorageObjectForSpec{This: manager, Query: diskQuery(name, after), MaxResult: listSize}
		res, err := methods.VslmListVStorageObjectForSpec(ctx, to, &req)
		if err != nil {
			return nil, failed("list the disks of", c.session.server, err)
		}
		if res.Returnval == nil {
			return found, nil
		}
		for _, r := range res.Returnval.QueryResults {
			after = r.Id.Id
			if r.Error == nil {
				found = append(found, volume{
					id: r.Id.Id, name: r.Name, file: r.DiskPath, size: platform.Size(r.CapacityInMB) * platform.MiB, metadata: pairs(r.Metadata),
				})
			}
		}
		if res.Returnval.AllRecordsReturned || len(res.Returnval.QueryResults) == 0 {
			return found, nil
		}
	}
}

func diskQuery(name, after string) []vslmtypes.VslmVsoVStorageObjectQuerySpec {
	spec := func(field, operator, text string) vslmtypes.VslmVsoVStorageObjectQuerySpec {
		return vslmtypes.VslmVsoVStorageObjectQuerySpec{QueryField: field, QueryOperator: operator, QueryValue: []string{text}}
	}
	var query []vslmtypes.VslmVsoVStorageObjectQuerySpec
	if name != "" {
		query = append(query, spec("name", "equals", name))
	}
	if after != "" {
		query = append(query, spec("id", "greaterThan", after))
	}
	return query
}

// unfinished says whether the disk carries the mark of a creation that never ended.
func (v *volume) unfinished() bool { return v.metadata[extraCreating] != "" }

// diskMarks are the metadata of a disk of ours that is not finished.
func diskMarks() []types.KeyValue {
	return []types.KeyValue{
		{Key: extraOrigin, Value: origin}, {Key: extraCreating, Value: time.Now().UTC().Format(time.RFC3339)},
	}
}
