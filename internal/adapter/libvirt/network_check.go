package libvirt

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// checkNetwork finds what libvirt would refuse, or take and not heed, and ties it to its attribute. What is not known
// yet is nil or empty here and passes. prior is nil for a creation.
func checkNetwork(prior, want *platform.Network) error {
	var errs []error
	errs = append(errs, checkMode(prior, want), checkNames(want))
	families := map[bool]string{}
	for _, key := range platform.Keys(want.Subnets) {
		s := want.Subnets[key]
		errs = append(errs, checkSubnet(key, s), checkOverlap(key, want.Subnets))
		if s.DHCP == nil || s.CIDR == "" {
			continue
		}
		six := isSix(s.CIDR)
		if other := families[six]; other != "" {
			errs = append(errs, invalidAt("a network hands out addresses in one range of each family, and %q does so already", other)("subnets", key, "dhcp"))
		}
		families[six] = key
	}
	return errors.Join(errs...)
}

// invalidAt makes an error that is tied to an attribute.
func invalidAt(format string, args ...any) func(at ...string) error {
	err := platform.As(platform.ErrInvalid, fmt.Errorf(format, args...))
	return func(at ...string) error { return platform.At(err, at...) }
}

// checkMode holds the mode against what goes with it.
func checkMode(prior, want *platform.Network) error {
	mode, is := value(want.Mode), value(want.Libvirt)
	if prior != nil && mode == "" {
		mode = value(prior.Mode)
	}
	switch {
	case mode == modeBridge:
		return checkBridged(value(prior), want)
	case mode == modeIsolated && is.Device != nil:
		return invalidAt("an isolated network leaves by no device")("libvirt", "device")
	}
	return nil
}

func checkBridged(prior platform.Network, want *platform.Network) error {
	const elsewhere = "in the mode bridge the network outside does that: leave it out"
	is := value(want.Libvirt)
	var errs []error
	if len(want.Subnets) > 0 {
		errs = append(errs, invalidAt("%s", elsewhere)("subnets"))
	}
	if want.MTU != nil && value(want.MTU) != value(prior.MTU) {
		errs = append(errs, invalidAt("in the mode bridge the MTU is that of the host's bridge or device: leave it out")("mtu"))
	}
	if is.Domain != nil {
		errs = append(errs, invalidAt("%s", elsewhere)("libvirt", "domain"))
	}
	if len(is.Hosts) > 0 {
		errs = append(errs, invalidAt("%s", elsewhere)("libvirt", "hosts"))
	}
	if is.Bridge != nil && is.Device != nil {
		errs = append(errs, invalidAt("a bridge of the host is named already, which has devices of its own: leave one out")("libvirt", "device"))
	}
	return errors.Join(errs...)
}

// checkBacking demands what the mode bridge is based on; it is for when everything is known.
func checkBacking(prior, want *platform.Network) error {
	was, is := value(value(prior).Libvirt), value(want.Libvirt)
	created := prior == nil || value(prior.Mode) != modeBridge
	dropped := was.Bridge != nil || was.Device != nil
	if value(want.Mode) != modeBridge || is.Bridge != nil || is.Device != nil || !created && !dropped {
		return nil
	}
	return invalidAt("in the mode bridge, name the host's bridge in libvirt.bridge, or its network device in libvirt.device")("mode")
}

// checkNames looks at what the network's DNS server shall know.
func checkNames(want *platform.Network) error {
	is := value(want.Libvirt)
	var errs []error
	for _, name := range platform.Keys(is.Hosts) {
		for text := range strings.SplitSeq(is.Hosts[name], ",") {
			if text != "" && !isAddress(strings.TrimSpace(text)) {
				errs = append(errs, invalidAt("%q is no IP address", text)("libvirt", "hosts", name))
			}
		}
	}
	return errors.Join(errs...)
}

// checkServed demands a range where libvirt needs one: to forward, and to serve names. It is for when everything is
// known.
func checkServed(prior, want *platform.Network) error {
	is := value(want.Libvirt)
	if len(want.Subnets) > 0 || prior != nil && want.Subnets == nil && prior.Subnets == nil || value(want.Mode) == modeBridge {
		return nil
	}
	if mode := value(want.Mode); forwards(mode) {
		return invalidAt("a network without subnets has nothing to forward: give it a subnet, or the mode isolated or bridge")("mode")
	}
	const why = "a network without subnets has no DNS server: give it a subnet"
	if len(is.Hosts) > 0 {
		return invalidAt("%s", why)("libvirt", "hosts")
	}
	if is.Domain != nil {
		return invalidAt("%s", why)("libvirt", "domain")
	}
	return nil
}

