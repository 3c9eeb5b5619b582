package sandbox

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// setNICs brings the NICs from prior to want. On creation the primary one comes first.
func (s *machines) setNICs(ctx context.Context, n *vm, prior, want *platform.Machine) error {
	for _, key := range platform.Keys(prior.NICs) {
		if at := n.nic(deref(prior.NICs[key].ID), deref(prior.NICs[key].MAC)); at >= 0 {
			if _, stays := want.NICs[key]; !stays {
				n.NICs = slices.Delete(n.NICs, at, at+1)
			}
		}
	}
	keys := platform.Keys(want.NICs)
	slices.SortStableFunc(keys, func(a, b string) int {
		return rank(want.NICs[a]) - rank(want.NICs[b])
	})
	for _, key := range keys {
		if err := s.setNIC(ctx, n, key, prior.NICs[key], want.NICs[key]); err != nil {
			return atElement(err, "nics", key)
		}
	}
	return nil
}

func rank(c platform.NIC) int {
	if deref(c.Primary) {
		return 0
	}
	return 1
}

func (s *machines) setNIC(ctx context.Context, n *vm, key string, prior, want platform.NIC) error {
	at := n.nic(deref(prior.ID), deref(prior.MAC))
	if at < 0 { // one that carries the key was made by an update that was cut short
		at = slices.IndexFunc(n.NICs, func(c vnic) bool { return c.Key == key })
	}
	for i := range n.NICs {
		if i != at && n.NICs[i].Key == key {
			n.NICs[i].Key = ""
		}
	}
	if at < 0 {
		n.NICs = append(n.NICs, vnic{Slot: n.nextNIC(), ID: newID()})
		at, prior = len(n.NICs)-1, platform.NIC{}
	}
	c := &n.NICs[at]
	c.Key = key
	set(&c.Network, prior.NetworkID, want.NetworkID, "")
	set(&c.Subnet, prior.SubnetID, want.SubnetID, "")
	set(&c.MAC, nil, want.MAC, "")
	set(&c.Gateway, prior.Gateway, want.Gateway, "")
	set(&c.Primary, prior.Primary, want.Primary, false)
	if want.Connected != nil {
		c.Pulled = !*want.Connected
	}
	if want.Addresses != nil || prior.Addresses != nil {
		c.Static = slices.Clone(want.Addresses)
	}
	if want.DNS != nil || prior.DNS != nil {
		c.DNS = slices.Clone(want.DNS)
	}
	if want.FirewallIDs != nil || prior.FirewallIDs != nil {
		c.Guards = slices.Clone(want.FirewallIDs)
	}
	for _, id := range c.Guards {
		if !s.there("firewall", id) {
			return platform.At(platform.As(platform.ErrNotFound, fmt.Errorf("there is no firewall with the id %q", id)), "firewall_ids")
		}
	}
	return s.connect(ctx, n, c)
}

func (n *vm) nextNIC() string {
	next := 0
	for _, other := range n.NICs {
		var used int
		if _, err := fmt.Sscanf(other.Slot, "nic%d", &used); err == nil {
			next = max(next, used+1)
		}
	}
	return fmt.Sprintf("nic%d", next)
}

// connect checks a NIC's references and gives it a MAC address and a lease that nobody else has.
func (s *machines) connect(ctx context.Context, n *vm, c *vnic) error {
	ranges, err := s.ranges(c)
	if err != nil {
		return err
	}
	for _, text := range c.Static {
		ip, err := netip.ParsePrefix(text)
		if err != nil {
			return platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("%q is no address with a prefix length, such as 10.0.0.5/24", text)), "addresses")
		}
		if c.Subnet != "" && !ranges[0].Contains(ip.Addr()) {
			return platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("%s is outside the subnet %s", text, ranges[0])), "addresses")
		}
	}
	others, err := s.neighbours(ctx, n, c)
	if err != nil {
		return err
	}
	return c.address(n.Name, ranges, others)
}

