package vcenter_test

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vslm"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/vcenter"
)

// site is a client's view of the first datacenter.
type site struct {
	*find.Finder
	folder    *object.Folder
	pool      *object.ResourcePool
	datastore *object.Datastore
	template  *object.VirtualMachine
}

func open(t *testing.T, s *vcenter.Server) *site {
	t.Helper()
	f := connect(t, s)
	folder, err := f.DefaultFolder(t.Context())
	must(t, err)
	pool, err := f.ResourcePool(t.Context(), "C0/Resources")
	must(t, err)
	ds, err := f.Datastore(t.Context(), vcenter.Datastore)
	must(t, err)
	template, err := f.VirtualMachine(t.Context(), vcenter.Template)
	must(t, err)
	return &site{f, folder, pool, ds, template}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wait waits for a task and returns its error.
func wait(t *testing.T, op *object.Task, err error) error {
	t.Helper()
	must(t, err)
	return op.Wait(t.Context())
}

func (s *site) clone(t *testing.T, name string, config *types.VirtualMachineConfigSpec) (*object.VirtualMachine, error) {
	t.Helper()
	pool := s.pool.Reference()
	op, err := s.template.Clone(t.Context(), s.folder, name, types.VirtualMachineCloneSpec{
		Location: types.VirtualMachineRelocateSpec{Pool: &pool}, Config: config,
	})
	must(t, err)
	info, err := op.WaitForResult(t.Context())
	if err != nil {
		return nil, err
	}
	ref, ok := info.Result.(types.ManagedObjectReference)
	if !ok {
		t.Fatalf("result %T", info.Result)
	}
	return object.NewVirtualMachine(s.folder.Client(), ref), nil
}

func (s *site) machine(t *testing.T, name string) *object.VirtualMachine {
	t.Helper()
	vm, err := s.clone(t, name, nil)
	must(t, err)
	return vm
}

func look(t *testing.T, vm *object.VirtualMachine) mo.VirtualMachine {
	t.Helper()
	var got mo.VirtualMachine
	must(t, vm.Properties(t.Context(), vm.Reference(), []string{"name", "config", "guest", "runtime", "snapshot"}, &got))
	return got
}

// wantFault checks the type of the fault of a task; "" means that it succeeds.
func wantFault(t *testing.T, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = "other: " + err.Error()
		if f, ok := err.(interface{ Fault() types.BaseMethodFault }); ok {
			got = reflect.TypeOf(f.Fault()).Elem().Name()
		}
	}
	if got != want {
		t.Errorf("fault %q, want %q", got, want)
	}
}

func disksOf(got mo.VirtualMachine) []*types.VirtualDisk {
	var list []*types.VirtualDisk
	for _, d := range got.Config.Hardware.Device {
		if disk, ok := d.(*types.VirtualDisk); ok {
			list = append(list, disk)
		}
	}
	return list
}

func fileOf(d *types.VirtualDisk) *types.VirtualDiskFlatVer2BackingInfo {
	b, ok := d.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	if !ok {
		return new(types.VirtualDiskFlatVer2BackingInfo)
	}
	return b
}

func TestCloneIsACopyOfItsOwn(t *testing.T) {
	s := open(t, start(t, vcenter.Options{}))
	vm, err := s.clone(t, "web", &types.VirtualMachineConfigSpec{Annotation: "mine", NumCPUs: 3, MemoryHotAddEnabled: new(true)})
	must(t, err)
	source, got := look(t, s.template), look(t, vm)
	if got.Config.Annotation != "mine" || got.Config.Hardware.NumCPU != 3 || got.Config.GuestId != source.Config.GuestId {
		t.Errorf("clone has %q, %d, %s", got.Config.Annotation, got.Config.Hardware.NumCPU, got.Config.GuestId)
	}
	if got.Config.MemoryHotAddEnabled == nil || !*got.Config.MemoryHotAddEnabled {
		t.Error("memory hot-add was not applied")
	}
	mine, its := disksOf(got)[0], disksOf(source)[0]
	if fileOf(mine).Uuid == "" || fileOf(mine).Uuid == fileOf(its).Uuid || fileOf(mine).FileName == fileOf(its).FileName {
		t.Errorf("clone's disk %+v, source's %+v", fileOf(mine), fileOf(its))
	}
	if mac(got) == "" || mac(got) == mac(source) {
		t.Errorf("clone's address %q, source's %q", mac(got), mac(source))
	}
	_, err = s.clone(t, "web", nil)
	wantFault(t, err, "DuplicateName")
}

