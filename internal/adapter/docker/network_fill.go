package docker

import (
	"cmp"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"github.com/moby/moby/api/types/network"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Modes of a network, and the drivers that they stand for.
const (
	modeNAT      = "nat"      // bridge; on Windows nat
	modeIsolated = "isolated" // bridge that leads nowhere
	modeOverlay  = "overlay"
	modeMacvlan  = "macvlan"
	modeIPvlan   = "ipvlan"

	driverBridge  = "bridge"
	driverWindows = "nat"
	defaultIPAM   = "default"

	optionMTU = "com.docker.network.driver.mtu"
	podmanMTU = "mtu" // how Podman tells it
)

// driverOf is the driver that a network is made with.
func (s *session) driverOf(want *platform.Network) string {
	if want.Docker != nil && want.Docker.Driver != nil {
		return *want.Docker.Driver
	}
	switch mode := value(want.Mode); mode {
	case "", modeNAT, modeIsolated:
		if s.info.OSType == "windows" {
			return driverWindows
		}
		return driverBridge
	default:
		return mode
	}
}

// modeOf is the mode of a driver; nil when it is the driver of none.
func modeOf(driver string, internal bool) *string {
	switch driver {
	case driverBridge, driverWindows:
		if internal {
			return new(modeIsolated)
		}
		return new(modeNAT)
	case modeOverlay, modeMacvlan, modeIPvlan:
		return &driver
	}
	return nil
}

// mtuOf is the largest frame; nil where it is that of a device which the engine does not tell.
func mtuOf(n network.Network) *int64 {
	if mtu, err := strconv.ParseInt(cmp.Or(n.Options[optionMTU], n.Options[podmanMTU]), 10, 64); err == nil {
		return &mtu
	}
	switch n.Driver {
	case driverBridge:
		return new(int64(1500))
	case modeOverlay:
		return new(int64(1450)) // less what the tunnel takes
	}
	return nil
}

// fillNetwork fills in what the engine tells of a network.
func fillNetwork(have *platform.Network, n network.Network) {
	have.ID, have.Name = &n.ID, n.Name
	have.Mode, have.MTU = modeOf(n.Driver, n.Internal), mtuOf(n)
	have.Tags = tagsOf(n.Labels, nil)
	have.Subnets = keyedSubnets(n, have.Subnets)
	have.Native = map[string]string{"driver": n.Driver, "scope": n.Scope}
	if !n.Created.IsZero() {
		have.Native["created"] = n.Created.UTC().Format(time.RFC3339)
	}
	if have.Docker == nil {
		return
	}
	if _, told := n.Options[optionMTU]; !told && n.Options[podmanMTU] != "" {
		n.Options[optionMTU] = n.Options[podmanMTU]
	}
	have.Docker = &platform.DockerNetwork{
		Driver: &n.Driver, Internal: &n.Internal, Attachable: &n.Attachable, Ingress: &n.Ingress,
		Options:    only(n.Options, have.Docker.Options),
		IPAMDriver: &n.IPAM.Driver, IPAMOptions: only(n.IPAM.Options, have.Docker.IPAMOptions),
		Reserved: map[string]string{},
	}
	for _, pool := range n.IPAM.Config {
		for name, address := range pool.AuxAddress {
			have.Docker.Reserved[name] = address.String()
		}
	}
}

// keyedSubnets gives subnets the keys that are bound to them; one that the engine chose beside them is nobody's. Without
// known ones all get the key that was written down when the network was made, else one by their slot: ipv4, ipv6, ipv4-2.
func keyedSubnets(n network.Network, known map[string]platform.Subnet) map[string]platform.Subnet {
	written := keysOf(n.Labels)["subnets"]
	bound := map[string]string{}
	for key, s := range known {
		bound[value(s.ID)] = key
		if s.ID == nil {
			bound[s.CIDR] = key
		}
	}
	got := map[string]platform.Subnet{}
	for _, pool := range n.IPAM.Config {
		if !pool.Subnet.IsValid() {
			continue
		}
		s := subnetOf(pool)
		if key := bound[s.CIDR]; known != nil && key != "" {
			got[key] = s
		}
		if known != nil {
			continue
		}
		key := written[s.CIDR]
		if _, taken := got[key]; key == "" || taken {
			key = freeSlot(got, pool.Subnet.Addr())
		}
		got[key] = s
	}
	if len(got) == 0 && known == nil {
		return nil
	}
	return got
}

// freeSlot is the first key of a family that is not taken.
func freeSlot(taken map[string]platform.Subnet, of netip.Addr) string {
	slot := "ipv4"
	if of.Is6() {
		slot = "ipv6"
	}
	key := slot
	for n := 2; ; n++ {
		if _, there := taken[key]; !there {
			return key
		}
		key = fmt.Sprintf("%s-%d", slot, n)
	}
}

func subnetOf(pool network.IPAMConfig) platform.Subnet {
	cidr := pool.Subnet.String()
	s := platform.Subnet{CIDR: cidr, ID: &cidr, DHCP: dhcpOf(pool.IPRange)}
	if pool.Gateway.IsValid() {
		s.Gateway = new(pool.Gateway.String())
	}
	return s
}

// completeNetwork fills what was left open from what was read.
func completeNetwork(want, got *platform.Network) {
	want.ID, want.Native = got.ID, got.Native
	fillOpen(&want.Mode, got.Mode)
	fillOpen(&want.MTU, got.MTU)
	for key, s := range want.Subnets {
		seen := got.Subnets[key]
		fillOpen(&s.Gateway, seen.Gateway)
		s.ID = seen.ID
		want.Subnets[key] = s
	}
}
