package libvirt

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"libvirt.org/go/libvirtxml"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// setSubnets adds, changes and removes ranges. Those of no key are nobody's and stay.
func setSubnets(doc *libvirtxml.Network, prior, want map[string]platform.Subnet) {
	for _, key := range platform.Keys(prior) {
		if _, stays := want[key]; !stays {
			dropSubnet(doc, prior[key])
		}
	}
	for _, key := range platform.Keys(want) {
		setSubnet(doc, prior[key], want[key])
	}
}

// subnetAt is the place of a range among the ip elements, -1 when it is not there.
func subnetAt(doc *libvirtxml.Network, cidr string) int {
	return slices.IndexFunc(doc.IPs, func(ip libvirtxml.NetworkIP) bool {
		p, ok := prefixOf(&ip)
		return ok && p.String() == cidr
	})
}

func dropSubnet(doc *libvirtxml.Network, s platform.Subnet) {
	i := subnetAt(doc, s.CIDR)
	if i < 0 {
		return
	}
	if doc.IPs[i].DHCP != nil {
		setDNS(doc, isSix(s.CIDR), nil)
	}
	doc.IPs = slices.Delete(doc.IPs, i, i+1)
}

func isSix(cidr string) bool { return strings.Contains(cidr, ":") }

// setSubnet makes one range what it shall be. An element of the document that has the range already is taken over.
func setSubnet(doc *libvirtxml.Network, prior, want platform.Subnet) {
	p, err := netip.ParsePrefix(want.CIDR)
	if err != nil {
		return // checked before
	}
	i := -1
	if prior.CIDR != "" {
		i = subnetAt(doc, prior.CIDR)
	}
	if i < 0 {
		i = subnetAt(doc, want.CIDR)
	}
	if i < 0 {
		prior = platform.Subnet{}
		doc.IPs = append(doc.IPs, libvirtxml.NetworkIP{})
		i = len(doc.IPs) - 1
	}
	moved := prior.CIDR != want.CIDR
	ip := &doc.IPs[i]
	gateway := gatewayOf(ip, p, want)
	if canonicalAddress(ip.Address) != gateway.String() || moved {
		ip.Address, ip.Prefix, ip.Netmask, ip.Family = gateway.String(), uint(p.Bits()), "", ""
		if p.Addr().Is6() {
			ip.Family = "ipv6"
		}
	}
	setDHCP(ip, p, gateway, prior.DHCP, want.DHCP, moved)
	if prior.DNS != nil || want.DNS != nil || prior.DHCP != nil && want.DHCP == nil {
		setDNS(doc, p.Addr().Is6(), want.DNS)
	}
}

// gatewayOf is the bridge's own address: the one that is wanted, the one that it has, or the first.
func gatewayOf(ip *libvirtxml.NetworkIP, p netip.Prefix, want platform.Subnet) netip.Addr {
	for _, text := range []string{value(want.Gateway), ip.Address} {
		if a, err := netip.ParseAddr(text); err == nil && p.Contains(a) {
			return a
		}
	}
	return firstHost(p)
}

// setDHCP says what is handed out. moved means that the range is a new one, to which old addresses are foreign.
func setDHCP(ip *libvirtxml.NetworkIP, p netip.Prefix, gateway netip.Addr, prior, want *platform.DHCP, moved bool) {
	switch {
	case want == nil && prior == nil && !moved:
		return
	case want == nil:
		ip.DHCP = nil
		return
	case ip.DHCP == nil:
		ip.DHCP = &libvirtxml.NetworkDHCP{}
		prior = nil
	}
	was := value(prior)
	if prior == nil || moved || value(was.First) != value(want.First) || value(was.Last) != value(want.Last) {
		setRange(ip.DHCP, p, gateway, want)
	}
	if was.Reservations != nil || want.Reservations != nil || moved {
		setReservations(ip.DHCP, want.Reservations)
	}
}

// setRange changes the first range; more of them are somebody else's.
func setRange(d *libvirtxml.NetworkDHCP, p netip.Prefix, gateway netip.Addr, want *platform.DHCP) {
	first, last := defaultRange(p, gateway)
	if a, err := netip.ParseAddr(value(want.First)); err == nil {
		first = a
		last = earlier(lastHost(p), farthest(a))
	}
	if a, err := netip.ParseAddr(value(want.Last)); err == nil {
		last = a
	}
	if len(d.Ranges) == 0 {
		d.Ranges = []libvirtxml.NetworkDHCPRange{{}}
	}
	r := &d.Ranges[0]
	if canonicalAddress(r.Start) != first.String() || canonicalAddress(r.End) != last.String() {
		r.Start, r.End = first.String(), last.String()
	}
}

// setReservations replaces those by MAC address; a name beside an address stays.
func setReservations(d *libvirtxml.NetworkDHCP, want map[string]string) {
	var list []libvirtxml.NetworkDHCPHost
	left := maps.Clone(want)
	for _, h := range d.Hosts {
		mac := canonicalMAC(h.MAC)
		ip, stays := left[mac]
		switch {
		case h.MAC == "" || h.IP == "":
			list = append(list, h)
		case stays:
			if canonicalAddress(h.IP) != ip {
				h.IP = ip
			}
			list = append(list, h)
			delete(left, mac)
		}
	}
	for _, mac := range slices.Sorted(maps.Keys(left)) {
		list = append(list, libvirtxml.NetworkDHCPHost{MAC: mac, IP: left[mac]})
	}
	d.Hosts = list
}

// setDNS says which name servers dnsmasq hands out; none leaves it to name itself.
func setDNS(doc *libvirtxml.Network, six bool, servers []string) {
	if doc.DnsmasqOptions == nil {
		if len(servers) == 0 {
			return
		}
		doc.DnsmasqOptions = &libvirtxml.NetworkDnsmasqOptions{}
	}
	options := slices.DeleteFunc(doc.DnsmasqOptions.Option, func(o libvirtxml.NetworkDnsmasqOption) bool {
		return slices.ContainsFunc(dnsOptions(six), func(start string) bool { return strings.HasPrefix(o.Value, start) })
	})
	if len(servers) > 0 {
		list := slices.Clone(servers)
		for i := range list {
			if six {
				list[i] = "[" + list[i] + "]"
			}
		}
		options = append(options, libvirtxml.NetworkDnsmasqOption{Value: dnsOption(six) + strings.Join(list, ",")})
	}
	doc.DnsmasqOptions.Option = options
	if len(options) == 0 {
		doc.DnsmasqOptions = nil
	}
}
