package libvirt

import (
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
