package openstack

import (
	"maps"
	"slices"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Modes of a network: by the type that carries it.
const (
	modeOverlay = "overlay" // vxlan, geneve, gre; and where the type cannot be seen
	modeBridge  = "bridge"  // vlan, flat, local: a network of the data centre

	typeVLAN = "vlan"
	typeFlat = "flat"
)

// modeOf is the mode of a type that carries networks.
func modeOf(networkType string) string {
	switch networkType {
	case typeVLAN, typeFlat, "local":
		return modeBridge
	}
	return modeOverlay
}

// vlan is the number of the VLAN that carries the network.
func (n *lan) vlan() *int64 {
	if value(n.Type) == typeVLAN {
		return n.Segment
	}
	return nil
}

// fillNetwork fills in what neutron tells of a network.
func fillNetwork(have *platform.Network, n *lan) {
	have.ID, have.Name, have.Description, have.Tags = &n.ID, n.Name, n.text(), tagMap(n.Tags)
	have.Mode, have.MTU, have.VLAN = new(modeOf(value(n.Type))), n.MTU, n.vlan()
	keys := keyedRanges(n.subnets, have.Subnets)
	known := have.Subnets != nil
	if have.Subnets = nil; known || len(keys) > 0 {
		have.Subnets = map[string]platform.Subnet{}
	}
	for key, s := range keys {
		have.Subnets[key] = s.told(known)
	}
	have.Native = map[string]string{"project_id": n.Project}
	for name, v := range map[string]string{"network_type": value(n.Type), "physical_network": value(n.Physical)} {
		if v != "" {
			have.Native[name] = v
		}
	}
	if have.OpenStack != nil {
		fillOpenStackNetwork(have.OpenStack, n, keys)
	}
}

func fillOpenStackNetwork(own *platform.OpenStackNetwork, n *lan, keys map[string]*ipRange) {
	managed := own.Subnets
	*own = platform.OpenStackNetwork{
		External: &n.External, Shared: &n.Shared, AdminState: n.Up, PortSecurity: n.PortSecurity, DNSDomain: n.DNSDomain,
		NetworkType: n.Type, PhysicalNetwork: n.Physical, Zones: slices.Clone(n.Hints),
	}
	if value(n.Type) != typeVLAN {
		own.SegmentationID = n.Segment
	}
	if managed == nil {
		return
	}
	own.Subnets = map[string]platform.OpenStackSubnet{}
	for key := range managed {
		if s := keys[key]; s != nil {
			own.Subnets[key] = s.toldBeside()
		}
	}
}

// keyedRanges gives subnets the keys that are bound to them. Without known ones all get the key that is written down
// with them, else their name, else their range; beside known ones the others are nobody's.
func keyedRanges(list []*ipRange, known map[string]platform.Subnet) map[string]*ipRange {
	got := map[string]*ipRange{}
	if known != nil {
		for key, s := range known {
			if at := slices.IndexFunc(list, func(r *ipRange) bool { return r.ID == value(s.ID) || s.ID == nil && r.slot() == key }); at >= 0 {
				got[key] = list[at]
			}
		}
		return got
	}
	slots := map[string]int{}
	for _, r := range list {
		slots[r.slot()]++
	}
	for _, r := range list {
		key := r.slot()
		if slots[key] > 1 || key == "" {
			key = r.CIDR
		}
		got[key] = r
	}
	return got
}

// slot is the key that a subnet has by itself.
func (r *ipRange) slot() string {
	if key := markedKey(r.Tags); key != "" {
		return key
	}
	return r.Name
}

// told is what the contract says of a subnet on every platform. Where nobody manages the subnets yet, the addresses that
// nobody chose are left out.
func (r *ipRange) told(managed bool) platform.Subnet {
	s := platform.Subnet{CIDR: r.CIDR, Gateway: r.Gateway, ID: &r.ID}
	if len(r.DNS) > 0 {
		s.DNS = slices.Clone(r.DNS)
	}
	if len(r.Pools) == 1 && (managed || !slices.Equal(r.Pools, defaultPools(r.CIDR, value(r.Gateway)))) {
		s.DHCP = &platform.DHCP{First: new(r.Pools[0].Start), Last: new(r.Pools[0].End)}
	}
	return s
}

// toldBeside is what the openstack block says of a subnet.
func (r *ipRange) toldBeside() platform.OpenStackSubnet {
	own := platform.OpenStackSubnet{
		DHCP: &r.DHCP, Gateway: new(r.Gateway != nil), HostRoutes: map[string]string{},
		AddressMode: r.AddressMode, RAMode: r.RAMode, SubnetPool: r.SubnetPool,
	}
	for _, p := range ascending(r.Pools) {
		own.Pools = append(own.Pools, p.Start+"-"+p.End)
	}
	for _, route := range r.Routes {
		own.HostRoutes[route.To] = route.Via
	}
	return own
}

// completeNetwork fills what was left open from what was read.
func completeNetwork(want *platform.Network, n *lan) {
	got := platform.Network{Subnets: maps.Clone(want.Subnets)}
	fillNetwork(&got, n)
	want.ID, want.Native = got.ID, got.Native
	fillOpen(&want.Mode, got.Mode)
	fillOpen(&want.MTU, got.MTU)
	for key, s := range want.Subnets {
		fillOpen(&s.Gateway, got.Subnets[key].Gateway)
		want.Subnets[key] = s
	}
}
