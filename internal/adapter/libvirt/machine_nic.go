package libvirt

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// adapters plans what happens to the network adapters: dropped ones leave, kept ones change, new ones come in the order
// of their keys, the primary one first.
func (c *change) adapters() error {
	for _, key := range platform.Keys(c.prior.NICs) {
		if _, stays := c.want.NICs[key]; !stays {
			c.leaveNIC(key, boundMAC(c.prior.NICs[key]))
		}
	}
	var errs []error
	for _, key := range nicOrder(c.want.NICs) {
		errs = append(errs, platform.At(c.keepNIC(key), "nics", key))
	}
	return errors.Join(errs...)
}

// boundMAC is the address that an adapter is known by.
func boundMAC(n platform.NIC) string {
	if n.ID != nil {
		return strings.ToLower(*n.ID)
	}
	return strings.ToLower(value(n.MAC))
}

// nicOrder is the order of the devices: the primary one first, then by key.
func nicOrder(nics map[string]platform.NIC) []string {
	keys := platform.Keys(nics)
	slices.SortStableFunc(keys, func(a, b string) int {
		return rank(value(nics[b].Primary)) - rank(value(nics[a].Primary))
	})
	return keys
}

func rank(first bool) int {
	if first {
		return 1
	}
	return 0
}

func (c *change) leaveNIC(key, mac string) {
	delete(c.rec.NICs, key)
	if findNIC(c.doc, mac) == nil && findNIC(c.is.run, mac) == nil {
		return
	}
	dropNIC(c.doc, mac)
	c.live("detach a network adapter", []string{"nics", key}, func(ctx context.Context) error { return c.unplugNIC(ctx, mac) })
}

func (c *change) unplugNIC(ctx context.Context, mac string) error {
	device, where := findNIC(c.is.run, mac), affects(findNIC(c.is.doc, mac) != nil, findNIC(c.is.run, mac) != nil)
	if device == nil {
		device = findNIC(c.is.doc, mac)
	}
	if device == nil {
		return nil
	}
	text, err := device.Marshal()
	if err != nil {
		return err
	}
	if err := c.unplug(ctx, text, where); err != nil {
		return err
	}
	return c.awaitRelease(ctx, "the network adapter "+mac, func(run *libvirtxml.Domain) bool { return findNIC(run, mac) == nil })
}

// keepNIC plans one declared adapter.
func (c *change) keepNIC(key string) error {
	want := c.want.NICs[key]
	mac := boundMAC(c.prior.NICs[key])
	if mac == "" { // bound a moment ago, in this change
		mac = value(want.ID)
	}
	if mac == "" { // taken off the running machine alone, it is still in the definition
		mac = c.rec.NICs[key]
	}
	var err error
	if there := findNIC(c.doc, mac); there != nil {
		mac, err = c.editNIC(key, there, want)
	} else {
		mac, err = c.addNIC(key, want)
	}
	want.ID = &mac
	if want.MAC == nil {
		want.MAC = &mac
	}
	c.want.NICs[key], c.rec.NICs[key] = want, mac
	return err
}

// editNIC changes an adapter, and plugs it in again where only the definition still has it.
func (c *change) editNIC(key string, device *libvirtxml.DomainInterface, want platform.NIC) (mac string, err error) {
	mac = macOf(device)
	there := c.is.run == nil || findNIC(c.is.run, mac) != nil
	rewired := want.Connected != nil && *want.Connected != plugged(device)
	if rewired {
		device.Link = linkOf(*want.Connected)
	}
	if want.NetworkID != nil && *want.NetworkID != networkOf(device, reversed(c.nets)) {
		if device.Source, err = nicSource(*want.NetworkID, c.nets); err != nil {
			return mac, platform.At(platform.As(platform.ErrInvalid, err), "network_id")
		}
		rewired = true
	}
	if want.MAC != nil && strings.ToLower(*want.MAC) != mac {
		mac = strings.ToLower(*want.MAC)
		device.MAC = &libvirtxml.DomainInterfaceMAC{Address: mac}
		c.needsOff("nics." + key + ".mac")
	}
	text, err := device.Marshal()
	if err != nil {
		return mac, err
	}
	switch {
	case !there:
		c.live("attach a network adapter", []string{"nics", key}, func(ctx context.Context) error {
			return c.attach(ctx, mac, text, uint32(libvirt.DomainAffectLive))
		})
	case rewired:
		c.live("connect a network adapter", []string{"nics", key, "network_id"}, func(ctx context.Context) error {
			return do(ctx, c.s.client, func(l *libvirt.Libvirt) error {
				return l.DomainUpdateDeviceFlags(c.is.rpc, text, libvirt.DomainDeviceModifyFlags(both))
			})
		})
	}
	return mac, nil
}

