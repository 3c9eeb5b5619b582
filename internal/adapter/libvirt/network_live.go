package libvirt

import (
	"encoding/xml"
	"slices"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"
)

// patch is one change of a running network.
type patch struct {
	command libvirt.NetworkUpdateCommand
	section libvirt.NetworkUpdateSection
	index   int32 // of the ip element; -1 where there is none
	text    string
}

// skeleton is what of a network cannot be changed while it runs, as text to compare.
func skeleton(doc *libvirtxml.Network) string {
	bare := *doc
	bare.Metadata, bare.PortGroups = nil, nil
	bare.IPs = slices.Clone(doc.IPs)
	for i := range bare.IPs {
		ip := &bare.IPs[i]
		if ip.DHCP != nil && len(ip.DHCP.Bootp) == 0 {
			ip.DHCP = nil
		} else if ip.DHCP != nil {
			ip.DHCP = &libvirtxml.NetworkDHCP{Bootp: ip.DHCP.Bootp}
		}
	}
	if doc.DNS != nil {
		dns := *doc.DNS
		dns.Host = nil
		bare.DNS = &dns
		if dns.Enable == "" && dns.ForwardPlainNames == "" && len(dns.Forwarders)+len(dns.TXTs)+len(dns.SRVs) == 0 {
			bare.DNS = nil
		}
	}
	if doc.Forward != nil {
		bare.Forward = bareForward(doc.Forward)
	}
	text, _ := bare.Marshal() // it was a document before
	return text
}

// bareForward leaves out what libvirt adds while the network runs.
func bareForward(f *libvirtxml.NetworkForward) *libvirtxml.NetworkForward {
	bare := *f
	bare.Mode, bare.Dev, bare.Interfaces = forwardMode(f), forwardDevice(f), nil
	if len(f.Interfaces) > 1 {
		bare.Interfaces = f.Interfaces
	}
	if bare.NAT != nil {
		nat := *bare.NAT
		if len(nat.Ports) == 1 && nat.Ports[0] == (libvirtxml.NetworkForwardNATPort{Start: 1024, End: 65535}) {
			nat.Ports = nil
		}
		bare.NAT = &nat
		if nat.IPv6 == "" && len(nat.Addresses)+len(nat.Ports) == 0 {
			bare.NAT = nil
		}
	}
	return &bare
}

// patchable says that the names of the DNS server can be changed piece by piece: libvirt finds them by any of their
// names, so that two addresses of one name get in each other's way.
func patchable(from, to *libvirtxml.Network) bool {
	return slices.Equal(elements(dnsHosts(from)), elements(dnsHosts(to))) || distinct(from) && distinct(to)
}

func distinct(doc *libvirtxml.Network) bool {
	seen := map[string]bool{}
	for _, h := range dnsHosts(doc) {
		for _, name := range append(namesOf(h), canonicalAddress(h.IP)) {
			if seen[name] {
				return false
			}
			seen[name] = true
		}
	}
	return true
}

// patches lists what turns one document into another of the same skeleton: first what goes, then what comes.
func patches(from, to *libvirtxml.Network) []patch {
	var gone, come []patch
	add := func(section libvirt.NetworkUpdateSection, index int, was, is []string) {
		for _, text := range was {
			if !slices.Contains(is, text) {
				gone = append(gone, patch{libvirt.NetworkUpdateCommandDelete, section, int32(index), text}) //nolint:gosec // small
			}
		}
		for _, text := range is {
			if !slices.Contains(was, text) {
				come = append(come, patch{libvirt.NetworkUpdateCommandAddLast, section, int32(index), text}) //nolint:gosec // small
			}
		}
	}
	for i := range to.IPs {
		was, is := dhcpParts(from, i), dhcpParts(to, i)
		add(libvirt.NetworkSectionIPDhcpHost, i, elements(was.Hosts), elements(is.Hosts))
		add(libvirt.NetworkSectionIPDhcpRange, i, elements(was.Ranges), elements(is.Ranges))
	}
	add(libvirt.NetworkSectionDNSHost, -1, elements(dnsHosts(from)), elements(dnsHosts(to)))
	return append(gone, come...)
}

func dhcpParts(doc *libvirtxml.Network, i int) libvirtxml.NetworkDHCP {
	if i >= len(doc.IPs) || doc.IPs[i].DHCP == nil {
		return libvirtxml.NetworkDHCP{}
	}
	return *doc.IPs[i].DHCP
}

func dnsHosts(doc *libvirtxml.Network) []libvirtxml.NetworkDNSHost {
	if doc.DNS == nil {
		return nil
	}
	return doc.DNS.Host
}

// elements writes each part of a document.
func elements[T any](list []T) []string {
	texts := make([]string, len(list))
	for i := range list {
		text, _ := xml.Marshal(list[i]) // it came out of a document
		texts[i] = string(text)
	}
	return texts
}
