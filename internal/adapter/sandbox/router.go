package sandbox

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// The outside that is there without anybody making it.
const (
	outside      = "public"
	outsideRange = "203.0.113.0/24"
)

// settleRouter gives a router its addresses, outside and in the subnets that it joins.
func settleRouter(ctx context.Context, s *store, id string, was, now, _ *platform.Router) error {
	joined := map[string]string{}
	for _, key := range platform.Keys(now.Interfaces) {
		x := now.Interfaces[key]
		if other, twice := joined[x.SubnetID]; twice {
			return platform.At(platform.As(platform.ErrConflict, fmt.Errorf("the interface %s joins this subnet already", other)), "interfaces", key, "subnet_id")
		}
		joined[x.SubnetID] = key
		if err := settleInterface(ctx, s, &x); err != nil {
			return atElement(err, "interfaces", key)
		}
		now.Interfaces[key] = x
	}
	for _, key := range platform.Keys(now.Routes) {
		if err := checkRoute(now.Routes[key]); err != nil {
			return atElement(err, "routes", key)
		}
	}
	if now.ExternalNetworkID == nil {
		now.Addresses = nil
		return nil
	}
	if len(was.Addresses) > 0 && deref(was.ExternalNetworkID) == *now.ExternalNetworkID {
		now.Addresses = was.Addresses
		return nil
	}
	address, err := s.outerAddress(ctx, *now.ExternalNetworkID, id)
	now.Addresses = []string{address}
	return platform.At(err, "external_network_id")
}

// settleInterface checks an interface's subnet and gives it the address of the subnet's gateway where it has none.
func settleInterface(ctx context.Context, s *store, x *platform.RouterInterface) error {
	list, err := s.networks.held(ctx)
	if err != nil {
		return err
	}
	for _, n := range list {
		at := n.subnet(x.SubnetID)
		if at < 0 {
			continue
		}
		cidr, err := netip.ParsePrefix(n.Subnets[at].CIDR)
		if err != nil {
			return platform.At(platform.As(platform.ErrInvalid, err), "subnet_id")
		}
		gateway := n.Subnets[at].Gateway
		if gateway == "" {
			gateway = cidr.Addr().Next().String()
		}
		preset(&x.Address, gateway)
		if ip, err := netip.ParseAddr(*x.Address); err != nil || !cidr.Contains(ip) {
			return platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("%q is no address of %s", *x.Address, cidr)), "address")
		}
		return nil
	}
	return platform.At(platform.As(platform.ErrNotFound, fmt.Errorf("there is no subnet with the id %q", x.SubnetID)), "subnet_id")
}

func checkRoute(r platform.Route) error {
	if cidr, err := netip.ParsePrefix(r.CIDR); err != nil || cidr != cidr.Masked() {
		return platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("%q is no range of addresses, such as 10.9.0.0/16", r.CIDR)), "cidr")
	}
	if _, err := netip.ParseAddr(r.NextHop); err != nil {
		return platform.At(platform.As(platform.ErrInvalid, err), "next_hop")
	}
	return nil
}

// outerRange is the range of an external network; one without subnets has that of the sandbox's own.
func (s *store) outerRange(network string) (netip.Prefix, error) {
	own := netip.MustParsePrefix(outsideRange)
	if network == outside {
		return own, nil
	}
	n, err := s.networks.get(network)
	if err != nil || len(n.Subnets) == 0 {
		return own, err
	}
	for _, sub := range n.Subnets {
		if cidr, err := netip.ParsePrefix(sub.CIDR); err == nil && cidr.Addr().Is4() && cidr.Bits() <= 30 {
			return cidr, nil
		}
	}
	return netip.Prefix{}, platform.As(platform.ErrInvalid, fmt.Errorf("the network %s has no subnet with room for addresses", n.Name))
}

// outerAddress is a free address of an external network. Which one follows from the id of what gets it.
func (s *store) outerAddress(ctx context.Context, network, id string) (string, error) {
	cidr, err := s.outerRange(network)
	if err != nil {
		return "", err
	}
	taken, err := s.outerTaken(ctx)
	if err != nil {
		return "", err
	}
	hosts := 1<<min(16, 32-cidr.Bits()) - 2
	start := int(number(id, 1<<16))
	for i := range hosts {
		if ip := plus(cidr.Addr(), 1+(start+i)%hosts).String(); !taken[ip] {
			return ip, nil
		}
	}
	return "", platform.As(platform.ErrConflict, fmt.Errorf("every address of %s is taken", cidr))
}

// outerTaken is the addresses that routers and public IPs have outside.
func (s *store) outerTaken(ctx context.Context) (map[string]bool, error) {
	taken := map[string]bool{}
	routers, err := s.routers.held(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range routers {
		for _, ip := range r.Attributes.of.Addresses {
			taken[ip] = true
		}
	}
	ips, err := s.publicIPs.held(ctx)
	for _, p := range ips {
		taken[deref(p.Attributes.of.Address)] = true
	}
	return taken, err
}

// unjoined refuses what would leave routers without a network, or without a subnet of it.
func (s *store) unjoined(ctx context.Context, network string, subnets []subnet) error {
	list, err := s.routers.held(ctx)
	if err != nil {
		return err
	}
	ids := map[string]bool{}
	for _, sub := range subnets {
		ids[sub.ID] = true
	}
	var users []string
	for _, r := range list {
		uses := network != "" && deref(r.Attributes.of.ExternalNetworkID) == network
		for _, x := range r.Attributes.of.Interfaces {
			uses = uses || ids[x.SubnetID]
		}
		if uses {
			users = append(users, r.Name)
		}
	}
	if len(users) > 0 {
		return platform.As(platform.ErrConflict, fmt.Errorf("the routers %s still join it", strings.Join(users, ", ")))
	}
	return nil
}
