package vsphere_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/session"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/vcenter"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/platformtest"
)

// person works on a vCenter with its own tools.
type person struct {
	server           *vcenter.Server
	client           *vim25.Client
	finder           *find.Finder
	pool             types.ManagedObjectReference
	networks, images []string
}

func newPerson(t *testing.T, s *vcenter.Server) *person {
	t.Helper()
	u := *s.URL
	u.User = nil
	sc := soap.NewClient(&u, false)
	ctx := context.WithoutCancel(t.Context())
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(sc.SetRootCAs(s.CAFile))
	vc, err := vim25.NewClient(ctx, sc)
	must(err)
	c := &govmomi.Client{Client: vc, SessionManager: session.NewManager(vc)}
	must(c.Login(ctx, s.URL.User))
	p := &person{server: s, client: vc, finder: find.NewFinder(vc)}
	dc, err := p.finder.Datacenter(ctx, vcenter.Datacenter)
	must(err)
	p.finder.SetDatacenter(dc)
	must(p.furnish(ctx, dc))
	return p
}

// furnish makes what the fixtures name.
func (p *person) furnish(ctx context.Context, dc *object.Datacenter) error {
	folders, err := dc.Folders(ctx)
	if err != nil {
		return err
	}
	cluster, err := p.finder.ClusterComputeResource(ctx, vcenter.Cluster)
	if err != nil {
		return err
	}
	pool, err := cluster.ResourcePool(ctx)
	if err != nil {
		return err
	}
	for _, name := range []string{"ct-a", "ct-b", "twins"} {
		_, folderErr := folders.VmFolder.CreateFolder(ctx, name)
		_, poolErr := pool.Create(ctx, name, types.DefaultResourceConfigSpec())
		if err := errors.Join(folderErr, poolErr); err != nil {
			return err
		}
	}
	if err := p.done(folders.NetworkFolder.CreateDVS(ctx, types.DVSCreateSpec{
		ConfigSpec: &types.VMwareDVSConfigSpec{DVSConfigSpec: types.DVSConfigSpec{Name: "DVS1"}},
	})); err != nil {
		return err
	}
	for _, name := range []string{vcenter.Network, "pg1"} {
		n, err := p.finder.Network(ctx, name)
		if err != nil {
			return err
		}
		p.networks = append(p.networks, n.Reference().Value)
	}
	p.pool = pool.Reference()
	return p.template(ctx, folders.VmFolder)
}

// template makes a second image beside that of the lab.
func (p *person) template(ctx context.Context, folder *object.Folder) error {
	first, err := p.finder.VirtualMachine(ctx, vcenter.Template)
	if err != nil {
		return err
	}
	if err := p.done(first.Clone(ctx, folder, "second-image", p.cloneSpec(true))); err != nil {
		return err
	}
	second, err := p.finder.VirtualMachine(ctx, "second-image")
	if err != nil {
		return err
	}
	for _, vm := range []*object.VirtualMachine{first, second} {
		var got mo.VirtualMachine
		if err := vm.Properties(ctx, vm.Reference(), []string{"config.instanceUuid"}, &got); err != nil {
			return err
		}
		p.images = append(p.images, got.Config.InstanceUuid)
	}
	return nil
}

func (p *person) cloneSpec(template bool) types.VirtualMachineCloneSpec {
	return types.VirtualMachineCloneSpec{Template: template, Location: types.VirtualMachineRelocateSpec{Pool: &p.pool}}
}

func (p *person) done(task *object.Task, err error) error {
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return task.Wait(ctx)
}

func (p *person) machine(ctx context.Context, uuid string) (*object.VirtualMachine, error) {
	byInstance := true
	ref, err := object.NewSearchIndex(p.client).FindByUuid(ctx, nil, uuid, true, &byInstance)
	if err != nil {
		return nil, err
	}
	if ref == nil {
		return nil, fmt.Errorf("no machine %s", uuid)
	}
	return object.NewVirtualMachine(p.client, ref.Reference()), nil
}

func (p *person) portGroup(id string) *object.DistributedVirtualPortgroup {
	return object.NewDistributedVirtualPortgroup(p.client, types.ManagedObjectReference{Type: "DistributedVirtualPortgroup", Value: id})
}

// snapshot splits the id of a snapshot.
func (p *person) snapshot(ctx context.Context, id string) (*object.VirtualMachine, types.ManagedObjectReference, error) {
	uuid, ref, _ := strings.Cut(id, "/")
	vm, err := p.machine(ctx, uuid)
	return vm, types.ManagedObjectReference{Type: "VirtualMachineSnapshot", Value: ref}, err
}

