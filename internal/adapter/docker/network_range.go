package docker

import (
	"fmt"
	"net/netip"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// lastOf is the highest address of a range.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for bit := p.Bits(); bit < len(b)*8; bit++ {
		b[bit/8] |= 0x80 >> (bit % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// around is the smallest range in CIDR notation that holds both addresses.
func around(first, last netip.Addr) netip.Prefix {
	for bits := first.BitLen(); bits > 0; bits-- {
		if p := netip.PrefixFrom(first, bits).Masked(); p.Contains(last) {
			return p
		}
	}
	return netip.PrefixFrom(first, 0).Masked()
}

// rangeOf is the ip_range that stands for the addresses which are handed out; the zero range stands for all of them. It
// has been checked.
func rangeOf(d *platform.DHCP) netip.Prefix {
	if d == nil || d.First == nil || d.Last == nil {
		return netip.Prefix{}
	}
	first, err := netip.ParseAddr(*d.First)
	last, err2 := netip.ParseAddr(*d.Last)
	if err != nil || err2 != nil {
		return netip.Prefix{}
	}
	return around(first, last)
}

// dhcpOf is rangeOf the other way round.
func dhcpOf(p netip.Prefix) *platform.DHCP {
	if !p.IsValid() {
		return nil
	}
	return &platform.DHCP{First: new(p.Masked().Addr().String()), Last: new(lastOf(p).String())}
}

// checkRange refuses addresses that the engine could not hand out: its ranges are in CIDR notation.
func checkRange(subnet netip.Prefix, d *platform.DHCP) error {
	if d == nil || d.First == nil && d.Last == nil {
		return nil
	}
	first, err := netip.ParseAddr(value(d.First))
	if err != nil {
		return platform.At(invalid("the first address of the range is needed, such as %s", subnet.Masked().Addr()), "first")
	}
	last, err := netip.ParseAddr(value(d.Last))
	if err != nil {
		return platform.At(invalid("the last address of the range is needed, such as %s", lastOf(subnet)), "last")
	}
	switch {
	case !subnet.Contains(first):
		return platform.At(invalid("%s is not in %s", first, subnet), "first")
	case !subnet.Contains(last) || last.Less(first):
		return platform.At(invalid("%s is not in %s behind %s", last, subnet, first), "last")
	}
	if p := around(first, last); p.Addr() != first || lastOf(p) != last {
		return platform.At(invalid("a range in CIDR notation is needed; the next one is %s, which is first = %q and last = %q", p, p.Addr(), lastOf(p)), "first")
	}
	return nil
}

// invalid is an error about a value.
func invalid(format string, args ...any) error {
	return platform.As(platform.ErrInvalid, fmt.Errorf(format, args...))
}
