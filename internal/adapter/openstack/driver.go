// Package openstack is the adapter for OpenStack clouds: servers, networks, volumes, images and what belongs to them. It
// signs in through Gophercloud, and asks every service for the oldest microversion that has what is needed.
package openstack

import (
	"context"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// readAhead is how many objects are read singly before one list serves the rest: a list costs hardly more than a read.
const readAhead = 1

// New gives the platform as data.
func New() platform.Driver {
	return platform.Driver{
		Name:       "openstack",
		Title:      "OpenStack",
		Conformant: true,
		Doc:        "Servers, networks, routers, volumes, images, security groups and projects of an OpenStack cloud, release Train (2019) or later.",
		Settings:   settings(),
		Traits: map[string]platform.Traits{
			"machine":         machineTraits(),
			"network":         networkTraits(),
			"disk":            diskTraits(),
			"image":           imageTraits(),
			"snapshot":        snapshotTraits(),
			"host":            hostTraits(),
			"router":          routerTraits(),
			"public_ip":       publicIPTraits(),
			"firewall":        firewallTraits(),
			"placement_group": placementGroupTraits(),
			"ssh_key":         sshKeyTraits(),
			"project":         projectTraits(),
		},
		Ahead: readAhead,
		Open:  open,
	}
}

// open signs in once; everything of the connection shares it.
func open(ctx context.Context, c platform.Config) (*platform.Conn, error) {
	s, err := openSession(ctx, c)
	if err != nil {
		return nil, err
	}
	return &platform.Conn{
		Endpoint:        s.endpoint(),
		Machines:        newMachines(s),
		Networks:        &networks{s},
		Disks:           newDisks(s),
		Images:          &images{s},
		Snapshots:       &snapshots{s},
		Hosts:           &hosts{s},
		Routers:         &routers{s},
		PublicIPs:       &publicIPs{s},
		Firewalls:       &firewalls{s},
		PlacementGroups: &placementGroups{s},
		SSHKeys:         &sshKeys{s},
		Projects:        &projects{s},
		Close:           s.close,
	}, nil
}
