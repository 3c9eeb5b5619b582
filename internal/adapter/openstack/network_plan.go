package openstack

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// known tells whether a value of a configuration is known yet.
type known func(path ...string) bool

// always is for configurations that are complete.
func always(...string) bool { return true }

// Plan refuses what neutron would, and names what a change alters.
func (k *networks) Plan(ctx context.Context, p *platform.Plan[platform.Network]) error {
	if err := checkNetwork(k.carried(written(p)), p.Known); err != nil || p.Prior == nil {
		return err
	}
	if p.Left("mode") && (p.Changed("vlan") || p.Changed("openstack", "network_type")) {
		p.Recompute("mode")
	}
	var errs []error
	for _, key := range platform.Keys(p.Want.Subnets) {
		was, there := p.Prior.Subnets[key]
		if !there || was.ID == nil {
			continue
		}
		if p.Changed("openstack", "subnets", key, "gateway") && p.Left("subnets", key, "gateway") {
			p.Recompute("subnets", key, "gateway")
		}
		if !anew(p, key) {
			continue
		}
		p.Recompute("subnets", key, "id")
		if p.Left("subnets", key, "gateway") {
			p.Recompute("subnets", key, "gateway")
		}
		errs = append(errs, platform.At(k.replaceable(ctx, key, was), "subnets", key, "cidr"))
	}
	return errors.Join(errs...)
}

// written is the configuration without what it leaves to neutron, and what that chose before.
func written(p *platform.Plan[platform.Network]) *platform.Network {
	want := *p.Want
	if p.Left("mode") {
		want.Mode = nil
	}
	want.Subnets = maps.Clone(want.Subnets)
	for key, s := range want.Subnets {
		if p.Left("subnets", key, "gateway") {
			s.Gateway = nil
			want.Subnets[key] = s
		}
	}
	return &want
}

// carried is a network with the physical network of the connection's settings, where it is tagged and names none.
func (s *session) carried(want *platform.Network) *platform.Network {
	cable := s.config.String(setPhysicalNetwork)
	if cable == "" || value(want.VLAN) == 0 || value(want.OpenStack).PhysicalNetwork != nil {
		return want
	}
	with, own := *want, value(want.OpenStack)
	own.PhysicalNetwork, with.OpenStack = &cable, &own
	return &with
}

// anew reports whether a plan makes another subnet under a key.
func anew(p *platform.Plan[platform.Network], key string) bool {
	if p.Changed("subnets", key, "cidr") {
		return true
	}
	for _, name := range []string{"ipv6_address_mode", "ipv6_ra_mode", "subnet_pool_id"} {
		if p.Changed("openstack", "subnets", key, name) {
			return true
		}
	}
	return false
}

// replaceable refuses to plan another subnet in place of one that is in use.
func (k *networks) replaceable(ctx context.Context, key string, was platform.Subnet) error {
	users, err := k.seats(ctx, url.Values{"fixed_ips": {"subnet_id=" + *was.ID}})
	if err != nil || len(users) == 0 {
		return nil //nolint:nilerr // the apply will tell
	}
	return platform.As(platform.ErrConflict, &platform.OpError{
		Op: "replace the subnet", On: key + ", " + was.CIDR, Err: errors.New("it is used by " + strings.Join(users, ", ")),
		Hint: "Make another subnet under a key of its own, move them there, then drop this one",
	})
}

// checkNetwork refuses what does not go together, as far as it is known.
func checkNetwork(want *platform.Network, is known) error {
	errs := []error{checkTags(want.Tags, longestNetworkTag, "")}
	if is("openstack") && is("mode") && is("vlan") {
		errs = append(errs, checkCarrier(want, is))
	}
	own := value(want.OpenStack)
	seen := map[netip.Prefix]string{}
	for _, key := range platform.Keys(want.Subnets) {
		s := want.Subnets[key]
		if s.CIDR == "" || !is("subnets", key, "cidr") {
			continue
		}
		p, err := netip.ParsePrefix(s.CIDR)
		if err != nil || p != p.Masked() || p.String() != s.CIDR {
			errs = append(errs, platform.At(badRange(s.CIDR, p), "subnets", key, "cidr"))
			continue
		}
		for other, name := range seen {
			if other.Overlaps(p) {
				errs = append(errs, platform.At(invalid("%s overlaps %s, the range of %q", p, other, name), "subnets", key, "cidr"))
			}
		}
		seen[p] = key
		errs = append(errs, checkRange(p, key, s, own.Subnets[key], is))
	}
	if want.Subnets != nil && is("subnets") {
		errs = append(errs, checkKeys(want.Subnets, own.Subnets))
	}
	return errors.Join(errs...)
}

// checkKeys refuses what is said of subnets that there are not.
func checkKeys(subnets map[string]platform.Subnet, own map[string]platform.OpenStackSubnet) error {
	var errs []error
	for _, key := range platform.Keys(own) {
		if _, there := subnets[key]; !there {
			errs = append(errs, platform.At(invalid("there is no subnet with this key: subnets has %s", strings.Join(platform.Keys(subnets), ", ")), "openstack", "subnets", key))
		}
	}
	return errors.Join(errs...)
}

