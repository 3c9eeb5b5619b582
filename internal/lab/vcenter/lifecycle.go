package vcenter

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vim25/xml"
)

// PowerOnVMTask refuses a machine one of whose disks another running machine has.
func (t *machines) PowerOnVMTask(ctx *simulator.Context, req *types.PowerOnVM_Task) soap.HasFault {
	vm := t.machine(req.This)
	if vm == nil {
		return &methods.PowerOnVM_TaskBody{Fault_: simulator.Fault("", &types.ManagedObjectNotFound{Obj: req.This})}
	}
	var answer soap.HasFault
	ctx.WithLock(vm, func() {
		for _, d := range vm.Config.Hardware.Device {
			if _, running := t.index.holders(diskFile(d), vm.Self); running && isDisk(d) {
				fault := &types.FileLocked{FileFault: types.FileFault{File: diskFile(d)}}
				answer = &methods.PowerOnVM_TaskBody{Res: &types.PowerOnVM_TaskResponse{Returnval: failed(ctx, vm, "powerOn", fault)}}
				return
			}
		}
		answer = vm.PowerOnVMTask(ctx, req)
	})
	return answer
}

// DestroyTask deletes what belongs to the machine: first-class disks that are to outlive it and files of the
// machine's folder that are no disk of it, such as detached disks, stay.
func (t *machines) DestroyTask(ctx *simulator.Context, req *types.Destroy_Task) soap.HasFault {
	vm := t.machine(req.This)
	if vm == nil {
		return &methods.Destroy_TaskBody{Fault_: simulator.Fault("", &types.ManagedObjectNotFound{Obj: req.This})}
	}
	var answer soap.HasFault
	ctx.WithLock(vm, func() {
		if vm.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOn {
			t.keepDisks(ctx, vm)
			t.keepFiles(vm)
		}
		answer = vm.DestroyTask(ctx, req)
	})
	return answer
}

// keepDisks takes the first-class disks that outlive the machine away from it and forgets the others.
func (o *overrides) keepDisks(ctx *simulator.Context, vm *simulator.VirtualMachine) {
	var rest []types.BaseVirtualDevice
	for _, d := range vm.Config.Hardware.Device {
		disk, ok := d.(*types.VirtualDisk)
		if !ok || disk.VDiskId == nil {
			rest = append(rest, d)
			continue
		}
		fcd := o.disk(ctx, *disk.VDiskId)
		if fcd == nil {
			continue
		}
		o.withDisks(ctx, func() {
			fcd.Config.ConsumerId = nil
			if keep := fcd.Config.KeepAfterDeleteVm; keep != nil && !*keep {
				o.forget(fcd)
				rest = append(rest, d)
			}
		})
	}
	ctx.Update(vm, []types.PropertyChange{{Name: "config.hardware.device", Val: rest}})
}

// keepFiles deletes the machine's own files itself when its folder holds disks of nobody, since the simulator would
// delete the whole folder.
func (o *overrides) keepFiles(vm *simulator.VirtualMachine) {
	dir := o.directory(vm)
	if dir == "" {
		return
	}
	own := map[string]bool{}
	for _, d := range vm.Config.Hardware.Device {
		if isDisk(d) {
			name := filepath.Base(diskFile(d))
			own[name], own[simulator.VirtualDiskBackingFileName(name)] = true, true
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	foreign := func(e os.DirEntry) bool { return strings.HasSuffix(e.Name(), ".vmdk") && !own[e.Name()] }
	if !slices.ContainsFunc(entries, foreign) {
		return
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".vmdk") {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
	vm.Config.Files.LogDirectory += "/gone"
}

// directory is where a machine's files lie on this computer.
func (o *overrides) directory(vm *simulator.VirtualMachine) string {
	var p object.DatastorePath
	p.FromString(vm.Config.Files.LogDirectory)
	for _, ref := range vm.Datastore {
		if ds, ok := o.datastore(&ref); ok && ds.Name == p.Datastore {
			return filepath.Join(ds.Summary.Url, p.Path)
		}
	}
	return ""
}

func (o *overrides) datastore(ref *types.ManagedObjectReference) (*simulator.Datastore, bool) {
	if ref == nil {
		return nil, false
	}
	ds, ok := o.m.Get(*ref).(*simulator.Datastore)
	return ds, ok
}

func isDisk(d types.BaseVirtualDevice) bool {
	_, ok := d.(*types.VirtualDisk)
	return ok
}

// methodFault is the fault inside an answer, nil when there is none.
func methodFault(answer soap.HasFault) types.BaseMethodFault {
	f := answer.Fault()
	if f == nil {
		return nil
	}
	if fault, ok := f.VimFault().(types.BaseMethodFault); ok {
		return fault
	}
	return new(types.RuntimeFault)
}

// parentOf is the object above one in the inventory.
func parentOf(o mo.Reference) *types.ManagedObjectReference {
	if e, ok := o.(mo.Entity); ok {
		return e.Entity().Parent
	}
	return nil
}

// deepCopy copies by way of the wire format.
func deepCopy(src, dst any) {
	var b bytes.Buffer
	if err := xml.NewEncoder(&b).Encode(src); err != nil {
		panic(err)
	}
	d := xml.NewDecoder(&b)
	d.TypeFunc = types.TypeFunc()
	if err := d.Decode(dst); err != nil {
		panic(err)
	}
}