func isAddress(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}

// checkOverlap compares a range with those of the keys before it.
func checkOverlap(key string, all map[string]platform.Subnet) error {
	p, err := netip.ParsePrefix(all[key].CIDR)
	if err != nil {
		return nil //nolint:nilerr // said elsewhere
	}
	for _, other := range platform.Keys(all) {
		if other == key {
			return nil
		}
		if q, err := netip.ParsePrefix(all[other].CIDR); err == nil && p.Overlaps(q) {
			return invalidAt("%s overlaps with %s of %q", p, q, other)("subnets", key, "cidr")
		}
	}
	return nil
}

// checkSubnet looks at the addresses of one range.
func checkSubnet(key string, s platform.Subnet) error {
	if s.CIDR == "" {
		return nil
	}
	p, err := netip.ParsePrefix(s.CIDR)
	if err != nil {
		return invalidAt("%q is no range of addresses; write one such as 10.0.0.0/24", s.CIDR)("subnets", key, "cidr")
	}
	p = p.Masked()
	if p.Bits() == 0 {
		return invalidAt("%s is everything: libvirt takes ranges of at least one bit", p)("subnets", key, "cidr")
	}
	errs := []error{inside(p, value(s.Gateway), "subnets", key, "gateway")}
	for _, text := range s.DNS {
		if a, err := netip.ParseAddr(text); text != "" && (err != nil || a.Is6() != p.Addr().Is6()) {
			errs = append(errs, invalidAt("%q is no address of the family of %s", text, p)("subnets", key, "dns"))
		}
	}
	if s.DHCP != nil {
		errs = append(errs, checkDHCP(p, key, s.DHCP))
	}
	return errors.Join(errs...)
}

// inside demands an address of the range; none at all passes.
func inside(p netip.Prefix, text string, at ...string) error {
	a, err := netip.ParseAddr(text)
	switch {
	case text == "":
		return nil
	case err != nil:
		return invalidAt("%q is no IP address", text)(at...)
	case !p.Contains(a.Unmap()):
		return invalidAt("%s is not in %s", a, p)(at...)
	}
	return nil
}

func checkDHCP(p netip.Prefix, key string, d *platform.DHCP) error {
	errs := []error{
		inside(p, value(d.First), "subnets", key, "dhcp", "first"),
		inside(p, value(d.Last), "subnets", key, "dhcp", "last"),
	}
	first, err1 := netip.ParseAddr(value(d.First))
	last, err2 := netip.ParseAddr(value(d.Last))
	switch {
	case err1 != nil || err2 != nil:
	case last.Less(first):
		errs = append(errs, invalidAt("%s is before the first address, %s", last, first)("subnets", key, "dhcp", "last"))
	case farthest(first).Less(last):
		errs = append(errs, invalidAt("libvirt hands out addresses that differ in their last 16 bits alone: from %s, up to %s", first, farthest(first))("subnets", key, "dhcp", "last"))
	}
	if p.Addr().Is6() && len(d.Reservations) > 0 {
		errs = append(errs, invalidAt("libvirt knows no reservations by MAC address for IPv6")("subnets", key, "dhcp", "reservations"))
		return errors.Join(errs...)
	}
	return errors.Join(append(errs, checkReservations(p, key, d.Reservations))...)
}

func checkReservations(p netip.Prefix, key string, reservations map[string]string) error {
	var errs []error
	seen := map[string]string{}
	for _, mac := range platform.Keys(reservations) {
		at := []string{"subnets", key, "dhcp", "reservations", mac}
		if _, err := net.ParseMAC(mac); err != nil {
			errs = append(errs, invalidAt("%q is no MAC address", mac)(at[:4]...))
		}
		errs = append(errs, inside(p, reservations[mac], at...))
		for _, what := range []string{canonicalMAC(mac), canonicalAddress(reservations[mac])} {
			if other, twice := seen[what]; twice && what != "" {
				errs = append(errs, invalidAt("%s is reserved for %s already", what, other)(at[:4]...))
			}
			seen[what] = mac
		}
	}
	return errors.Join(errs...)
}
