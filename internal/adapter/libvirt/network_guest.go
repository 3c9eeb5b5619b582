package libvirt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/beevik/etree"
	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// guest is a running machine with its interfaces on one network.
type guest struct {
	rpc        libvirt.Domain
	interfaces []libvirtxml.DomainInterface
}

// guests finds the running machines on a network.
func (s *session) guests(ctx context.Context, network string) ([]guest, error) {
	list, err := ask(ctx, s.client, func(l *libvirt.Libvirt) ([]libvirt.Domain, error) {
		list, _, err := l.ConnectListAllDomains(1, libvirt.ConnectListDomainsActive)
		return list, err
	})
	if err != nil {
		return nil, err
	}
	all, errs := make([]guest, len(list)), make([]error, len(list))
	each(len(list), func(i int) { all[i], errs[i] = s.guest(ctx, list[i], network) })
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(g guest) bool { return len(g.interfaces) == 0 }), nil
}

func (s *session) guest(ctx context.Context, rpc libvirt.Domain, network string) (guest, error) {
	g := guest{rpc: rpc}
	text, err := ask(ctx, s.client, func(l *libvirt.Libvirt) (string, error) { return l.DomainGetXMLDesc(rpc, 0) })
	if is(err, libvirt.ErrNoDomain) {
		return g, nil // it ended meanwhile
	}
	if err != nil {
		return g, err
	}
	if text, err = networkInterfaces(text); err != nil {
		return g, err
	}
	doc := &libvirtxml.Domain{}
	if err := doc.Unmarshal(text); err != nil || doc.Devices == nil {
		return g, err
	}
	for _, nic := range doc.Devices.Interfaces {
		if nic.Source != nil && nic.Source.Network != nil && nic.Source.Network.Network == network {
			g.interfaces = append(g.interfaces, nic)
		}
	}
	return g, nil
}

// networkInterfaces gives the document of a running domain with its interfaces on networks as they are defined. On a
// network that is a bridge or device of the host, libvirt tells the kind of that instead, with the network as an
// attribute that the document's type does not hold.
func networkInterfaces(domain string) (string, error) {
	doc := etree.NewDocument()
	if err := doc.ReadFromString(domain); err != nil {
		return "", err
	}
	for _, nic := range doc.FindElements("/domain/devices/interface") {
		source := nic.SelectElement("source")
		if source == nil || source.SelectAttrValue("network", "") == "" {
			continue
		}
		nic.CreateAttr("type", "network")
		for _, a := range slices.Clone(source.Attr) {
			if a.Key != "network" && a.Key != "portgroup" {
				source.RemoveAttr(a.Key)
			}
		}
	}
	return doc.WriteToString()
}

// idle fails while running machines are on a network.
func (s *session) idle(ctx context.Context, network string) error {
	list, err := s.guests(ctx, network)
	if err != nil || len(list) == 0 {
		return err
	}
	var names []string
	for _, g := range list {
		names = append(names, g.rpc.Name)
	}
	slices.Sort(names)
	err = fmt.Errorf("running machines are connected to it: %s; stop them or connect them to another network first", strings.Join(names, ", "))
	return platform.As(platform.ErrConflict, err)
}

// reconnect plugs the interfaces of running machines into a network that was stopped and started: libvirt leaves them
// unplugged. It changes an interface only when its network is another one, so they go by way of a network that is there
// for that moment alone.
func (s *session) reconnect(ctx context.Context, network string) error {
	list, err := s.guests(ctx, network)
	if err != nil || len(list) == 0 {
		return err
	}
	way := libvirtxml.Network{Name: "virt-" + spellUUID(newUUID())[:8], Bridge: &libvirtxml.NetworkBridge{STP: "off", Delay: "0"}}
	text, err := way.Marshal()
	if err != nil {
		return err
	}
	rpc, err := act(ctx, s.client, func(l *libvirt.Libvirt) (libvirt.Network, error) { return l.NetworkCreateXML(text) })
	if err != nil {
		return fmt.Errorf("connect the machines on it again: %w", err)
	}
	for _, g := range list {
		for _, nic := range g.interfaces {
			if err := s.replug(ctx, g.rpc, nic, way.Name); err != nil {
				platform.Warn(ctx, fmt.Errorf("the machine %s is not connected to the network %s any more: %w. Restart the machine", g.rpc.Name, network, err))
			}
		}
	}
	return s.stopNetwork(ctx, rpc) // nobody defined it: that is its end
}

// replug takes an interface to another network and back.
func (s *session) replug(ctx context.Context, rpc libvirt.Domain, nic libvirtxml.DomainInterface, way string) error {
	source := *nic.Source.Network
	for _, to := range []libvirtxml.DomainInterfaceSourceNetwork{{Network: way}, {Network: source.Network, PortGroup: source.PortGroup}} {
		moved := nic
		moved.Source = &libvirtxml.DomainInterfaceSource{Network: &to}
		text, err := moved.Marshal()
		if err != nil {
			return err
		}
		err = do(ctx, s.client, func(l *libvirt.Libvirt) error {
			return l.DomainUpdateDeviceFlags(rpc, text, libvirt.DomainDeviceModifyLive)
		})
		if err != nil && !is(err, libvirt.ErrNoDomain, libvirt.ErrOperationInvalid) {
			return err
		}
	}
	return nil
}
