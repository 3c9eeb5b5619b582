package vcenter

import (
	"cmp"
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
	vslmmethods "github.com/vmware/govmomi/vslm/methods"
	vslm "github.com/vmware/govmomi/vslm/types"
)

// RenameVStorageObject changes a disk's name; the simulator lacks it.
func (t *disks) RenameVStorageObject(ctx *simulator.Context, req *types.RenameVStorageObject) soap.HasFault {
	body := new(methods.RenameVStorageObjectBody)
	d := t.disk(ctx, req.Id)
	if d == nil {
		body.Fault_ = simulator.Fault("", new(types.NotFound))
		return body
	}
	t.withDisks(ctx, func() { d.Config.Name = req.Name })
	body.Res = new(types.RenameVStorageObjectResponse)
	return body
}

// CloneVStorageObjectTask copies a disk; the simulator lacks it.
func (t *disks) CloneVStorageObjectTask(ctx *simulator.Context, req *types.CloneVStorageObject_Task) soap.HasFault {
	ref := t.run(ctx, "cloneDisk", func() (types.AnyType, types.BaseMethodFault) {
		d := t.disk(ctx, req.Id)
		if d == nil {
			return nil, new(types.NotFound)
		}
		var size int64
		t.withDisks(ctx, func() { size = d.Config.CapacityInMB })
		return t.make(ctx, &types.CreateDisk_Task{Spec: types.VslmCreateSpec{
			Name: req.Spec.Name, KeepAfterDeleteVm: req.Spec.KeepAfterDeleteVm, CapacityInMB: size,
			BackingSpec: req.Spec.BackingSpec, Metadata: req.Spec.Metadata,
		}})
	})
	return &methods.CloneVStorageObject_TaskBody{Res: &types.CloneVStorageObject_TaskResponse{Returnval: ref}}
}

// VCenterUpdateVStorageObjectMetadataExTask changes metadata where every reader sees it.
func (t *disks) VCenterUpdateVStorageObjectMetadataExTask(ctx *simulator.Context, req *types.VCenterUpdateVStorageObjectMetadataEx_Task) soap.HasFault {
	ref := t.run(ctx, "updateVStorageObjectMetadataEx", func() (types.AnyType, types.BaseMethodFault) {
		d := t.disk(ctx, req.Id)
		if d == nil {
			return nil, new(types.NotFound)
		}
		t.withDisks(ctx, func() {
			kept := slices.DeleteFunc(slices.Clone(d.Metadata), func(kv types.KeyValue) bool {
				return slices.Contains(req.DeleteKeys, kv.Key) ||
					slices.ContainsFunc(req.Metadata, func(n types.KeyValue) bool { return n.Key == kv.Key })
			})
			d.Metadata = append(kept, req.Metadata...)
			d.Config.Metadata = d.Metadata
		})
		return nil, nil
	})
	return &methods.VCenterUpdateVStorageObjectMetadataEx_TaskBody{Res: &types.VCenterUpdateVStorageObjectMetadataEx_TaskResponse{Returnval: ref}}
}

// VslmRetrieveVStorageObject describes a disk wherever it lies.
func (t *catalogue) VslmRetrieveVStorageObject(ctx *simulator.Context, req *vslm.VslmRetrieveVStorageObject) soap.HasFault {
	body := new(vslmmethods.VslmRetrieveVStorageObjectBody)
	d := t.disk(ctx, req.Id)
	if d == nil {
		body.Fault_ = simulator.Fault("", &types.InvalidArgument{InvalidProperty: "VolumeId"}) // as the simulator has it
		return body
	}
	t.withDisks(ctx, func() { body.Res = &vslm.VslmRetrieveVStorageObjectResponse{Returnval: d.VStorageObject} })
	return body
}

// VslmRetrieveVStorageObjects describes many disks at once; the simulator lacks it.
func (t *catalogue) VslmRetrieveVStorageObjects(ctx *simulator.Context, req *vslm.VslmRetrieveVStorageObjects) soap.HasFault {
	res := new(vslm.VslmRetrieveVStorageObjectsResponse)
	for _, id := range req.Ids {
		d := t.disk(ctx, id)
		if d == nil {
			res.Returnval = append(res.Returnval, vslm.VslmVsoVStorageObjectResult{Id: id, CapacityInMB: -1, Error: &types.LocalizedMethodFault{
				Fault: new(types.NotFound), LocalizedMessage: "NotFound",
			}})
			continue
		}
		t.withDisks(ctx, func() { res.Returnval = append(res.Returnval, t.row(d)) })
	}
	return &vslmmethods.VslmRetrieveVStorageObjectsBody{Res: res}
}

// row is a disk as the catalogue lists it. The catalogue is locked.
func (o *overrides) row(d *simulator.VStorageObject) vslm.VslmVsoVStorageObjectResult {
	r := vslm.VslmVsoVStorageObjectResult{
		Id: d.Config.Id, Name: d.Config.Name, CapacityInMB: d.Config.CapacityInMB,
		CreateTime: &d.Config.CreateTime, DiskPath: backing(d).FilePath, Metadata: d.Metadata,
	}
	if ds, ok := o.datastore(&backing(d).Datastore); ok {
		r.DatastoreUrl = ds.Summary.Url
	}
	return r
}

// VslmListVStorageObjectForSpec lists disks by id, page by page. It knows the queries that the reference names for
// id and name; others fail.
func (t *catalogue) VslmListVStorageObjectForSpec(ctx *simulator.Context, req *vslm.VslmListVStorageObjectForSpec) soap.HasFault {
	var rows []vslm.VslmVsoVStorageObjectResult
	var fault types.BaseMethodFault
	t.withDisks(ctx, func() {
		for _, disks := range t.m.VStorageObjectManager().Catalog() {
			for _, d := range disks {
				ok, bad := matches(d, req.Query)
				if fault = cmp.Or(fault, bad); ok {
					rows = append(rows, t.row(d))
				}
			}
		}
	})
	if fault != nil {
		return &vslmmethods.VslmListVStorageObjectForSpecBody{Fault_: simulator.Fault("", fault)}
	}
	slices.SortFunc(rows, func(a, b vslm.VslmVsoVStorageObjectResult) int { return cmp.Compare(a.Id.Id, b.Id.Id) })
	res := &vslm.VslmVsoVStorageObjectQueryResult{AllRecordsReturned: true}
	if n := int(req.MaxResult); len(rows) > n {
		rows, res.AllRecordsReturned = rows[:n], false
	}
	for _, r := range rows {
		res.Id = append(res.Id, r.Id)
	}
	res.QueryResults = rows
	return &vslmmethods.VslmListVStorageObjectForSpecBody{Res: &vslm.VslmListVStorageObjectForSpecResponse{Returnval: res}}
}

func matches(d *simulator.VStorageObject, query []vslm.VslmVsoVStorageObjectQuerySpec) (bool, types.BaseMethodFault) {
	for _, q := range query {
		if len(q.QueryValue) != 1 {
			return false, &types.InvalidArgument{InvalidProperty: "query"}
		}
		value := map[string]string{"id": d.Config.Id.Id, "name": d.Config.Name}[q.QueryField]
		var ok bool
		switch q.QueryField + " " + q.QueryOperator {
		case "id equals", "name equals":
			ok = value == q.QueryValue[0]
		case "id greaterThan":
			ok = value > q.QueryValue[0]
		default:
			return false, &types.InvalidArgument{InvalidProperty: "query"}
		}
		if !ok {
			return false, nil
		}
	}
	return true, nil
}
