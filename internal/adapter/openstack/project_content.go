package openstack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// holding is one kind of things that a project may hold.
type holding struct {
	what      string
	of        service
	path, key string
	query     url.Values
}

// holdings lists what is looked for before a project goes. Security groups are left out: every project has one.
func holdings(id string) []holding {
	ofProject := url.Values{"project_id": {id}}
	everywhere := url.Values{"project_id": {id}, "all_tenants": {"1"}}
	return []holding{
		{"machines", serviceCompute, "servers", "servers", everywhere},
		{"volumes", serviceVolume, "volumes", "volumes", everywhere},
		{"volume snapshots", serviceVolume, "snapshots", "snapshots", everywhere},
		{"networks", serviceNetwork, "networks", "networks", ofProject},
		{"routers", serviceNetwork, "routers", "routers", ofProject},
		{"public IPs", serviceNetwork, "floatingips", "floatingips", ofProject},
		{"images", serviceImage, "images", "images", url.Values{"owner": {id}}},
		{"projects", serviceIdentity, "projects", "projects", url.Values{"parent_id": {id}}},
	}
}

// heldThing is one of them; public IPs have an address and no name.
type heldThing struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Address string `json:"floating_ip_address"`
}

// shown is how many things of a kind an error names.
const shown = 3

// empty refuses a project that still holds something: keystone would delete it all the same, and nobody could reach what
// it held. What the user may not list, or the cloud has no service for, is passed over.
func (p *projects) empty(ctx context.Context, id string) error {
	var held []string
	for _, h := range holdings(id) {
		c, err := p.client(h.of)
		if errors.Is(err, platform.ErrUnsupported) {
			continue
		}
		if err != nil {
			return err
		}
		list, err := all[heldThing](ctx, c, h.path, h.key, h.query)
		if err != nil {
			if err = failed("list the "+h.what+" of the project", id, err); errors.Is(err, platform.ErrUnauthorised) {
				continue
			}
			return err
		}
		if len(list) == 0 {
			continue
		}
		var names []string
		for _, item := range list[:min(shown, len(list))] {
			names = append(names, fmt.Sprintf("%s (%s)", cmp.Or(item.Name, item.Address, "without a name"), item.ID))
		}
		if more := len(list) - shown; more > 0 {
			names = append(names, fmt.Sprintf("and %d more", more))
		}
		held = append(held, h.what+": "+strings.Join(names, ", "))
	}
	if len(held) == 0 {
		return nil
	}
	return platform.As(platform.ErrConflict, errors.New("it still holds "+strings.Join(held, "; ")))
}