func mac(got mo.VirtualMachine) string {
	for _, d := range got.Config.Hardware.Device {
		if nic, ok := d.(types.BaseVirtualEthernetCard); ok {
			return nic.GetVirtualEthernetCard().MacAddress
		}
	}
	return ""
}

func TestNameTaken(t *testing.T) {
	s := open(t, start(t, vcenter.Options{}))
	one, two := s.machine(t, "one"), s.machine(t, "two")
	op, err := s.folder.CreateVM(t.Context(), types.VirtualMachineConfigSpec{
		Name: "one", Files: &types.VirtualMachineFileInfo{VmPathName: "[ds0]"},
	}, s.pool, nil)
	wantFault(t, wait(t, op, err), "DuplicateName")
	op, err = two.Rename(t.Context(), "one")
	wantFault(t, wait(t, op, err), "DuplicateName")
	op, err = two.Reconfigure(t.Context(), types.VirtualMachineConfigSpec{Name: "one"})
	wantFault(t, wait(t, op, err), "DuplicateName")
	op, err = two.Rename(t.Context(), "three")
	wantFault(t, wait(t, op, err), "")
	if got := look(t, two); got.Name != "three" || got.Config.Name != "three" {
		t.Errorf("names %q and %q", got.Name, got.Config.Name)
	}
	op, err = one.Destroy(t.Context())
	wantFault(t, wait(t, op, err), "")
	s.machine(t, "one")
	s.machine(t, "two")
}

func TestReconfigureRunning(t *testing.T) {
	s := open(t, start(t, vcenter.Options{}))
	vm := s.machine(t, "web")
	on(t, vm)
	hot := &types.VirtualMachineConfigSpec{CpuHotAddEnabled: new(true), MemoryHotAddEnabled: new(true)}
	hotVM, err := s.clone(t, "hot", hot)
	must(t, err)
	on(t, hotVM)
	tests := map[string]struct {
		vm   *object.VirtualMachine
		spec types.VirtualMachineConfigSpec
		want string
	}{
		"processors":          {vm, types.VirtualMachineConfigSpec{NumCPUs: 2}, "CpuHotPlugNotSupported"},
		"memory":              {vm, types.VirtualMachineConfigSpec{MemoryMB: 2048}, "MemoryHotPlugNotSupported"},
		"same values":         {vm, types.VirtualMachineConfigSpec{NumCPUs: 1, MemoryMB: 1024}, ""},
		"hot processors":      {hotVM, types.VirtualMachineConfigSpec{NumCPUs: 2}, ""},
		"hot memory":          {hotVM, types.VirtualMachineConfigSpec{MemoryMB: 2048}, ""},
		"less memory":         {hotVM, types.VirtualMachineConfigSpec{MemoryMB: 512}, "MemoryHotPlugNotSupported"},
		"firmware":            {vm, types.VirtualMachineConfigSpec{Firmware: "efi"}, "InvalidPowerState"},
		"hot-add itself":      {vm, *hot, "InvalidPowerState"},
		"annotation":          {vm, types.VirtualMachineConfigSpec{Annotation: "x"}, ""},
		"version of the past": {vm, types.VirtualMachineConfigSpec{ChangeVersion: "1", Annotation: "x"}, "ConcurrentAccess"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			op, err := tt.vm.Reconfigure(t.Context(), tt.spec)
			wantFault(t, wait(t, op, err), tt.want)
		})
	}
}

