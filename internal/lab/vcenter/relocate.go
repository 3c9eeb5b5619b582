package vcenter

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// RelocateVMTask moves files, which the simulator leaves where they are: the disks that the call names go to the
// datastores it names for them, all others and the configuration to spec.datastore when the call has one. As in a real
// move a file gets the machine's present name, while the disk keeps its UUID. Host, pool and folder are the simulator's.
func (t *machines) RelocateVMTask(ctx *simulator.Context, req *types.RelocateVM_Task) soap.HasFault {
	answer := func(ref types.ManagedObjectReference) soap.HasFault {
		return &methods.RelocateVM_TaskBody{Res: &types.RelocateVM_TaskResponse{Returnval: ref}}
	}
	vm := t.machine(req.This)
	if vm == nil {
		return answer(failed(ctx, req.This, "relocateVm", &types.ManagedObjectNotFound{Obj: req.This}))
	}
	return answer(begin(ctx, vm.Self, "relocateVm", func() (types.AnyType, types.BaseMethodFault) {
		if fault := t.checkRelocate(vm, &req.Spec); fault != nil {
			return nil, fault
		}
		rest := *req
		rest.Spec.Datastore, rest.Spec.Disk = nil, nil
		body, ok := vm.RelocateVMTask(ctx, &rest).(*methods.RelocateVM_TaskBody)
		if !ok {
			return nil, new(types.RuntimeFault)
		}
		if result, fault := t.await(body.Res.Returnval); fault != nil {
			return result, fault
		}
		return nil, t.moveFiles(ctx, vm, &req.Spec)
	}))
}

// checkRelocate refuses disks that the machine does not have and datastores that its host cannot see.
func (o *overrides) checkRelocate(vm *simulator.VirtualMachine, spec *types.VirtualMachineRelocateSpec) types.BaseMethodFault {
	host, _ := o.m.Get(*vm.Runtime.Host).(*simulator.HostSystem)
	if spec.Host != nil {
		host, _ = o.m.Get(*spec.Host).(*simulator.HostSystem)
	}
	if host == nil {
		return &types.InvalidArgument{InvalidProperty: "spec.host"}
	}
	stores := make([]types.ManagedObjectReference, 0, len(spec.Disk)+1)
	if spec.Datastore != nil {
		stores = append(stores, *spec.Datastore)
	}
	for _, l := range spec.Disk {
		if !isDisk(devices(vm).FindByKey(l.DiskId)) {
			return &types.InvalidArgument{InvalidProperty: "spec.disk.diskId"}
		}
		stores = append(stores, l.Datastore)
	}
	for _, ref := range stores {
		if _, ok := o.datastore(&ref); !ok || !slices.Contains(host.Datastore, ref) {
			return &types.InvalidDatastore{Datastore: &ref}
		}
	}
	return nil
}

// moveFiles moves what the call asks for. The machine is locked.
func (o *overrides) moveFiles(ctx *simulator.Context, vm *simulator.VirtualMachine, spec *types.VirtualMachineRelocateSpec) types.BaseMethodFault {
	moved := false
	list := copied(devices(vm))
	for _, d := range list {
		disk, ok := d.(*types.VirtualDisk)
		if !ok {
			continue
		}
		did, err := o.moveDisk(ctx, vm, disk, destination(disk, spec))
		if err != nil {
			return fileFault(diskFile(disk), err)
		}
		moved = moved || did
	}
	if ds, ok := o.datastore(spec.Datastore); ok {
		did, err := o.moveConfiguration(ctx, vm, ds)
		if err != nil {
			return fileFault(vm.Config.Files.VmPathName, err)
		}
		moved = moved || did
	}
	if moved {
		o.relocated(ctx, vm, list)
	}
	return nil
}

func fileFault(file string, err error) types.BaseMethodFault {
	f := types.FileFault{File: file}
	f.FaultMessage = []types.LocalizableMessage{{Key: "lab.file", Message: err.Error()}}
	return &types.CannotAccessFile{FileFault: f}
}

// destination is what the call asks for one disk; its datastore is empty when the disk stays.
func destination(disk *types.VirtualDisk, spec *types.VirtualMachineRelocateSpec) (to types.VirtualMachineRelocateSpecDiskLocator) {
	for _, l := range spec.Disk {
		if l.DiskId == disk.Key {
			return l
		}
	}
	if spec.Datastore != nil {
		to.Datastore = *spec.Datastore
	}
	return to
}

// moveDisk moves a disk with the files that it builds on and describes it anew.
func (o *overrides) moveDisk(ctx *simulator.Context, vm *simulator.VirtualMachine, disk *types.VirtualDisk, to types.VirtualMachineRelocateSpecDiskLocator) (bool, error) {
	b, ok := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	ds, there := o.datastore(&to.Datastore)
	if !ok || !there {
		return false, nil
	}
	if want, ok := to.DiskBackingInfo.(*types.VirtualDiskFlatVer2BackingInfo); ok {
		b.ThinProvisioned, b.EagerlyScrub = want.ThinProvisioned, want.EagerlyScrub
	}
	moved := false
	for file := b; file != nil; file = file.Parent {
		did, err := o.moveBacking(ctx, vm, &file.VirtualDeviceFileBackingInfo, ds)
		if err != nil {
			return moved, err
		}
		moved = moved || did
	}
	return moved, nil
}