// attach plugs an adapter in. Twice would be two of them: what the domain has is looked at where the answer was lost.
func (c *change) attach(ctx context.Context, mac, text string, where uint32) error {
	plain := func(l *libvirt.Libvirt) error { return l.DomainAttachDeviceFlags(c.is.rpc, text, where) }
	return doUnless(ctx, c.s.client, plain, func(l *libvirt.Libvirt) (bool, error) {
		var how libvirt.DomainXMLFlags
		if where&uint32(libvirt.DomainAffectLive) == 0 {
			how = libvirt.DomainXMLInactive
		}
		is, err := l.DomainGetXMLDesc(c.is.rpc, how)
		return strings.Contains(strings.ToLower(is), mac), err
	})
}

func (c *change) addNIC(key string, want platform.NIC) (mac string, err error) {
	source, err := nicSource(value(want.NetworkID), c.nets)
	if err != nil {
		return "", platform.At(platform.As(platform.ErrInvalid, err), "network_id")
	}
	mac = strings.ToLower(value(want.MAC))
	if mac == "" {
		mac = newMAC()
	}
	device := libvirtxml.DomainInterface{
		MAC: &libvirtxml.DomainInterfaceMAC{Address: mac}, Source: source,
		Model: &libvirtxml.DomainInterfaceModel{Type: c.nicModel()},
	}
	if want.Connected != nil && !*want.Connected {
		device.Link = linkOf(false)
	}
	c.doc.Devices.Interfaces = append(c.doc.Devices.Interfaces, device)
	text, err := device.Marshal()
	if err != nil {
		return mac, err
	}
	where := both
	if findNIC(c.is.run, mac) != nil {
		where = uint32(libvirt.DomainAffectConfig)
	}
	c.live("attach a network adapter", []string{"nics", key}, func(ctx context.Context) error { return c.attach(ctx, mac, text, where) })
	return mac, nil
}

// plugged says whether an adapter's link is up.
func plugged(n *libvirtxml.DomainInterface) bool { return n.Link == nil || n.Link.State != linkDown }

// The states of a link.
const (
	linkUp   = "up"
	linkDown = "down"
)

func linkOf(up bool) *libvirtxml.DomainInterfaceLink {
	if up {
		return &libvirtxml.DomainInterfaceLink{State: linkUp}
	}
	return &libvirtxml.DomainInterfaceLink{State: linkDown}
}

// nicModel is as configured, as the adapters that it has, else virtio.
func (c *change) nicModel() string {
	if c.own.NICModel != nil {
		return *c.own.NICModel
	}
	for _, n := range c.doc.Devices.Interfaces {
		if n.Model != nil {
			return n.Model.Type
		}
	}
	return "virtio"
}

// newMAC makes an address in the range that KVM's guests have.
func newMAC() string {
	var b [3]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("52:54:00:%02x:%02x:%02x", b[0], b[1], b[2])
}

// reversed turns a table around.
func reversed(names map[string]string) map[string]string {
	ids := make(map[string]string, len(names))
	for id, name := range names {
		ids[name] = id
	}
	return ids
}

// macs are the addresses of the declared adapters by their keys.
func (c *change) macs() map[string]string {
	list := map[string]string{}
	for key, n := range c.want.NICs {
		list[key] = value(n.ID)
	}
	return list
}
