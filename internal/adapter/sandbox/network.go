package sandbox

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

const (
	defaultMTU  = 1500
	defaultMode = "nat"
)

// networks implements [platform.Resource] for networks.
type networks struct {
	shelf[platform.Network, *platform.Network, segment, *segment]
}

func newNetworks(s *store, like likeness) *networks {
	n := &networks{}
	n.shelf = newShelf(s.networks, like, n.fillNetwork)
	n.bind = bindSubnets
	return n
}

// Create makes a network with its subnets.
func (s *networks) Create(ctx context.Context, want *platform.Network, made func(id string)) error {
	n := &segment{head: head{Name: want.Name}, Mode: defaultMode, MTU: defaultMTU}
	return s.make(ctx, want, n, made, func(*change) error {
		if err := s.table.free(ctx, want.Name, "", nil); err != nil {
			return err
		}
		if err := s.settings(n, &platform.Network{}, want); err != nil {
			return err
		}
		return s.subnets(ctx, n, nil, want.Subnets)
	}, nil)
}

// Update changes a network; a subnet that machines use stays.
func (s *networks) Update(ctx context.Context, prior, want *platform.Network) error {
	n, err := s.revise(ctx, want.Name, want, func(_ *change, n *segment) error {
		if want.Name != n.Name {
			if err := s.table.free(ctx, want.Name, n.id, nil); err != nil {
				return err
			}
		}
		return s.settings(n, prior, want)
	}, func(_ *change, n *segment) error { return s.subnets(ctx, n, prior.Subnets, want.Subnets) })
	if err != nil {
		return err
	}
	s.complete(ctx, n, want)
	return nil
}

// Delete removes a network that no machine uses.
func (s *networks) Delete(ctx context.Context, have *platform.Network) error {
	return s.destroy(ctx, have, func(_ *change, n *segment) error {
		if err := s.unjoined(ctx, n.id, n.Subnets); err != nil {
			return err
		}
		return s.unused(ctx, "network", n.Name, func(c vnic) bool { return c.Network == n.id })
	}, func(*change, *segment) error { return nil })
}

// Plan names what a change alters; see [platform.Planner].
func (s *networks) Plan(_ context.Context, p *platform.Plan[platform.Network]) error {
	if p.Prior == nil {
		return nil
	}
	for _, key := range platform.Keys(p.Want.Subnets) {
		if old, ok := p.Prior.Subnets[key]; ok && old.ID == nil {
			p.Recompute("subnets", key, "id")
		}
	}
	return nil
}

// unused refuses what would leave machines without something they use.
func (s *networks) unused(ctx context.Context, what, name string, uses func(c vnic) bool) error {
	list, err := s.machines.held(ctx)
	if err != nil {
		return err
	}
	var users []string
	for _, m := range list {
		if slices.ContainsFunc(m.NICs, uses) {
			users = append(users, m.Name)
		}
	}
	if len(users) > 0 {
		return platform.As(platform.ErrConflict, fmt.Errorf("the %s %s is used by the machines %s", what, name, strings.Join(users, ", ")))
	}
	return nil
}

func (s *networks) settings(n *segment, prior, want *platform.Network) error {
	n.Name = want.Name
	set(&n.Description, prior.Description, want.Description, "")
	set(&n.Mode, prior.Mode, want.Mode, defaultMode)
	set(&n.VLAN, prior.VLAN, want.VLAN, 0)
	set(&n.MTU, prior.MTU, want.MTU, defaultMTU)
	setMap(&n.Tags, prior.Tags, want.Tags)
	return setBlock(&n.head, s.like.block, prior, want)
}

// subnets adds, changes and removes what the configuration manages and leaves other subnets alone.
func (s *networks) subnets(ctx context.Context, n *segment, prior, want map[string]platform.Subnet) error {
	for _, key := range platform.Keys(prior) {
		at := n.subnet(deref(prior[key].ID))
		if _, stays := want[key]; stays || at < 0 {
			continue
		}
		id := n.Subnets[at].ID
		if err := s.unjoined(ctx, "", n.Subnets[at:at+1]); err != nil {
			return platform.At(err, "subnets", key)
		}
		if err := s.unused(ctx, "subnet", key, func(c vnic) bool { return c.Subnet == id }); err != nil {
			return platform.At(err, "subnets", key)
		}
		n.Subnets = slices.Delete(n.Subnets, at, at+1)
	}
	for _, key := range platform.Keys(want) {
		at := n.subnet(deref(prior[key].ID))
		if at < 0 {
			n.Subnets = append(n.Subnets, subnet{ID: newID()})
			at = len(n.Subnets) - 1
		}
		n.Subnets[at].set(key, prior[key], want[key])
		if err := n.fits(at); err != nil {
			return platform.At(platform.As(platform.ErrInvalid, err), "subnets", key)
		}
	}
	return nil
}

// fits checks one subnet by itself and against the others.
func (n *segment) fits(at int) error {
	s := n.Subnets[at]
	cidr, err := netip.ParsePrefix(s.CIDR)
	if err != nil {
		return err
	}
	if cidr != cidr.Masked() {
		return fmt.Errorf("%s has bits beyond its prefix: write %s", cidr, cidr.Masked())
	}
	for i, other := range n.Subnets {
		if o, err := netip.ParsePrefix(other.CIDR); i != at && err == nil && o.Overlaps(cidr) {
			return fmt.Errorf("%s overlaps the subnet %s", cidr, o)
		}
	}
	inside := []string{s.Gateway}
	if s.DHCP != nil {
		inside = append(inside, s.DHCP.First, s.DHCP.Last)
		for _, ip := range s.DHCP.Reservations {
			inside = append(inside, ip)
		}
	}
	for _, text := range inside {
		if text == "" {
			continue
		}
		if ip, err := netip.ParseAddr(text); err != nil || !cidr.Contains(ip) {
			return fmt.Errorf("%q is no address of %s", text, cidr)
		}
	}
	return nil
}
