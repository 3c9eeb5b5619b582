package vsphere

import (
	"context"
	"fmt"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// move moves a machine between folders, resource pools, hosts and its disks between datastores.
func (m *machines) move(ctx context.Context, c *change) error {
	if err := m.moveFolder(ctx, c); err != nil {
		return platform.At(err, "vsphere", "folder")
	}
	spec := types.VirtualMachineRelocateSpec{Disk: c.moves}
	want, prior := blank(c.want.VSphere), blank(c.prior.VSphere)
	if value(want.ResourcePool) != value(prior.ResourcePool) {
		pool, err := m.s.pool(ctx, value(want.ResourcePool))
		if err != nil {
			return platform.At(err, "vsphere", "resource_pool")
		}
		if c.vm.ResourcePool == nil || *c.vm.ResourcePool != pool.ref {
			spec.Pool = &pool.ref
		}
	}
	if err := m.moveHost(ctx, c, &spec); err != nil {
		return platform.At(err, "placement", "host")
	}
	if spec.Pool == nil && spec.Host == nil && len(spec.Disk) == 0 {
		return nil
	}
	_, err := m.s.run(ctx, func() (types.ManagedObjectReference, error) {
		res, err := methods.RelocateVM_Task(ctx, m.s.vim, &types.RelocateVM_Task{This: c.vm.Self, Spec: spec})
		if err != nil {
			return types.ManagedObjectReference{}, err
		}
		return res.Returnval, nil
	})
	return failed("move the machine", c.prior.Name, err)
}

// moveHost asks for another host where the configuration names one.
func (m *machines) moveHost(ctx context.Context, c *change, spec *types.VirtualMachineRelocateSpec) error {
	if c.want.Placement == nil || c.want.Placement.Host == nil {
		return nil
	}
	if c.prior.Placement != nil && value(c.prior.Placement.Host) == *c.want.Placement.Host {
		return nil
	}
	host, err := m.s.host(ctx, *c.want.Placement.Host)
	if err != nil {
		return err
	}
	if c.vm.Runtime.Host == nil || *c.vm.Runtime.Host != host.ref {
		spec.Host = &host.ref
	}
	return nil
}

func (m *machines) moveFolder(ctx context.Context, c *change) error {
	want, prior := blank(c.want.VSphere), blank(c.prior.VSphere)
	if value(want.Folder) == value(prior.Folder) {
		return nil
	}
	folder, err := m.s.machineFolder(ctx, value(want.Folder))
	if err != nil {
		return err
	}
	if c.vm.Parent != nil && *c.vm.Parent == folder {
		return nil
	}
	_, err = m.s.run(ctx, func() (types.ManagedObjectReference, error) {
		req := types.MoveIntoFolder_Task{This: folder, List: []types.ManagedObjectReference{c.vm.Self}}
		res, err := methods.MoveIntoFolder_Task(ctx, m.s.vim, &req)
		if err != nil {
			return types.ManagedObjectReference{}, err
		}
		return res.Returnval, nil
	})
	return failed("move the machine", c.prior.Name, err)
}

// moved checks that the disks are where the server said it moved them.
func (m *machines) moved(ctx context.Context, c *change, after *mo.VirtualMachine) error {
	disks := disksOf(after)
	for _, move := range c.moves {
		for i := range disks {
			store, err := m.s.inventory.get(ctx, move.Datastore)
			if err != nil || store == nil || disks[i].device.Key != move.DiskId || disks[i].datastore() == store.name {
				continue
			}
			err = fmt.Errorf("the server reports success, yet %s is not on the datastore %s", disks[i].path, store.name)
			return failed("move the machine", c.want.Name, platform.As(platform.ErrConflict, err))
		}
	}
	return nil
}