// neighbours lists all NICs but this one, those of the same machine included.
func (s *machines) neighbours(ctx context.Context, n *vm, c *vnic) ([]vnic, error) {
	list, err := s.table.held(ctx)
	var others []vnic
	for _, m := range list {
		if m.id != n.id {
			others = append(others, m.NICs...)
		}
	}
	for _, o := range n.NICs {
		if o.ID != c.ID {
			others = append(others, o)
		}
	}
	return others, err
}

// ranges gives the address ranges that a NIC can have leases from.
func (s *machines) ranges(c *vnic) ([]netip.Prefix, error) {
	if c.Network == "" && c.Subnet == "" {
		return nil, nil
	}
	if c.Network == "" {
		return nil, platform.At(platform.As(platform.ErrInvalid, errors.New("a subnet needs the network_id of its network beside it")), "subnet_id")
	}
	network, err := s.networks.get(c.Network)
	if err != nil {
		return nil, platform.At(err, "network_id")
	}
	subnets := network.Subnets
	if c.Subnet != "" {
		at := network.subnet(c.Subnet)
		if at < 0 {
			return nil, platform.At(platform.As(platform.ErrNotFound, fmt.Errorf("the network %q has no subnet with the id %q", network.Name, c.Subnet)), "subnet_id")
		}
		subnets = subnets[at : at+1]
	}
	ranges := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	for i, sub := range subnets {
		if cidr, err := netip.ParsePrefix(sub.CIDR); err == nil {
			ranges = slices.Insert(ranges, i, cidr)
		}
	}
	return ranges, nil
}

// address gives the NIC what it lacks. The same machine, NIC and neighbours always give the same.
func (c *vnic) address(machine string, ranges []netip.Prefix, others []vnic) error {
	sum := sha256.Sum256([]byte(machine + "\n" + c.Key + c.Slot))
	if c.MAC != "" {
		if hw, err := net.ParseMAC(c.MAC); err != nil || len(hw) != 6 {
			return platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("%q is no MAC address", c.MAC)), "mac")
		}
		if slices.ContainsFunc(others, func(o vnic) bool { return strings.EqualFold(o.MAC, c.MAC) && o.Network == c.Network }) {
			return platform.At(platform.As(platform.ErrConflict, fmt.Errorf("the MAC address %s is taken on this network", c.MAC)), "mac")
		}
	}
	for tries := 0; c.MAC == ""; tries++ {
		mac := net.HardwareAddr{0x02, 0x5a, sum[0], sum[1], sum[2], sum[3] + byte(tries)}.String()
		if !slices.ContainsFunc(others, func(o vnic) bool { return strings.EqualFold(o.MAC, mac) }) {
			c.MAC = mac
		}
	}
	c.lease(ranges, others, int(sum[4])<<8|int(sum[5]))
	return nil
}

// lease keeps a lease that still fits and otherwise takes a free address of the first IPv4 range.
func (c *vnic) lease(ranges []netip.Prefix, others []vnic, start int) {
	at := slices.IndexFunc(ranges, func(p netip.Prefix) bool { return p.Addr().Is4() && p.Bits() <= 30 })
	if at < 0 {
		c.Lease = ""
		return
	}
	cidr := ranges[at]
	if ip, err := netip.ParseAddr(c.Lease); err == nil && cidr.Contains(ip) {
		return
	}
	taken := map[string]bool{}
	for _, o := range others {
		taken[o.Lease] = true
	}
	hosts := 1<<min(16, 32-cidr.Bits()) - 2
	for i := range hosts {
		c.Lease = plus(cidr.Addr(), 1+(start+i)%hosts).String()
		if !taken[c.Lease] {
			return
		}
	}
}

// plus is the n-th address after an IPv4 address.
func plus(ip netip.Addr, n int) netip.Addr {
	b := ip.As4()
	for i := len(b) - 1; i >= 0; i-- {
		n += int(b[i])
		b[i] = byte(n & 0xff)
		n >>= 8
	}
	return netip.AddrFrom4(b)
}
