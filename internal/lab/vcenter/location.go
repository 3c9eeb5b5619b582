package vcenter

import (
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// nameDisks names the new disk files that the call leaves to the server, as the simulator would. It does so by trying
// names and complains of every one that is taken.
func (o *overrides) nameDisks(vm *simulator.VirtualMachine, spec *types.VirtualMachineConfigSpec) {
	taken := map[string]bool{}
	for _, change := range spec.DeviceChange {
		c := change.GetVirtualDeviceConfigSpec()
		disk, ok := c.Device.(*types.VirtualDisk)
		if !ok || c.Operation != types.VirtualDeviceConfigSpecOperationAdd || c.FileOperation == "" {
			continue
		}
		if b, ok := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo); ok {
			o.nameDisk(vm, b, taken)
		}
	}
}

func (o *overrides) nameDisk(vm *simulator.VirtualMachine, b *types.VirtualDiskFlatVer2BackingInfo, taken map[string]bool) {
	var p object.DatastorePath
	p.FromString(b.FileName)
	if p.Path != "" {
		return
	}
	p.Path = vm.Config.Name
	if p.Datastore == "" {
		p.FromString(vm.Config.Files.VmPathName)
		p.Path = path.Dir(p.Path)
	}
	host, ok := o.m.Get(*vm.Runtime.Host).(*simulator.HostSystem)
	if !ok {
		return
	}
	ds, ok := o.m.FindByName(p.Datastore, host.Datastore).(*simulator.Datastore)
	if !ok {
		return
	}
	folder := filepath.Join(ds.Summary.Url, p.Path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return
	}
	name := freeName(folder, vm.Config.Name, taken)
	taken[filepath.Join(folder, name)] = true
	p.Path = path.Join(p.Path, name)
	b.FileName = p.String()
}

// freeName is a name for a disk file that its folder does not hold yet: "web.vmdk", "web_1.vmdk" … The names of taken,
// which may be nil, are as good as there.
func freeName(folder, stem string, taken map[string]bool) string {
	name := stem + ".vmdk"
	for n := 1; ; n++ {
		if _, err := os.Stat(filepath.Join(folder, name)); os.IsNotExist(err) && !taken[filepath.Join(folder, name)] {
			return name
		}
		name = fmt.Sprintf("%s_%d.vmdk", stem, n)
	}
}

// local is where a file of a machine lies on this computer.
func (o *overrides) local(vm *simulator.VirtualMachine, file string) (string, bool) {
	var p object.DatastorePath
	p.FromString(file)
	for _, ref := range vm.Datastore {
		if ds, ok := o.datastore(&ref); ok && ds.Name == p.Datastore {
			return filepath.Join(ds.Summary.Url, p.Path), true
		}
	}
	return "", false
}

// root is where the datastore that holds a machine's file lies on this computer.
func (o *overrides) root(vm *simulator.VirtualMachine, file string) string {
	var p object.DatastorePath
	p.FromString(file)
	dir, _ := o.local(vm, "["+p.Datastore+"]")
	return dir
}

// freeFolder is a folder of a datastore that holds no machine of the same name yet.
func freeFolder(root, stem, vmx string) string {
	folder := stem
	for n := 1; ; n++ {
		if _, err := os.Stat(filepath.Join(root, folder, vmx)); os.IsNotExist(err) {
			return folder
		}
		folder = fmt.Sprintf("%s_%d", stem, n)
	}
}
