package libvirt

import (
	"maps"
	"slices"
	"strings"

	"libvirt.org/go/libvirtxml"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// revise changes in a document what differs between prior and want, both spelled canonically. What neither names stays.
func revise(doc *libvirtxml.Network, prior, want *platform.Network) {
	was, is := value(prior.Libvirt), value(want.Libvirt)
	setSubnets(doc, prior.Subnets, want.Subnets)
	setForward(doc, prior, want)
	if value(prior.MTU) != value(want.MTU) {
		doc.MTU = nil
		if want.MTU != nil {
			doc.MTU = &libvirtxml.NetworkMTU{Size: uint(*want.MTU)} //nolint:gosec // the schema bounds it
		}
	}
	if value(was.Domain) != value(is.Domain) {
		setDomain(doc, value(is.Domain))
	}
	if was.Hosts != nil || is.Hosts != nil {
		setHosts(doc, is.Hosts)
	}
	if doc.Forward != nil && forwardMode(doc.Forward) == modeNAT && addsSix(prior.Subnets, want.Subnets) {
		if doc.Forward.NAT == nil {
			doc.Forward.NAT = &libvirtxml.NetworkForwardNAT{}
		}
		doc.Forward.NAT.IPv6 = "yes" // or else libvirt would route IPv6
	}
}

// addsSix reports whether there is a new range of IPv6.
func addsSix(prior, want map[string]platform.Subnet) bool {
	for key, s := range want {
		if strings.Contains(s.CIDR, ":") && prior[key].CIDR != s.CIDR {
			return true
		}
	}
	return false
}

func setDomain(doc *libvirtxml.Network, name string) {
	switch {
	case name == "":
		doc.Domain = nil
	case doc.Domain == nil:
		doc.Domain = &libvirtxml.NetworkDomain{Name: name}
	default:
		doc.Domain.Name = name
	}
}

// setForward says how the network reaches the outside, and by which bridge and device.
func setForward(doc *libvirtxml.Network, prior, want *platform.Network) {
	was, is := value(prior.Libvirt), value(want.Libvirt)
	before, mode := modeOf(doc), value(want.Mode)
	created := prior.Mode == nil && prior.Name == ""
	if mode == "" {
		mode = openMode(doc, created)
	}
	moves := created || mode != before
	if moves {
		reshape(doc, before, mode)
	}
	if moves && is.Bridge != nil || value(was.Bridge) != value(is.Bridge) {
		setBridge(doc, value(is.Bridge))
	}
	if doc.Forward != nil && (moves && is.Device != nil || value(was.Device) != value(is.Device)) {
		doc.Forward.Dev, doc.Forward.Interfaces = value(is.Device), nil
	}
	if mode == modeBridge && doc.Bridge != nil && doc.Bridge.Name != "" {
		doc.Forward.Dev, doc.Forward.Interfaces = "", nil // it is the bridge's matter
	}
}

// openMode is the mode that nobody named: that of before. libvirt forwards nothing where no range is; otherwise a new
// network hides its machines behind the host's address.
func openMode(doc *libvirtxml.Network, created bool) string {
	before := modeOf(doc)
	switch {
	case forwards(before) && len(doc.IPs) == 0:
		return modeIsolated
	case created && len(doc.IPs) > 0:
		return modeNAT
	}
	return before
}

// forwards says that a mode needs a range.
func forwards(mode string) bool { return mode == modeNAT || mode == modeRouted || mode == modeOpen }

// reshape changes the mode of a document, and drops what libvirt does not take in the new one.
func reshape(doc *libvirtxml.Network, before, mode string) {
	if hasBridge(before) != hasBridge(mode) {
		doc.Bridge, doc.MAC, doc.Forward = nil, nil, nil
	}
	if !hasBridge(mode) {
		doc.MTU, doc.Domain, doc.DNS, doc.IPs, doc.Routes, doc.DnsmasqOptions = nil, nil, nil, nil, nil, nil
	}
	if mode == modeIsolated {
		doc.Forward = nil
		return
	}
	if doc.Forward == nil {
		doc.Forward = &libvirtxml.NetworkForward{}
	}
	doc.Forward.Mode, doc.Forward.NAT = mode, nil
	if mode == modeRouted {
		doc.Forward.Mode = forwardRoute
	}
	if mode == modeNAT && hasSix(doc) {
		doc.Forward.NAT = &libvirtxml.NetworkForwardNAT{IPv6: "yes"}
	}
}

func hasSix(doc *libvirtxml.Network) bool {
	return slices.ContainsFunc(doc.IPs, func(ip libvirtxml.NetworkIP) bool { return strings.Contains(ip.Address, ":") })
}

// setBridge names the bridge; without a name libvirt chooses one.
func setBridge(doc *libvirtxml.Network, name string) {
	if doc.Bridge == nil {
		doc.Bridge = &libvirtxml.NetworkBridge{}
	}
	doc.Bridge.Name = name
	if name == "" {
		doc.Bridge = nil
	}
}

// ownBridge names the bridge of a network that has none, by its UUID: libvirt's own choice gives two networks that are
// defined together the same one, and then refuses one of them.
func ownBridge(doc *libvirtxml.Network) {
	if !hasBridge(modeOf(doc)) || doc.Bridge != nil && doc.Bridge.Name != "" || len(doc.UUID) < 8 {
		return
	}
	if doc.Bridge == nil {
		doc.Bridge = &libvirtxml.NetworkBridge{}
	}
	doc.Bridge.Name = "virbr" + doc.UUID[:8]
}

// setHosts replaces the names that the DNS server knows. Names of one address that stay together keep their order.
func setHosts(doc *libvirtxml.Network, hosts map[string]string) {
	if doc.DNS == nil {
		doc.DNS = &libvirtxml.NetworkDNS{}
	}
	byIP := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(hosts)) {
		for ip := range strings.SplitSeq(hosts[name], ",") {
			byIP[ip] = append(byIP[ip], name)
		}
	}
	var list []libvirtxml.NetworkDNSHost
	for _, h := range doc.DNS.Host {
		ip := canonicalAddress(h.IP)
		if slices.Equal(byIP[ip], slices.Sorted(slices.Values(namesOf(h)))) {
			list = append(list, h)
			delete(byIP, ip)
		}
	}
	for _, ip := range slices.Sorted(maps.Keys(byIP)) {
		h := libvirtxml.NetworkDNSHost{IP: ip}
		for _, name := range byIP[ip] {
			h.Hostnames = append(h.Hostnames, libvirtxml.NetworkDNSHostHostname{Hostname: name})
		}
		list = append(list, h)
	}
	doc.DNS.Host = list
	if dns := doc.DNS; len(list) == 0 && dns.Enable == "" && dns.ForwardPlainNames == "" && len(dns.Forwarders)+len(dns.TXTs)+len(dns.SRVs) == 0 {
		doc.DNS = nil
	}
}

func namesOf(h libvirtxml.NetworkDNSHost) []string {
	var names []string
	for _, n := range h.Hostnames {
		names = append(names, n.Hostname)
	}
	return names
}
