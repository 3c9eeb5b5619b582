package vcenter

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// CreateVirtualDiskTask remembers how a plain disk file was made.
func (t *files) CreateVirtualDiskTask(ctx *simulator.Context, req *types.CreateVirtualDisk_Task) soap.HasFault {
	if spec := req.Spec; spec != nil {
		t.lock.Lock()
		t.kinds[req.Name] = spec.GetVirtualDiskSpec().DiskType
		t.lock.Unlock()
	}
	return t.m.VirtualDiskManager().CreateVirtualDiskTask(ctx, req)
}

// DeleteVirtualDiskTask refuses a file that a machine has as a disk.
func (t *files) DeleteVirtualDiskTask(ctx *simulator.Context, req *types.DeleteVirtualDisk_Task) soap.HasFault {
	if refs, _ := t.index.holders(req.Name, types.ManagedObjectReference{}); len(refs) > 0 {
		fault := &types.FileLocked{FileFault: types.FileFault{File: req.Name}}
		ref := failed(ctx, t.m.VirtualDiskManager().Reference(), "deleteVirtualDisk", fault)
		return &methods.DeleteVirtualDisk_TaskBody{Res: &types.DeleteVirtualDisk_TaskResponse{Returnval: ref}}
	}
	return t.m.VirtualDiskManager().DeleteVirtualDiskTask(ctx, req)
}

// ExtendVirtualDiskTask lets the device of the machine that holds the file follow.
func (t *files) ExtendVirtualDiskTask(ctx *simulator.Context, req *types.ExtendVirtualDisk_Task) soap.HasFault {
	manager, ok := t.m.VirtualDiskManager().(*simulator.VirtualDiskManager)
	if !ok {
		return &methods.ExtendVirtualDisk_TaskBody{Fault_: simulator.Fault("", new(types.NotSupported))}
	}
	ref := t.run(ctx, "extendVirtualDisk", func() (types.AnyType, types.BaseMethodFault) {
		body, _ := manager.ExtendVirtualDiskTask(ctx, req).(*methods.ExtendVirtualDisk_TaskBody)
		if _, fault := t.await(body.Res.Returnval); fault != nil {
			return nil, fault
		}
		t.growDevice(ctx, req.Name, req.NewCapacityKb<<10)
		return nil, nil
	})
	return &methods.ExtendVirtualDisk_TaskBody{Res: &types.ExtendVirtualDisk_TaskResponse{Returnval: ref}}
}

// SearchDatastoreTask adds what the simulator does not say of disk files: size and kind.
func (t *files) SearchDatastoreTask(ctx *simulator.Context, req *types.SearchDatastore_Task) soap.HasFault {
	browser, ok := t.m.Get(req.This).(*simulator.HostDatastoreBrowser)
	if !ok {
		return &methods.SearchDatastore_TaskBody{Fault_: simulator.Fault("", &types.ManagedObjectNotFound{Obj: req.This})}
	}
	ref := t.run(ctx, "searchDatastore", func() (types.AnyType, types.BaseMethodFault) {
		body, _ := browser.SearchDatastoreTask(ctx, req).(*methods.SearchDatastore_TaskBody)
		result, fault := t.await(body.Res.Returnval)
		if found, ok := result.(types.HostDatastoreBrowserSearchResults); ok {
			t.describe(ctx, &found)
			return found, nil
		}
		return result, fault
	})
	return &methods.SearchDatastore_TaskBody{Res: &types.SearchDatastore_TaskResponse{Returnval: ref}}
}

func (t *files) describe(ctx *simulator.Context, found *types.HostDatastoreBrowserSearchResults) {
	dc := t.datacenter(found.Datastore)
	for _, f := range found.File {
		file, ok := f.(*types.VmDiskFileInfo)
		if !ok {
			continue
		}
		path := join(found.FolderPath, file.Path)
		desc, _, fault := t.m.FileManager().DiskDescriptor(ctx, dc, path)
		if fault != nil {
			continue
		}
		t.lock.Lock()
		kind := t.kinds[path]
		t.lock.Unlock()
		file.CapacityKb, file.DiskType = desc.Capacity()>>10, "VirtualDiskFlatVer2BackingInfo"
		file.Thin = new(kind == string(types.VirtualDiskTypeThin))
	}
}

// join adds a name to a folder's path, which is "[ds]" or "[ds] dir".
func join(folder, name string) string {
	switch folder[len(folder)-1] {
	case ']':
		return folder + " " + name
	case '/', ' ':
		return folder + name
	}
	return folder + "/" + name
}
