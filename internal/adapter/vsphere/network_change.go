package vsphere

import (
	"context"
	"errors"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// cleared is how a description is emptied: the API takes an empty text for one left out.
const cleared = " "

// task is what starts a task: the reference of the task, or why there is none.
type task func() (types.ManagedObjectReference, error)

// Create makes a distributed port group. One request makes all of it, so that none is ever half made.
func (n *networks) Create(ctx context.Context, want *platform.Network, made func(id string)) error {
	dvs, err := n.dvs(ctx, want)
	if err != nil {
		return failed("make the port group", want.Name, platform.At(err, "vsphere", "switch"))
	}
	ref, err := n.child(ctx, dvs.parent, want.Name)
	if err != nil {
		return failed("make the port group", want.Name, err)
	}
	if ref != nil {
		return failed("make the port group", want.Name, &platform.ExistsError{Name: want.Name, ID: ref.Value})
	}
	spec := portGroupSpec(&platform.Network{}, want)
	_, err = n.s.run(ctx, func() (types.ManagedObjectReference, error) {
		req := types.AddDVPortgroup_Task{This: dvs.ref, Spec: []types.DVPortgroupConfigSpec{spec}}
		res, err := methods.AddDVPortgroup_Task(ctx, n.s.vim, &req)
		return taskOf(res, err)
	})
	if err != nil && !unanswered(err) {
		return failed("make the port group", want.Name, taken(err, want.Name))
	}
	if lost := n.remains(ctx, err, dvs, want.Name, made); err != nil || lost != nil {
		return failed("make the port group", want.Name, errors.Join(err, lost))
	}
	return n.finish(ctx, dvs, want)
}

// remains finds the port group by its name, which nothing had before, also when the creation's time is over or the
// server's answer was lost.
func (n *networks) remains(ended context.Context, failure error, dvs *node, name string, made func(id string)) error {
	return aftermath(ended, failure, func(ctx context.Context) (bool, error) {
		ref, err := n.child(ctx, dvs.parent, name)
		if err != nil || ref == nil {
			return false, err
		}
		made(ref.Value)
		return true, nil
	})
}

// finish completes want by what the server chose.
func (n *networks) finish(ctx context.Context, dvs *node, want *platform.Network) error {
	ref, err := n.child(ctx, dvs.parent, want.Name)
	if err != nil {
		return failed("read the port group", want.Name, err)
	}
	if ref == nil {
		err := errors.New("it is gone already")
		return failed("read the port group", want.Name, platform.As(platform.ErrConflict, err))
	}
	want.ID = &ref.Value
	return n.complete(ctx, *ref, want)
}

func (n *networks) complete(ctx context.Context, ref types.ManagedObjectReference, want *platform.Network) error {
	found, err := n.read(ctx, ref)
	if err != nil {
		return err
	}
	got := platform.Network{Meta: want.Meta}
	if err := n.fill(ctx, found, &got); err != nil {
		return err
	}
	want.ID, want.Native = got.ID, got.Native
	return nil
}

// dvs resolves the distributed switch: the network's own, the connection's, or the only one.
func (n *networks) dvs(ctx context.Context, want *platform.Network) (*node, error) {
	dc, err := n.s.datacenter(ctx)
	if err != nil {
		return nil, err
	}
	ref := n.s.config.String(setSwitch)
	if want.VSphere != nil && want.VSphere.Switch != nil {
		ref = *want.VSphere.Switch
	}
	if ref == "" {
		return n.s.sole(ctx, kindSwitch, dc.ref, "Set switch in the vsphere block of the platform or of the network")
	}
	all, err := n.s.inventory.all(ctx, kindSwitch, dc.ref)
	if err != nil {
		return nil, err
	}
	for _, dvs := range all {
		if dvs.switchUUID == ref {
			return dvs, nil
		}
	}
	return n.s.inventory.find(ctx, kindSwitch, ref, dc.ref)
}

// child finds what has a name in a folder; nil is nothing.
func (n *networks) child(ctx context.Context, folder types.ManagedObjectReference, name string) (*types.ManagedObjectReference, error) {
	req := types.FindChild{This: *n.s.vim.ServiceContent.SearchIndex, Entity: folder, Name: apiName(name)}
	res, err := methods.FindChild(ctx, n.s.vim, &req)
	if err != nil {
		return nil, err
	}
	return res.Returnval, nil
}

// portGroupSpec says what differs.
func portGroupSpec(prior, want *platform.Network) types.DVPortgroupConfigSpec {
	var spec types.DVPortgroupConfigSpec
	if want.Name != prior.Name {
		spec.Name = apiName(want.Name)
	}
	if value(want.Description) != value(prior.Description) {
		spec.Description = cmpOr(value(want.Description), cleared)
	}
	if value(want.VLAN) != value(prior.VLAN) {
		vlan := &types.VmwareDistributedVirtualSwitchVlanIdSpec{VlanId: int32(value(want.VLAN))} //nolint:gosec // the traits bound it
		spec.DefaultPortConfig = &types.VMwareDVSPortSetting{Vlan: vlan}
	}
	was, is := value(prior.VSphere), value(want.VSphere)
	if prior.Name == "" {
		spec.Type = string(types.DistributedVirtualPortgroupPortgroupTypeEarlyBinding)
		spec.AutoExpand = new(true)
		if value(is.Binding) == bindingEphemeral {
			spec.Type, spec.AutoExpand = string(types.DistributedVirtualPortgroupPortgroupTypeEphemeral), nil
		}
	}
	if value(is.Ports) != value(was.Ports) {
		spec.NumPorts = int32(value(is.Ports)) //nolint:gosec // the traits bound it
		spec.AutoExpand = new(is.Ports == nil)
	}
	return spec
}

// Update changes a distributed port group: machines that are connected do not notice.
func (n *networks) Update(ctx context.Context, prior, want *platform.Network) error {
	found, err := n.at(ctx, value(prior.ID))
	if err != nil {
		return err
	}
	if err := found.distributed("change the network"); err != nil {
		return err
	}
	spec := portGroupSpec(prior, want)
	spec.ConfigVersion = found.config.ConfigVersion
	_, err = n.s.run(ctx, func() (types.ManagedObjectReference, error) {
		res, err := methods.ReconfigureDVPortgroup_Task(ctx, n.s.vim, &types.ReconfigureDVPortgroup_Task{This: found.ref, Spec: spec})
		return taskOf(res, err)
	})
	if err != nil {
		return failed("change the port group", prior.Name, taken(err, want.Name))
	}
	return n.complete(ctx, found.ref, want)
}

// Delete removes a distributed port group.
func (n *networks) Delete(ctx context.Context, have *platform.Network) error {
	found, err := n.at(ctx, value(have.ID))
	if errors.Is(err, platform.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := found.distributed("delete the network"); err != nil {
		return err
	}
	_, err = n.s.run(ctx, n.s.destroy(ctx, found.ref))
	if isFault[*types.ManagedObjectNotFound](err) {
		return nil // somebody was faster
	}
	if isFault[*types.ResourceInUse](err) {
		return platform.As(platform.ErrConflict, &platform.OpError{
			Op: "delete the port group", On: found.name, Err: err, Hint: "Machines are connected to it: move their network adapters elsewhere first",
		})
	}
	return failed("delete the port group", found.name, err)
}

// started is the answer of every method that starts a task.
type started interface {
	~struct {
		Returnval types.ManagedObjectReference `xml:"returnval" json:"returnval"`
	}
}

// taskOf takes the task out of an answer.
func taskOf[R started](res *R, err error) (types.ManagedObjectReference, error) {
	if err != nil {
		return types.ManagedObjectReference{}, err
	}
	return struct {
		Returnval types.ManagedObjectReference `xml:"returnval" json:"returnval"`
	}(*res).Returnval, nil
}

// destroy starts the deletion of an object.
func (s *session) destroy(ctx context.Context, ref types.ManagedObjectReference) task {
	return func() (types.ManagedObjectReference, error) {
		res, err := methods.Destroy_Task(ctx, s.vim, &types.Destroy_Task{This: ref})
		return taskOf(res, err)
	}
}

// taken names what has a name already.
func taken(err error, name string) error {
	if fault, ok := faultOf(err).(*types.DuplicateName); ok {
		return &platform.ExistsError{Name: name, ID: fault.Object.Value}
	}
	return err
}
