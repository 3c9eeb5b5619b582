// Package vsphere is the adapter for VMware vSphere: vCenter, and single ESXi hosts where that just works. It speaks
// the vSphere API (SOAP) through govmomi.
package vsphere

import (
	"context"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// readAhead is how many machines are read singly before one list serves the rest: a list costs as much as one read.
const readAhead = 1

// New gives the platform as data.
func New() platform.Driver {
	return platform.Driver{
		Name:       "vsphere",
		Title:      "VMware vSphere",
		Doc:        "Machines, port groups, disks, templates and snapshots of a vCenter (7.0 or later) or a single ESXi host.",
		Conformant: true,
		Settings:   settings(),
		Traits: map[string]platform.Traits{
			"machine":  machineTraits(),
			"network":  networkTraits(),
			"disk":     volumeTraits(),
			"image":    imageTraits(),
			"snapshot": snapshotTraits(),
			"host":     hostTraits(),
		},
		Ahead: readAhead,
		Open:  open,
	}
}

// open connects and logs in once; everything of the connection shares that session.
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
		Endpoint:  endpoint,
		Machines:  &machines{s},
		Networks:  &networks{s},
		Disks:     newVolumes(s),
		Images:    &images{s},
		Snapshots: &snapshots{s},
		Hosts:     &hosts{s},
		Close:     s.close,
	}, nil
}
