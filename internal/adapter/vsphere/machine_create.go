package vsphere

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/cloudinit"
)

// Defaults of a machine that is made from nothing.
const (
	defaultCPUs   = 1
	defaultMemory = platform.GiB
)

// target is where a machine is made.
type target struct {
	folder types.ManagedObjectReference
	pool   types.ManagedObjectReference
	host   *types.ManagedObjectReference
	store  *node // nil: where the template is
}

// Create makes a machine from nothing or from a template, changes it until it is what want says, and switches it on.
func (m *machines) Create(ctx context.Context, want *platform.Machine, made func(id string)) error {
	at, err := m.target(ctx, want)
	if err != nil {
		return failed("make the machine", want.Name, err)
	}
	if err := m.vacant(ctx, at.folder, want.Name); err != nil {
		return failed("make the machine", want.Name, err)
	}
	id := newUUID()
	want.ID = &id
	var c *change
	if want.ImageID == nil {
		c, err = m.build(ctx, want, at)
	} else {
		c, err = m.clone(ctx, want, at)
	}
	if err != nil {
		want.ID = m.remains(ctx, err, id, made)
		return err
	}
	made(id)
	return m.furnish(ctx, c)
}

// furnish does what is left once the machine exists: tags, power, the record, the end of the mark.
func (m *machines) furnish(ctx context.Context, c *change) error {
	if err := m.tag(ctx, c); err != nil {
		return err
	}
	goal := platform.PowerOn
	if c.want.Power != nil {
		goal = *c.want.Power
	}
	if err := m.early(ctx, c); err != nil {
		return err
	}
	if err := m.power(ctx, c.vm, platform.PowerOff, goal); err != nil {
		return err
	}
	if goal == platform.PowerOn {
		if err := m.ready(ctx, c.vm.Self, c.want); err != nil {
			return err
		}
	}
	return m.finish(ctx, c)
}

// early writes the network configuration before the first boot where it names addresses which the server chose.
func (m *machines) early(ctx context.Context, c *change) error {
	if !cloudinit.Static(c.want) || len(c.nics) == 0 {
		return nil
	}
	vm, err := m.at(ctx, c.vm.Self, c.want.Name)
	if err != nil {
		return err
	}
	c.bind(vm)
	bound := c.want.Bindings(vm.Config.InstanceUuid)
	late, err := c.late(vm, &bound)
	if err != nil {
		return err
	}
	delete(late, extraCreating) // not done yet
	spec := types.VirtualMachineConfigSpec{ExtraConfig: options(late)}
	return failed("tell the guest its addresses on", c.want.Name, m.s.reconfigure(ctx, vm.Self, spec))
}

// target resolves where the machine goes.
func (m *machines) target(ctx context.Context, want *platform.Machine) (target, error) {
	var t target
	own := blank(want.VSphere)
	folder, err := m.s.machineFolder(ctx, value(own.Folder))
	if err != nil {
		return t, platform.At(err, "vsphere", "folder")
	}
	pool, err := m.s.pool(ctx, value(own.ResourcePool))
	if err != nil {
		return t, platform.At(err, "vsphere", "resource_pool")
	}
	asked := ""
	if want.Placement != nil {
		asked = value(want.Placement.Host)
	}
	host, err := m.s.host(ctx, asked)
	if err != nil {
		return t, platform.At(err, "placement", "host")
	}
	t.folder, t.pool = folder, pool.ref
	if host != nil {
		t.host = &host.ref
	}
	storage := ""
	if want.BootDisk != nil {
		storage = value(want.BootDisk.Storage)
	}
	if storage == "" && want.ImageID != nil && m.s.config.String(setDatastore) == "" {
		return t, nil
	}
	t.store, err = m.s.datastore(ctx, storage)
	return t, platform.At(err, "boot_disk", "storage")
}

