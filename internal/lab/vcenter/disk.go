package vcenter

import (
	"fmt"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vmdk"
)

// withDisks runs f while nobody else changes the catalogue of first-class disks.
func (o *overrides) withDisks(ctx *simulator.Context, f func()) {
	if ctx.Map.Path != vim25.Path {
		ctx = ctx.For(vim25.Path)
	}
	ctx.WithLock(o.m.VStorageObjectManager(), f)
}

// disk finds a first-class disk, nil when there is none.
func (o *overrides) disk(ctx *simulator.Context, id types.ID) (found *simulator.VStorageObject) {
	o.withDisks(ctx, func() {
		for _, disks := range o.m.VStorageObjectManager().Catalog() {
			if d := disks[types.ID{Id: id.Id}]; d != nil {
				found = d
			}
		}
	})
	return found
}

// byFile finds the first-class disk that a file holds, nil when it is a plain one.
func (o *overrides) byFile(ctx *simulator.Context, file string) (found *simulator.VStorageObject) {
	o.withDisks(ctx, func() {
		for _, disks := range o.m.VStorageObjectManager().Catalog() {
			for _, d := range disks {
				if backing(d).FilePath == file {
					found = d
				}
			}
		}
	})
	return found
}

func backing(d *simulator.VStorageObject) *types.BaseConfigInfoDiskFileBackingInfo {
	b, ok := d.Config.Backing.(*types.BaseConfigInfoDiskFileBackingInfo)
	if !ok {
		return new(types.BaseConfigInfoDiskFileBackingInfo)
	}
	return b
}

// forget removes a disk from the catalogue, which the caller has locked.
func (o *overrides) forget(d *simulator.VStorageObject) {
	delete(o.m.VStorageObjectManager().Catalog()[backing(d).Datastore], d.Config.Id)
}

// grown lets the file and the first-class disk follow a device that grew.
func (o *overrides) grown(ctx *simulator.Context, disk *types.VirtualDisk) {
	file := diskFile(disk)
	if b, ok := disk.Backing.(types.BaseVirtualDeviceFileBackingInfo); ok {
		o.resize(ctx, o.datacenter(b.GetVirtualDeviceFileBackingInfo().Datastore), file, disk.CapacityInBytes)
	}
	if fcd := o.byFile(ctx, file); fcd != nil {
		o.withDisks(ctx, func() { fcd.Config.CapacityInMB = disk.CapacityInBytes >> 20 })
	}
}

// resize writes the size into the text that describes a disk file.
func (o *overrides) resize(ctx *simulator.Context, dc *types.ManagedObjectReference, file string, bytes int64) {
	desc, path, fault := o.m.FileManager().DiskDescriptor(ctx, dc, file)
	if fault != nil || len(desc.Extent) == 0 {
		return
	}
	desc.Extent[0].Size = bytes / vmdk.SectorSize
	_ = o.m.FileManager().SaveDiskDescriptor(ctx, desc, path)
}

// growDevice lets the device of the machine that holds a file follow.
func (o *overrides) growDevice(ctx *simulator.Context, file string, bytes int64) {
	refs, _ := o.index.holders(file, types.ManagedObjectReference{})
	for _, ref := range refs {
		vm := o.machine(ref)
		if vm == nil {
			continue
		}
		ctx.WithLock(vm, func() {
			list := copied(devices(vm))
			for _, d := range list {
				if disk, ok := d.(*types.VirtualDisk); ok && diskFile(d) == file {
					disk.CapacityInBytes, disk.CapacityInKB = bytes, bytes>>10
				}
			}
			ctx.Update(vm, []types.PropertyChange{{Name: "config.hardware.device", Val: []types.BaseVirtualDevice(list)}})
		})
	}
}

// CreateDiskTask keeps what the simulator drops: metadata, and that disks outlive machines unless told otherwise.
func (t *disks) CreateDiskTask(ctx *simulator.Context, req *types.CreateDisk_Task) soap.HasFault {
	ref := t.run(ctx, "createDisk", func() (types.AnyType, types.BaseMethodFault) {
		if req.Spec.CapacityInMB <= 0 {
			return nil, &types.InvalidArgument{InvalidProperty: "spec.capacityInMB"}
		}
		if _, ok := t.datastore(&req.Spec.BackingSpec.GetVslmCreateSpecBackingSpec().Datastore); !ok {
			return nil, &types.InvalidDatastore{}
		}
		return t.make(ctx, req)
	})
	return &methods.CreateDisk_TaskBody{Res: &types.CreateDisk_TaskResponse{Returnval: ref}}
}

