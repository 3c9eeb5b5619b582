package libvirt

import (
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// canonicalPrefix spells a range as its first address and length; what is no range stays as it is.
func canonicalPrefix(text string) string {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p.Masked().String()
	}
	return text
}

// canonicalAddress spells an address as netip does; what is none stays as it is.
func canonicalAddress(text string) string {
	if a, err := netip.ParseAddr(text); err == nil {
		return a.Unmap().String()
	}
	return text
}

// canonicalMAC spells a MAC address in lower case with colons; what is none stays as it is.
func canonicalMAC(text string) string {
	if m, err := net.ParseMAC(text); err == nil {
		return m.String()
	}
	return text
}

// canonicalAddresses spells addresses between commas, sorted.
func canonicalAddresses(text string) string {
	var list []string
	for a := range strings.SplitSeq(text, ",") {
		list = append(list, canonicalAddress(strings.TrimSpace(a)))
	}
	slices.Sort(list)
	return strings.Join(slices.Compact(list), ",")
}

// speller gives a text at a place of a network another spelling; canonical is how libvirt would spell it.
type speller func(at, text string, canonical func(string) string) string

// canonically spells everything as libvirt would.
func canonically(_, text string, canonical func(string) string) string { return canonical(text) }

// noting collects what is spelled in another way than libvirt would, by its place.
func noting(into map[string]string) speller {
	return func(at, text string, canonical func(string) string) string {
		if canonical(text) != text {
			into[at] = text
		}
		return text
	}
}

// restoring gives back the spellings that were noted, where they still mean the same.
func restoring(noted map[string]string) speller {
	return func(at, text string, canonical func(string) string) string {
		if was, ok := noted[at]; ok && canonical(was) == canonical(text) {
			return was
		}
		return text
	}
}

// respelled is a copy of the subnets and hosts of a network with every address spelled anew.
func respelled(n *platform.Network, spell speller) *platform.Network {
	out := *n
	out.Subnets = maps.Clone(n.Subnets)
	for key, s := range out.Subnets {
		out.Subnets[key] = respelledSubnet(s, "subnets/"+key, spell)
	}
	if n.Libvirt != nil {
		block := *n.Libvirt
		block.Hosts = maps.Clone(block.Hosts)
		for name, to := range block.Hosts {
			block.Hosts[name] = spell("hosts/"+name, to, canonicalAddresses)
		}
		out.Libvirt = &block
	}
	return &out
}

func respelledSubnet(s platform.Subnet, at string, spell speller) platform.Subnet {
	s.CIDR = spell(at+"/cidr", s.CIDR, canonicalPrefix)
	s.Gateway = respelledAddress(s.Gateway, at+"/gateway", spell)
	s.DNS = slices.Clone(s.DNS)
	for i, a := range s.DNS {
		s.DNS[i] = spell(at+"/dns/"+strconv.Itoa(i), a, canonicalAddress)
	}
	if s.DHCP == nil {
		return s
	}
	d := *s.DHCP
	d.First = respelledAddress(d.First, at+"/first", spell)
	d.Last = respelledAddress(d.Last, at+"/last", spell)
	if d.Reservations != nil {
		d.Reservations = map[string]string{}
	}
	for mac, ip := range s.DHCP.Reservations {
		mac = spell(at+"/mac/"+canonicalMAC(mac), mac, canonicalMAC)
		d.Reservations[mac] = spell(at+"/ip/"+canonicalMAC(mac), ip, canonicalAddress)
	}
	s.DHCP = &d
	return s
}

func respelledAddress(a *string, at string, spell speller) *string {
	if a == nil {
		return nil
	}
	return new(spell(at, *a, canonicalAddress))
}

// farthest is the last address of a DHCP range that libvirt takes from first on: all but the last 16 bits are the same.
func farthest(first netip.Addr) netip.Addr {
	p, _ := first.Prefix(first.BitLen() - 16) // a length that every address has
	return lastAddress(p)
}

// firstHost is the first address of a range that a host can have.
func firstHost(p netip.Prefix) netip.Addr {
	if p.Addr().Is4() && p.Bits() >= 31 {
		return p.Addr()
	}
	return p.Addr().Next()
}

// lastHost is the last address that a host can have, the broadcast address left out.
func lastHost(p netip.Prefix) netip.Addr {
	last := lastAddress(p)
	if p.Addr().Is4() && p.Bits() < 31 {
		return last.Prev()
	}
	return last
}

func lastAddress(p netip.Prefix) netip.Addr {
	raw := p.Addr().AsSlice()
	for i := range raw {
		free := min(max(8*(i+1)-p.Bits(), 0), 8)
		raw[i] |= byte(1<<free - 1)
	}
	last, _ := netip.AddrFromSlice(raw)
	return last
}

// defaultRange is what DHCP hands out when nobody says: all that hosts can have, the gateway left out, up to what
// libvirt takes.
func defaultRange(p netip.Prefix, gateway netip.Addr) (first, last netip.Addr) {
	first, last = firstHost(p), lastHost(p)
	switch {
	case gateway == first:
		first = first.Next()
	case gateway == last:
		last = last.Prev()
	case gateway.Compare(first) > 0 && gateway.Compare(last) < 0:
		first = gateway.Next() // above a gateway in the middle
	}
	return first, earlier(last, farthest(first))
}

func earlier(a, b netip.Addr) netip.Addr {
	if a.Compare(b) < 0 {
		return a
	}
	return b
}
