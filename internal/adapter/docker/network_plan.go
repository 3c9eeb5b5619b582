package docker

import (
	"context"
	"errors"
	"maps"
	"net/netip"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Plan refuses what does not go together. A changed network is made anew, which is planned as a creation.
func (k *networks) Plan(_ context.Context, p *platform.Plan[platform.Network]) error {
	if p.Prior != nil {
		return nil
	}
	if !p.Known("docker") {
		return nil
	}
	want := *p.Want
	want.Subnets = maps.Clone(want.Subnets)
	for key, subnet := range want.Subnets { // half a range that is known is not half a range
		if !p.Known("subnets", key, "dhcp") {
			subnet.DHCP = nil
			want.Subnets[key] = subnet
		}
	}
	open := !p.Known("mode") && !p.Left("mode")
	errs := []error{k.checkPodman(&want), k.checkSubnets(&want, open)}
	if !open {
		errs = append(errs, k.checkMode(&want))
	}
	if want.Subnets != nil || p.Left("subnets") {
		errs = append(errs, k.checkReserved(&want))
	}
	return errors.Join(errs...)
}

// check refuses what does not go together, once everything is known.
func (k *networks) check(want *platform.Network) error {
	return errors.Join(k.checkMode(want), k.checkPodman(want), k.checkSubnets(want, false), k.checkReserved(want))
}

// checkMode judges the mode beside what the docker block says. What is not known is nil.
func (k *networks) checkMode(want *platform.Network) error {
	own, mode := want.Docker, value(want.Mode)
	if own == nil {
		own = &platform.DockerNetwork{}
	}
	driver := k.driverOf(want)
	switch {
	case mode != "" && own.Driver != nil && value(modeOf(driver, mode == modeIsolated)) != mode:
		return platform.At(invalid("the mode %s has another driver: leave one of them out", mode), "docker", "driver")
	case own.Internal != nil && driver == driverBridge && *own.Internal != (mode == modeIsolated):
		return platform.At(invalid("of a bridge the mode says whether something leads out: write mode = %q or %q, and leave this out", modeIsolated, modeNAT), "docker", "internal")
	case want.MTU != nil && own.Options[optionMTU] != "":
		return platform.At(invalid("mtu says so already: leave one of them out"), "docker", "options")
	case driver == modeOverlay && !k.podman && !k.info.Swarm.ControlAvailable:
		return platform.At(platform.As(platform.ErrUnsupported, errors.New("overlay networks are those of a swarm, and the engine is not a manager of one: docker swarm init, or name a manager in the setting host")), "mode")
	}
	return nil
}

// checkPodman refuses what Podman would forget, or could not tell back.
func (k *networks) checkPodman(want *platform.Network) error {
	if !k.podman {
		return nil
	}
	var errs []error
	refuse := func(is bool, why string, path ...string) {
		if is {
			errs = append(errs, platform.At(platform.As(platform.ErrUnsupported, errors.New("Podman "+why)), path...))
		}
	}
	refuse(k.driverOf(want) == modeOverlay, "has no overlay networks", "mode")
	for _, key := range platform.Keys(want.Subnets) {
		d := want.Subnets[key].DHCP
		refuse(d != nil && (d.First != nil || d.Last != nil), "does not tell by this API which addresses it hands out: leave the range out", "subnets", key, "dhcp")
	}
	own := want.Docker
	if own == nil {
		return errors.Join(errs...)
	}
	refuse(value(own.Attachable), "lets containers join every network: leave it out", "docker", "attachable")
	refuse(value(own.Ingress), "has no routing mesh", "docker", "ingress")
	refuse(len(own.Reserved) > 0, "reserves no addresses: give containers addresses of their own", "docker", "reserved")
	refuse(len(own.IPAMOptions) > 0, "takes no such options", "docker", "ipam_options")
	refuse(value(own.IPAMDriver) != "" && *own.IPAMDriver != defaultIPAM, "takes no such driver by this API", "docker", "ipam_driver")
	for _, name := range platform.Keys(own.Options) {
		refuse(!podmanTells(name), "does not tell "+name+" back by this API: make the network with podman network create and refer to it", "docker", "options")
	}
	return errors.Join(errs...)
}

// checkSubnets judges the ranges. Of a bridge there is one of each family at most; open says that the mode may be
// another yet.
func (k *networks) checkSubnets(want *platform.Network, open bool) error {
	single := !open && !k.podman && k.driverOf(want) == driverBridge
	var errs []error
	seen := map[netip.Prefix]string{}
	family := map[bool]string{}
	for _, key := range platform.Keys(want.Subnets) {
		s := want.Subnets[key]
		if s.CIDR == "" {
			continue // not known
		}
		at := func(err error, path ...string) {
			errs = append(errs, platform.At(err, append([]string{"subnets", key}, path...)...))
		}
		p, err := netip.ParsePrefix(s.CIDR)
		if err != nil || p != p.Masked() {
			at(badRange(s.CIDR, p), "cidr")
			continue
		}
		if other, twice := seen[p]; twice {
			at(invalid("it is the range of %q, too", other), "cidr")
		}
		if other, twice := family[p.Addr().Is6()]; twice && single {
			at(invalid("a bridge has one range of each family, and %q is one already: mode = \"overlay\", macvlan and ipvlan take several", other), "cidr")
		}
		seen[p], family[p.Addr().Is6()] = key, key
		if err := checkGateway(p, s.Gateway); err != nil {
			at(err, "gateway")
		}
		var about *platform.AttrError
		if err := checkRange(p, s.DHCP); errors.As(err, &about) {
			at(about.Err, append([]string{"dhcp"}, about.Path...)...)
		}
	}
	return errors.Join(errs...)
}

func badRange(text string, p netip.Prefix) error {
	if !p.IsValid() {
		return invalid("%q is no range: write an address and the length of its prefix, such as 10.0.0.0/24", text)
	}
	return invalid("%s is an address in a range: write the range, %s", text, p.Masked())
}

func checkGateway(p netip.Prefix, gateway *string) error {
	if value(gateway) == "" {
		return nil
	}
	a, err := netip.ParseAddr(*gateway)
	if err != nil {
		return invalid("%q is no address", *gateway)
	}
	if !p.Contains(a) {
		return invalid("%s is not in %s", a, p)
	}
	return nil
}

// checkReserved demands a range for every reserved address. The networks of a swarm forget them.
func (k *networks) checkReserved(want *platform.Network) error {
	if want.Docker == nil || len(want.Docker.Reserved) == 0 {
		return nil
	}
	if k.driverOf(want) == modeOverlay {
		err := errors.New("a swarm reserves no addresses: give the subnet a dhcp range that leaves them out")
		return platform.At(platform.As(platform.ErrUnsupported, err), "docker", "reserved")
	}
	var errs []error
	for _, name := range platform.Keys(want.Docker.Reserved) {
		if text := want.Docker.Reserved[name]; text != "" && !held(want.Subnets, text) {
			errs = append(errs, platform.At(invalid("%q is in none of the subnets", text), "docker", "reserved"))
		}
	}
	return errors.Join(errs...)
}

// held reports whether an address lies in one of the ranges, as far as they are known.
func held(subnets map[string]platform.Subnet, text string) bool {
	a, err := netip.ParseAddr(text)
	if err != nil {
		return false
	}
	for _, s := range subnets {
		if p, err := netip.ParsePrefix(s.CIDR); s.CIDR == "" || err == nil && p.Contains(a) {
			return true
		}
	}
	return false
}
