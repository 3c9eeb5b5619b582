package sandbox

import (
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// TestReach joins a subnet to the outside and leads an address to a machine in it.
func TestReach(t *testing.T) {
	l := newLab(t, "", nil)
	app := l.network(&platform.Network{Name: "app", Subnets: map[string]platform.Subnet{"main": {CIDR: "10.0.0.0/24"}}})
	r := &platform.Router{
		Name: "edge", ExternalNetworkID: new(outside),
		Interfaces: map[string]platform.RouterInterface{"app": {SubnetID: *app.Subnets["main"].ID}},
	}
	must(t, l.Routers.Create(t.Context(), r, func(string) {}))
	same(t, *r.Interfaces["app"].Address, "10.0.0.1")
	if len(r.Addresses) != 1 {
		t.Errorf("outside it has %v", r.Addresses)
	}
	guard := &platform.Firewall{Name: "web", Rules: map[string]platform.FirewallRule{
		"v4": {Direction: platform.RuleIngress}, "v6": {Direction: platform.RuleIngress, CIDR: new("fd00::/8")},
	}}
	must(t, l.Firewalls.Create(t.Context(), guard, func(string) {}))
	same(t, []string{*guard.Rules["v4"].Family, *guard.Rules["v6"].Family}, []string{"ipv4", "ipv6"})
	group := &platform.PlacementGroup{Name: "web", Policy: platform.PlacementSpread}
	must(t, l.PlacementGroups.Create(t.Context(), group, func(string) {}))
	m := l.machine(&platform.Machine{
		Name: "m", Placement: &platform.Placement{Group: group.ID},
		NICs: map[string]platform.NIC{"eth0": {NetworkID: app.ID, FirewallIDs: []string{*guard.ID}}},
	})
	must(t, l.PlacementGroups.Read(t.Context(), group))
	same(t, group.Members, []string{*m.ID})
	ip := &platform.PublicIP{Name: "web", NICID: m.NICs["eth0"].ID}
	must(t, l.PublicIPs.Create(t.Context(), ip, func(string) {}))
	same(t, *ip.NetworkID, outside)
	if *ip.Address == r.Addresses[0] {
		t.Errorf("the router and the public IP have the same address %s", *ip.Address)
	}
	fails(t, l.PublicIPs.Create(t.Context(), &platform.PublicIP{Name: "x", Address: ip.Address}, func(string) {}), platform.ErrConflict, "address")

	fails(t, l.Networks.Delete(t.Context(), app), platform.ErrConflict, "")
	fails(t, l.Firewalls.Delete(t.Context(), guard), platform.ErrConflict, "")
	must(t, l.Machines.Delete(t.Context(), m))
	must(t, l.Firewalls.Delete(t.Context(), guard))
	fails(t, l.Networks.Delete(t.Context(), app), platform.ErrConflict, "")
	must(t, l.Routers.Delete(t.Context(), r))
	must(t, l.Networks.Delete(t.Context(), app))
}

// TestReachRefused refers to what is not there, or does not fit.
func TestReachRefused(t *testing.T) {
	l := newLab(t, "", nil)
	app := l.network(&platform.Network{Name: "app", Subnets: map[string]platform.Subnet{"main": {CIDR: "10.0.0.0/24"}}})
	sub := *app.Subnets["main"].ID
	for _, c := range []struct {
		name  string
		want  platform.Router
		class error
		path  string
	}{
		{"no subnet", platform.Router{Interfaces: map[string]platform.RouterInterface{"a": {SubnetID: "none"}}}, platform.ErrNotFound, "interfaces.a.subnet_id"},
		{"the subnet twice", platform.Router{Interfaces: map[string]platform.RouterInterface{"a": {SubnetID: sub}, "b": {SubnetID: sub}}}, platform.ErrConflict, "interfaces.b.subnet_id"},
		{"address elsewhere", platform.Router{Interfaces: map[string]platform.RouterInterface{"a": {SubnetID: sub, Address: new("10.1.0.1")}}}, platform.ErrInvalid, "interfaces.a.address"},
		{"no outside", platform.Router{ExternalNetworkID: new("none")}, platform.ErrNotFound, "external_network_id"},
		{"route to nothing", platform.Router{Routes: map[string]platform.Route{"r": {CIDR: "10.9.0.1/16", NextHop: "10.0.0.9"}}}, platform.ErrInvalid, "routes.r.cidr"},
		{"route by nothing", platform.Router{Routes: map[string]platform.Route{"r": {CIDR: "10.9.0.0/16", NextHop: "there"}}}, platform.ErrInvalid, "routes.r.next_hop"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.want.Name = c.name
			fails(t, l.Routers.Create(t.Context(), &c.want, func(string) {}), c.class, c.path)
		})
	}
	fails(t, l.PublicIPs.Create(t.Context(), &platform.PublicIP{Name: "x", NICID: new("none")}, func(string) {}), platform.ErrNotFound, "nic_id")
	fails(t, l.PublicIPs.Create(t.Context(), &platform.PublicIP{Name: "x", NetworkID: new("none")}, func(string) {}), platform.ErrNotFound, "network_id")
	fails(t, l.PublicIPs.Create(t.Context(), &platform.PublicIP{Name: "x", Address: new("10.0.0.1")}, func(string) {}), platform.ErrInvalid, "address")
	rule := func(r platform.FirewallRule) *platform.Firewall {
		return &platform.Firewall{Name: "x", Rules: map[string]platform.FirewallRule{"r": r}}
	}
	fails(t, l.Firewalls.Create(t.Context(), rule(platform.FirewallRule{CIDR: new("10.0.0.1/8")}), func(string) {}), platform.ErrInvalid, "rules.r.cidr")
	fails(t, l.Firewalls.Create(t.Context(), rule(platform.FirewallRule{CIDR: new("10.0.0.0/8"), Family: new("ipv6")}), func(string) {}), platform.ErrInvalid, "rules.r.family")
	fails(t, l.Firewalls.Create(t.Context(), rule(platform.FirewallRule{FirewallID: new("none")}), func(string) {}), platform.ErrNotFound, "rules.r.firewall_id")
	guarded := &platform.Machine{Name: "m", NICs: map[string]platform.NIC{"eth0": {FirewallIDs: []string{"none"}}}}
	fails(t, l.Machines.Create(t.Context(), guarded, func(string) {}), platform.ErrNotFound, "nics.eth0.firewall_ids")
}

