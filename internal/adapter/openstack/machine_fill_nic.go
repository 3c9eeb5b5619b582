package openstack

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// fillNICs binds the ports by their ids, else their MAC addresses. What is bound to nobody is unmanaged, or after an
// import gets the key that its description holds, else one by its place.
func (m *machines) fillNICs(ctx context.Context, s *sighting, bound, have *platform.Machine) error {
	importing := platform.Importing(ctx)
	if bound.NICs != nil {
		have.NICs = map[string]platform.NIC{}
	}
	used := map[*neutronPort]bool{}
	for key, b := range bound.NICs {
		p := findPort(s.ports, used, b)
		if p == nil {
			continue
		}
		used[p] = true
		n, err := m.nicOf(ctx, p)
		if err != nil {
			return err
		}
		have.NICs[key] = n
	}
	for i, p := range s.ports {
		if used[p] {
			continue
		}
		slot := fmt.Sprintf("nic%d", i)
		if !importing {
			keyed(&have.UnmanagedNICs, slot, platform.UnmanagedNIC{ID: &p.ID, MAC: &p.MAC, NetworkID: &p.NetworkID})
			continue
		}
		n, err := m.nicOf(ctx, p)
		if err != nil {
			return err
		}
		key := p.key()
		if _, taken := have.NICs[key]; key == "" || taken {
			key = slot
		}
		keyed(&have.NICs, key, n)
	}
	return nil
}

func findPort(ports []*neutronPort, used map[*neutronPort]bool, b platform.NIC) *neutronPort {
	for _, p := range ports {
		if b.ID != nil && p.ID == *b.ID && !used[p] {
			return p
		}
	}
	for _, p := range ports {
		if b.MAC != nil && strings.EqualFold(p.MAC, *b.MAC) && !used[p] {
			return p
		}
	}
	return nil
}

// nicOf describes a port. After an import, what the user did not choose is left out where the port says so.
func (m *machines) nicOf(ctx context.Context, p *neutronPort) (platform.NIC, error) {
	n := platform.NIC{ID: &p.ID, NetworkID: &p.NetworkID, MAC: &p.MAC, Connected: &p.Up}
	importing := platform.Importing(ctx)
	if len(p.IPs) > 0 && (!importing || p.says(choseSubnet)) {
		n.SubnetID = &p.IPs[0].SubnetID
	}
	if !importing || p.says(choseAddresses) {
		for _, ip := range p.IPs {
			in, err := m.subnet(ctx, ip.SubnetID)
			if err != nil {
				return n, err
			}
			n.Addresses = append(n.Addresses, in.withPrefix(ip.Address))
		}
	}
	n.FirewallIDs = slices.Sorted(slices.Values(p.SecurityGroups))
	if importing && len(n.FirewallIDs) == 1 {
		group, err := m.defaultGroup(ctx, m.project)
		if err != nil {
			return n, err
		}
		if n.FirewallIDs[0] == group {
			n.FirewallIDs = nil
		}
	}
	return n, nil
}
