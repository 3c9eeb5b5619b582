package vcenter

import (
	"slices"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/simulator/esx"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// CloneVMTask copies the whole configuration, as the reference says: the simulator drops annotation, firmware,
// hot-add flags and extra configuration, keeps the MAC addresses and ignores faults of the changes asked for.
func (t *machines) CloneVMTask(ctx *simulator.Context, req *types.CloneVM_Task) soap.HasFault {
	answer := func(ref types.ManagedObjectReference) soap.HasFault {
		return &methods.CloneVM_TaskBody{Res: &types.CloneVM_TaskResponse{Returnval: ref}}
	}
	source := t.machine(req.This)
	folder, ok := t.m.Get(req.Folder).(*simulator.Folder)
	if source == nil || !ok {
		return answer(failed(ctx, req.This, "cloneVm", &types.ManagedObjectNotFound{Obj: req.This}))
	}
	task := begin(ctx, source.Self, "cloneVm", func() (types.AnyType, types.BaseMethodFault) {
		pool := req.Spec.Location.Pool
		if pool == nil {
			pool = source.ResourcePool
		}
		if pool == nil {
			return nil, &types.InvalidArgument{InvalidProperty: "spec.location.pool"}
		}
		if fault := t.index.claim(req.Folder, req.Name); fault != nil {
			return nil, fault
		}
		result, fault := t.create(ctx, folder, &types.CreateVM_Task{
			This: folder.Self, Config: t.copyOf(source, req), Pool: *pool, Host: req.Spec.Location.Host,
		})
		ref, ok := result.(types.ManagedObjectReference)
		if fault != nil || !ok {
			return nil, fault
		}
		if fault := t.finishClone(ctx, ref, req); fault != nil {
			if body, ok := t.machine(ref).DestroyTask(ctx, &types.Destroy_Task{This: ref}).(*methods.Destroy_TaskBody); ok {
				_, _ = t.await(body.Res.Returnval)
			}
			return nil, fault
		}
		return ref, nil
	})
	return answer(task)
}

// copyOf is the machine to make: the source's hardware with new files and addresses.
func (o *overrides) copyOf(source *simulator.VirtualMachine, req *types.CloneVM_Task) types.VirtualMachineConfigSpec {
	c := source.Config
	var vmx object.DatastorePath
	vmx.FromString(c.Files.VmPathName)
	if ds, ok := o.datastore(req.Spec.Location.Datastore); ok {
		vmx.Datastore = ds.Name
	}
	spec := types.VirtualMachineConfigSpec{
		Name: req.Name, Version: c.Version, GuestId: c.GuestId, Annotation: c.Annotation, Firmware: c.Firmware,
		NumCPUs: c.Hardware.NumCPU, MemoryMB: int64(c.Hardware.MemoryMB), NumCoresPerSocket: c.Hardware.NumCoresPerSocket,
		CpuHotAddEnabled: c.CpuHotAddEnabled, CpuHotRemoveEnabled: c.CpuHotRemoveEnabled,
		MemoryHotAddEnabled: c.MemoryHotAddEnabled, NestedHVEnabled: c.NestedHVEnabled, BootOptions: c.BootOptions,
		Files: &types.VirtualMachineFileInfo{VmPathName: "[" + vmx.Datastore + "] " + req.Name},
	}
	for _, e := range c.ExtraConfig {
		if e.GetOptionValue().Key != "govcsim" {
			spec.ExtraConfig = append(spec.ExtraConfig, &types.OptionValue{Key: e.GetOptionValue().Key, Value: e.GetOptionValue().Value})
		}
	}
	if req.Spec.Config != nil && req.Spec.Config.InstanceUuid != "" {
		spec.InstanceUuid = req.Spec.Config.InstanceUuid
	}
	defaults := object.VirtualDeviceList(esx.VirtualDevice)
	for _, d := range copied(devices(source)) {
		if defaults.FindByKey(d.GetVirtualDevice().Key) == nil {
			o.place(d, req.Spec.Location.Disk)
			spec.DeviceChange = append(spec.DeviceChange, cloned(d))
		}
	}
	return spec
}

// place puts the copy of a disk where the call wants it and makes it of the type that the call wants.
func (o *overrides) place(d types.BaseVirtualDevice, locators []types.VirtualMachineRelocateSpecDiskLocator) {
	b, ok := d.GetVirtualDevice().Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	if !ok {
		return
	}
	b.FileName = ""
	for _, l := range locators {
		if l.DiskId != d.GetVirtualDevice().Key {
			continue
		}
		if ds, ok := o.datastore(&l.Datastore); ok {
			b.FileName = "[" + ds.Name + "]"
		}
		if want, ok := l.DiskBackingInfo.(*types.VirtualDiskFlatVer2BackingInfo); ok {
			b.ThinProvisioned, b.EagerlyScrub = want.ThinProvisioned, want.EagerlyScrub
		}
	}
}

// cloned is a device of the copy: a disk gets a file of its own, a NIC an address of its own unless a person chose it.
func cloned(d types.BaseVirtualDevice) *types.VirtualDeviceConfigSpec {
	change := &types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationAdd, Device: d}
	switch device := d.(type) {
	case *types.VirtualDisk:
		change.FileOperation = types.VirtualDeviceConfigSpecFileOperationCreate
		device.VDiskId = nil
		if b, ok := device.Backing.(*types.VirtualDiskFlatVer2BackingInfo); ok {
			b.Parent, b.Uuid, b.Datastore = nil, "", nil
		}
	case types.BaseVirtualEthernetCard:
		if nic := device.GetVirtualEthernetCard(); nic.AddressType != string(types.VirtualEthernetCardMacTypeManual) {
			nic.MacAddress = ""
		}
	}
	return change
}

// copied is a deep enough copy of devices: backings and connection states are copied too.
func copied(list object.VirtualDeviceList) object.VirtualDeviceList {
	var out types.ArrayOfVirtualDevice
	deepCopy(types.ArrayOfVirtualDevice{VirtualDevice: list}, &out)
	return out.VirtualDevice
}

// finishClone applies what the call asked for beyond a copy.
func (t *machines) finishClone(ctx *simulator.Context, ref types.ManagedObjectReference, req *types.CloneVM_Task) types.BaseMethodFault {
	changes := req.Spec.Location.DeviceChange
	spec := types.VirtualMachineConfigSpec{}
	if req.Spec.Config != nil {
		spec = *req.Spec.Config
	}
	spec.Name, spec.InstanceUuid, spec.ChangeVersion = "", "", ""
	spec.DeviceChange = slices.Concat(changes, spec.DeviceChange)
	if _, fault := t.await(t.reconfigure(ctx, &types.ReconfigVM_Task{This: ref, Spec: spec})); fault != nil {
		return fault
	}
	clone := t.machine(ref)
	if req.Spec.Template {
		return methodFault(clone.MarkAsTemplate(&types.MarkAsTemplate{This: ref}))
	}
	if req.Spec.Customization != nil {
		body, ok := clone.CustomizeVMTask(ctx, &types.CustomizeVM_Task{This: ref, Spec: *req.Spec.Customization}).(*methods.CustomizeVM_TaskBody)
		if ok {
			if _, fault := t.await(body.Res.Returnval); fault != nil {
				return fault
			}
		}
	}
	if !req.Spec.PowerOn {
		return nil
	}
	body, ok := t.PowerOnVMTask(ctx, &types.PowerOnVM_Task{This: ref}).(*methods.PowerOnVM_TaskBody)
	if !ok {
		return new(types.RuntimeFault)
	}
	_, fault := t.await(body.Res.Returnval)
	return fault
}
