package openstack

import (
	"context"
	"iter"
	"net/url"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// routers are the project's routers with their interfaces and routes. Their stable id is neutron's UUID.
type routers struct{ *session }

var (
	_ platform.Resource[platform.Router] = (*routers)(nil)
	_ platform.Lister[platform.Router]   = (*routers)(nil)
	_ platform.Finder[platform.Router]   = (*routers)(nil)
	_ platform.Planner[platform.Router]  = (*routers)(nil)
)

// gate is a router as neutron tells it.
type gate struct {
	head
	Up          bool        `json:"admin_state_up"`
	Outside     *outside    `json:"external_gateway_info"`
	Routes      []hostRoute `json:"routes"`
	Distributed *bool       `json:"distributed"`
	HA          *bool       `json:"ha"`
	Hints       []string    `json:"availability_zone_hints"`
	Flavor      *string     `json:"flavor_id"`

	ports []seat
}

// outside is how a router reaches the outside.
type outside struct {
	Network string    `json:"network_id"`
	SNAT    *bool     `json:"enable_snat,omitempty"`
	IPs     []fixedIP `json:"external_fixed_ips,omitempty"`
}

// interfaceOwners are the owners of ports that join a subnet to a router.
func interfaceOwners() []string {
	return []string{"network:router_interface", "network:router_interface_distributed", "network:ha_router_replicated_interface"}
}

// Read fills have: two requests.
func (k *routers) Read(ctx context.Context, have *platform.Router) error {
	got, err := k.router(ctx, value(have.ID))
	if err != nil {
		return failed("read the router", value(have.ID), err)
	}
	fillRouter(have, got)
	return nil
}

// router reads one with the ports that join it to subnets.
func (k *routers) router(ctx context.Context, id string) (*gate, error) {
	got := &gate{}
	if err := k.one(ctx, sortRouter(), id, got); err != nil {
		return nil, err
	}
	ports, err := k.joined(ctx, url.Values{"device_id": {id}})
	got.ports = ports[id]
	return got, err
}

// joined lists the interfaces of routers, by the router's id.
func (k *routers) joined(ctx context.Context, query url.Values) (map[string][]seat, error) {
	client, err := k.neutron()
	if err != nil {
		return nil, err
	}
	query["device_owner"] = interfaceOwners()
	list, err := all[seat](ctx, client, "ports", "ports", query)
	byRouter := map[string][]seat{}
	for _, p := range list {
		byRouter[p.Device] = append(byRouter[p.Device], p)
	}
	return byRouter, err
}

// List gives every router of the project: two requests.
func (k *routers) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Router], error] {
	return func(yield func(platform.Entry[platform.Router], error) bool) {
		list, err := k.every(ctx)
		if err != nil {
			yield(platform.Entry[platform.Router]{}, failed("list the routers of", k.endpoint(), err))
			return
		}
		for _, r := range list {
			fill := func(have *platform.Router) error {
				fillRouter(have, r)
				return nil
			}
			if !yield(platform.Entry[platform.Router]{ID: r.ID, Name: r.Name, Fill: fill}, nil) {
				return
			}
		}
	}
}

func (k *routers) every(ctx context.Context) ([]*gate, error) {
	client, err := k.neutron()
	if err != nil {
		return nil, err
	}
	list, err := all[*gate](ctx, client, "routers", "routers", k.ownedBy())
	if err != nil || len(list) == 0 {
		return list, err
	}
	ports, err := k.joined(ctx, url.Values{})
	for _, r := range list {
		r.ports = ports[r.ID]
	}
	return list, err
}

// Find takes an id or a name.
func (k *routers) Find(ctx context.Context, ref string) (string, error) {
	return k.findOwned(ctx, sortRouter(), ref)
}

// findOwned finds one of the project's objects by id or name. Administrators reach those of others by their ids.
func (s *session) findOwned(ctx context.Context, of sort, ref string) (string, error) {
	client, err := s.neutron()
	if err != nil {
		return "", err
	}
	if isUUID(ref) {
		var got head
		if err := s.one(ctx, of, ref, &got); !isNotFound(err) {
			return got.ID, failed("find the "+of.word, ref, err)
		}
	}
	query := url.Values{"name": {ref}}
	if s.project != "" {
		query.Set("project_id", s.project)
	}
	list, err := all[head](ctx, client, of.path, of.many, query)
	if err != nil {
		return "", failed("find the "+of.word, ref, err)
	}
	return choose(of, ref, list, func(h head) (string, string) { return h.ID, h.Name })
}

// markRoute goes before the user's key of a route in the router's tags; behind the key stand = and the route, as
// "10.9.0.0/16>10.0.0.7": routes have no ids.
const markRoute = ours + "route:"

func (r hostRoute) String() string { return r.To + ">" + r.Via }

// keyedRoutes gives routes the keys that the router's tags hold for them: for the very route, else for one to the same
// range. The others get their range as the key, or range and next hop where there are several to one range.
func (g *gate) keyedRoutes() map[string]platform.Route {
	exact, loose := map[string]string{}, map[string]string{}
	for _, tag := range g.Tags {
		rest, ok := strings.CutPrefix(tag, markRoute)
		at := strings.LastIndex(rest, "=")
		if !ok || at < 0 {
			continue
		}
		to, _, _ := strings.Cut(rest[at+1:], ">")
		exact[rest[at+1:]], loose[to] = rest[:at], rest[:at]
	}
	got := map[string]platform.Route{}
	var open []hostRoute
	for _, r := range g.Routes {
		if key := exact[r.String()]; key != "" {
			got[key] = platform.Route{CIDR: r.To, NextHop: r.Via}
		} else {
			open = append(open, r)
		}
	}
	for _, r := range open {
		for _, key := range []string{loose[r.To], r.To, r.String()} {
			if _, taken := got[key]; key != "" && !taken {
				got[key] = platform.Route{CIDR: r.To, NextHop: r.Via}
				break
			}
		}
	}
	return got
}

// routeMarks are the tags that hold the keys of routes.
func routeMarks(routes map[string]platform.Route) []string {
	var marks []string
	for _, key := range platform.Keys(routes) {
		if r := routes[key]; key != r.CIDR {
			marks = append(marks, markRoute+key+"="+hostRoute{r.CIDR, r.NextHop}.String())
		}
	}
	return marks
}

// keyedSeats gives interfaces the keys that are bound to them. Without known ones all get the key that their tags hold,
// else one by their order; beside known ones the others are nobody's.
func (g *gate) keyedSeats(known map[string]platform.RouterInterface) map[string]seat {
	got := map[string]seat{}
	if known != nil {
		for key, x := range known {
			if at := slices.IndexFunc(g.ports, func(p seat) bool { return p.ID == value(x.ID) || x.ID == nil && markedKey(p.Tags) == key }); at >= 0 {
				got[key] = g.ports[at]
			}
		}
		return got
	}
	ports := slices.SortedFunc(slices.Values(g.ports), func(a, b seat) int { return strings.Compare(a.ID, b.ID) })
	for _, p := range ports {
		key := markedKey(p.Tags)
		if _, taken := got[key]; key == "" || taken {
			key = "subnet-" + p.subnet()
		}
		got[key] = p
	}
	return got
}

// subnet is the first one that a port has an address of.
func (p seat) subnet() string {
	if len(p.IPs) == 0 {
		return p.ID
	}
	return p.IPs[0].SubnetID
}
