package libvirt

import (
	"context"
	"errors"
	"fmt"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// What is tried, in the words of messages.
const (
	makeNetwork   = "make the network"
	changeNetwork = "change the network"
	deleteNetwork = "delete the network"
)

// Create defines a network, starts it and lets it start with the host.
func (n *networks) Create(ctx context.Context, want *platform.Network, made func(id string)) error {
	c := respelled(want, canonically)
	if err := checkAll(nil, c); err != nil {
		return failed(makeNetwork, want.Name, err)
	}
	if err := n.s.networkFree(ctx, want.Name); err != nil {
		return failed(makeNetwork, want.Name, err)
	}
	uuid := newUUID()
	doc := &libvirtxml.Network{Name: want.Name, UUID: spellUUID(uuid)}
	none := &platform.Network{}
	revise(doc, none, c)
	is := value(want.Libvirt)
	notes := networkRecord{Creating: true, Stopped: is.Active != nil && !*is.Active}
	notes.note(none, want)
	if err := errors.Join(record(doc, notes), n.s.define(ctx, doc, "")); err != nil {
		return failed(makeNetwork, want.Name, hinted(err))
	}
	made(doc.UUID)
	rpc := libvirt.Network{Name: want.Name, UUID: uuid}
	if is.Autostart == nil || *is.Autostart {
		if err := n.s.setAutostart(ctx, rpc, true); err != nil {
			return failed("let start with the host the network", want.Name, err)
		}
	}
	if !notes.Stopped {
		if err := n.s.startNetwork(ctx, rpc); err != nil {
			return failed("start the network", want.Name, hinted(err))
		}
	}
	notes.Creating = false
	return failed(makeNetwork, want.Name, n.finish(ctx, doc.UUID, notes, want))
}

// checkAll is everything that can be checked once all is known.
func checkAll(prior, want *platform.Network) error {
	errs := []error{checkNetwork(prior, want), checkBacking(prior, want), checkServed(prior, want)}
	for _, key := range platform.Keys(want.Subnets) {
		if s := want.Subnets[key]; len(s.DNS) > 0 && s.DHCP == nil {
			errs = append(errs, dnsAlone(key))
		}
	}
	return errors.Join(errs...)
}

// networkFree fails with an ExistsError when the host has a network of the name.
func (s *session) networkFree(ctx context.Context, name string) error {
	rpc, err := ask(ctx, s.client, func(l *libvirt.Libvirt) (libvirt.Network, error) { return l.NetworkLookupByName(name) })
	if is(err, libvirt.ErrNoNetwork) {
		return nil
	}
	if err != nil {
		return err
	}
	n := &lan{rpc: rpc}
	if err := s.documents(ctx, n); err != nil && !is(err, libvirt.ErrNoNetwork) {
		return err
	}
	return &platform.ExistsError{Name: name, ID: n.id(), Unfinished: n.record.Creating}
}

// define writes a definition; original is the document that it was made from.
func (s *session) define(ctx context.Context, doc *libvirtxml.Network, original string) error {
	ownBridge(doc)
	text, err := spelledXML(doc, original)
	if err != nil {
		return err
	}
	return s.defineText(ctx, text)
}

func (s *session) defineText(ctx context.Context, text string) error {
	return do(ctx, s.client, func(l *libvirt.Libvirt) error {
		_, err := l.NetworkDefineXML(text)
		return err
	})
}

func (s *session) startNetwork(ctx context.Context, rpc libvirt.Network) error {
	return do(ctx, s.client, func(l *libvirt.Libvirt) error { return l.NetworkCreate(rpc) }, libvirt.ErrOperationInvalid)
}

func (s *session) stopNetwork(ctx context.Context, rpc libvirt.Network) error {
	return do(ctx, s.client, func(l *libvirt.Libvirt) error { return l.NetworkDestroy(rpc) }, libvirt.ErrOperationInvalid)
}

func (s *session) setAutostart(ctx context.Context, rpc libvirt.Network, on bool) error {
	var flag int32
	if on {
		flag = 1
	}
	return do(ctx, s.client, func(l *libvirt.Libvirt) error { return l.NetworkSetAutostart(rpc, flag) })
}

// hinted says what to do about what libvirt refuses because of the host.
func hinted(err error) error {
	var told libvirt.Error
	if !errors.As(err, &told) {
		return err
	}
	for text, hint := range map[string]string{
		"already in use by interface": "Another network or device of the host has that range: choose another cidr",
		"bridge name":                 "Choose another libvirt.bridge, or leave it out",
		"firewall":                    "libvirt needs iptables or nftables on the host for this mode",
		"iptables":                    "libvirt needs iptables or nftables on the host for this mode",
	} {
		if contains(told.Message, text) {
			return fmt.Errorf("%w. %s", err, hint)
		}
	}
	return err
}

// finish notes what the network is now, and fills in what want left open. It writes only when the note differs.
func (n *networks) finish(ctx context.Context, id string, notes networkRecord, want *platform.Network) error {
	found, err := n.s.lan(ctx, id)
	if err != nil {
		return err
	}
	notes.Seen = digest(found.config)
	if !sameRecord(found.record, notes) {
		if err := record(found.config, notes); err != nil {
			return err
		}
		if err := n.s.define(ctx, found.config, found.text); err != nil {
			return err
		}
		found.record = notes
	}
	found.complete(want)
	return nil
}

// complete fills what want left open.
func (n *lan) complete(want *platform.Network) {
	got := platform.Network{Meta: want.Meta, Subnets: map[string]platform.Subnet{}}
	for key, s := range want.Subnets {
		got.Subnets[key] = platform.Subnet{ID: new(canonicalPrefix(s.CIDR))}
	}
	n.fill(&got)
	want.ID, want.Native = got.ID, got.Native
	fillOpen(&want.Mode, got.Mode)
	fillOpen(&want.MTU, got.MTU)
	for key, s := range want.Subnets {
		fillOpen(&s.Gateway, got.Subnets[key].Gateway)
		s.ID = got.Subnets[key].ID
		want.Subnets[key] = s
	}
}

// Delete stops and undefines a network, unless running machines are connected to it: they would not notice, but talk to
// nobody any more.
func (n *networks) Delete(ctx context.Context, have *platform.Network) error {
	id := value(have.ID)
	if err := ownNetwork(deleteNetwork, id); err != nil {
		return err
	}
	found, err := n.s.lan(ctx, id)
	if errors.Is(err, platform.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	name := found.rpc.Name
	if err := n.s.idle(ctx, name); err != nil {
		return failed(deleteNetwork, name, err)
	}
	if found.active {
		if err := n.s.stopNetwork(ctx, found.rpc); err != nil && !is(err, libvirt.ErrNoNetwork, libvirt.ErrOperationInvalid) {
			return failed("stop the network", name, err)
		}
	}
	err = do(ctx, n.s.client, func(l *libvirt.Libvirt) error { return l.NetworkUndefine(found.rpc) })
	if is(err, libvirt.ErrNoNetwork) {
		return nil
	}
	return failed(deleteNetwork, name, err)
}