func on(t *testing.T, vm *object.VirtualMachine) {
	t.Helper()
	op, err := vm.PowerOn(t.Context())
	must(t, wait(t, op, err))
}

// change reconfigures one device.
func change(t *testing.T, vm *object.VirtualMachine, op types.VirtualDeviceConfigSpecOperation, file types.VirtualDeviceConfigSpecFileOperation, d types.BaseVirtualDevice) error {
	t.Helper()
	task, err := vm.Reconfigure(t.Context(), types.VirtualMachineConfigSpec{DeviceChange: []types.BaseVirtualDeviceConfigSpec{
		&types.VirtualDeviceConfigSpec{Operation: op, FileOperation: file, Device: d},
	}})
	return wait(t, task, err)
}

const (
	add    = types.VirtualDeviceConfigSpecOperationAdd
	edit   = types.VirtualDeviceConfigSpecOperationEdit
	remove = types.VirtualDeviceConfigSpecOperationRemove
)

func TestDiskLifeAndSize(t *testing.T) {
	s := open(t, start(t, vcenter.Options{}))
	vm, other := s.machine(t, "web"), s.machine(t, "db")
	boot := disksOf(look(t, vm))[0]
	grown := *boot
	grown.CapacityInKB, grown.CapacityInBytes = 20<<20, 20<<30
	wantFault(t, change(t, vm, edit, "", &grown), "")
	shrunk := grown
	shrunk.CapacityInKB, shrunk.CapacityInBytes = 5<<20, 5<<30
	wantFault(t, change(t, vm, edit, "", &shrunk), "InvalidDeviceOperation")
	got := disksOf(look(t, vm))
	if len(got) != 1 || got[0].CapacityInBytes != 20<<30 || fileOf(got[0]).Uuid != fileOf(boot).Uuid {
		t.Fatalf("disks %+v", got)
	}
	wantFault(t, change(t, vm, remove, "", boot), "")
	if n := len(disksOf(look(t, vm))); n != 0 {
		t.Fatalf("%d disks after detaching", n)
	}
	attached := attachment(boot.ControllerKey, 3, fileOf(boot).FileName)
	wantFault(t, change(t, other, add, "", attached), "")
	disks := disksOf(look(t, other))
	if len(disks) != 2 || disks[1].CapacityInBytes != 20<<30 || fileOf(disks[1]).Uuid != fileOf(boot).Uuid {
		t.Errorf("attached %+v", disks[len(disks)-1])
	}
	on(t, other)
	wantFault(t, change(t, vm, add, "", attachment(boot.ControllerKey, 0, fileOf(boot).FileName)), "FileLocked")
	wantFault(t, change(t, vm, add, "", attachment(boot.ControllerKey, 0, "[ds0] web/none.vmdk")), "FileNotFound")
}

func attachment(controller, unit int32, file string) *types.VirtualDisk {
	b := &types.VirtualDiskFlatVer2BackingInfo{DiskMode: "persistent"}
	b.FileName = file
	return &types.VirtualDisk{VirtualDevice: types.VirtualDevice{Key: -1, ControllerKey: controller, UnitNumber: &unit, Backing: b}}
}

func TestDestroyKeepsDetachedDisks(t *testing.T) {
	s := open(t, start(t, vcenter.Options{}))
	vm := s.machine(t, "web")
	boot := disksOf(look(t, vm))[0]
	wantFault(t, change(t, vm, remove, "", boot), "")
	op, err := vm.Destroy(t.Context())
	must(t, wait(t, op, err))
	if _, err := s.datastore.Stat(t.Context(), "web/web.vmdk"); err != nil {
		t.Errorf("the detached disk is gone: %v", err)
	}
	if _, err := s.datastore.Stat(t.Context(), "web/web.vmx"); err == nil {
		t.Error("the machine's own file is still there")
	}
	other := s.machine(t, "db")
	wantFault(t, change(t, other, add, "", attachment(boot.ControllerKey, 5, fileOf(boot).FileName)), "")
}