// make creates a disk and returns its description.
func (t *disks) make(ctx *simulator.Context, req *types.CreateDisk_Task) (types.AnyType, types.BaseMethodFault) {
	var body *methods.CreateDisk_TaskBody
	t.withDisks(ctx, func() {
		body, _ = t.m.VStorageObjectManager().CreateDiskTask(ctx, req).(*methods.CreateDisk_TaskBody)
	})
	result, fault := t.await(body.Res.Returnval)
	if fault != nil {
		return nil, fault
	}
	made, ok := result.(*types.VStorageObject)
	if value, plain := result.(types.VStorageObject); plain {
		made, ok = &value, true
	}
	if !ok {
		return nil, new(types.RuntimeFault)
	}
	d := t.disk(ctx, made.Config.Id)
	t.withDisks(ctx, func() {
		if d.Config.KeepAfterDeleteVm == nil {
			d.Config.KeepAfterDeleteVm = new(true)
		}
		if b := backing(d); b.ProvisioningType == "" {
			b.ProvisioningType = string(types.BaseConfigInfoDiskFileBackingInfoProvisioningTypeThin)
		}
		d.Metadata = req.Spec.Metadata
		d.Config.Metadata = req.Spec.Metadata
		*made = d.VStorageObject
	})
	return *made, nil
}

// run starts a task that takes the locks it needs itself.
func (o *overrides) run(ctx *simulator.Context, name string, f func() (types.AnyType, types.BaseMethodFault)) types.ManagedObjectReference {
	own := types.ManagedObjectReference{Type: "Lab", Value: fmt.Sprintf("run-%d", o.next())}
	return begin(ctx, own, name, f)
}

// ExtendDiskTask refuses a smaller size and lets file and device follow.
func (t *disks) ExtendDiskTask(ctx *simulator.Context, req *types.ExtendDisk_Task) soap.HasFault {
	ref := t.run(ctx, "extendDisk", func() (types.AnyType, types.BaseMethodFault) {
		d := t.disk(ctx, req.Id)
		if d == nil {
			return nil, new(types.NotFound)
		}
		var small bool
		var file string
		t.withDisks(ctx, func() {
			if small = req.NewCapacityInMB < d.Config.CapacityInMB; !small {
				d.Config.CapacityInMB = req.NewCapacityInMB
			}
			file = backing(d).FilePath
		})
		if small {
			return nil, &types.InvalidArgument{InvalidProperty: "newCapacityInMB"}
		}
		t.resize(ctx, t.datacenter(&req.Datastore), file, req.NewCapacityInMB<<20)
		t.growDevice(ctx, file, req.NewCapacityInMB<<20)
		return nil, nil
	})
	return &methods.ExtendDisk_TaskBody{Res: &types.ExtendDisk_TaskResponse{Returnval: ref}}
}

// DeleteVStorageObjectTask refuses a disk in use and ends when the file is gone.
func (t *disks) DeleteVStorageObjectTask(ctx *simulator.Context, req *types.DeleteVStorageObject_Task) soap.HasFault {
	ref := t.run(ctx, "deleteDisk", func() (types.AnyType, types.BaseMethodFault) {
		d := t.disk(ctx, req.Id)
		if d == nil {
			return nil, new(types.NotFound)
		}
		file := backing(d).FilePath
		if refs, _ := t.index.holders(file, types.ManagedObjectReference{}); len(refs) > 0 {
			return nil, new(types.InvalidState)
		}
		body, ok := t.m.VirtualDiskManager().DeleteVirtualDiskTask(ctx, &types.DeleteVirtualDisk_Task{
			Name: file, Datacenter: t.datacenter(&req.Datastore),
		}).(*methods.DeleteVirtualDisk_TaskBody)
		if ok {
			_, _ = t.await(body.Res.Returnval)
		}
		t.withDisks(ctx, func() { t.forget(d) })
		return nil, nil
	})
	return &methods.DeleteVStorageObject_TaskBody{Res: &types.DeleteVStorageObject_TaskResponse{Returnval: ref}}
}
