package openstack

import (
	"slices"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// fillRouter fills in what neutron tells of a router.
func fillRouter(have *platform.Router, g *gate) {
	have.ID, have.Name, have.Description = &g.ID, g.Name, g.text()
	have.Tags = tagMap(g.Tags)
	have.ExternalNetworkID, have.Addresses = nil, nil
	if g.Outside != nil {
		have.ExternalNetworkID = &g.Outside.Network
		for _, ip := range g.Outside.IPs {
			have.Addresses = append(have.Addresses, ip.Address)
		}
	}
	keys := g.keyedSeats(have.Interfaces)
	known := have.Interfaces != nil
	if have.Interfaces = nil; known || len(keys) > 0 {
		have.Interfaces = map[string]platform.RouterInterface{}
	}
	for key, p := range keys {
		have.Interfaces[key] = p.told()
	}
	have.Routes = g.keyedRoutes()
	have.Native = map[string]string{"project_id": g.Project}
	if have.OpenStack != nil {
		have.OpenStack = g.told()
	}
}

func (p seat) told() platform.RouterInterface {
	x := platform.RouterInterface{ID: &p.ID}
	if len(p.IPs) > 0 {
		x.SubnetID, x.Address = p.IPs[0].SubnetID, unless("", p.IPs[0].Address)
	}
	return x
}

// told is what the openstack block says.
func (g *gate) told() *platform.OpenStackRouter {
	own := &platform.OpenStackRouter{AdminState: &g.Up, Distributed: g.Distributed, HA: g.HA, Zones: slices.Clone(g.Hints)}
	if g.Outside == nil {
		return own
	}
	own.SNAT, own.ExternalAddresses = g.Outside.SNAT, map[string]string{}
	for _, ip := range g.Outside.IPs {
		own.ExternalAddresses[ip.SubnetID] = ip.Address
	}
	return own
}

// completeRouter fills what was left open from what was read.
func completeRouter(want *platform.Router, g *gate) {
	got := platform.Router{Interfaces: want.Interfaces}
	fillRouter(&got, g)
	want.ID, want.Native, want.Addresses = got.ID, got.Native, got.Addresses
	for key, x := range want.Interfaces {
		fillOpen(&x.Address, got.Interfaces[key].Address)
		want.Interfaces[key] = x
	}
}
