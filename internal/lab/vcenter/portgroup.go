package vcenter

import (
	"strconv"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// ReconfigureDVPortgroupTask leaves alone what the call leaves out, which the simulator would empty, and insists on
// the present version of the configuration.
func (t *portGroups) ReconfigureDVPortgroupTask(ctx *simulator.Context, req *types.ReconfigureDVPortgroup_Task) soap.HasFault {
	task := begin(ctx, req.This, "reconfigureDvPortgroup", func() (types.AnyType, types.BaseMethodFault) {
		pg, ok := t.m.Get(req.This).(*simulator.DistributedVirtualPortgroup)
		if !ok {
			return nil, &types.ManagedObjectNotFound{Obj: req.This}
		}
		if req.Spec.ConfigVersion != pg.Config.ConfigVersion {
			return nil, new(types.ConcurrentAccess)
		}
		if req.Spec.Name != "" && req.Spec.Name != pg.Name {
			if fault := t.renamePortGroup(ctx, pg, req.Spec.Name); fault != nil {
				return nil, fault
			}
		}
		ctx.Update(pg, []types.PropertyChange{{Name: "config", Val: changedPortGroup(pg.Config, req.Spec)}})
		return nil, nil
	})
	return &methods.ReconfigureDVPortgroup_TaskBody{Res: &types.ReconfigureDVPortgroup_TaskResponse{Returnval: task}}
}

func changedPortGroup(c types.DVPortgroupConfigInfo, spec types.DVPortgroupConfigSpec) types.DVPortgroupConfigInfo {
	if spec.NumPorts != 0 {
		c.NumPorts = spec.NumPorts
	}
	if spec.Type != "" {
		c.Type = spec.Type
	}
	if spec.AutoExpand != nil {
		c.AutoExpand = spec.AutoExpand
	}
	if spec.Policy != nil {
		c.Policy = spec.Policy
	}
	switch spec.Description {
	case "":
	case emptied:
		c.Description = ""
	default:
		c.Description = spec.Description
	}
	c.DefaultPortConfig = mergedPort(c.DefaultPortConfig, spec.DefaultPortConfig)
	version, _ := strconv.Atoi(c.ConfigVersion)
	c.ConfigVersion = strconv.Itoa(version + 1)
	return c
}

// mergedPort changes the settings of ports that a call names.
func mergedPort(old, changed types.BaseDVPortSetting) types.BaseDVPortSetting {
	before, ok := old.(*types.VMwareDVSPortSetting)
	after, same := changed.(*types.VMwareDVSPortSetting)
	if !ok || !same {
		return old
	}
	merged := *before
	if after.Vlan != nil {
		merged.Vlan = after.Vlan
	}
	if after.SecurityPolicy != nil {
		merged.SecurityPolicy = after.SecurityPolicy
	}
	if after.UplinkTeamingPolicy != nil {
		merged.UplinkTeamingPolicy = after.UplinkTeamingPolicy
	}
	return &merged
}

// RenameTask keeps the two names of a port group alike.
func (t *portGroups) RenameTask(ctx *simulator.Context, req *types.Rename_Task) soap.HasFault {
	task := begin(ctx, req.This, "rename", func() (types.AnyType, types.BaseMethodFault) {
		pg, ok := t.m.Get(req.This).(*simulator.DistributedVirtualPortgroup)
		if !ok {
			return nil, &types.ManagedObjectNotFound{Obj: req.This}
		}
		return nil, t.renamePortGroup(ctx, pg, req.NewName)
	})
	return &methods.Rename_TaskBody{Res: &types.Rename_TaskResponse{Returnval: task}}
}

func (o *overrides) renamePortGroup(ctx *simulator.Context, pg *simulator.DistributedVirtualPortgroup, name string) types.BaseMethodFault {
	if folder, ok := o.m.Get(*pg.Parent).(*simulator.Folder); ok && name != pg.Name {
		if e := o.m.FindByName(name, folder.ChildEntity); e != nil {
			return &types.DuplicateName{Name: name, Object: e.Reference()}
		}
	}
	pg.Entity().Name = name
	ctx.Update(pg, []types.PropertyChange{{Name: "name", Val: name}, {Name: "config.name", Val: name}})
	if s := pg.Summary.GetNetworkSummary(); s != nil {
		s.Name = name
	}
	return nil
}

// DestroyTask refuses while a machine is connected.
func (t *portGroups) DestroyTask(ctx *simulator.Context, req *types.Destroy_Task) soap.HasFault {
	pg, ok := t.m.Get(req.This).(*simulator.DistributedVirtualPortgroup)
	if !ok {
		return &methods.Destroy_TaskBody{Fault_: simulator.Fault("", &types.ManagedObjectNotFound{Obj: req.This})}
	}
	if t.index.connected(pg.Key) {
		fault := &types.ResourceInUse{Type: "DistributedVirtualPortgroup", Name: pg.Name}
		return &methods.Destroy_TaskBody{Res: &types.Destroy_TaskResponse{Returnval: failed(ctx, pg, "destroy", fault)}}
	}
	return pg.DestroyTask(ctx, req)
}