// checkCarrier judges what carries the network: mode, VLAN and the provider's type have to agree.
func checkCarrier(want *platform.Network, is known) error {
	own, mode := value(want.OpenStack), value(want.Mode)
	kind := value(own.NetworkType)
	tagged := value(want.VLAN) != 0
	refuse := func(text string, path ...string) error { return platform.At(invalid("%s", text), path...) }
	switch {
	case !is("openstack", "network_type"):
		return nil
	case want.VLAN != nil && !tagged:
		return refuse("networks without a VLAN have no number: leave it out", "vlan")
	case tagged && own.PhysicalNetwork == nil && is("openstack", "physical_network"):
		return refuse("a VLAN needs the name of the physical network that carries it: set openstack.physical_network, or for all in the connection's "+setPhysicalNetwork, "vlan")
	case tagged && kind != "" && kind != typeVLAN:
		return refuse("a network of the type "+kind+" has no VLAN: write network_type = \"vlan\", or segmentation_id instead of vlan", "vlan")
	case tagged && mode == modeOverlay:
		return refuse("a VLAN is the mode bridge: leave the mode out, or write it so", "mode")
	case mode != "" && kind != "" && modeOf(kind) != mode:
		return refuse("the type "+kind+" is the mode "+modeOf(kind)+": leave one of them out", "mode")
	case own.SegmentationID != nil && (kind == typeVLAN || tagged):
		return refuse("the number of a VLAN is the attribute vlan", "openstack", "segmentation_id")
	case own.SegmentationID != nil && kind == "":
		return refuse("a number belongs to a type: set network_type, too", "openstack", "segmentation_id")
	case own.PhysicalNetwork != nil && kind == "" && !tagged && mode != modeBridge:
		return refuse("a physical network carries networks of the types flat and vlan: set network_type, too", "openstack", "physical_network")
	case (kind == typeFlat || kind == "" && !tagged && mode == modeBridge) && own.PhysicalNetwork == nil && is("openstack", "physical_network"):
		return refuse("a flat network needs the name of the physical network that it is: set openstack.physical_network", "mode")
	}
	return nil
}

func badRange(text string, p netip.Prefix) error {
	if !p.IsValid() {
		return invalid("%q is no range: write an address and the length of its prefix, such as 10.0.0.0/24", text)
	}
	return invalid("%s is not how the range is spelled: write %s", text, p.Masked())
}

// checkRange judges a subnet beside its range.
func checkRange(p netip.Prefix, key string, s platform.Subnet, own platform.OpenStackSubnet, is known) error {
	at := func(err error, path ...string) error {
		return platform.At(err, append([]string{"subnets", key}, path...)...)
	}
	errs := []error{}
	inside := map[string]*string{"gateway": s.Gateway}
	d := value(s.DHCP)
	if own.Pools != nil && (d.First != nil || d.Last != nil) {
		errs = append(errs, platform.At(invalid("dhcp of the subnet says it already: leave one of them out"), "openstack", "subnets", key, "allocation_pools"))
	}
	if own.Gateway != nil && !*own.Gateway && value(s.Gateway) != "" && is("subnets", key, "gateway") {
		errs = append(errs, at(invalid("openstack.subnets.%s.gateway = false says that there is none", key), "gateway"))
	}
	maps.Copy(inside, map[string]*string{"dhcp.first": d.First, "dhcp.last": d.Last})
	for _, path := range platform.Keys(inside) {
		errs = append(errs, at(checkAddress(p, value(inside[path])), platform.ParsePath(path)...))
	}
	if !p.Addr().Is6() && (own.AddressMode != nil || own.RAMode != nil) {
		errs = append(errs, platform.At(invalid("%s is no range of IPv6", p), "openstack", "subnets", key, "ipv6_address_mode"))
	}
	for _, text := range own.Pools {
		errs = append(errs, platform.At(checkPool(p, text), "openstack", "subnets", key, "allocation_pools"))
	}
	if pools := poolsOf(s, own); own.Pools != nil && !slices.Contains(own.Pools, "") && !slices.Equal(pools, ascending(pools)) {
		errs = append(errs, platform.At(invalid("write the ranges in the order of their addresses"), "openstack", "subnets", key, "allocation_pools"))
	}
	if all := errors.Join(errs...); all != nil {
		return all
	}
	return at(checkRoom(s, own), "gateway")
}

// checkAddress demands an address of the range in its usual spelling; "" is none.
func checkAddress(p netip.Prefix, text string) error {
	if text == "" {
		return nil
	}
	a, err := netip.ParseAddr(text)
	switch {
	case err != nil:
		return invalid("%q is no address", text)
	case a.String() != text:
		return invalid("%s is not how the address is spelled: write %s", text, a)
	case !p.Contains(a):
		return invalid("%s is not in %s", a, p)
	}
	return nil
}

// checkPool demands two addresses of the range in their order.
func checkPool(p netip.Prefix, text string) error {
	if text == "" {
		return nil // not known yet
	}
	first, last, found := strings.Cut(text, "-")
	from, err := netip.ParseAddr(first)
	to, wrong := netip.ParseAddr(last)
	switch {
	case !found || errors.Join(err, wrong) != nil:
		return invalid("%q is no range: write its first and last address, %s-%s", text, p.Addr().Next(), lastOf(p).Prev())
	case from.String() != first || to.String() != last:
		return invalid("%s is not how the range is spelled: write %s-%s", text, from, to)
	case !p.Contains(from) || !p.Contains(to):
		return invalid("%s is not in %s", text, p)
	case to.Less(from):
		return invalid("%s ends before it begins", text)
	}
	return nil
}

// checkRoom refuses a gateway among the addresses that ports get, which neutron does, too.
func checkRoom(s platform.Subnet, own platform.OpenStackSubnet) error {
	if s.Gateway == nil {
		return nil
	}
	gate, err := netip.ParseAddr(*s.Gateway)
	if err != nil {
		return nil //nolint:nilerr // it was judged before
	}
	for _, p := range poolsOf(s, own) {
		first, wrong := netip.ParseAddr(p.Start)
		last, bad := netip.ParseAddr(p.End)
		if errors.Join(wrong, bad) == nil && !gate.Less(first) && !last.Less(gate) {
			return invalid("%s is among the addresses that are handed out, %s-%s: choose one beside them", gate, first, last)
		}
	}
	return nil
}