func TestFirstClassDisk(t *testing.T) {
	s := open(t, start(t, vcenter.Options{}))
	m := vslm.NewObjectManager(s.folder.Client())
	op, err := m.CreateDisk(t.Context(), types.VslmCreateSpec{
		Name: "data", CapacityInMB: 1024, Metadata: []types.KeyValue{{Key: "k", Value: "v"}},
		BackingSpec: &types.VslmCreateSpecDiskFileBackingSpec{
			VslmCreateSpecBackingSpec: types.VslmCreateSpecBackingSpec{Datastore: s.datastore.Reference()},
		},
	})
	must(t, err)
	info, err := op.WaitForResult(t.Context())
	must(t, err)
	made, ok := info.Result.(types.VStorageObject)
	if !ok {
		t.Fatalf("result %T", info.Result)
	}
	id := made.Config.Id.Id
	vm, other := s.machine(t, "web"), s.machine(t, "db")
	must(t, vm.AttachDisk(t.Context(), id, s.datastore, 0, nil))
	wantFault(t, other.AttachDisk(t.Context(), id, s.datastore, 0, nil), "FileLocked")
	got := disksOf(look(t, vm))
	if len(got) != 2 || got[1].VDiskId == nil || got[1].VDiskId.Id != id || got[1].CapacityInBytes != 1<<30 {
		t.Fatalf("disks %+v", got)
	}
	op, err = m.Delete(t.Context(), s.datastore, id)
	wantFault(t, wait(t, op, err), "InvalidState")
	op, err = m.ExtendDisk(t.Context(), s.datastore, id, 512)
	wantFault(t, wait(t, op, err), "InvalidArgument")
	op, err = m.ExtendDisk(t.Context(), s.datastore, id, 2048)
	wantFault(t, wait(t, op, err), "")
	if got := disksOf(look(t, vm)); got[1].CapacityInBytes != 2<<30 {
		t.Errorf("the device has %d bytes", got[1].CapacityInBytes)
	}
	must(t, m.Rename(t.Context(), s.datastore, id, "other"))
	op, err = vm.Destroy(t.Context())
	must(t, wait(t, op, err))
	catalogue, err := vslm.NewClient(t.Context(), s.folder.Client())
	must(t, err)
	list, err := vslm.NewGlobalObjectManager(catalogue).List(t.Context())
	must(t, err)
	if len(list.QueryResults) != 1 || list.QueryResults[0].Name != "other" || list.QueryResults[0].CapacityInMB != 2048 {
		t.Errorf("listed %+v", list.QueryResults)
	}
	if diff := cmp.Diff([]types.KeyValue{{Key: "k", Value: "v"}}, list.QueryResults[0].Metadata); diff != "" {
		t.Error(diff)
	}
	op, err = m.Delete(t.Context(), s.datastore, id)
	wantFault(t, wait(t, op, err), "")
	op, err = m.Delete(t.Context(), s.datastore, id)
	wantFault(t, wait(t, op, err), "NotFound")
}

