package openstack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Create makes a router, then joins it to its subnets and gives it its routes. Its description says that it is
// unfinished until the last step.
func (k *routers) Create(ctx context.Context, want *platform.Router, made func(string)) error {
	if err := checkRouter(want, always); err != nil {
		return failed("create the router", want.Name, err)
	}
	defer k.alone("router " + want.Name)()
	if err := k.free(ctx, sortRouter(), want.Name, ""); err != nil {
		return failed("create the router", want.Name, err)
	}
	got := &gate{}
	if err := k.make(ctx, sortRouter(), routerBlueprint(want), got); err != nil {
		return failed("create the router", want.Name, explained(want, err))
	}
	made(got.ID)
	return failed("create the router", want.Name, k.finish(ctx, got, want))
}

func (k *routers) finish(ctx context.Context, got *gate, want *platform.Router) error {
	tags := tagList(want.Tags, routeMarks(want.Routes)...)
	if err := k.retag(ctx, sortRouter(), got.ID, got.Tags, tags); err != nil {
		return platform.At(err, "tags")
	}
	for _, key := range platform.Keys(want.Interfaces) {
		if err := k.join(ctx, got.ID, key, want); err != nil {
			return err
		}
	}
	last := map[string]any{"description": value(want.Description)}
	if len(want.Routes) > 0 {
		last["routes"] = hostRoutes(want.Routes)
	}
	if err := k.change(ctx, sortRouter(), got.ID, last); err != nil {
		return explained(want, err)
	}
	got, err := k.router(ctx, got.ID)
	if err != nil {
		return err
	}
	completeRouter(want, got)
	return nil
}

// routerBlueprint is what neutron is asked for.
func routerBlueprint(want *platform.Router) map[string]any {
	own := value(want.OpenStack)
	body := map[string]any{"name": want.Name}
	optional(body, "admin_state_up", own.AdminState)
	optional(body, "distributed", own.Distributed)
	optional(body, "ha", own.HA)
	if len(own.Zones) > 0 {
		body["availability_zone_hints"] = own.Zones
	}
	if out := outsideOf(want); out != nil {
		body["external_gateway_info"] = out
	}
	return body
}

// outsideOf is how a router shall reach the outside; nil: not at all.
func outsideOf(want *platform.Router) *outside {
	if want.ExternalNetworkID == nil {
		return nil
	}
	own := value(want.OpenStack)
	out := &outside{Network: *want.ExternalNetworkID, SNAT: own.SNAT}
	for _, subnet := range platform.Keys(own.ExternalAddresses) {
		out.IPs = append(out.IPs, fixedIP{SubnetID: subnet, Address: own.ExternalAddresses[subnet]})
	}
	return out
}

func hostRoutes(routes map[string]platform.Route) []hostRoute {
	list := make([]hostRoute, 0, len(routes))
	for _, key := range platform.Keys(routes) {
		list = append(list, hostRoute{routes[key].CIDR, routes[key].NextHop})
	}
	return list
}

// join adds an interface and marks its port with the key. An address of the user's choice needs a port of its own.
func (k *routers) join(ctx context.Context, router, key string, want *platform.Router) error {
	x := want.Interfaces[key]
	port, err := k.addInterface(ctx, router, x)
	if err != nil {
		return platform.At(err, "interfaces", key)
	}
	x.ID = &port
	want.Interfaces[key] = x
	return platform.At(k.retag(ctx, sortPort(), port, nil, []string{markKey + key}), "interfaces", key)
}

