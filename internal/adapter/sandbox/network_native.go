package sandbox

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// segment is a network as its file has it.
type segment struct {
	head
	Description string   `json:"description,omitempty"`
	Mode        string   `json:"mode"`
	VLAN        int64    `json:"vlan,omitempty"`
	MTU         int64    `json:"mtu"`
	Subnets     []subnet `json:"subnets,omitempty"`
}

// subnet is one address range, in the order of creation.
type subnet struct {
	ID      string   `json:"id"`
	Key     string   `json:"key,omitempty"` // the configuration's name for it
	CIDR    string   `json:"cidr"`
	Gateway string   `json:"gateway,omitempty"`
	DNS     []string `json:"dns,omitempty"`
	DHCP    *dhcp    `json:"dhcp,omitempty"`
}

type dhcp struct {
	First        string            `json:"first,omitempty"`
	Last         string            `json:"last,omitempty"`
	Reservations map[string]string `json:"reservations,omitempty"` // MAC to IP address
}

func (n *segment) check() error {
	if n.MTU == 0 || n.Mode == "" {
		return errors.New("a network needs mode and mtu")
	}
	return nil
}

// subnet gives the index of a subnet, -1 when there is none.
func (n *segment) subnet(id string) int {
	return slices.IndexFunc(n.Subnets, func(s subnet) bool { return s.ID == id })
}

func (s *subnet) set(key string, prior, want platform.Subnet) {
	s.Key, s.CIDR = key, want.CIDR
	set(&s.Gateway, prior.Gateway, want.Gateway, "")
	if want.DNS != nil || prior.DNS != nil {
		s.DNS = slices.Clone(want.DNS)
	}
	if want.DHCP == nil && prior.DHCP == nil {
		return
	}
	if want.DHCP == nil {
		s.DHCP = nil
		return
	}
	s.DHCP = &dhcp{deref(want.DHCP.First), deref(want.DHCP.Last), maps.Clone(want.DHCP.Reservations)}
}

func (s *networks) fillNetwork(ctx context.Context, n *segment, have *platform.Network) {
	bound := map[string]string{}
	for key, sub := range have.Subnets {
		bound[deref(sub.ID)] = key
	}
	have.Name, have.Description = n.Name, some(n.Description)
	have.Mode, have.VLAN, have.MTU = some(n.Mode), some(n.VLAN), some(n.MTU)
	have.Tags, have.Native = maps.Clone(n.Tags), map[string]string{"file": s.file("network", n.id)}
	have.Subnets = nil
	for i, sub := range n.Subnets {
		key, ok := bound[sub.ID]
		if !ok && platform.Importing(ctx) {
			key, ok = recovered(sub.Key, fmt.Sprintf("subnet%d", i), have.Subnets), true
		}
		if !ok {
			continue
		}
		if have.Subnets == nil {
			have.Subnets = map[string]platform.Subnet{}
		}
		have.Subnets[key] = sub.contract()
	}
}

func (s *subnet) contract() platform.Subnet {
	out := platform.Subnet{CIDR: s.CIDR, Gateway: some(s.Gateway), DNS: slices.Clone(s.DNS), ID: some(s.ID)}
	if s.DHCP != nil {
		out.DHCP = &platform.DHCP{First: some(s.DHCP.First), Last: some(s.DHCP.Last), Reservations: maps.Clone(s.DHCP.Reservations)}
	}
	return out
}

// recovered is the key an imported element gets: the one that made it, or that of its slot.
func recovered[V any](key, slot string, taken map[string]V) string {
	if _, twice := taken[key]; key == "" || twice {
		return slot
	}
	return key
}

// bindSubnets gives have the bindings of the subnets that want names.
func bindSubnets(n *segment, want, have *platform.Network) {
	have.Subnets = map[string]platform.Subnet{}
	for _, s := range n.Subnets {
		if _, ok := want.Subnets[s.Key]; ok {
			have.Subnets[s.Key] = platform.Subnet{ID: some(s.ID)}
		}
	}
}
