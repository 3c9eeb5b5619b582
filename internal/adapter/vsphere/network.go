package vsphere

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Managed types of networks.
const (
	kindPortGroup = "DistributedVirtualPortgroup"
	kindOpaque    = "OpaqueNetwork"
)

// networks are the port groups of a connection. Their stable id is the managed object's id: "network-7" of a
// standard port group, which is one object for all hosts that have it, "dvportgroup-12" of a distributed one.
// Standard port groups and opaque networks can be read and found; only distributed ones are made and changed.
type networks struct{ s *session }

var (
	_ platform.Resource[platform.Network] = (*networks)(nil)
	_ platform.Lister[platform.Network]   = (*networks)(nil)
	_ platform.Finder[platform.Network]   = (*networks)(nil)
	_ platform.Planner[platform.Network]  = (*networks)(nil)
)

// segment is a network as the API tells it.
type segment struct {
	ref    types.ManagedObjectReference
	name   string
	parent *types.ManagedObjectReference
	config *types.DVPortgroupConfigInfo // of a distributed port group
	nsx    string                       // id of an opaque network
}

func networkProps() []types.PropertySpec {
	return []types.PropertySpec{
		{Type: kindNetwork, PathSet: []string{"name", "parent"}},
		{Type: kindPortGroup, PathSet: []string{"name", "parent", "config"}},
		{Type: kindOpaque, PathSet: []string{"name", "parent", "summary"}},
	}
}

func segmentOf(c types.ObjectContent) segment {
	n := segment{ref: c.Obj}
	for _, p := range c.PropSet {
		switch v := p.Val.(type) {
		case string:
			n.name = plainName(v)
		case types.ManagedObjectReference:
			n.parent = &v
		case types.DVPortgroupConfigInfo:
			n.config = &v
		case types.OpaqueNetworkSummary:
			n.nsx = v.OpaqueNetworkId
		}
	}
	return n
}

// uplink says that it is no network for machines but the way out of a distributed switch.
func (n *segment) uplink() bool { return n.config != nil && value(n.config.Uplink) }

// at reads one network by its id.
func (n *networks) at(ctx context.Context, id string) (*segment, error) {
	found, err := n.s.inventory.find(ctx, kindNetwork, id, types.ManagedObjectReference{})
	if err != nil {
		return nil, failed("find the network", id, err)
	}
	return n.read(ctx, found.ref)
}

func (n *networks) read(ctx context.Context, ref types.ManagedObjectReference) (*segment, error) {
	contents, err := n.s.retrieve(ctx, []types.ObjectSpec{{Obj: ref}}, networkProps())
	if err != nil {
		return nil, failed("read the network", ref.Value, err)
	}
	for _, c := range contents {
		if c.Obj == ref {
			found := segmentOf(c)
			return &found, nil
		}
	}
	err = fmt.Errorf("%s has no such network that the user may see", n.s.server)
	return nil, failed("find the network", ref.Value, platform.As(platform.ErrNotFound, err))
}

// Read fills have.
func (n *networks) Read(ctx context.Context, have *platform.Network) error {
	found, err := n.at(ctx, value(have.ID))
	if err != nil {
		return err
	}
	return n.fill(ctx, found, have)
}

// List gives every network that machines can be connected to: one request for each page.
func (n *networks) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Network], error] {
	return func(yield func(platform.Entry[platform.Network], error) bool) {
		contents, err := n.s.listed(ctx, networkProps())
		if err != nil {
			yield(platform.Entry[platform.Network]{}, failed("list the networks of", n.s.server, err))
			return
		}
		for _, c := range contents {
			found := segmentOf(c)
			if !isKind(c.Obj.Type, kindNetwork) || found.uplink() {
				continue
			}
			var got platform.Network
			err := n.fill(ctx, &found, &got) // now: the filling may come when the list is over
			fill := func(have *platform.Network) error {
				got.Platform, got.Timeouts = have.Platform, have.Timeouts
				*have = got
				return err
			}
			if !yield(platform.Entry[platform.Network]{ID: c.Obj.Value, Name: found.name, Fill: fill}, nil) {
				return
			}
		}
	}
}

// listed reads properties of everything in the inventory; a view that went with its session is made again.
func (s *session) listed(ctx context.Context, props []types.PropertySpec) ([]types.ObjectContent, error) {
	for try := 0; ; try++ {
		view, err := s.inventory.container(ctx)
		if err != nil {
			return nil, err
		}
		before := s.generation.Load()
		contents, err := s.retrieve(ctx, []types.ObjectSpec{through(view)}, props)
		if before == s.generation.Load() || try > 0 {
			return contents, err
		}
	}
}