func (k *routers) addInterface(ctx context.Context, router string, x platform.RouterInterface) (port string, err error) {
	client, err := k.neutron()
	if err != nil {
		return "", err
	}
	body := map[string]string{"subnet_id": x.SubnetID}
	var sub ipRange
	if x.Address != nil {
		if err := k.one(ctx, sortSubnet(), x.SubnetID, &sub); err != nil {
			return "", platform.At(failed("read the subnet", x.SubnetID, err), "subnet_id")
		}
		if *x.Address != value(sub.Gateway) {
			if body["port_id"], err = k.makeSeat(ctx, sub, *x.Address); err != nil {
				return "", platform.At(failed("reserve the address", *x.Address, err), "address")
			}
			delete(body, "subnet_id")
		}
	}
	var said struct {
		Port string `json:"port_id"`
	}
	err = put(once(ctx), client, "routers/"+router+"/add_router_interface", body, &said)
	if err != nil && (lost(err) || ctx.Err() != nil || statusOf(err) == http.StatusBadRequest) {
		said.Port, err = k.aftermath(ctx, router, x, err)
	}
	if err != nil && body["port_id"] != "" {
		tidy, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		err = errors.Join(err, k.drop(tidy, sortPort(), body["port_id"]))
	}
	return said.Port, failed("join the subnet", x.SubnetID, err)
}

// aftermath looks whether a router joined a subnet although the answer was lost, or had joined it before: neutron
// refuses to do so twice.
func (k *routers) aftermath(ctx context.Context, router string, x platform.RouterInterface, err error) (string, error) {
	again, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	got, unknown := k.router(again, router)
	if unknown != nil {
		return "", err
	}
	for _, p := range got.ports {
		if has := p.told(); has.SubnetID == x.SubnetID && (x.Address == nil || value(has.Address) == *x.Address) {
			return p.ID, nil
		}
	}
	return "", err
}

// makeSeat makes a port with an address for a router.
func (k *routers) makeSeat(ctx context.Context, sub ipRange, address string) (string, error) {
	var got seat
	err := k.make(ctx, sortPort(), map[string]any{
		"network_id": sub.Network, "fixed_ips": []fixedIP{{SubnetID: sub.ID, Address: address}},
	}, &got)
	if err != nil {
		return "", err
	}
	return got.ID, k.change(ctx, sortPort(), got.ID, map[string]any{"description": ""})
}

// leave takes an interface away.
func (k *routers) leave(ctx context.Context, router, port string) error {
	client, err := k.neutron()
	if err != nil {
		return err
	}
	err = put(once(ctx), client, "routers/"+router+"/remove_router_interface", map[string]string{"port_id": port}, nil)
	if isNotFound(err) {
		return nil
	}
	return failed("leave the subnet by the port", port, err)
}

// explained adds what helps with a refusal that people meet often.
func explained(want *platform.Router, err error) error {
	own := value(want.OpenStack)
	if statusOf(err) != http.StatusForbidden {
		return err
	}
	for _, c := range []struct {
		is   bool
		path []string
	}{
		{own.SNAT != nil, []string{"openstack", "snat"}},
		{own.Distributed != nil, []string{"openstack", "distributed"}},
		{own.HA != nil, []string{"openstack", "ha"}},
		{own.ExternalAddresses != nil, []string{"openstack", "external_addresses"}},
	} {
		if c.is {
			return platform.At(fmt.Errorf("most clouds let administrators alone set it: %w", err), c.path...)
		}
	}
	return err
}

// Delete takes a router away: its routes, interfaces and way out first.
func (k *routers) Delete(ctx context.Context, have *platform.Router) error {
	id := value(have.ID)
	defer k.alone(id)()
	got, err := k.router(ctx, id)
	if isNotFound(err) {
		return nil
	}
	if err == nil && len(got.Routes) > 0 {
		err = k.change(ctx, sortRouter(), id, map[string]any{"routes": []hostRoute{}})
	}
	if err != nil {
		return failed("delete the router", have.Name, err)
	}
	for _, p := range got.ports {
		if err := k.leave(ctx, id, p.ID); err != nil {
			return failed("delete the router", have.Name, err)
		}
	}
	return failed("delete the router", have.Name, k.drop(ctx, sortRouter(), id))
}

// behind reports whether a route leads through one of the ranges.
func behind(r hostRoute, ranges []netip.Prefix) bool {
	hop, err := netip.ParseAddr(r.Via)
	return err == nil && slices.ContainsFunc(ranges, func(p netip.Prefix) bool { return p.Contains(hop) })
}
