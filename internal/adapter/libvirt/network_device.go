package libvirt

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/digitalocean/go-libvirt"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// The kinds of devices of the host that machines can be connected to without a network of libvirt.
const (
	deviceBridge  = "bridge"
	deviceMacvtap = "macvtap"
)

// device is a network device of the host as a network_id spells it: "bridge:br0", "macvtap:eth0".
type device struct{ kind, name string }

func (d device) String() string { return d.kind + ":" + d.name }

func parseDevice(id string) (device, bool) {
	kind, name, ok := strings.Cut(id, ":")
	return device{kind, name}, ok && name != "" && (kind == deviceBridge || kind == deviceMacvtap)
}

// hasDevice fails with ErrNotFound when the host has no such device. A host whose libvirt lists no devices is believed
// to have it.
func (s *session) hasDevice(ctx context.Context, d device) error {
	list, err := ask(ctx, s.client, func(l *libvirt.Libvirt) ([]libvirt.Interface, error) {
		list, _, err := l.ConnectListAllInterfaces(1, 0)
		return list, err
	})
	if is(err, libvirt.ErrNoSupport, libvirt.ErrNoConnect) {
		return nil
	}
	if err != nil {
		return failed("list the network devices of", s.uri.where(), err)
	}
	name, _, _ := strings.Cut(d.name, "/") // behind it may be the mode of macvtap
	if !slices.ContainsFunc(list, func(i libvirt.Interface) bool { return i.Name == name }) {
		err := platform.As(platform.ErrNotFound, fmt.Errorf("%s has no network device %q", s.uri.where(), name))
		return failed("find the network", d.String(), err)
	}
	return nil
}

func (n *networks) readDevice(ctx context.Context, d device, have *platform.Network) error {
	if err := n.s.hasDevice(ctx, d); err != nil {
		return err
	}
	id := d.String()
	*have = platform.Network{Meta: have.Meta, Name: id, Mode: new(modeBridge), Native: map[string]string{"device": d.name}}
	have.ID = &id
	return nil
}

// ownNetwork refuses to change what is a device of the host.
func ownNetwork(op, id string) error {
	d, ok := parseDevice(id)
	if !ok {
		return nil
	}
	err := platform.As(platform.ErrUnsupported, fmt.Errorf("it is a %s of the host and no network of libvirt", d.kind))
	return &platform.OpError{Op: op, On: id, Err: err, Hint: "Configure the host's devices on the host, and read this one as data"}
}
