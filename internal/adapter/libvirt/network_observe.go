package libvirt

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"libvirt.org/go/libvirtxml"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// The modes of a network, and the words of libvirt for those that it calls otherwise.
const (
	modeNAT      = "nat"
	modeRouted   = "routed" // "route"
	modeOpen     = "open"
	modeIsolated = "isolated" // no forward element
	modeBridge   = "bridge"

	forwardRoute = "route"
)

// defaultMTU is that of a bridge for which nobody says another.
const defaultMTU = 1500

// defaultDHCPOption begins the line by which dnsmasq hands out name servers, by family.
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

// observed is the document that tells how a network is.
func (n *lan) observed() *libvirtxml.Network {
	if n.live != nil && n.record.Seen != "" && n.record.Seen == digest(n.config) {
		return n.live
	}
	return n.config
}

// fill is the one translation from a network of libvirt. Subnets keep the keys by which have knows them.
func (n *lan) fill(have *platform.Network) {
	doc, known := n.observed(), have.Subnets
	got := shapeOf(doc)
	got.Meta, got.Name = have.Meta, n.rpc.Name
	got.ID = new(n.id())
	got.Description = unless(n.record.Description, "")
	got.Tags = n.record.Tags
	got.Libvirt.Autostart, got.Libvirt.Active = &n.autostart, &n.active
	got.Native = n.native(doc)
	var rest []platform.Subnet
	got.Subnets, rest = keyed(subnetsOf(doc), known, n.record.Subnets)
	if len(rest) > 0 {
		var ranges []string
		for _, s := range rest {
			ranges = append(ranges, s.CIDR)
		}
		got.Native["unmanaged_subnets"] = strings.Join(ranges, ",")
	}
	*have = *respelled(got, restoring(n.record.Spelled))
}

func (n *lan) native(doc *libvirtxml.Network) map[string]string {
	native := map[string]string{"uuid": n.id(), "active": strconv.FormatBool(n.active), "forward": "none"}
	if doc.Forward != nil {
		native["forward"] = forwardMode(doc.Forward)
	}
	if doc.Bridge != nil && doc.Bridge.Name != "" {
		native["bridge"] = doc.Bridge.Name
	}
	return native
}

// forwardMode is libvirt's word; left out it means nat.
func forwardMode(f *libvirtxml.NetworkForward) string {
	if f.Mode == "" {
		return modeNAT
	}
	return f.Mode
}

// modeOf is our word for how a network reaches the outside; what we have no word for keeps libvirt's.
func modeOf(doc *libvirtxml.Network) string {
	if doc.Forward == nil {
		return modeIsolated
	}
	switch mode := forwardMode(doc.Forward); mode {
	case forwardRoute:
		return modeRouted
	default:
		return mode
	}
}

// hasBridge says that libvirt makes the network's bridge itself, which is where addresses and an MTU can be.
func hasBridge(mode string) bool {
	return mode == modeNAT || mode == modeRouted || mode == modeOpen || mode == modeIsolated
}

// shapeOf is what a document says beside its subnets.
func shapeOf(doc *libvirtxml.Network) *platform.Network {
	mode := modeOf(doc)
	got := &platform.Network{Mode: &mode, Libvirt: &platform.LibvirtNetwork{Hosts: hostsOf(doc)}}
	switch {
	case doc.MTU != nil:
		got.MTU = new(int64(doc.MTU.Size)) //nolint:gosec // 65535 at most
	case hasBridge(mode):
		got.MTU = new(int64(defaultMTU))
	}
	if doc.Bridge != nil {
		got.Libvirt.Bridge = unless(doc.Bridge.Name, "")
	}
	if doc.Forward != nil {
		got.Libvirt.Device = unless(forwardDevice(doc.Forward), "")
	}
	if doc.Domain != nil {
		got.Libvirt.Domain = unless(doc.Domain.Name, "")
	}
	return got
}

func forwardDevice(f *libvirtxml.NetworkForward) string {
	if f.Dev == "" && len(f.Interfaces) > 0 {
		return f.Interfaces[0].Dev
	}
	return f.Dev
}

// hostsOf gives the addresses of every name, several with commas between them.
func hostsOf(doc *libvirtxml.Network) map[string]string {
	if doc.DNS == nil {
		return nil
	}
	hosts := map[string]string{}
	for _, h := range doc.DNS.Host {
		for _, name := range h.Hostnames {
			ip := canonicalAddress(h.IP)
			if was := hosts[name.Hostname]; was != "" {
				ip = was + "," + ip
			}
			hosts[name.Hostname] = canonicalAddresses(ip)
		}
	}
	if len(hosts) == 0 {
		return nil
	}
	return hosts
}

// prefixOf is the range of an ip element; ok is false for one that libvirt would refuse.
func prefixOf(ip *libvirtxml.NetworkIP) (p netip.Prefix, ok bool) {
	addr, err := netip.ParseAddr(ip.Address)
	if err != nil {
		return p, false
	}
	bits := int(ip.Prefix) //nolint:gosec // 128 at most
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

// slotted gives keys after an import: those of the record, else "ipv4", "ipv6", "ipv4-2" …
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