// Find resolves a name, an inventory path or an id within the connection's datacenter.
func (n *networks) Find(ctx context.Context, ref string) (string, error) {
	found, err := n.s.network(ctx, ref)
	if err != nil {
		return "", failed("find the network", ref, err)
	}
	return found.ref.Value, nil
}

// fill is the one translation from a network of the API.
func (n *networks) fill(ctx context.Context, found *segment, have *platform.Network) error {
	*have = platform.Network{Meta: have.Meta}
	id := found.ref.Value
	have.ID, have.Name = &id, found.name
	path, err := n.s.pathIn(ctx, found.parent, found.name)
	if err != nil {
		return err
	}
	have.Native = map[string]string{"moref": id, "path": path, "type": "standard"}
	if found.ref.Type == kindOpaque {
		have.Native["type"], have.Native["opaque_id"] = "opaque", found.nsx
	}
	if found.config == nil {
		return nil
	}
	have.Native["type"] = "distributed"
	have.Description = unless(strings.TrimSpace(found.config.Description), "")
	vlan, trunk := vlanOf(found.config.DefaultPortConfig)
	have.VLAN = unless(vlan, 0)
	if trunk != "" {
		have.Native["vlan"] = trunk
	}
	have.VSphere = &platform.VSphereNetwork{Binding: bindingOf(found.config.Type)}
	if !value(found.config.AutoExpand) && found.config.NumPorts > 0 {
		have.VSphere.Ports = new(int64(found.config.NumPorts))
	}
	return n.fillSwitch(ctx, found, have)
}

func (n *networks) fillSwitch(ctx context.Context, found *segment, have *platform.Network) error {
	if found.config.DistributedVirtualSwitch == nil {
		return nil
	}
	dvs, err := n.s.inventory.get(ctx, *found.config.DistributedVirtualSwitch)
	if err != nil || dvs == nil {
		return err
	}
	have.Native["switch"] = dvs.name
	return nil
}

// vlanOf gives the VLAN of untrunked ports, 0 for none, or says in words what else there is.
func vlanOf(ports types.BaseDVPortSetting) (id int64, other string) {
	setting, ok := ports.(*types.VMwareDVSPortSetting)
	if !ok {
		return 0, ""
	}
	switch v := setting.Vlan.(type) {
	case *types.VmwareDistributedVirtualSwitchVlanIdSpec:
		return int64(v.VlanId), ""
	case *types.VmwareDistributedVirtualSwitchPvlanSpec:
		return 0, fmt.Sprintf("private %d", v.PvlanId)
	case *types.VmwareDistributedVirtualSwitchTrunkVlanSpec:
		var ranges []string
		for _, r := range v.VlanId {
			ranges = append(ranges, fmt.Sprintf("%d-%d", r.Start, r.End))
		}
		return 0, "trunk " + strings.Join(ranges, ",")
	}
	return 0, ""
}

// Port bindings in our words.
const (
	bindingStatic    = "static"
	bindingEphemeral = "ephemeral"
)

func bindingOf(kind string) *string {
	switch types.DistributedVirtualPortgroupPortgroupType(kind) {
	case types.DistributedVirtualPortgroupPortgroupTypeEarlyBinding:
		return new(bindingStatic)
	case types.DistributedVirtualPortgroupPortgroupTypeEphemeral:
		return new(bindingEphemeral)
	case types.DistributedVirtualPortgroupPortgroupTypeLateBinding:
	}
	return nil
}

// distributed refuses to change what is no distributed port group.
func (n *segment) distributed(op string) error {
	if n.ref.Type == kindPortGroup && !n.uplink() {
		return nil
	}
	err := platform.As(platform.ErrUnsupported, errors.New("it is no distributed port group"))
	return &platform.OpError{
		Op: op, On: n.name, Err: err,
		Hint: "A standard port group belongs to each of its hosts and an opaque network to NSX: manage them there and read this one as data",
	}
}

// Plan names what a new name or VLAN alters beside itself.
func (n *networks) Plan(_ context.Context, p *platform.Plan[platform.Network]) error {
	if p.Prior != nil && (p.Changed("name") || p.Changed("vlan")) {
		p.Recompute("native")
	}
	return nil
}
