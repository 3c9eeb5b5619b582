package openstack

import (
	"context"
	"maps"
	"net/netip"
	"slices"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Update changes what differs, in place and in the order that neutron needs: routes go before the interfaces that they
// lead through, and come after them.
func (k *routers) Update(ctx context.Context, prior, want *platform.Router) error {
	if err := checkRouter(want, always); err != nil {
		return failed("change the router", want.Name, err)
	}
	id := value(prior.ID)
	defer k.alone(id)()
	got, err := k.router(ctx, id)
	if err == nil {
		err = k.revise(ctx, got, prior, want)
	}
	if err == nil {
		got, err = k.router(ctx, id)
	}
	if err != nil {
		return failed("change the router", want.Name, err)
	}
	completeRouter(want, got)
	return nil
}

func (k *routers) revise(ctx context.Context, got *gate, prior, want *platform.Router) error {
	if want.Name != got.Name {
		if err := k.free(ctx, sortRouter(), want.Name, got.ID); err != nil {
			return err
		}
	}
	drop, add, rename := interfaceChanges(got, prior.Interfaces, want.Interfaces)
	routes, err := k.disjoin(ctx, got, prior, want, drop)
	if err != nil {
		return err
	}
	if err := k.reshape(ctx, got, prior, want); err != nil {
		return explained(want, err)
	}
	for key, port := range rename {
		if err := k.retag(ctx, sortPort(), port.ID, port.Tags, append(without(port.Tags, markKey), markKey+key)); err != nil {
			return platform.At(err, "interfaces", key)
		}
	}
	for _, key := range add {
		if err := k.join(ctx, got.ID, key, want); err != nil {
			return err
		}
	}
	if final := newRoutes(got.Routes, prior.Routes, want.Routes); !sameRoutes(routes, final) {
		if err := k.change(ctx, sortRouter(), got.ID, map[string]any{"routes": final}); err != nil {
			return platform.At(err, "routes")
		}
	}
	marks := without(marksOf(got.Tags), markRoute)
	if want.Routes == nil && prior.Routes == nil {
		marks = marksOf(got.Tags)
	}
	return k.retag(ctx, sortRouter(), got.ID, got.Tags, revised(got.Tags, prior.Tags, want.Tags, append(marks, routeMarks(want.Routes)...)))
}

// interfaceChanges says which interfaces go, by the ids of their ports, which keys get one, and which ports stay under
// another key.
func interfaceChanges(got *gate, prior, want map[string]platform.RouterInterface) (drop []seat, add []string, rename map[string]seat) {
	bound, rename := got.keyedSeats(orEmpty(prior)), map[string]seat{}
	for _, key := range platform.Keys(bound) {
		p, x := bound[key], want[key]
		_, stays := want[key]
		has := p.told()
		switch {
		case !stays, has.SubnetID != x.SubnetID, x.Address != nil && *x.Address != value(has.Address):
			drop = append(drop, p)
		default:
			x.ID = &p.ID
			want[key] = x
			if markedKey(p.Tags) != key {
				rename[key] = p
			}
		}
	}
	for _, key := range platform.Keys(want) {
		if p, there := bound[key]; !there || slices.ContainsFunc(drop, func(d seat) bool { return d.ID == p.ID }) {
			add = append(add, key)
		}
	}
	return drop, add, rename
}

func orEmpty[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return maps.Clone(m)
}

// newRoutes is what a router's routes become: those that nobody manages stay.
func newRoutes(has []hostRoute, prior, want map[string]platform.Route) []hostRoute {
	managed := hostRoutes(prior)
	routes := hostRoutes(want)
	for _, r := range has {
		if !slices.Contains(managed, r) && !slices.Contains(routes, r) {
			routes = append(routes, r)
		}
	}
	return routes
}

// disjoin takes interfaces away, and before them the routes that lead through them. It gives the routes that are left.
func (k *routers) disjoin(ctx context.Context, got *gate, prior, want *platform.Router, drop []seat) ([]hostRoute, error) {
	final := newRoutes(got.Routes, prior.Routes, want.Routes)
	var ranges []netip.Prefix
	for _, p := range drop {
		var sub ipRange
		if len(got.Routes) == 0 {
			break
		}
		if err := k.one(ctx, sortSubnet(), p.subnet(), &sub); err != nil && !isNotFound(err) {
			return nil, failed("read the subnet", p.subnet(), err)
		}
		if r, err := netip.ParsePrefix(sub.CIDR); err == nil {
			ranges = append(ranges, r)
		}
	}
	moves := out(prior) != out(want) // what leads outside is refused meanwhile, and comes back
	routes := slices.DeleteFunc(slices.Clone(got.Routes), func(r hostRoute) bool {
		return !slices.Contains(final, r) || behind(r, ranges) || moves
	})
	if !sameRoutes(routes, got.Routes) {
		if err := k.change(ctx, sortRouter(), got.ID, map[string]any{"routes": routes}); err != nil {
			return nil, platform.At(err, "routes")
		}
	}
	for _, p := range drop {
		if err := k.leave(ctx, got.ID, p.ID); err != nil {
			return nil, platform.At(err, "interfaces")
		}
	}
	return routes, nil
}

// out is the network that a router reaches the outside through, or "".
func out(r *platform.Router) string { return value(r.ExternalNetworkID) }

// reshape changes a router's own attributes. What says how it is made changes only while it carries nothing.
func (k *routers) reshape(ctx context.Context, got *gate, prior, want *platform.Router) error {
	body := map[string]any{}
	was, is := value(prior.OpenStack), value(want.OpenStack)
	differ(body, "distributed", was.Distributed, is.Distributed, value(got.Distributed), false)
	differ(body, "ha", was.HA, is.HA, value(got.HA), false)
	up := got.Up
	if is.AdminState != nil || was.AdminState != nil {
		up = is.AdminState == nil || *is.AdminState
	}
	if len(body) > 0 && got.Up {
		if err := k.change(ctx, sortRouter(), got.ID, map[string]any{"admin_state_up": false}); err != nil {
			return err
		}
		got.Up = false
	}
	if err := k.change(ctx, sortRouter(), got.ID, body); err != nil {
		if up { // it carried something: that may not end because it stays what it is
			tidy, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
			defer cancel()
			_ = k.change(tidy, sortRouter(), got.ID, map[string]any{"admin_state_up": true})
		}
		return err
	}
	rest := map[string]any{}
	differ(rest, "name", &prior.Name, &want.Name, got.Name, got.Name)
	differ(rest, "description", prior.Description, want.Description, got.Description, "")
	if up != got.Up {
		rest["admin_state_up"] = up
	}
	if to, changed := newOutside(got, prior, want); changed {
		rest["external_gateway_info"] = to
	}
	return k.change(ctx, sortRouter(), got.ID, rest)
}

// newOutside is another way out than a router has, if it gets one. nil takes it away.
func newOutside(got *gate, prior, want *platform.Router) (any, bool) {
	if out(prior) == "" && out(want) == "" {
		return nil, false // not managed
	}
	to := outsideOf(want)
	has := got.Outside
	if to == nil {
		return nil, has != nil
	}
	was := value(prior.OpenStack)
	if to.SNAT == nil && was.SNAT != nil {
		to.SNAT = new(true)
	}
	if has == nil || has.Network != to.Network || to.SNAT != nil && *to.SNAT != value(has.SNAT) {
		if has != nil && has.Network == to.Network && to.IPs == nil {
			to.IPs = has.IPs
		}
		return to, true
	}
	managed := was.ExternalAddresses != nil || to.IPs != nil
	if managed && to.IPs != nil && !sameIPs(to.IPs, has.IPs) {
		return to, true
	}
	return nil, false
}

func sameIPs(a, b []fixedIP) bool {
	text := func(list []fixedIP) []string {
		var out []string
		for _, ip := range list {
			out = append(out, ip.SubnetID+" "+ip.Address)
		}
		return out
	}
	return sameSet(text(a), text(b))
}
