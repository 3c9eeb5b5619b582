package platformtest

import (
	"net/netip"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// What is no kind of its own and is referred to all the same. External networks are given; parts are made.
const (
	externalNetworks = "external network"
	subnetPart       = "subnet"
	nicPart          = "nic"
)

// parts makes what lies inside an object, by what it is called; each call makes another object around it.
func parts() map[string]func(b *Bench) string {
	return map[string]func(b *Bench) string{subnetPart: (*Bench).subnet, nicPart: (*Bench).someNIC}
}

// Another stands for the id of an object or part that nothing else in the case refers to.
func Another(kind string) func(*Bench) any {
	return func(b *Bench) any { return b.Other(kind, len(b.others[kind])) }
}

// subnet makes a network with one subnet, whose range no other network of the run has.
func (b *Bench) subnet() string {
	n := b.serial.Add(1)
	cidr := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(64 + n>>8&63), byte(n), 0}), 24)
	x := b.beside("network", Config{"subnets": Config{"main": Config{"cidr": cidr.String()}}})
	id, _ := value(plain(x.raw.State()), platform.Path{"subnets", "main", "id"}).(string)
	b.ranges[id] = cidr
	return id
}

// within is the n-th address of the subnet of the case with this number.
func within(subnet int, n byte) func(*Bench) any {
	return func(b *Bench) any {
		at := b.ranges[b.Other(subnetPart, subnet)].Addr().As4()
		at[3] = n
		return netip.AddrFrom4(at).String()
	}
}

// someNIC makes a machine with a network adapter.
func (b *Bench) someNIC() string {
	nic := Config{"network_id": b.Other("network", 0)}
	x := b.beside("machine", Config{"nics": Config{"eth0": nic}})
	id, _ := value(plain(x.raw.State()), platform.Path{"nics", "eth0", "id"}).(string)
	return id
}
