package openstack

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"slices"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Update changes what differs, in place; of a subnet that cannot become another one a new one is made.
func (k *networks) Update(ctx context.Context, prior, want *platform.Network) error {
	id := value(prior.ID)
	if err := checkNetwork(k.carried(want), always); err != nil {
		return failed("change the network", want.Name, err)
	}
	defer k.alone(id)()
	got, err := k.network(ctx, id)
	if err == nil {
		err = k.revise(ctx, got, prior, want)
	}
	if err == nil {
		got, err = k.network(ctx, id)
	}
	if err != nil {
		return failed("change the network", want.Name, err)
	}
	completeNetwork(want, got)
	return nil
}

func (k *networks) revise(ctx context.Context, got *lan, prior, want *platform.Network) error {
	if want.Name != got.Name {
		if err := k.free(ctx, sortNetwork(), want.Name, got.ID); err != nil {
			return err
		}
	}
	if err := k.change(ctx, sortNetwork(), got.ID, networkChanges(got, prior, want)); err != nil {
		return forAdministrators(want, err)
	}
	if err := k.retag(ctx, sortNetwork(), got.ID, got.Tags, revised(got.Tags, prior.Tags, want.Tags, marksOf(got.Tags))); err != nil {
		return platform.At(err, "tags")
	}
	return k.reviseRanges(ctx, got, prior, want)
}

// networkChanges is what a network gets that it has not.
func networkChanges(got *lan, prior, want *platform.Network) map[string]any {
	body := map[string]any{}
	differ(body, "name", &prior.Name, &want.Name, got.Name, got.Name)
	differ(body, "description", prior.Description, want.Description, got.Description, "")
	if want.MTU != nil && prior.MTU != nil { // what nobody says stays
		differ(body, "mtu", prior.MTU, want.MTU, value(got.MTU), value(got.MTU))
	}
	was, is := value(prior.OpenStack), value(want.OpenStack)
	differ(body, "admin_state_up", was.AdminState, is.AdminState, value(got.Up), true)
	differ(body, "shared", was.Shared, is.Shared, got.Shared, false)
	differ(body, "router:external", was.External, is.External, got.External, false)
	differ(body, "port_security_enabled", was.PortSecurity, is.PortSecurity, value(got.PortSecurity), true)
	differ(body, "dns_domain", was.DNSDomain, is.DNSDomain, value(got.DNSDomain), "")
	return body
}

// reviseRanges removes the subnets that nobody wants any more, replaces those that become others, then changes the rest
// and makes the new ones.
func (k *networks) reviseRanges(ctx context.Context, got *lan, prior, want *platform.Network) error {
	was, is := value(prior.OpenStack), value(want.OpenStack)
	for _, key := range platform.Keys(prior.Subnets) {
		r := got.bound(prior.Subnets[key])
		if r == nil {
			continue
		}
		s, stays := want.Subnets[key]
		if stays && !another(r, was.Subnets[key], s, is.Subnets[key]) {
			continue
		}
		if err := k.dropRange(ctx, r); err != nil {
			return platform.At(err, "subnets", key)
		}
		got.subnets = slices.DeleteFunc(got.subnets, func(x *ipRange) bool { return x == r })
	}
	for _, key := range platform.Keys(want.Subnets) {
		s := want.Subnets[key]
		r := got.bound(prior.Subnets[key])
		if r == nil {
			r = got.orphan(key, s.CIDR, prior.Subnets)
		}
		var err error
		if r == nil {
			r, err = k.makeRange(ctx, got.ID, key, s, is.Subnets[key])
		} else {
			err = k.changeRange(ctx, key, r, pair{prior.Subnets[key], was.Subnets[key]}, pair{s, is.Subnets[key]})
		}
		if err != nil {
			return platform.At(err, "subnets", key)
		}
		s.ID = &r.ID
		want.Subnets[key] = s
	}
	return nil
}

// bound is the subnet that an element is bound to, or nil.
func (n *lan) bound(s platform.Subnet) *ipRange {
	at := slices.IndexFunc(n.subnets, func(r *ipRange) bool { return s.ID != nil && r.ID == *s.ID })
	if at < 0 {
		return nil
	}
	return n.subnets[at]
}

