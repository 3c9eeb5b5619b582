package vsphere_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/platformtest"
)

// Change changes one thing.
func (p *person) Change(ctx context.Context, c platformtest.Change) error {
	switch c.Kind {
	case "machine", "image":
		vm, err := p.machine(ctx, c.ID)
		if err != nil {
			return err
		}
		return p.changeMachine(ctx, vm, c)
	case "network":
		return p.changeNetwork(ctx, p.portGroup(c.ID), c)
	case "snapshot":
		_, ref, err := p.snapshot(ctx, c.ID)
		if err != nil {
			return err
		}
		req := &types.RenameSnapshot{This: ref}
		req.Name, _ = c.Value.(string)
		if c.Attribute == "description" {
			req.Name, req.Description = "", req.Name
		}
		_, err = methods.RenameSnapshot(ctx, p.client, req)
		return err
	case "disk":
		return p.changeDisk(ctx, c)
	}
	return platformtest.ErrCannot
}

func (p *person) changeDisk(ctx context.Context, c platformtest.Change) error {
	ds, err := p.datastoreOf(ctx, c.ID)
	if err != nil {
		return err
	}
	manager, id := *p.client.ServiceContent.VStorageObjectManager, types.ID{Id: c.ID}
	text, _ := c.Value.(string)
	if c.Attribute == "name" {
		_, err := methods.RenameVStorageObject(ctx, p.client, &types.RenameVStorageObject{This: manager, Id: id, Datastore: ds, Name: text})
		return err
	}
	res, err := methods.ExtendDisk_Task(ctx, p.client, &types.ExtendDisk_Task{This: manager, Id: id, Datastore: ds, NewCapacityInMB: bytes(c.Value) >> 20})
	if err != nil {
		return err
	}
	return p.done(object.NewTask(p.client, res.Returnval), nil)
}

func bytes(size any) int64 {
	text, _ := size.(string)
	n, _ := platform.ParseSize(text)
	return int64(n)
}

func (p *person) changeNetwork(ctx context.Context, pg *object.DistributedVirtualPortgroup, c platformtest.Change) error {
	text, _ := c.Value.(string)
	var got mo.DistributedVirtualPortgroup
	if err := pg.Properties(ctx, pg.Reference(), []string{"config"}, &got); err != nil {
		return err
	}
	spec := types.DVPortgroupConfigSpec{ConfigVersion: got.Config.ConfigVersion}
	switch c.Attribute {
	case "name":
		return p.done(pg.Rename(ctx, text))
	case "description":
		spec.Description = text
	case "vlan":
		id, _ := c.Value.(int)
		spec.DefaultPortConfig = &types.VMwareDVSPortSetting{Vlan: &types.VmwareDistributedVirtualSwitchVlanIdSpec{VlanId: int32(id)}} // #nosec G115 -- a VLAN
	default:
		return platformtest.ErrCannot
	}
	return p.done(pg.Reconfigure(ctx, spec))
}

func (p *person) changeMachine(ctx context.Context, vm *object.VirtualMachine, c platformtest.Change) error {
	text, _ := c.Value.(string)
	number, _ := c.Value.(int)
	switch top, _, _ := strings.Cut(c.Attribute, "."); top {
	case "name":
		return p.done(vm.Rename(ctx, text))
	case "description":
		return p.done(vm.Reconfigure(ctx, types.VirtualMachineConfigSpec{Annotation: text}))
	case "cpus":
		return p.whileOff(ctx, vm, types.VirtualMachineConfigSpec{NumCPUs: int32(number)}) // #nosec G115 -- a few
	case "memory":
		return p.whileOff(ctx, vm, types.VirtualMachineConfigSpec{MemoryMB: bytes(c.Value) >> 20})
	case "power":
		return p.done(vm.PowerOff(ctx))
	case "tags":
		return p.tag(ctx, vm, c.Value)
	case "boot_disk", "disks", "nics":
		return p.changeDevice(ctx, vm, top, c)
	}
	return platformtest.ErrCannot
}

func (p *person) whileOff(ctx context.Context, vm *object.VirtualMachine, spec types.VirtualMachineConfigSpec) error {
	if err := p.done(vm.PowerOff(ctx)); err != nil {
		return err
	}
	return errors.Join(p.done(vm.Reconfigure(ctx, spec)), p.done(vm.PowerOn(ctx)))
}

func (p *person) tag(ctx context.Context, vm *object.VirtualMachine, tags any) error {
	m, err := object.GetCustomFieldsManager(p.client)
	if err != nil {
		return err
	}
	all, _ := tags.(map[string]any)
	for name, v := range all {
		key, err := m.FindKey(ctx, name)
		if err != nil {
			def, err := m.Add(ctx, name, "VirtualMachine", nil, nil)
			if err != nil {
				return err
			}
			key = def.Key
		}
		text, _ := v.(string)
		if err := m.Set(ctx, vm.Reference(), key, text); err != nil {
			return err
		}
	}
	return nil
}

// device finds a disk by its backing's UUID and a NIC by its key; without an id it is the first disk.
func device(list object.VirtualDeviceList, what, id string) types.BaseVirtualDevice {
	for _, d := range list {
		switch d := d.(type) {
		case *types.VirtualDisk:
			if b, ok := d.Backing.(*types.VirtualDiskFlatVer2BackingInfo); ok && what != "nics" && (id == "" || strings.EqualFold(b.Uuid, id)) {
				return d
			}
		case types.BaseVirtualEthernetCard:
			if what == "nics" && strconv.Itoa(int(d.GetVirtualEthernetCard().Key)) == id {
				return d.(types.BaseVirtualDevice)
			}
		}
	}
	return nil
}

func (p *person) changeDevice(ctx context.Context, vm *object.VirtualMachine, what string, c platformtest.Change) error {
	list, err := vm.Device(ctx)
	if err != nil {
		return err
	}
	d := device(list, what, c.Element)
	if d == nil {
		return fmt.Errorf("no device %s in %s", c.Element, what)
	}
	if disk, ok := d.(*types.VirtualDisk); ok {
		disk.CapacityInBytes, disk.CapacityInKB = bytes(c.Value), bytes(c.Value)>>10
		return vm.EditDevice(ctx, disk)
	}
	if in, ok := c.Value.(bool); ok {
		d.GetVirtualDevice().Connectable = &types.VirtualDeviceConnectInfo{StartConnected: in, Connected: in}
		return vm.EditDevice(ctx, d)
	}
	text, _ := c.Value.(string)
	backing, err := p.portGroup(text).EthernetCardBackingInfo(ctx)
	if err != nil {
		return err
	}
	d.GetVirtualDevice().Backing = backing
	return vm.EditDevice(ctx, d)
}