// Remove takes an object away.
func (p *person) Remove(ctx context.Context, kind, id string) error {
	switch kind {
	case "machine", "image":
		vm, err := p.machine(ctx, id)
		if err != nil {
			return err
		}
		if kind == "machine" {
			_ = p.done(vm.PowerOff(ctx)) // it may be off
		}
		return p.done(vm.Destroy(ctx))
	case "network":
		return p.done(p.portGroup(id).Destroy(ctx))
	case "snapshot":
		vm, ref, err := p.snapshot(ctx, id)
		if err != nil {
			return err
		}
		return p.done(vm.RemoveSnapshot(ctx, ref.Value, false, nil))
	case "disk":
		ds, err := p.datastoreOf(ctx, id)
		if err != nil {
			return err
		}
		res, err := methods.DeleteVStorageObject_Task(ctx, p.client, &types.DeleteVStorageObject_Task{
			This: *p.client.ServiceContent.VStorageObjectManager, Id: types.ID{Id: id}, Datastore: ds,
		})
		if err != nil {
			return err
		}
		return p.done(object.NewTask(p.client, res.Returnval), nil)
	}
	return platformtest.ErrCannot
}

// datastoreOf finds where a first-class disk lies.
func (p *person) datastoreOf(ctx context.Context, id string) (types.ManagedObjectReference, error) {
	for _, name := range []string{"ds0", "ds1"} {
		ds, err := p.finder.Datastore(ctx, name)
		if err != nil {
			return types.ManagedObjectReference{}, err
		}
		_, err = methods.RetrieveVStorageObject(ctx, p.client, &types.RetrieveVStorageObject{
			This: *p.client.ServiceContent.VStorageObjectManager, Id: types.ID{Id: id}, Datastore: ds.Reference(),
		})
		if err == nil {
			return ds.Reference(), nil
		}
	}
	return types.ManagedObjectReference{}, fmt.Errorf("no disk %s", id)
}

// Attach adds a disk or a NIC.
func (p *person) Attach(ctx context.Context, machine, what string) error {
	vm, err := p.machine(ctx, machine)
	if err != nil {
		return err
	}
	list, err := vm.Device(ctx)
	if err != nil {
		return err
	}
	if what == "nics" {
		backing, err := p.portGroup(p.networks[0]).EthernetCardBackingInfo(ctx)
		if err != nil {
			return err
		}
		nic, err := list.CreateEthernetCard("vmxnet3", backing)
		if err != nil {
			return err
		}
		return vm.AddDevice(ctx, nic)
	}
	controller, err := list.FindDiskController("")
	if err != nil {
		return err
	}
	ds, err := p.finder.Datastore(ctx, "ds0")
	if err != nil {
		return err
	}
	disk := list.CreateDisk(controller, ds.Reference(), "")
	disk.CapacityInKB = 1 << 20
	return vm.AddDevice(ctx, disk)
}

// Detach takes a disk or a NIC away and keeps its files.
func (p *person) Detach(ctx context.Context, machine, what, id string) error {
	vm, err := p.machine(ctx, machine)
	if err != nil {
		return err
	}
	list, err := vm.Device(ctx)
	if err != nil {
		return err
	}
	return vm.RemoveDevice(ctx, true, device(list, what, id))
}

// Slots lists disks by controller and unit, NICs by key.
func (p *person) Slots(ctx context.Context, _, id, what string) ([]string, error) {
	vm, err := p.machine(ctx, id)
	if err != nil {
		return nil, err
	}
	list, err := vm.Device(ctx)
	if err != nil {
		return nil, err
	}
	var ids []string
	if what == "nics" {
		cards := list.SelectByType((*types.VirtualEthernetCard)(nil))
		slices.SortFunc(cards, func(a, b types.BaseVirtualDevice) int {
			return cmp.Compare(a.GetVirtualDevice().Key, b.GetVirtualDevice().Key)
		})
		for _, d := range cards {
			ids = append(ids, strconv.Itoa(int(d.GetVirtualDevice().Key)))
		}
		return ids, nil
	}
	disks := list.SelectByType((*types.VirtualDisk)(nil))
	slices.SortFunc(disks, func(a, b types.BaseVirtualDevice) int {
		x, y := a.GetVirtualDevice(), b.GetVirtualDevice()
		return cmp.Or(cmp.Compare(x.ControllerKey, y.ControllerKey), cmp.Compare(*x.UnitNumber, *y.UnitNumber))
	})
	for _, d := range disks[1:] {
		if b, ok := d.GetVirtualDevice().Backing.(*types.VirtualDiskFlatVer2BackingInfo); ok {
			ids = append(ids, b.Uuid)
		}
	}
	return ids, nil
}

