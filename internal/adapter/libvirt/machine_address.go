package libvirt

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/digitalocean/go-libvirt"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Who knows a guest's addresses.
const (
	fromLease = "lease"
	fromAgent = "agent"
	fromARP   = "arp"
)

// addressPulse is how often a guest's addresses are asked for while somebody waits: libvirt has no event for a lease.
const addressPulse = time.Second

// addresses asks the sources in their order; the first that knows any counts.
func (s *session) addresses(ctx context.Context, d *domain) ([]string, error) {
	if d.run == nil || d.paused || len(d.run.Devices.Interfaces) == 0 {
		return nil, nil
	}
	order := d.rec.Sources
	if len(order) == 0 {
		order = []string{fromLease, fromAgent}
	}
	for _, source := range order {
		found, err := s.addressesFrom(ctx, d, source)
		if err != nil || len(found) > 0 {
			return found, err
		}
	}
	return nil, nil
}

func (s *session) addressesFrom(ctx context.Context, d *domain, source string) ([]string, error) {
	codes := map[string]uint32{
		fromLease: uint32(libvirt.DomainInterfaceAddressesSrcLease), fromAgent: uint32(libvirt.DomainInterfaceAddressesSrcAgent), fromARP: uint32(libvirt.DomainInterfaceAddressesSrcArp),
	}
	if source == fromAgent && agentState(d.run) != "connected" {
		return nil, nil // it would answer after a timeout
	}
	if source == fromLease && !onNetwork(d) {
		return nil, nil
	}
	nics, err := ask(ctx, s.client, func(l *libvirt.Libvirt) ([]libvirt.DomainInterface, error) {
		return l.DomainInterfaceAddresses(d.rpc, codes[source], 0)
	})
	var told libvirt.Error
	switch {
	case is(err, libvirt.ErrNoDomain):
		return nil, err
	case asError(err, &told): // the agent is busy, the network has no DHCP: this source knows nothing
		return nil, nil
	case err != nil:
		return nil, err
	}
	return usable(nics), nil
}

// onNetwork says whether a machine is on a network of libvirt's own, which may hand out leases.
func onNetwork(d *domain) bool {
	for _, n := range d.run.Devices.Interfaces {
		if n.Source != nil && n.Source.Network != nil {
			return true
		}
	}
	return false
}

func asError(err error, told *libvirt.Error) bool { return errors.As(err, told) }

// usable leaves out the addresses that lead to nobody else.
func usable(nics []libvirt.DomainInterface) []string {
	var list []string
	for _, n := range nics {
		for _, a := range n.Addrs {
			addr, err := netip.ParseAddr(a.Addr)
			if err == nil && !addr.IsLoopback() && !addr.IsLinkLocalUnicast() && !slices.Contains(list, a.Addr) {
				list = append(list, a.Addr)
			}
		}
	}
	return list
}

// ready waits until the guest is what wait_for asks: it has an address inside a network, its agent answers.
func (m *machines) ready(ctx context.Context, d *domain, want *platform.Machine) error {
	w := want.WaitFor
	if w == nil || w.Address == nil && !value(w.GuestAgent) {
		return nil
	}
	var network netip.Prefix
	if w.Address != nil {
		var err error
		if network, err = netip.ParsePrefix(*w.Address); err != nil {
			err = fmt.Errorf("%q is no network: write one such as 10.0.0.0/8", *w.Address)
			return platform.At(platform.As(platform.ErrInvalid, err), "wait_for", "address")
		}
	}
	// The wait ends a little before the operation has to, so that it can still say what it saw.
	limit, cancel := ctx, context.CancelFunc(func() {})
	if deadline, ok := ctx.Deadline(); ok {
		limit, cancel = context.WithTimeout(ctx, time.Until(deadline)*19/20)
	}
	defer cancel()
	seen := "nothing"
	err := m.s.await(limit, d.rpc.UUID, addressPulse, func() (bool, error) {
		is, err := m.s.loaded(limit, d.rpc, d.id, false)
		if err != nil {
			return false, err
		}
		is.rec.Sources = pickSources(want, is.rec.Sources)
		found, err := m.s.addresses(limit, is)
		if err != nil {
			return false, err
		}
		agent := agentState(is.run)
		seen = saw(found, agent, is.power)
		return (!value(w.GuestAgent) || agent == "connected") && (w.Address == nil || within(found, network)), nil
	})
	if errors.Is(err, context.DeadlineExceeded) {
		err = &platform.TimeoutError{Awaited: awaited(w), Seen: seen}
	}
	return platform.At(failed("wait for the guest of", want.Name, err), "wait_for")
}

func pickSources(want *platform.Machine, noted []string) []string {
	if sources := blank(want.Libvirt).AddressSource; sources != nil {
		return sources
	}
	return noted
}

func within(addresses []string, network netip.Prefix) bool {
	return slices.ContainsFunc(addresses, func(text string) bool {
		a, err := netip.ParseAddr(text)
		return err == nil && network.Contains(a)
	})
}

func awaited(w *platform.WaitFor) string {
	var parts []string
	if w.Address != nil {
		parts = append(parts, "an address of the guest inside "+*w.Address)
	}
	if value(w.GuestAgent) {
		parts = append(parts, "the guest's agent to answer")
	}
	return strings.Join(parts, " and ")
}

func saw(addresses []string, agent, power string) string {
	if agent == "" {
		agent = "not seen"
	}
	if len(addresses) == 0 {
		return fmt.Sprintf("no address (power: %s, guest agent: %s)", power, agent)
	}
	return fmt.Sprintf("the addresses %s (guest agent: %s)", strings.Join(addresses, ", "), agent)
}
