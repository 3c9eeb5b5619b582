package libvirt

import (
	"context"
	"fmt"
	"strings"

	"github.com/digitalocean/go-libvirt"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// listNetworks gives the networks that the flags select, running or not with none, in one call.
func (s *session) listNetworks(ctx context.Context, flags libvirt.ConnectListAllNetworksFlags) ([]libvirt.Network, error) {
	return ask(ctx, s.client, func(l *libvirt.Libvirt) ([]libvirt.Network, error) {
		list, _, err := l.ConnectListAllNetworks(1, flags)
		return list, err
	})
}

// networkSet is the networks that the flags select.
func (s *session) networkSet(ctx context.Context, flags libvirt.ConnectListAllNetworksFlags) (map[libvirt.UUID]bool, error) {
	list, err := s.listNetworks(ctx, flags)
	set := make(map[libvirt.UUID]bool, len(list))
	for _, n := range list {
		set[n.UUID] = true
	}
	return set, err
}

// networkNames gives the name of every network by its UUID, in one call.
func (s *session) networkNames(ctx context.Context) (map[string]string, error) {
	list, err := s.listNetworks(ctx, 0)
	if err != nil {
		return nil, failed("list the networks of", s.uri.where(), err)
	}
	names := make(map[string]string, len(list))
	for _, n := range list {
		names[spellUUID(n.UUID)] = n.Name
	}
	return names, nil
}

// Find resolves a name or a UUID; "bridge:br0" and "macvtap:eth0" are their own ids when the host has such a device.
func (n *networks) Find(ctx context.Context, ref string) (string, error) {
	if dev, ok := parseDevice(ref); ok {
		return ref, n.s.hasDevice(ctx, dev)
	}
	names, err := n.s.networkNames(ctx)
	if err != nil {
		return "", err
	}
	if id := strings.ToLower(ref); names[id] != "" {
		return id, nil
	}
	for id, name := range names { // unique on a host
		if name == ref {
			return id, nil
		}
	}
	err = platform.As(platform.ErrNotFound, fmt.Errorf("%s has no such network", n.s.uri.where()))
	return "", failed("find the network", ref, err)
}
