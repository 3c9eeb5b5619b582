package openstack

import (
	"context"
	"errors"
	"net/netip"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Plan refuses what neutron would, and names what a change alters.
func (*routers) Plan(_ context.Context, p *platform.Plan[platform.Router]) error {
	if p.Prior != nil {
		for _, key := range platform.Keys(p.Want.Interfaces) {
			if _, there := p.Prior.Interfaces[key]; there && p.Changed("interfaces", key, "address") {
				p.Recompute("interfaces", key, "id") // another port
			}
		}
	}
	return checkRouter(p.Want, p.Known)
}

// checkRouter refuses what does not go together, as far as it is known.
func checkRouter(want *platform.Router, is known) error {
	errs := []error{checkTags(want.Tags, longestNetworkTag, "")}
	own := value(want.OpenStack)
	if want.ExternalNetworkID == nil && is("external_network_id") {
		if own.SNAT != nil {
			errs = append(errs, platform.At(invalid("without external_network_id there is no way out on which addresses are translated"), "openstack", "snat"))
		}
		if len(own.ExternalAddresses) > 0 {
			errs = append(errs, platform.At(invalid("without external_network_id the router has no addresses outside"), "openstack", "external_addresses"))
		}
	}
	joined := map[string]string{}
	for _, key := range platform.Keys(want.Interfaces) {
		x := want.Interfaces[key]
		if other, twice := joined[x.SubnetID]; twice && x.SubnetID != "" {
			errs = append(errs, platform.At(invalid("the interface %q joins this subnet already", other), "interfaces", key, "subnet_id"))
		}
		joined[x.SubnetID] = key
		if text := value(x.Address); text != "" {
			if a, err := netip.ParseAddr(text); err != nil || a.String() != text {
				errs = append(errs, platform.At(invalid("%q is no address as neutron spells them", text), "interfaces", key, "address"))
			}
		}
	}
	return errors.Join(append(errs, checkRoutes(want.Routes))...)
}

// checkRoutes demands ranges and addresses in their usual spelling, each route once.
func checkRoutes(routes map[string]platform.Route) error {
	var errs []error
	seen := map[platform.Route]string{}
	for _, key := range platform.Keys(routes) {
		r := routes[key]
		if p, err := netip.ParsePrefix(r.CIDR); r.CIDR != "" && (err != nil || p != p.Masked() || p.String() != r.CIDR) {
			errs = append(errs, platform.At(badRange(r.CIDR, p), "routes", key, "cidr"))
		}
		if a, err := netip.ParseAddr(r.NextHop); r.NextHop != "" && (err != nil || a.String() != r.NextHop) {
			errs = append(errs, platform.At(invalid("%q is no address as neutron spells them", r.NextHop), "routes", key, "next_hop"))
		}
		if other, twice := seen[r]; twice && r.CIDR != "" && r.NextHop != "" {
			errs = append(errs, platform.At(invalid("it is the route %q, too", other), "routes", key))
		}
		seen[r] = key
	}
	return errors.Join(errs...)
}
