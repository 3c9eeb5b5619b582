package openstack

import (
	"context"
	"iter"
	"maps"
	"net/url"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// networks are the project's networks with their subnets, and those of others that it may use. Their stable id is
// neutron's UUID.
type networks struct{ *session }

var (
	_ platform.Resource[platform.Network] = (*networks)(nil)
	_ platform.Lister[platform.Network]   = (*networks)(nil)
	_ platform.Finder[platform.Network]   = (*networks)(nil)
	_ platform.Planner[platform.Network]  = (*networks)(nil)
)

// lan is a network as neutron tells it. What administrators alone see is nil for others.
type lan struct {
	head
	Up           *bool    `json:"admin_state_up"`
	Shared       bool     `json:"shared"`
	External     bool     `json:"router:external"`
	MTU          *int64   `json:"mtu"`
	PortSecurity *bool    `json:"port_security_enabled"`
	DNSDomain    *string  `json:"dns_domain"`
	Type         *string  `json:"provider:network_type"`
	Physical     *string  `json:"provider:physical_network"`
	Segment      *int64   `json:"provider:segmentation_id"`
	Hints        []string `json:"availability_zone_hints"`
	Zones        []string `json:"availability_zones"`

	subnets []*ipRange
}

// ipRange is a subnet as neutron tells it.
type ipRange struct {
	ID          string      `json:"id"`
	Name        string      `json:"name"`
	Network     string      `json:"network_id"`
	CIDR        string      `json:"cidr"`
	Gateway     *string     `json:"gateway_ip"`
	DNS         []string    `json:"dns_nameservers"`
	Pools       []pool      `json:"allocation_pools"`
	Routes      []hostRoute `json:"host_routes"`
	DHCP        bool        `json:"enable_dhcp"`
	AddressMode *string     `json:"ipv6_address_mode"`
	RAMode      *string     `json:"ipv6_ra_mode"`
	SubnetPool  *string     `json:"subnetpool_id"`
	Tags        []string    `json:"tags"`
}

// pool is addresses that ports get.
type pool struct {
	Start string `json:"start"`
	End   string `json:"end"`
}

// hostRoute is a route that guests are told of.
type hostRoute struct {
	To  string `json:"destination"`
	Via string `json:"nexthop"`
}

// Read fills have: two requests.
func (k *networks) Read(ctx context.Context, have *platform.Network) error {
	got, err := k.network(ctx, value(have.ID))
	if err != nil {
		return failed("read the network", value(have.ID), err)
	}
	fillNetwork(have, got)
	return nil
}

// network reads one with its subnets.
func (s *session) network(ctx context.Context, id string) (*lan, error) {
	got := &lan{}
	if err := s.one(ctx, sortNetwork(), id, got); err != nil {
		return nil, err
	}
	client, err := s.neutron()
	if err != nil {
		return nil, err
	}
	got.subnets, err = all[*ipRange](ctx, client, "subnets", "subnets", url.Values{"network_id": {id}})
	return got, err
}

// List gives every network that belongs to the project or may be used by it: two requests.
func (k *networks) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Network], error] {
	return func(yield func(platform.Entry[platform.Network], error) bool) {
		list, err := k.within(ctx)
		if err != nil {
			yield(platform.Entry[platform.Network]{}, failed("list the networks of", k.endpoint(), err))
			return
		}
		for _, n := range list {
			fill := func(have *platform.Network) error {
				fillNetwork(have, n)
				return nil
			}
			if !yield(platform.Entry[platform.Network]{ID: n.ID, Name: n.Name, Fill: fill}, nil) {
				return
			}
		}
	}
}

// within lists the networks of the project, and those of others that it may use.
func (k *networks) within(ctx context.Context) ([]*lan, error) {
	client, err := k.neutron()
	if err != nil {
		return nil, err
	}
	every, err := all[*lan](ctx, client, "networks", "networks", nil)
	if err != nil {
		return nil, err
	}
	byID := map[string]*lan{}
	var list []*lan
	for _, n := range every {
		if n.owned(k.session) || n.Shared || n.External {
			byID[n.ID], list = n, append(list, n)
		}
	}
	for sub, err := range pages[*ipRange](ctx, client, "subnets", "subnets", nil) {
		if err != nil {
			return nil, err
		}
		if n := byID[sub.Network]; n != nil {
			n.subnets = append(n.subnets, sub)
		}
	}
	return list, nil
}

// Find takes an id or a name, of the project's networks, else of those of others that it may use.
func (k *networks) Find(ctx context.Context, ref string) (string, error) {
	return k.findNetwork(ctx, ref, nil)
}

// findNetwork is Find among those that a further query selects.
func (s *session) findNetwork(ctx context.Context, ref string, query url.Values) (string, error) {
	client, err := s.neutron()
	if err != nil {
		return "", err
	}
	if isUUID(ref) {
		var got head
		if err := s.one(ctx, sortNetwork(), ref, &got); !isNotFound(err) {
			return got.ID, failed("find the network", ref, err)
		}
	}
	selection := url.Values{"name": {ref}}
	maps.Copy(selection, query)
	found, err := all[*lan](ctx, client, "networks", "networks", selection)
	if err != nil {
		return "", failed("find the network", ref, err)
	}
	var own, usable []*lan // administrators see those of everybody
	for _, n := range found {
		switch {
		case n.owned(s):
			own = append(own, n)
		case n.Shared || n.External:
			usable = append(usable, n)
		}
	}
	if len(own) > 0 {
		usable = own
	}
	return choose(sortNetwork(), ref, usable, func(n *lan) (string, string) { return n.ID, n.Name })
}
