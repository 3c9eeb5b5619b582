// Package libvirt is the adapter for KVM and QEMU hosts that libvirt manages. It speaks libvirt's own protocol through
// go-libvirt, over every transport that virsh has, and writes every document by libvirtxml.
package libvirt

import (
	"context"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// readAhead is how many objects are read singly before one list serves the rest.
const readAhead = 3

// New gives the platform as data.
func New() platform.Driver {
	return platform.Driver{
		Name:       "libvirt",
		Title:      "KVM (libvirt)",
		Doc:        "Machines, networks, volumes, base images, pools and snapshots of a host with libvirt 8.0 or later: KVM, or QEMU without it.",
		Settings:   settings(),
		Conformant: true,
		Traits: map[string]platform.Traits{
			"machine":      machineTraits(),
			"snapshot":     snapshotTraits(),
			"host":         hostTraits(),
			"network":      networkTraits(),
			"disk":         diskTraits(),
			"image":        imageTraits(),
			"storage_pool": storagePoolTraits(),
		},
		Ahead: readAhead,
		Open:  open,
	}
}

// open connects once; everything of the connection shares it.
func open(ctx context.Context, c platform.Config) (*platform.Conn, error) {
	s, err := openSession(ctx, c)
	if err != nil {
		return nil, err
	}
	endpoint, err := s.endpoint(ctx)
	if err != nil {
		_ = s.close(ctx)
		return nil, err
	}
	return &platform.Conn{
		Endpoint:     endpoint,
		Machines:     &machines{s},
		Snapshots:    &snapshots{s},
		Hosts:        &hosts{s},
		Networks:     &networks{s},
		Disks:        &disks{s},
		Images:       newImages(s),
		StoragePools: &storagePools{s},
		Close:        s.close,
	}, nil
}

func openSession(ctx context.Context, c platform.Config) (*session, error) {
	u, err := parseURI(c.String(setURI))
	if err != nil {
		return nil, err
	}
	d := &dialer{uri: u, config: c}
	s := &session{client: newClient(u, d.dial, c.Duration(setTimeout)), config: c}
	l, err := s.take(ctx)
	if err != nil {
		return nil, failed("connect to", u.where(), err)
	}
	s.release(l)
	return s, nil
}
