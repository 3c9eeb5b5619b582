package libvirt

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"time"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// restartGrace is how long a network that was stopped for a change may take to be there again, whatever happens: its
// machines have no connection until then.
const restartGrace = time.Minute

// contains is strings.Contains without regard to case.
func contains(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

func sameRecord(a, b networkRecord) bool {
	if len(a.Tags) == 0 && len(b.Tags) == 0 {
		a.Tags, b.Tags = nil, nil
	}
	if len(a.Subnets) == 0 && len(b.Subnets) == 0 {
		a.Subnets, b.Subnets = nil, nil
	}
	if len(a.Spelled) == 0 && len(b.Spelled) == 0 {
		a.Spelled, b.Spelled = nil, nil
	}
	return reflect.DeepEqual(a, b)
}

// Update changes the definition, and what runs: piece by piece where libvirt can, otherwise by a start anew, after which
// the machines on the network are connected again.
func (n *networks) Update(ctx context.Context, prior, want *platform.Network) error {
	id := value(prior.ID)
	if err := ownNetwork(changeNetwork, id); err != nil {
		return err
	}
	was, is := respelled(prior, canonically), respelled(want, canonically)
	if err := checkAll(was, is); err != nil {
		return failed(changeNetwork, want.Name, err)
	}
	found, err := n.s.lan(ctx, id)
	if err != nil {
		return err
	}
	doc := &libvirtxml.Network{}
	if err := doc.Unmarshal(found.text); err != nil {
		return failed(changeNetwork, want.Name, err)
	}
	revise(doc, was, is)
	notes := found.record
	notes.note(prior, want)
	notes.Creating = false
	if w, i := value(prior.Libvirt).Active, value(want.Libvirt).Active; w != nil || i != nil {
		notes.Stopped = i != nil && !*i
	}
	if err := n.apply(ctx, found, doc, notes); err != nil {
		return failed(changeNetwork, want.Name, hinted(err))
	}
	if err := n.states(ctx, found, prior, want); err != nil {
		return failed(changeNetwork, want.Name, hinted(err))
	}
	return failed(changeNetwork, want.Name, n.finish(ctx, id, notes, want))
}

// apply brings the definition and what runs to doc.
func (n *networks) apply(ctx context.Context, found *lan, doc *libvirtxml.Network, notes networkRecord) error {
	notes.Seen = digest(doc)
	if err := record(doc, notes); err != nil {
		return err
	}
	still := skeleton(doc) == skeleton(found.config) || found.live != nil && skeleton(doc) == skeleton(found.live)
	if err := n.s.define(ctx, doc, found.text); err != nil {
		return err
	}
	switch {
	case found.live == nil:
		return nil
	case still && patchable(found.live, doc):
		return n.patch(ctx, found, doc)
	}
	return n.s.startAnew(ctx, found)
}

// patch changes what runs piece by piece.
func (n *networks) patch(ctx context.Context, found *lan, doc *libvirtxml.Network) error {
	if len(found.live.IPs) != len(doc.IPs) {
		return nil // somebody changed the definition, and it waits for the next start
	}
	var errs []error
	for _, p := range patches(found.live, doc) {
		errs = append(errs, do(ctx, n.s.client, func(l *libvirt.Libvirt) error {
			return l.NetworkUpdateCompat(found.rpc, p.command, p.section, p.index, p.text, libvirt.NetworkUpdateAffectLive)
		}, libvirt.ErrOperationInvalid))
	}
	return errors.Join(errs...)
}

// states changes whether the network starts with the host, and whether it runs.
func (n *networks) states(ctx context.Context, found *lan, prior, want *platform.Network) error {
	was, is := value(prior.Libvirt), value(want.Libvirt)
	if was.Autostart != nil || is.Autostart != nil {
		if on := is.Autostart == nil || *is.Autostart; on != found.autostart {
			if err := n.s.setAutostart(ctx, found.rpc, on); err != nil {
				return err
			}
		}
	}
	if was.Active == nil && is.Active == nil {
		return nil
	}
	on := is.Active == nil || *is.Active
	switch {
	case on == found.active:
		return nil
	case on:
		if err := n.s.startNetwork(ctx, found.rpc); err != nil {
			return err
		}
		return n.s.reconnect(ctx, found.rpc.Name)
	}
	if err := n.s.idle(ctx, found.rpc.Name); err != nil {
		return platform.At(err, "libvirt", "active")
	}
	return n.s.stopNetwork(ctx, found.rpc)
}

// startAnew stops and starts a network and connects its machines again. When it does not start with its new definition,
// it gets the old one back: no machine shall stay without a connection because of a change that cannot be.
func (s *session) startAnew(ctx context.Context, found *lan) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restartGrace)
	defer cancel()
	if err := s.stopNetwork(ctx, found.rpc); err != nil {
		return err
	}
	failure := s.startNetwork(ctx, found.rpc)
	if failure != nil {
		back := errors.Join(s.defineText(ctx, found.text), s.startNetwork(ctx, found.rpc))
		failure = errors.Join(failure, back)
	}
	return errors.Join(failure, s.reconnect(ctx, found.rpc.Name))
}