// vacant says whether the name is free. A race is lost to the server's own check.
func (m *machines) vacant(ctx context.Context, folder types.ManagedObjectReference, name string) error {
	req := types.FindChild{This: *m.s.vim.ServiceContent.SearchIndex, Entity: folder, Name: apiName(name)}
	res, err := methods.FindChild(ctx, m.s.vim, &req)
	if err != nil || res.Returnval == nil {
		return err
	}
	return m.taken(ctx, *res.Returnval, name)
}

// taken describes what has the name already.
func (m *machines) taken(ctx context.Context, ref types.ManagedObjectReference, name string) error {
	exists := &platform.ExistsError{Name: name, ID: ref.Value}
	if ref.Type != kindMachine {
		return exists
	}
	vm, err := m.at(ctx, ref, name)
	if errors.Is(err, platform.ErrNotFound) {
		return nil // gone meanwhile
	}
	if err != nil {
		return err
	}
	exists.ID, exists.Unfinished = vm.Config.InstanceUuid, extra(vm)[extraCreating] != ""
	return exists
}

// named turns the server's refusal of a name into the error that tells what has it.
func (m *machines) named(ctx context.Context, err error, name string) error {
	fault, ok := faultOf(err).(*types.DuplicateName)
	if !ok || fault.Object.Type != kindMachine {
		return err
	}
	if told := m.taken(ctx, fault.Object, name); told != nil {
		return told
	}
	return err
}

// build makes a machine from nothing: one request has its whole configuration.
func (m *machines) build(ctx context.Context, want *platform.Machine, at target) (*change, error) {
	fillOpen(&want.CPUs, new(int64(defaultCPUs)))
	fillOpen(&want.Memory, new(defaultMemory))
	blankVM := &mo.VirtualMachine{Config: &types.VirtualMachineConfigInfo{Firmware: string(types.GuestOsDescriptorFirmwareTypeBios)}}
	c, err := m.newChange(ctx, blankVM, nil, want)
	if err != nil {
		return nil, failed("make the machine", want.Name, err)
	}
	c.spec.InstanceUuid, c.spec.Version, c.upgrade = value(want.ID), c.upgrade, ""
	if c.spec.GuestId == "" {
		c.spec.GuestId = string(types.VirtualMachineGuestOsIdentifierOtherGuest64)
	}
	c.spec.Files = &types.VirtualMachineFileInfo{VmPathName: "[" + at.store.name + "]"}
	c.spec.ExtraConfig = append(c.spec.ExtraConfig, marks()...)
	result, err := m.s.run(ctx, func() (types.ManagedObjectReference, error) {
		req := types.CreateVM_Task{This: at.folder, Config: c.spec, Pool: at.pool, Host: at.host}
		res, err := methods.CreateVM_Task(ctx, m.s.vim, &req)
		if err != nil {
			return types.ManagedObjectReference{}, err
		}
		return res.Returnval, nil
	})
	if err != nil {
		return nil, failed("make the machine", want.Name, m.named(ctx, err, want.Name))
	}
	return c, c.made(result)
}

// made notes the reference of the machine that a task made.
func (c *change) made(result types.AnyType) error {
	ref, ok := result.(types.ManagedObjectReference)
	if !ok {
		return failed("make the machine", c.want.Name, fmt.Errorf("the task answered %T and no machine", result))
	}
	c.vm.Self = ref
	c.s.reader.note(value(c.want.ID), ref)
	return nil
}

// marks say whose machine it is and that it is not finished.
func marks() []types.BaseOptionValue {
	return options(map[string]string{extraOrigin: origin, extraCreating: time.Now().UTC().Format(time.RFC3339)})
}

// clone copies a template, or a machine, and then makes the copy what want says: the copy has the template's devices,
// which can only be changed once their keys are known.
func (m *machines) clone(ctx context.Context, want *platform.Machine, at target) (*change, error) {
	template, err := m.lookup(ctx, *want.ImageID)
	if err != nil {
		return nil, platform.At(failed("find the image", *want.ImageID, err), "image_id")
	}
	spec, err := cloneSpec(template, want, at)
	if err != nil {
		return nil, failed("clone the template", plainName(template.Name), err)
	}
	result, err := m.s.run(ctx, func() (types.ManagedObjectReference, error) {
		req := types.CloneVM_Task{This: template.Self, Folder: at.folder, Name: want.Name, Spec: spec}
		res, err := methods.CloneVM_Task(ctx, m.s.vim, &req)
		if err != nil {
			return types.ManagedObjectReference{}, err
		}
		return res.Returnval, nil
	})
	if err != nil {
		return nil, failed("clone the template", plainName(template.Name), m.named(ctx, err, want.Name))
	}
	return m.adapt(ctx, want, result)
}