// TestKeysAndProjects checks fingerprints and what lies in what.
func TestKeysAndProjects(t *testing.T) {
	l := newLab(t, "", nil)
	k := &platform.SSHKey{Name: "ops", PublicKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f ops"}
	must(t, l.SSHKeys.Create(t.Context(), k, func(string) {}))
	same(t, *k.Fingerprint, "SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA")
	for _, text := range []string{"ssh-ed25519", "ssh-ed25519 no-base64!"} {
		fails(t, l.SSHKeys.Create(t.Context(), &platform.SSHKey{Name: "x", PublicKey: text}, func(string) {}), platform.ErrInvalid, "public_key")
	}
	top := &platform.Project{Name: "top", Quotas: map[string]string{"cores": "4"}}
	must(t, l.Projects.Create(t.Context(), top, func(string) {}))
	same(t, []any{*top.Enabled, *top.ParentID}, []any{true, l.Endpoint})
	inside := &platform.Project{Name: "inside", ParentID: top.ID}
	must(t, l.Projects.Create(t.Context(), inside, func(string) {}))
	fails(t, l.Projects.Delete(t.Context(), top), platform.ErrConflict, "")
	must(t, l.Projects.Delete(t.Context(), inside))
	must(t, l.Projects.Delete(t.Context(), top))
	fails(t, l.Projects.Create(t.Context(), &platform.Project{Name: "x", ParentID: new("none")}, func(string) {}), platform.ErrNotFound, "parent_id")
}