// moveBacking moves one disk file unless it is on the datastore already.
func (o *overrides) moveBacking(ctx *simulator.Context, vm *simulator.VirtualMachine, b *types.VirtualDeviceFileBackingInfo, ds *simulator.Datastore) (bool, error) {
	old := b.FileName
	from, ok := o.local(vm, old)
	if !ok || b.Datastore != nil && *b.Datastore == ds.Self {
		return false, nil
	}
	folder := filepath.Join(ds.Summary.Url, vm.Name)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return false, err
	}
	name := freeName(folder, vm.Name, nil)
	if err := os.Rename(from, filepath.Join(folder, name)); err != nil {
		return false, err
	}
	extent, target := simulator.VirtualDiskBackingFileName(from), simulator.VirtualDiskBackingFileName(name)
	if err := os.Rename(extent, filepath.Join(folder, target)); err != nil && !os.IsNotExist(err) {
		return false, err
	}
	if filepath.Dir(from) != o.root(vm, old) {
		_ = os.Remove(filepath.Dir(from)) // goes only when it is empty now
	}
	b.FileName, b.Datastore = (&object.DatastorePath{Datastore: ds.Name, Path: path.Join(vm.Name, name)}).String(), &ds.Self
	o.renamed(ctx, old, b)
	return true, nil
}

// renamed lets what is known of a disk file follow it.
func (o *overrides) renamed(ctx *simulator.Context, old string, b *types.VirtualDeviceFileBackingInfo) {
	o.lock.Lock()
	if kind, ok := o.kinds[old]; ok {
		delete(o.kinds, old)
		o.kinds[b.FileName] = kind
	}
	o.lock.Unlock()
	fcd := o.byFile(ctx, old)
	if fcd == nil {
		return
	}
	o.withDisks(ctx, func() {
		o.forget(fcd)
		backing(fcd).FilePath, backing(fcd).Datastore = b.FileName, *b.Datastore
		catalog := o.m.VStorageObjectManager().Catalog()
		if catalog[*b.Datastore] == nil {
			catalog[*b.Datastore] = map[types.ID]*simulator.VStorageObject{}
		}
		catalog[*b.Datastore][fcd.Config.Id] = fcd
	})
}

// moveConfiguration moves the files of the machine's folder to another datastore. Disks stay: those of the
// machine have been moved, others belong to nobody. The log stays, too, since the simulator goes on writing there.
func (o *overrides) moveConfiguration(ctx *simulator.Context, vm *simulator.VirtualMachine, ds *simulator.Datastore) (bool, error) {
	var p object.DatastorePath
	p.FromString(vm.Config.Files.VmPathName)
	from, ok := o.local(vm, path.Dir(vm.Config.Files.VmPathName))
	if !ok || p.Datastore == ds.Name {
		return false, nil
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return false, err
	}
	p.Datastore, p.Path = ds.Name, path.Join(freeFolder(ds.Summary.Url, path.Dir(p.Path), path.Base(p.Path)), path.Base(p.Path))
	to := filepath.Join(ds.Summary.Url, path.Dir(p.Path))
	if err := os.MkdirAll(to, 0o700); err != nil {
		return false, err
	}
	for _, e := range entries {
		if err := moveEntry(e, from, to); err != nil {
			return false, err
		}
	}
	folder := (&object.DatastorePath{Datastore: ds.Name, Path: path.Dir(p.Path)}).String()
	ctx.Update(vm, []types.PropertyChange{
		{Name: "config.files", Val: types.VirtualMachineFileInfo{
			VmPathName: p.String(), SnapshotDirectory: folder, SuspendDirectory: folder, LogDirectory: folder,
		}},
		{Name: "summary.config.vmPathName", Val: p.String()},
	})
	return true, nil
}

func moveEntry(e fs.DirEntry, from, to string) error {
	if strings.HasSuffix(e.Name(), ".vmdk") || e.Name() == "vmware.log" {
		return nil
	}
	return os.Rename(filepath.Join(from, e.Name()), filepath.Join(to, e.Name()))
}

// relocated publishes where a machine's files are now. The machine is locked.
func (o *overrides) relocated(ctx *simulator.Context, vm *simulator.VirtualMachine, list object.VirtualDeviceList) {
	host, _ := o.m.Get(*vm.Runtime.Host).(*simulator.HostSystem)
	used := []string{vm.Config.Files.VmPathName}
	for _, d := range list {
		if file := diskFile(d); file != "" {
			used = append(used, file)
		}
	}
	var now []types.ManagedObjectReference
	for _, file := range used {
		var p object.DatastorePath
		p.FromString(file)
		ds, ok := o.m.FindByName(p.Datastore, host.Datastore).(*simulator.Datastore)
		if ok && !slices.Contains(now, ds.Self) {
			now = append(now, ds.Self)
		}
	}
	for _, ref := range vm.Datastore {
		if ds, ok := o.datastore(&ref); ok && !slices.Contains(now, ref) {
			o.m.RemoveReference(ctx, ds, &ds.Vm, vm.Self)
		}
	}
	for _, ref := range now {
		if ds, ok := o.datastore(&ref); ok {
			o.m.AddReference(ctx, ds, &ds.Vm, vm.Self)
		}
	}
	ctx.Update(vm, []types.PropertyChange{
		{Name: "config.hardware.device", Val: []types.BaseVirtualDevice(list)},
		{Name: "datastore", Val: now},
		{Name: "config.changeVersion", Val: fmt.Sprintf("relocated-%d", o.next())},
	})
	vm.RefreshStorageInfo(ctx, &types.RefreshStorageInfo{This: vm.Self})
}