func TestGuest(t *testing.T) {
	s := open(t, start(t, vcenter.Options{}))
	vm := s.machine(t, "web")
	on(t, vm)
	on2 := look(t, vm)
	for deadline := time.Now().Add(5 * time.Second); on2.Guest.IpAddress == "" && time.Now().Before(deadline); on2 = look(t, vm) {
		time.Sleep(5 * time.Millisecond)
	}
	if on2.Guest.IpAddress == "" || on2.Runtime.BootTime == nil {
		t.Fatalf("guest %+v", on2.Guest)
	}
	op, err := s.folder.CreateVM(t.Context(), types.VirtualMachineConfigSpec{
		Name: "empty", Files: &types.VirtualMachineFileInfo{VmPathName: "[ds0]"},
	}, s.pool, nil)
	must(t, wait(t, op, err))
	empty, err := s.VirtualMachine(t.Context(), "empty")
	must(t, err)
	on(t, empty)
	if err := empty.ShutdownGuest(t.Context()); !fault.Is(err, &types.ToolsUnavailable{}) {
		t.Errorf("shutdown without tools: %v, want ToolsUnavailable", err)
	}
	must(t, vm.ShutdownGuest(t.Context()))
	must(t, vm.WaitForPowerState(t.Context(), types.VirtualMachinePowerStatePoweredOff))
	if after := look(t, vm); after.Guest.IpAddress != "" || after.Runtime.BootTime != nil {
		t.Errorf("after shutdown %+v", after.Guest)
	}
}

func TestSnapshotRename(t *testing.T) {
	s := open(t, start(t, vcenter.Options{}))
	vm := s.machine(t, "web")
	op, err := vm.CreateSnapshot(t.Context(), "before", "text", false, false)
	must(t, wait(t, op, err))
	ref := look(t, vm).Snapshot.RootSnapshotList[0].Snapshot
	_, err = methods.RenameSnapshot(t.Context(), vm.Client(), &types.RenameSnapshot{This: ref, Name: "after"})
	must(t, err)
	if got := look(t, vm).Snapshot.RootSnapshotList[0]; got.Name != "after" || got.Description != "text" {
		t.Errorf("snapshot %+v", got)
	}
}

func TestPortGroup(t *testing.T) {
	s := open(t, start(t, vcenter.Options{PortGroups: 1}))
	network, err := s.Network(t.Context(), "pg1")
	must(t, err)
	pg, ok := network.(*object.DistributedVirtualPortgroup)
	if !ok {
		t.Fatalf("network %T", network)
	}
	var before, after mo.DistributedVirtualPortgroup
	must(t, pg.Properties(t.Context(), pg.Reference(), []string{"config"}, &before))
	spec := types.DVPortgroupConfigSpec{ConfigVersion: before.Config.ConfigVersion, Description: "text"}
	op, err := pg.Reconfigure(t.Context(), spec)
	wantFault(t, wait(t, op, err), "")
	op, err = pg.Reconfigure(t.Context(), spec)
	wantFault(t, wait(t, op, err), "ConcurrentAccess")
	must(t, pg.Properties(t.Context(), pg.Reference(), []string{"config"}, &after))
	if after.Config.Name != "pg1" || after.Config.Description != "text" || after.Config.Type != before.Config.Type {
		t.Errorf("after %+v", after.Config)
	}
	used, err := s.Network(t.Context(), vcenter.Network)
	must(t, err)
	op, err = object.NewCommon(s.folder.Client(), used.Reference()).Destroy(t.Context())
	wantFault(t, wait(t, op, err), "ResourceInUse")
	op, err = pg.Destroy(t.Context())
	wantFault(t, wait(t, op, err), "")
}

func TestManyAtOnce(t *testing.T) {
	s := open(t, start(t, vcenter.Options{}))
	errs := make(chan error)
	names := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	for _, name := range slices.Concat(names, names) {
		go func() {
			pool := s.pool.Reference()
			op, err := s.template.Clone(context.WithoutCancel(t.Context()), s.folder, name, types.VirtualMachineCloneSpec{
				Location: types.VirtualMachineRelocateSpec{Pool: &pool}, PowerOn: true,
			})
			if err == nil {
				err = op.Wait(context.WithoutCancel(t.Context()))
			}
			errs <- err
		}()
	}
	failed := 0
	for range 2 * len(names) {
		if err := <-errs; err != nil {
			failed++
			wantFault(t, err, "DuplicateName")
		}
	}
	if failed != len(names) {
		t.Errorf("%d failed, want %d", failed, len(names))
	}
}
