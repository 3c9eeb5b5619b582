package openstack

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// defaultPools is the addresses that ports of a subnet get where nobody chose any: all hosts but the gateway.
func defaultPools(cidr, gateway string) []pool {
	p, err := netip.ParsePrefix(cidr)
	if err != nil {
		return nil
	}
	first, last := edges(p)
	gate, err := netip.ParseAddr(gateway)
	if err != nil || gate.Less(first) || last.Less(gate) || first == last {
		return []pool{{first.String(), last.String()}}
	}
	var list []pool
	if first.Less(gate) {
		list = append(list, pool{first.String(), gate.Prev().String()})
	}
	if gate.Less(last) {
		list = append(list, pool{gate.Next().String(), last.String()})
	}
	return list
}

// edges is the first and last address of a range that a port can have.
func edges(p netip.Prefix) (first, last netip.Addr) {
	p = p.Masked()
	first, last = p.Addr(), lastOf(p)
	switch {
	case p.IsSingleIP():
	case p.Addr().Is6():
		first = first.Next()
	case p.Bits() <= 30:
		first, last = first.Next(), last.Prev()
	}
	return first, last
}

// lastOf is the last address of a range.
func lastOf(p netip.Prefix) netip.Addr {
	bytes := p.Masked().Addr().AsSlice()
	for bit := p.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	a, _ := netip.AddrFromSlice(bytes)
	return a
}

// poolsOf is the pools that a configuration asks for, or nil where it leaves them to neutron.
func poolsOf(s platform.Subnet, own platform.OpenStackSubnet) []pool {
	if own.Pools != nil {
		list := make([]pool, 0, len(own.Pools))
		for _, text := range own.Pools {
			first, last, _ := strings.Cut(text, "-")
			list = append(list, pool{strings.TrimSpace(first), strings.TrimSpace(last)})
		}
		return list
	}
	if s.DHCP == nil || s.DHCP.First == nil && s.DHCP.Last == nil {
		return nil
	}
	if _, err := netip.ParsePrefix(s.CIDR); err != nil {
		return nil
	}
	free := defaultPools(s.CIDR, gatewayOf(s, own))
	chosen := pool{free[0].Start, free[len(free)-1].End} // a side that is open leaves room for the gateway
	if s.DHCP.First != nil {
		chosen.Start = *s.DHCP.First
	}
	if s.DHCP.Last != nil {
		chosen.End = *s.DHCP.Last
	}
	return []pool{chosen}
}

// gatewayOf is the gateway that a subnet will have: neutron takes the first address where nobody says anything.
func gatewayOf(s platform.Subnet, own platform.OpenStackSubnet) string {
	if own.Gateway != nil && !*own.Gateway {
		return ""
	}
	if s.Gateway != nil {
		return *s.Gateway
	}
	p, err := netip.ParsePrefix(s.CIDR)
	if err != nil {
		return ""
	}
	first, _ := edges(p)
	return first.String()
}

// ascending is pools by their addresses: neutron tells them in no order.
func ascending(pools []pool) []pool {
	return slices.SortedFunc(slices.Values(pools), func(a, b pool) int {
		x, _ := netip.ParseAddr(a.Start)
		y, _ := netip.ParseAddr(b.Start)
		return x.Compare(y)
	})
}

// samePools compares pools without regard to their order.
func samePools(a, b []pool) bool {
	text := func(list []pool) []string {
		var out []string
		for _, p := range list {
			out = append(out, p.Start+"-"+p.End)
		}
		return out
	}
	return sameSet(text(a), text(b))
}

// routesOf is host routes in the order of their destinations.
func routesOf(routes map[string]string) []hostRoute {
	list := make([]hostRoute, 0, len(routes))
	for _, to := range platform.Keys(routes) {
		list = append(list, hostRoute{to, routes[to]})
	}
	return list
}

func sameRoutes(a, b []hostRoute) bool {
	less := func(x, y hostRoute) int { return strings.Compare(x.To+" "+x.Via, y.To+" "+y.Via) }
	return slices.Equal(slices.SortedFunc(slices.Values(a), less), slices.SortedFunc(slices.Values(b), less))
}
