package vcenter

import (
	"context"
	"fmt"
	"net/url"
	"sync"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/types"
)

// populate builds the simulator's model, registers its endpoints and adds the template and the machines.
func (s *Server) populate(ctx context.Context, o Options) error {
	m := simulator.VPX()
	s.model = m
	m.Datacenter, m.ClusterHost, m.Host = o.Datacenters, o.Hosts, 0
	m.Datastore, m.Portgroup, m.Machine = o.Datastores, o.PortGroups+1, 0
	about := &m.ServiceContent.About
	about.Version, about.ApiVersion, about.Build = "8.0.3", "8.0.3.0", "24022515"
	about.FullName = "VMware vCenter Server 8.0.3 build-24022515"
	about.InstanceUuid = randomUUID() // the simulator's own is the same for all on one computer
	if err := create(m); err != nil {
		return err
	}
	m.Service.RegisterEndpoints = true
	m.Service.Listen = &url.URL{User: s.URL.User}
	// The simulator's own listener is only needed to register its handlers: clients come through the front.
	m.Service.NewServer().Close()
	m.Service.Listen = s.URL
	m.Map().SessionManager().ServiceHostName = s.Host
	renameAll(m, o)
	client, err := vim25.NewClient(ctx, m.Service)
	if err != nil {
		return err
	}
	for n := range o.Datacenters {
		if err := addMachines(ctx, client, fmt.Sprintf("DC%d", n), o.VMs); err != nil {
			return err
		}
	}
	return nil
}

// creation is held while a model is created: all models of a process append to one list of licenses.
var creation sync.Mutex //nolint:gochecknoglobals // as global as the simulator's list

func create(m *simulator.Model) error {
	creation.Lock()
	defer creation.Unlock()
	return m.Create()
}

// renameAll gives the model's objects the names of the examples: "DC0_C0" becomes "C0", "LocalDS_0" becomes "ds0".
func renameAll(m *simulator.Model, o Options) {
	names := map[string]string{}
	for n := range o.Datacenters {
		dc := fmt.Sprintf("DC%d", n)
		names[dc+"_C0"] = Cluster
		for h := range o.Hosts {
			names[fmt.Sprintf("%s_C0_H%d", dc, h)] = fmt.Sprintf("esx%d.%s.example.net", h, dc)
		}
		for p := range o.PortGroups + 1 {
			names[fmt.Sprintf("%s_DVPG%d", dc, p)] = portGroupName(p)
		}
	}
	for n := range o.Datastores {
		names[fmt.Sprintf("LocalDS_%d", n)] = fmt.Sprintf("ds%d", n)
	}
	for _, object := range m.Map().All("") {
		rename(object, names)
	}
}

func portGroupName(n int) string {
	if n == 0 {
		return Network
	}
	return fmt.Sprintf("pg%d", n)
}

// datacenter holds the objects a machine is made in.
type datacenter struct {
	client    *vim25.Client
	folders   *object.DatacenterFolders
	pool      *object.ResourcePool
	datastore object.Reference
	network   types.BaseVirtualDeviceBackingInfo
}

// addMachines makes the template and n machines in one datacenter.
func addMachines(ctx context.Context, client *vim25.Client, name string, n int) error {
	dc, err := newDatacenter(ctx, client, name)
	if err != nil {
		return err
	}
	templates, err := dc.folders.VmFolder.CreateFolder(ctx, "templates")
	if err != nil {
		return err
	}
	template, err := dc.create(ctx, templates, "debian-12")
	if err != nil {
		return err
	}
	if err := template.MarkAsTemplate(ctx); err != nil {
		return err
	}
	for i := range n {
		if _, err := dc.create(ctx, dc.folders.VmFolder, fmt.Sprintf("vm-%d", i)); err != nil {
			return err
		}
	}
	return nil
}

func (d *datacenter) create(ctx context.Context, folder *object.Folder, name string) (*object.VirtualMachine, error) {
	spec := d.spec(name)
	identify(&spec)
	task, err := folder.CreateVM(ctx, spec, d.pool, nil)
	if err != nil {
		return nil, err
	}
	info, err := task.WaitForResult(ctx)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", name, err)
	}
	ref, ok := info.Result.(types.ManagedObjectReference)
	if !ok {
		return nil, fmt.Errorf("create %s: no machine in the result", name)
	}
	return object.NewVirtualMachine(d.client, ref), nil
}

// spec is a machine with an operating system: one disk of 10 GiB, one NIC, one processor, 1 GiB of memory.
func (d *datacenter) spec(name string) types.VirtualMachineConfigSpec {
	var devices object.VirtualDeviceList
	scsi, _ := devices.CreateSCSIController("pvscsi")
	controller, _ := scsi.(types.BaseVirtualController)
	disk := devices.CreateDisk(controller, d.datastore.Reference(), "")
	disk.CapacityInKB = 10 << 20
	if b, ok := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo); ok {
		b.FileName, b.ThinProvisioned = "", new(true)
	}
	nic := &types.VirtualVmxnet3{}
	nic.Key, nic.Backing, nic.AddressType = -7, d.network, string(types.VirtualEthernetCardMacTypeGenerated)
	changes, _ := append(devices, scsi, disk, nic).ConfigSpec(types.VirtualDeviceConfigSpecOperationAdd)
	return types.VirtualMachineConfigSpec{
		Name: name, GuestId: string(types.VirtualMachineGuestOsIdentifierDebian12_64Guest),
		NumCPUs: 1, MemoryMB: 1024, DeviceChange: changes,
		Files:       &types.VirtualMachineFileInfo{VmPathName: "[" + Datastore + "]"},
		ExtraConfig: []types.BaseOptionValue{&types.OptionValue{Key: guestKey, Value: "debian"}},
	}
}
