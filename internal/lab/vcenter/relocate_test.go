package vcenter_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/vcenter"
)

// exists reports whether a datastore has a file at a path such as "[ds0] web/web.vmdk".
func (s *site) exists(t *testing.T, file string) bool {
	t.Helper()
	var p object.DatastorePath
	p.FromString(file)
	ds, err := s.Datastore(t.Context(), p.Datastore)
	must(t, err)
	_, err = ds.Stat(t.Context(), p.Path)
	return err == nil
}

func (s *site) store(t *testing.T, name string) types.ManagedObjectReference {
	t.Helper()
	ds, err := s.Datastore(t.Context(), name)
	must(t, err)
	return ds.Reference()
}

// stores are the datastores that a machine says it uses, and whether each of them lists the machine.
func stores(t *testing.T, vm *object.VirtualMachine, of ...types.ManagedObjectReference) (used, listed []bool) {
	t.Helper()
	var got mo.VirtualMachine
	must(t, vm.Properties(t.Context(), vm.Reference(), []string{"datastore"}, &got))
	for _, ref := range of {
		var ds mo.Datastore
		must(t, vm.Properties(t.Context(), ref, []string{"vm"}, &ds))
		used = append(used, slices.Contains(got.Datastore, ref))
		listed = append(listed, slices.Contains(ds.Vm, vm.Reference()))
	}
	return used, listed
}

func TestRelocate(t *testing.T) {
	s := open(t, start(t, vcenter.Options{Datastores: 2}))
	ds0, ds1 := s.store(t, "ds0"), s.store(t, "ds1")
	tests := map[string]struct {
		spec         func(key int32) types.VirtualMachineRelocateSpec
		disk, config string // the datastores afterwards
		used         []bool // ds0, ds1
		fault        string
	}{
		"one disk": {spec: func(key int32) types.VirtualMachineRelocateSpec {
			return types.VirtualMachineRelocateSpec{Disk: []types.VirtualMachineRelocateSpecDiskLocator{{DiskId: key, Datastore: ds1}}}
		}, disk: "[ds1]", config: "[ds0]", used: []bool{true, true}},
		"all": {spec: func(int32) types.VirtualMachineRelocateSpec {
			return types.VirtualMachineRelocateSpec{Datastore: &ds1}
		}, disk: "[ds1]", config: "[ds1]", used: []bool{false, true}},
		"configuration": {spec: func(key int32) types.VirtualMachineRelocateSpec {
			return types.VirtualMachineRelocateSpec{
				Datastore: &ds1, Disk: []types.VirtualMachineRelocateSpecDiskLocator{{DiskId: key, Datastore: ds0}},
			}
		}, disk: "[ds0]", config: "[ds1]", used: []bool{true, true}},
		"where it is": {spec: func(int32) types.VirtualMachineRelocateSpec {
			return types.VirtualMachineRelocateSpec{Datastore: &ds0}
		}, disk: "[ds0]", config: "[ds0]", used: []bool{true, false}},
		"unknown disk": {spec: func(int32) types.VirtualMachineRelocateSpec {
			return types.VirtualMachineRelocateSpec{Disk: []types.VirtualMachineRelocateSpecDiskLocator{{DiskId: 1, Datastore: ds1}}}
		}, disk: "[ds0]", config: "[ds0]", used: []bool{true, false}, fault: "InvalidArgument"},
		"unknown datastore": {spec: func(int32) types.VirtualMachineRelocateSpec {
			return types.VirtualMachineRelocateSpec{Datastore: &types.ManagedObjectReference{Type: "Datastore", Value: "none"}}
		}, disk: "[ds0]", config: "[ds0]", used: []bool{true, false}, fault: "InvalidDatastore"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			vm := s.machine(t, strings.ReplaceAll(name, " ", "-"))
			before := look(t, vm)
			disk := disksOf(before)[0]
			op, err := vm.Relocate(t.Context(), test.spec(disk.Key), "")
			wantFault(t, wait(t, op, err), test.fault)
			after := look(t, vm)
			s.checkMoved(t, before, after, test.disk, test.config)
			used, listed := stores(t, vm, ds0, ds1)
			if !cmp.Equal(used, test.used) || !cmp.Equal(listed, test.used) {
				t.Errorf("uses %v, listed by %v, want %v", used, listed, test.used)
			}
			on(t, vm)
			off(t, vm)
			op, err = vm.Destroy(t.Context())
			must(t, wait(t, op, err))
			if file := fileOf(disksOf(after)[0]).FileName; s.exists(t, file) || s.exists(t, after.Config.Files.VmPathName) {
				t.Errorf("%s or %s outlives the machine", file, after.Config.Files.VmPathName)
			}
		})
	}
}

// checkMoved checks that a machine with one disk is where it should be, and nowhere else.
func (s *site) checkMoved(t *testing.T, before, after mo.VirtualMachine, disk, config string) {
	t.Helper()
	was, is := fileOf(disksOf(before)[0]), fileOf(disksOf(after)[0])
	if is.Uuid != was.Uuid || !strings.HasPrefix(is.FileName, disk+" ") || *is.Datastore != s.store(t, strings.Trim(disk, "[]")) {
		t.Errorf("disk is %+v, was %+v", is, was)
	}
	vmx, old := after.Config.Files.VmPathName, before.Config.Files.VmPathName
	if !strings.HasPrefix(vmx, config+" ") || *after.Runtime.Host != *before.Runtime.Host {
		t.Errorf("configuration is %s on %s", vmx, after.Runtime.Host)
	}
	for file, want := range map[string]bool{
		was.FileName: was.FileName == is.FileName, old: old == vmx, is.FileName: true, vmx: true,
	} {
		if got := s.exists(t, file); got != want {
			t.Errorf("%s exists: %t, want %t", file, got, want)
		}
	}
}

func TestBootTime(t *testing.T) {
	s := open(t, start(t, vcenter.Options{}))
	vm := s.machine(t, "web")
	boot := func() [2]bool {
		var got mo.VirtualMachine
		must(t, vm.Properties(t.Context(), vm.Reference(), []string{"runtime", "summary.runtime"}, &got))
		if a, b := got.Runtime.BootTime, got.Summary.Runtime.BootTime; a != nil && b != nil && !a.Equal(*b) {
			t.Errorf("two boot times: %s and %s", a, b)
		}
		return [2]bool{got.Runtime.BootTime != nil, got.Summary.Runtime.BootTime != nil}
	}
	on(t, vm)
	running := *look(t, vm).Runtime.BootTime
	op, err := vm.Suspend(t.Context())
	must(t, wait(t, op, err))
	if got := boot(); got != [2]bool{true, true} || !look(t, vm).Runtime.BootTime.Equal(running) {
		t.Errorf("suspended: boot times %v, first changed from %s", got, running)
	}
	on(t, vm)
	off(t, vm)
	if got := boot(); got != [2]bool{} {
		t.Errorf("off: boot times %v", got)
	}
}