// adapt changes a fresh copy into what want says. It exists by now, so that an error leaves it to be cleaned up.
func (m *machines) adapt(ctx context.Context, want *platform.Machine, result types.AnyType) (*change, error) {
	ref, _ := result.(types.ManagedObjectReference)
	vm, err := m.at(ctx, ref, want.Name)
	if err != nil {
		return nil, err
	}
	c, err := m.newChange(ctx, vm, nil, want)
	if err != nil {
		return nil, failed("make the machine", want.Name, err)
	}
	m.s.reader.note(value(want.ID), ref)
	c.clearTemplate()
	return c, m.alter(ctx, c)
}

// clearTemplate takes out what the copy has of its template and must not keep.
func (c *change) clearTemplate() {
	if extra(c.vm)[extraRecord] != "" {
		c.spec.ExtraConfig = append(c.spec.ExtraConfig, &types.OptionValue{Key: extraRecord, Value: ""})
	}
}

// cloneSpec says where the copy goes, who it is, and how its boot disk is kept.
func cloneSpec(template *mo.VirtualMachine, want *platform.Machine, at target) (types.VirtualMachineCloneSpec, error) {
	spec := types.VirtualMachineCloneSpec{
		Location: types.VirtualMachineRelocateSpec{Pool: &at.pool, Host: at.host},
		Config:   &types.VirtualMachineConfigSpec{InstanceUuid: value(want.ID), ExtraConfig: marks()},
	}
	if at.store != nil {
		spec.Location.Datastore = &at.store.ref
	}
	if want.CPUs != nil {
		spec.Config.NumCPUs = int32(*want.CPUs) //nolint:gosec // the traits bound it
	}
	if want.Memory != nil {
		spec.Config.MemoryMB = int64(*want.Memory / platform.MiB)
	}
	disks := disksOf(template)
	if want.BootDisk == nil || len(disks) == 0 {
		return spec, nil
	}
	if is := disks[0].size(); want.BootDisk.Size != nil && *want.BootDisk.Size < is {
		err := fmt.Errorf("the image's disk has %s: the boot disk cannot be smaller", is)
		return spec, platform.At(platform.As(platform.ErrInvalid, err), "boot_disk", "size")
	}
	if kind := want.BootDisk.Type; kind != nil && at.store != nil && *kind != disks[0].kind {
		spec.Location.Disk = []types.VirtualMachineRelocateSpecDiskLocator{locator(&disks[0], at.store.ref, *kind)}
	}
	return spec, nil
}

// locator asks for a disk's copy to be of a type.
func locator(d *disk, store types.ManagedObjectReference, kind string) types.VirtualMachineRelocateSpecDiskLocator {
	thin, eager := kind == diskThin, kind == diskEager
	return types.VirtualMachineRelocateSpecDiskLocator{
		DiskId: d.device.Key, Datastore: store,
		DiskBackingInfo: &types.VirtualDiskFlatVer2BackingInfo{
			DiskMode: string(types.VirtualDiskModePersistent), ThinProvisioned: &thin, EagerlyScrub: &eager,
		},
	}
}

// remains tells the engine of a machine that a failed creation left, and gives its id; nil is none.
func (m *machines) remains(ended context.Context, err error, id string, made func(id string)) (left *string) {
	_ = aftermath(ended, err, func(ctx context.Context) (bool, error) {
		ref, err := m.s.byUUID(ctx, id)
		if err == nil && ref != nil {
			left = &id
		}
		return left != nil, err
	})
	if left != nil {
		made(id)
	}
	return left
}
