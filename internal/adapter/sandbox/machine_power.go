package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// setPower brings a machine into a state. One that is to run and has no guest boots.
func setPower(n *vm, power string) error {
	switch power {
	case platform.PowerOff:
		n.State, n.Guest = stopped, nil
		return nil
	case platform.PowerOn:
		n.State = running
	case platform.PowerSuspended:
		n.State = saved
	default:
		return platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("%q is no power state: on, off or suspended", power)), "power")
	}
	if n.Guest == nil {
		n.Guest = &guest{BootedAt: now(), Agent: true, Addresses: n.addresses()}
	}
	return nil
}

// addresses is what the guest reports: the static ones of each NIC or its lease.
func (n *vm) addresses() []string {
	list := []string{}
	for _, c := range n.NICs {
		for _, text := range c.Static {
			if ip, err := netip.ParsePrefix(text); err == nil {
				list = append(list, ip.Addr().String())
			}
		}
		if len(c.Static) == 0 && c.Lease != "" {
			list = append(list, c.Lease)
		}
	}
	return list
}

// await returns once the machine is what wait_for calls ready. It looks at the file again and again, for somebody
// may write there what the guest reports.
func (s *machines) await(ctx context.Context, n *vm, want *platform.Machine) error {
	w := want.WaitFor
	if w == nil || n.State != running {
		return nil
	}
	var cidr netip.Prefix
	if w.Address != nil {
		var err error
		if cidr, err = netip.ParsePrefix(*w.Address); err != nil {
			return platform.At(platform.As(platform.ErrInvalid, err), "wait_for", "address")
		}
	}
	for !n.ready(cidr, deref(w.GuestAgent)) {
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return s.call("wait for", n.Name, n.id).failed(late(n, cidr))
		}
		fresh, err := s.table.get(n.id)
		if errors.Is(err, platform.ErrInvalid) {
			continue // somebody is writing it by hand just now
		}
		if err != nil {
			return s.call("read", n.Name, n.id).failed(err)
		}
		n = fresh
	}
	want.Addresses = append([]string{}, n.Guest.Addresses...)
	return nil
}

func (n *vm) ready(cidr netip.Prefix, agent bool) bool {
	if n.Guest == nil || agent && !n.Guest.Agent {
		return false
	}
	if !cidr.IsValid() {
		return true
	}
	for _, text := range n.Guest.Addresses {
		if ip, err := netip.ParseAddr(text); err == nil && cidr.Contains(ip) {
			return true
		}
	}
	return false
}

// late is what a wait for the guest ends with when time is up.
func late(n *vm, cidr netip.Prefix) error {
	awaited, seen := "the guest's agent of "+n.Name, ""
	if cidr.IsValid() {
		awaited = "an address of " + n.Name + " inside " + cidr.String()
	}
	if n.Guest != nil {
		seen = strings.Join(n.Guest.Addresses, ", ")
	}
	return &platform.TimeoutError{Awaited: awaited, Seen: seen}
}