// Kept looks for a first-class disk, then for a file with the backing's UUID.
func (p *person) Kept(ctx context.Context, disk string) (bool, error) {
	if _, err := p.datastoreOf(ctx, disk); err == nil {
		return true, nil
	}
	dc, err := p.finder.Datacenter(ctx, vcenter.Datacenter)
	if err != nil {
		return false, err
	}
	disks := object.NewVirtualDiskManager(p.client)
	for _, name := range []string{"ds0", "ds1"} {
		files, err := p.files(ctx, name)
		if err != nil {
			return false, err
		}
		for _, file := range files {
			if uuid, err := disks.QueryVirtualDiskUuid(ctx, file, dc); err == nil && plainUUID(uuid) == plainUUID(disk) || file == disk {
				return true, nil
			}
		}
	}
	return false, nil
}

func plainUUID(s string) string {
	return strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(s))
}

// files lists the disks' files of a datastore.
func (p *person) files(ctx context.Context, datastore string) ([]string, error) {
	ds, err := p.finder.Datastore(ctx, datastore)
	if err != nil {
		return nil, err
	}
	browser, err := ds.Browser(ctx)
	if err != nil {
		return nil, err
	}
	task, err := browser.SearchDatastoreSubFolders(ctx, "["+datastore+"]", &types.HostDatastoreBrowserSearchSpec{MatchPattern: []string{"*.vmdk"}})
	if err != nil {
		return nil, err
	}
	info, err := task.WaitForResult(ctx)
	if err != nil {
		return nil, err
	}
	found, _ := info.Result.(types.ArrayOfHostDatastoreBrowserSearchResults)
	var list []string
	for _, folder := range found.HostDatastoreBrowserSearchResults {
		for _, f := range folder.File {
			list = append(list, "["+datastore+"] "+strings.TrimLeft(strings.TrimPrefix(folder.FolderPath, "["+datastore+"]")+"/"+f.GetFileInfo().Path, " /"))
		}
	}
	return list, nil
}

// Twin makes something of the same name elsewhere.
func (p *person) Twin(ctx context.Context, kind, id string) error {
	switch kind {
	case "machine", "image":
		vm, err := p.machine(ctx, id)
		if err != nil {
			return err
		}
		name, err := vm.ObjectName(ctx)
		if err != nil {
			return err
		}
		folder, err := p.finder.Folder(ctx, "twins")
		if err != nil {
			return err
		}
		return p.done(vm.Clone(ctx, folder, name, p.cloneSpec(kind == "image")))
	case "snapshot":
		vm, ref, err := p.snapshot(ctx, id)
		if err != nil {
			return err
		}
		var got mo.VirtualMachine
		if err := vm.Properties(ctx, vm.Reference(), []string{"snapshot"}, &got); err != nil {
			return err
		}
		for _, s := range got.Snapshot.RootSnapshotList {
			if s.Snapshot == ref {
				return p.done(vm.CreateSnapshot(ctx, s.Name, "", false, false))
			}
		}
	case "disk":
		return p.twinDisk(ctx, id)
	}
	return platformtest.ErrCannot
}

func (p *person) twinDisk(ctx context.Context, id string) error {
	ds, err := p.datastoreOf(ctx, id)
	if err != nil {
		return err
	}
	manager := *p.client.ServiceContent.VStorageObjectManager
	got, err := methods.RetrieveVStorageObject(ctx, p.client, &types.RetrieveVStorageObject{This: manager, Id: types.ID{Id: id}, Datastore: ds})
	if err != nil {
		return err
	}
	res, err := methods.CreateDisk_Task(ctx, p.client, &types.CreateDisk_Task{This: manager, Spec: types.VslmCreateSpec{
		Name: got.Returnval.Config.Name, CapacityInMB: 1024,
		BackingSpec: &types.VslmCreateSpecDiskFileBackingSpec{VslmCreateSpecBackingSpec: types.VslmCreateSpecBackingSpec{Datastore: ds}},
	}})
	if err != nil {
		return err
	}
	return p.done(object.NewTask(p.client, res.Returnval), nil)
}

// guest is a machine whose tools run; it stays until the server ends.
func (p *person) guest(name string) string {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	first, err := p.finder.VirtualMachine(ctx, vcenter.Template)
	if err != nil {
		panic(err)
	}
	folder, err := p.finder.Folder(ctx, "twins")
	if err != nil {
		panic(err)
	}
	if err := p.done(first.Clone(ctx, folder, name, p.cloneSpec(false))); err != nil {
		panic(err)
	}
	vm, err := p.finder.VirtualMachine(ctx, "twins/"+name)
	if err == nil {
		err = p.done(vm.PowerOn(ctx))
	}
	if err != nil {
		panic(err)
	}
	if _, err := vm.WaitForIP(ctx); err != nil {
		panic(err)
	}
	var got mo.VirtualMachine
	if err := vm.Properties(ctx, vm.Reference(), []string{"config.instanceUuid"}, &got); err != nil {
		panic(err)
	}
	return got.Config.InstanceUuid
}
