package libvirt

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// networks are the networks of a connection. Their stable id is the UUID. The host's own bridges and devices can be read
// as networks, too, under the ids "bridge:br0" and "macvtap:eth0".
type networks struct{ s *session }

var (
	_ platform.Resource[platform.Network] = (*networks)(nil)
	_ platform.Lister[platform.Network]   = (*networks)(nil)
	_ platform.Finder[platform.Network]   = (*networks)(nil)
	_ platform.Planner[platform.Network]  = (*networks)(nil)
)

// Flags of the protocol that go-libvirt has no names for here.
const (
	inactiveXML       = 1  // the document that counts from the next start
	activeNetworks    = 2  // VIR_CONNECT_LIST_NETWORKS_ACTIVE
	autostartNetworks = 16 // VIR_CONNECT_LIST_NETWORKS_AUTOSTART
)

// lan is a network as libvirt tells it.
type lan struct {
	rpc       libvirt.Network
	config    *libvirtxml.Network // what is defined
	text      string              // config as libvirt wrote it
	live      *libvirtxml.Network // what runs; nil when it does not
	record    networkRecord
	active    bool
	autostart bool
}

// id is the UUID in libvirt's spelling.
func (n *lan) id() string { return spellUUID(n.rpc.UUID) }

// lan reads one network by its UUID.
func (s *session) lan(ctx context.Context, id string) (*lan, error) {
	uuid, ok := parseUUID(id)
	if !ok {
		err := errors.New("networks have a UUID as their id")
		return nil, failed("find the network", id, platform.As(platform.ErrNotFound, err))
	}
	rpc, err := ask(ctx, s.client, func(l *libvirt.Libvirt) (libvirt.Network, error) { return l.NetworkLookupByUUID(uuid) })
	if err != nil {
		return nil, failed("find the network", id, err)
	}
	n := &lan{rpc: rpc}
	if err := s.states(ctx, n); err != nil {
		return nil, failed("read the network", rpc.Name, err)
	}
	return n, failed("read the network", rpc.Name, s.documents(ctx, n))
}

// states asks whether a network runs and starts with the host.
func (s *session) states(ctx context.Context, n *lan) error {
	active, err := ask(ctx, s.client, func(l *libvirt.Libvirt) (int32, error) { return l.NetworkIsActive(n.rpc) })
	if err != nil {
		return err
	}
	n.active = active == 1
	auto, err := ask(ctx, s.client, func(l *libvirt.Libvirt) (int32, error) { return l.NetworkGetAutostart(n.rpc) })
	if is(err, libvirt.ErrOperationInvalid) { // nobody defined it: it ends with the host
		err = nil
	}
	n.autostart = auto == 1
	return err
}

// documents reads what is defined and what runs.
func (s *session) documents(ctx context.Context, n *lan) error {
	text, config, err := s.networkXML(ctx, n.rpc, inactiveXML)
	if err != nil {
		return err
	}
	n.text, n.config, n.live = text, config, nil
	n.record, err = recordOf(config)
	if err == nil && n.active {
		_, n.live, err = s.networkXML(ctx, n.rpc, 0)
	}
	return err
}

func (s *session) networkXML(ctx context.Context, rpc libvirt.Network, flags uint32) (string, *libvirtxml.Network, error) {
	text, err := ask(ctx, s.client, func(l *libvirt.Libvirt) (string, error) {
		text, err := l.NetworkGetXMLDesc(rpc, flags)
		if flags != 0 && is(err, libvirt.ErrInvalidArg) { // a driver that knows one document alone
			return l.NetworkGetXMLDesc(rpc, 0)
		}
		return text, err
	})
	if err != nil {
		return "", nil, err
	}
	doc := &libvirtxml.Network{}
	return text, doc, doc.Unmarshal(text)
}

// Read fills have. What runs counts while the definition is as we left it; a definition that somebody changed by hand
// counts at once, although libvirt heeds it only when the network is started again.
func (n *networks) Read(ctx context.Context, have *platform.Network) error {
	if dev, ok := parseDevice(value(have.ID)); ok {
		return n.readDevice(ctx, dev, have)
	}
	found, err := n.s.lan(ctx, value(have.ID))
	if err != nil {
		return err
	}
	if !found.active && !found.record.Stopped {
		err := fmt.Errorf("the network %s is not running; machines that use it cannot be started. Start it with virsh net-start, or write active = true into its libvirt block", found.rpc.Name)
		platform.Warn(ctx, err)
	}
	found.fill(have)
	return nil
}

// List gives every network: three calls, and its documents side by side.
func (n *networks) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Network], error] {
	return func(yield func(platform.Entry[platform.Network], error) bool) {
		list, err := n.s.lans(ctx)
		if err != nil {
			yield(platform.Entry[platform.Network]{}, failed("list the networks of", n.s.uri.where(), err))
			return
		}
		for _, found := range list {
			fill := func(have *platform.Network) error { found.fill(have); return nil }
			if !yield(platform.Entry[platform.Network]{ID: found.id(), Name: found.rpc.Name, Fill: fill}, nil) {
				return
			}
		}
	}
}

// lans reads every network. One that goes meanwhile is left out.
func (s *session) lans(ctx context.Context) ([]*lan, error) {
	all, err := s.listNetworks(ctx, 0)
	if err != nil {
		return nil, err
	}
	active, err := s.networkSet(ctx, activeNetworks)
	if err != nil {
		return nil, err
	}
	auto, err := s.networkSet(ctx, autostartNetworks)
	if err != nil {
		return nil, err
	}
	list := make([]*lan, len(all))
	errs := make([]error, len(all))
	each(len(all), func(i int) {
		list[i] = &lan{rpc: all[i], active: active[all[i].UUID], autostart: auto[all[i].UUID]}
		errs[i] = s.documents(ctx, list[i])
	})
	var there []*lan
	for i, err := range errs {
		switch {
		case err == nil:
			there = append(there, list[i])
		case !is(err, libvirt.ErrNoNetwork):
			return nil, err
		}
	}
	return there, nil
}