// orphan is the subnet that was made for a key by a change that never ended, or nil.
func (n *lan) orphan(key, cidr string, bound map[string]platform.Subnet) *ipRange {
	for _, r := range n.subnets {
		mine := func(s platform.Subnet) bool { return value(s.ID) == r.ID }
		if r.CIDR == cidr && r.slot() == key && !slices.ContainsFunc(slices.Collect(maps.Values(bound)), mine) {
			return r
		}
	}
	return nil
}

// another reports whether a subnet has to be made anew to become what is wanted.
func another(r *ipRange, was platform.OpenStackSubnet, want platform.Subnet, is platform.OpenStackSubnet) bool {
	p, err := netip.ParsePrefix(r.CIDR)
	to, wrong := netip.ParsePrefix(want.CIDR)
	return errors.Join(err, wrong) != nil || p != to ||
		other(was.AddressMode, is.AddressMode, r.AddressMode) || other(was.RAMode, is.RAMode, r.RAMode) || other(was.SubnetPool, is.SubnetPool, r.SubnetPool)
}

// other reports whether what is managed, or was until now, differs from what is there.
func other(was, is, has *string) bool {
	return (was != nil || is != nil) && value(is) != value(has)
}

// dropRange deletes a subnet. Ports that use it are in the way: the error names them.
func (k *networks) dropRange(ctx context.Context, r *ipRange) error {
	err := k.drop(ctx, sortSubnet(), r.ID)
	if isConflict(err) {
		return k.used(ctx, "delete the subnet", r.CIDR, r.ID, err)
	}
	return failed("delete the subnet", r.CIDR, err)
}

// pair is what both parts of a configuration say of a subnet.
type pair struct {
	subnet platform.Subnet
	own    platform.OpenStackSubnet
}

// changeRange changes what differs of a subnet in one request, and keeps its key with it.
func (k *networks) changeRange(ctx context.Context, key string, r *ipRange, prior, want pair) error {
	if err := k.change(ctx, sortSubnet(), r.ID, rangeChanges(r, prior, want)); err != nil {
		return failed("change the subnet", r.CIDR, err)
	}
	if r.slot() == key {
		return nil
	}
	tags := append(without(r.Tags, markKey), markKey+key)
	return failed("tag the subnet", r.CIDR, k.retag(ctx, sortSubnet(), r.ID, r.Tags, tags))
}

// rangeChanges is what a subnet gets that it has not. Pools that nobody chose make room for another gateway.
func rangeChanges(r *ipRange, prior, want pair) map[string]any {
	body := map[string]any{}
	differ(body, "enable_dhcp", prior.own.DHCP, want.own.DHCP, r.DHCP, true)
	gateway := r.newGateway(prior, want)
	if gateway != value(r.Gateway) {
		body["gateway_ip"] = unless("", gateway)
	}
	if managed := prior.subnet.DNS != nil || want.subnet.DNS != nil; managed && !slices.Equal(want.subnet.DNS, r.DNS) {
		body["dns_nameservers"] = append([]string{}, want.subnet.DNS...)
	}
	if managed := prior.own.HostRoutes != nil || want.own.HostRoutes != nil; managed {
		if routes := routesOf(want.own.HostRoutes); !sameRoutes(routes, r.Routes) {
			body["host_routes"] = routes
		}
	}
	pools := poolsOf(want.subnet, want.own)
	if pools == nil && (poolsOf(prior.subnet, prior.own) != nil || samePools(r.Pools, defaultPools(r.CIDR, value(r.Gateway)))) {
		pools = defaultPools(r.CIDR, gateway)
	}
	if pools != nil && !samePools(pools, r.Pools) {
		body["allocation_pools"] = pools
	}
	return body
}

// newGateway is the gateway that a subnet gets, or "". What nobody says stays.
func (r *ipRange) newGateway(prior, want pair) string {
	switch {
	case want.own.Gateway != nil && !*want.own.Gateway:
		return ""
	case want.subnet.Gateway != nil:
		return *want.subnet.Gateway
	case r.Gateway == nil && (value(want.own.Gateway) || prior.own.Gateway != nil):
		return gatewayOf(platform.Subnet{CIDR: r.CIDR}, platform.OpenStackSubnet{})
	}
	return value(r.Gateway)
}
