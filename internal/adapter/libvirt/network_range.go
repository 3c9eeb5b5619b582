package libvirt

import (
	"fmt"
	"net/netip"
	"strings"

	"libvirt.org/go/libvirtxml"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// dnsOption begins the line by which dnsmasq hands out name servers, by family.
func dnsOption(six bool) string {
	if six {
		return "dhcp-option=option6:dns-server,"
	}
	return "dhcp-option=option:dns-server,"
}

// dnsOptions lists the spellings of that line that people use.
func dnsOptions(six bool) []string {
	if six {
		return []string{dnsOption(true), "dhcp-option=option6:23,"}
	}
	return []string{dnsOption(false), "dhcp-option=6,", "dhcp-option=option:6,"}
}

// prefixOf is the range of an ip element; ok is false for one that libvirt would refuse.
func prefixOf(ip *libvirtxml.NetworkIP) (p netip.Prefix, ok bool) {
	addr, err := netip.ParseAddr(ip.Address)
	if err != nil {
		return p, false
	}
	bits := int(ip.Prefix)
	switch {
	case ip.Netmask != "":
		bits = maskBits(ip.Netmask)
	case bits == 0 && addr.Is4():
		bits = classBits(addr)
	case bits == 0:
		bits = 64
	}
	p, err = addr.Prefix(bits)
	return p, err == nil
}

func maskBits(mask string) int {
	addr, err := netip.ParseAddr(mask)
	if err != nil {
		return 0
	}
	bits := 0
	for _, b := range addr.AsSlice() {
		for ; b&0x80 != 0; b <<= 1 {
			bits++
		}
	}
	return bits
}

// classBits is the length of an address's old class, which libvirt takes where nobody says one.
func classBits(a netip.Addr) int {
	switch first := a.As4()[0]; {
	case first < 128:
		return 8
	case first < 192:
		return 16
	}
	return 24
}

// subnetsOf gives the ranges of a document in its order, spelled canonically.
func subnetsOf(doc *libvirtxml.Network) []platform.Subnet {
	var list []platform.Subnet
	for i := range doc.IPs {
		ip := &doc.IPs[i]
		p, ok := prefixOf(ip)
		if !ok {
			continue
		}
		cidr := p.String()
		s := platform.Subnet{CIDR: cidr, ID: &cidr, Gateway: new(canonicalAddress(ip.Address)), DHCP: dhcpOf(ip.DHCP)}
		if s.DHCP != nil {
			s.DNS = dnsOf(doc, p.Addr().Is6())
		}
		list = append(list, s)
	}
	return list
}

func dhcpOf(d *libvirtxml.NetworkDHCP) *platform.DHCP {
	if d == nil || len(d.Ranges) == 0 && len(d.Hosts) == 0 {
		return nil
	}
	got := &platform.DHCP{}
	if len(d.Ranges) > 0 {
		got.First, got.Last = new(canonicalAddress(d.Ranges[0].Start)), new(canonicalAddress(d.Ranges[0].End))
	}
	for _, h := range d.Hosts {
		if h.MAC == "" || h.IP == "" {
			continue // a reservation by name is not ours
		}
		if got.Reservations == nil {
			got.Reservations = map[string]string{}
		}
		got.Reservations[canonicalMAC(h.MAC)] = canonicalAddress(h.IP)
	}
	return got
}

// dnsOf reads the name servers that dnsmasq hands out.
func dnsOf(doc *libvirtxml.Network, six bool) []string {
	if doc.DnsmasqOptions == nil {
		return nil
	}
	for _, o := range doc.DnsmasqOptions.Option {
		for _, start := range dnsOptions(six) {
			if servers, ok := strings.CutPrefix(o.Value, start); ok {
				return serversOf(servers)
			}
		}
	}
	return nil
}

func serversOf(text string) []string {
	var list []string
	for a := range strings.SplitSeq(text, ",") {
		list = append(list, canonicalAddress(strings.Trim(strings.TrimSpace(a), "[]")))
	}
	return list
}

// keyed gives every observed subnet a key. Without known ones all get the key that the record has, else one by their
// slot. Otherwise those that are known keep theirs, first by their range, then, since somebody may have changed the
// range, by their order within the family; the rest is nobody's.
func keyed(seen []platform.Subnet, known map[string]platform.Subnet, recorded map[string]string) (map[string]platform.Subnet, []platform.Subnet) {
	if known == nil {
		return slotted(seen, recorded), nil
	}
	got, rest := map[string]platform.Subnet{}, []platform.Subnet{}
	byID := map[string]string{}
	for key, s := range known {
		byID[canonicalPrefix(value(s.ID))] = key
	}
	for _, s := range seen {
		if key, ok := byID[s.CIDR]; ok {
			got[key] = s
			continue
		}
		rest = append(rest, s)
	}
	for _, key := range platform.Keys(known) {
		if _, ok := got[key]; ok {
			continue
		}
		for i, s := range rest {
			if sameFamily(s.CIDR, value(known[key].ID)) {
				got[key], rest = s, append(rest[:i:i], rest[i+1:]...)
				break
			}
		}
	}
	return got, rest
}

func sameFamily(a, b string) bool {
	p, err := netip.ParsePrefix(a)
	q, other := netip.ParsePrefix(b)
	return err == nil && other == nil && p.Addr().Is6() == q.Addr().Is6()
}

// slotted gives keys after an import: those of the record, else "ipv4", "ipv6", "ipv4-2" and so on.
func slotted(seen []platform.Subnet, recorded map[string]string) map[string]platform.Subnet {
	if len(seen) == 0 {
		return nil
	}
	got, count := map[string]platform.Subnet{}, map[string]int{}
	for _, s := range seen {
		family := "ipv4"
		if strings.Contains(s.CIDR, ":") {
			family = "ipv6"
		}
		count[family]++
		key := recorded[s.CIDR]
		for n := count[family]; key == ""; n++ {
			key = slotKey(family, n)
			if _, taken := got[key]; taken {
				key = ""
			}
		}
		got[key] = s
	}
	return got
}

func slotKey(family string, n int) string {
	if n == 1 {
		return family
	}
	return fmt.Sprintf("%s-%d", family, n)
}
