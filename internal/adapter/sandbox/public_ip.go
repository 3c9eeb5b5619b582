package sandbox

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// settlePublicIP gives a public IP its address and checks what it leads to.
func settlePublicIP(ctx context.Context, s *store, id string, was, now, _ *platform.PublicIP) error {
	preset(&now.NetworkID, outside)
	if was.Address == nil || deref(was.Address) != deref(now.Address) {
		if err := settleOuterAddress(ctx, s, id, now); err != nil {
			return err
		}
	}
	if now.NICID == nil || deref(was.NICID) == *now.NICID {
		return nil
	}
	list, err := s.machines.held(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(list, func(m *vm) bool { return m.nic(*now.NICID, "") >= 0 }) {
		return platform.At(platform.As(platform.ErrNotFound, fmt.Errorf("no machine has a network adapter with the id %q", *now.NICID)), "nic_id")
	}
	return nil
}

func settleOuterAddress(ctx context.Context, s *store, id string, now *platform.PublicIP) error {
	if now.Address == nil {
		address, err := s.outerAddress(ctx, *now.NetworkID, id)
		now.Address = &address
		return platform.At(err, "network_id")
	}
	cidr, err := s.outerRange(*now.NetworkID)
	if err != nil {
		return platform.At(err, "network_id")
	}
	if ip, err := netip.ParseAddr(*now.Address); err != nil || !cidr.Contains(ip) {
		return platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("%q is no address of %s", *now.Address, cidr)), "address")
	}
	taken, err := s.outerTaken(ctx)
	if err == nil && taken[*now.Address] {
		err = platform.At(platform.As(platform.ErrConflict, fmt.Errorf("the address %s is taken", *now.Address)), "address")
	}
	return err
}
