package sandbox

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// settleFirewall says which addresses the rules are about, and checks what they refer to.
func settleFirewall(_ context.Context, s *store, id string, _, now, _ *platform.Firewall) error {
	for _, key := range platform.Keys(now.Rules) {
		rule := now.Rules[key]
		if err := settleRule(s, id, &rule); err != nil {
			return atElement(err, "rules", key)
		}
		now.Rules[key] = rule
	}
	return nil
}

func settleRule(s *store, id string, r *platform.FirewallRule) error {
	family := or(r.Family, platform.RuleIPv4)
	if r.CIDR != nil {
		cidr, err := netip.ParsePrefix(*r.CIDR)
		if err != nil || cidr != cidr.Masked() {
			return platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("%q is no range of addresses, such as 10.0.0.0/8", *r.CIDR)), "cidr")
		}
		family = platform.RuleIPv4
		if cidr.Addr().Is6() {
			family = platform.RuleIPv6
		}
	}
	preset(&r.Family, family)
	if *r.Family != family {
		return platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("%s is %s, not %s", *r.CIDR, family, *r.Family)), "family")
	}
	if other := deref(r.FirewallID); other != "" && other != id && !s.there("firewall", other) {
		return platform.At(platform.As(platform.ErrNotFound, fmt.Errorf("there is no firewall with the id %q", other)), "firewall_id")
	}
	return nil
}

// firewallUnused refuses to take the firewall from network adapters that carry it.
func firewallUnused(ctx context.Context, s *store, id string) error {
	list, err := s.machines.held(ctx)
	if err != nil {
		return err
	}
	var users []string
	for _, m := range list {
		if slices.ContainsFunc(m.NICs, func(c vnic) bool { return slices.Contains(c.Guards, id) }) {
			users = append(users, m.Name)
		}
	}
	if len(users) > 0 {
		return platform.As(platform.ErrConflict, fmt.Errorf("the machines %s still carry it", strings.Join(users, ", ")))
	}
	return nil
}
