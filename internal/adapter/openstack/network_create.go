package openstack

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/netip"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Create makes a network, then its tags and subnets. Its description says that it is unfinished until the last step.
func (k *networks) Create(ctx context.Context, want *platform.Network, made func(string)) error {
	if err := checkNetwork(k.carried(want), always); err != nil {
		return failed("create the network", want.Name, err)
	}
	defer k.alone("network " + want.Name)()
	if err := k.free(ctx, sortNetwork(), want.Name, ""); err != nil {
		return failed("create the network", want.Name, err)
	}
	var got lan
	if err := k.make(ctx, sortNetwork(), blueprint(k.carried(want)), &got); err != nil {
		return failed("create the network", want.Name, forAdministrators(want, err))
	}
	made(got.ID)
	return failed("create the network", want.Name, k.finish(ctx, &got, want))
}

// finish gives a new network what its creation could not take, and reads it back.
func (k *networks) finish(ctx context.Context, n *lan, want *platform.Network) error {
	if want.Mode != nil && n.Type != nil && modeOf(*n.Type) != *want.Mode {
		return platform.At(invalid("the cloud makes networks of the type %s where none is named, which is the mode %s: set openstack.network_type, or leave the mode out", *n.Type, modeOf(*n.Type)), "mode")
	}
	if err := k.retag(ctx, sortNetwork(), n.ID, n.Tags, tagList(want.Tags)); err != nil {
		return platform.At(err, "tags")
	}
	own := value(want.OpenStack)
	for _, key := range platform.Keys(want.Subnets) {
		made, err := k.makeRange(ctx, n.ID, key, want.Subnets[key], own.Subnets[key])
		if err != nil {
			return platform.At(err, "subnets", key)
		}
		s := want.Subnets[key]
		s.ID = &made.ID
		want.Subnets[key] = s
		n.subnets = append(n.subnets, made)
	}
	var last lan
	client, err := k.neutron()
	if err != nil {
		return err
	}
	body := wrapped("network", map[string]any{"description": value(want.Description)})
	if err := put(ctx, client, "networks/"+n.ID, body, &envelope{"network", &last}); err != nil {
		return err
	}
	last.subnets = n.subnets
	completeNetwork(want, &last)
	return nil
}

// blueprint is what neutron is asked for.
func blueprint(want *platform.Network) map[string]any {
	body := map[string]any{"name": want.Name}
	own := value(want.OpenStack)
	optional(body, "mtu", want.MTU)
	optional(body, "admin_state_up", own.AdminState)
	optional(body, "shared", own.Shared)
	optional(body, "router:external", own.External)
	optional(body, "port_security_enabled", own.PortSecurity)
	optional(body, "dns_domain", own.DNSDomain)
	optional(body, "provider:physical_network", own.PhysicalNetwork)
	optional(body, "provider:segmentation_id", own.SegmentationID)
	if len(own.Zones) > 0 {
		body["availability_zone_hints"] = own.Zones
	}
	kind := value(own.NetworkType)
	switch {
	case value(want.VLAN) != 0:
		body["provider:segmentation_id"] = *want.VLAN
		kind = typeVLAN
	case kind == "" && value(want.Mode) == modeBridge:
		kind = typeFlat
	}
	if kind != "" {
		body["provider:network_type"] = kind
	}
	return body
}

// optional puts a value into a body, if there is one.
func optional[T any](body map[string]any, name string, v *T) {
	if v != nil {
		body[name] = *v
	}
}

// forAdministrators says what of a network only administrators may set, where neutron refused it.
func forAdministrators(want *platform.Network, err error) error {
	if statusOf(err) != http.StatusForbidden {
		return err
	}
	own := value(want.OpenStack)
	for _, c := range []struct {
		is   bool
		path []string
	}{
		{want.VLAN != nil, []string{"vlan"}},
		{own.NetworkType != nil, []string{"openstack", "network_type"}},
		{own.PhysicalNetwork != nil, []string{"openstack", "physical_network"}},
		{own.SegmentationID != nil, []string{"openstack", "segmentation_id"}},
		{value(own.External), []string{"openstack", "external"}},
		{value(own.Shared), []string{"openstack", "shared"}},
		{own.PortSecurity != nil, []string{"openstack", "port_security"}},
		{want.MTU != nil, []string{"mtu"}},
		{value(want.Mode) == modeBridge, []string{"mode"}},
	} {
		if c.is {
			return platform.At(fmt.Errorf("most clouds let administrators alone set it: %w", err), c.path...)
		}
	}
	return err
}

// makeRange makes a subnet, named by its key.
func (k *networks) makeRange(ctx context.Context, network, key string, s platform.Subnet, own platform.OpenStackSubnet) (*ipRange, error) {
	body := map[string]any{"network_id": network, "name": key, "ip_version": 4}
	if p, err := netip.ParsePrefix(s.CIDR); err == nil && p.Addr().Is6() {
		body["ip_version"] = 6
	}
	body["cidr"] = s.CIDR
	maps.Copy(body, rangeBody(s, own))
	client, err := k.neutron()
	if err != nil {
		return nil, err
	}
	got := &ipRange{}
	err = post(ctx, client, "subnets", wrapped("subnet", body), &envelope{"subnet", got})
	if !lost(err) && ctx.Err() == nil {
		return got, err
	}
	again, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	n, unknown := k.network(again, network)
	if unknown != nil {
		return nil, err
	}
	for _, r := range n.subnets { // no other of its range can be there
		if r.CIDR == s.CIDR && r.Name == key {
			return r, nil
		}
	}
	return nil, err
}

// rangeBody is what a new subnet has beside its range.
func rangeBody(s platform.Subnet, own platform.OpenStackSubnet) map[string]any {
	body := map[string]any{}
	optional(body, "enable_dhcp", own.DHCP)
	optional(body, "ipv6_address_mode", own.AddressMode)
	optional(body, "ipv6_ra_mode", own.RAMode)
	optional(body, "subnetpool_id", own.SubnetPool)
	optional(body, "gateway_ip", s.Gateway)
	if own.Gateway != nil && !*own.Gateway {
		body["gateway_ip"] = nil
	}
	if len(s.DNS) > 0 {
		body["dns_nameservers"] = s.DNS
	}
	if len(own.HostRoutes) > 0 {
		body["host_routes"] = routesOf(own.HostRoutes)
	}
	if pools := poolsOf(s, own); pools != nil {
		body["allocation_pools"] = pools
	}
	return body
}
