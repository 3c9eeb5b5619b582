package platformtest

import (
	"fmt"
	"maps"

	"github.com/terraform-virt/terraform-provider-virt/internal/kind"
)

func networkSubject() *subject {
	k := newSubject(kind.Network())
	k.values = Values{
		"description": Of("one", "two"),
		"vlan":        Of(100, 200),
		"mtu":         Of(1500, 9000),
		"tags":        Of(Config{"role": "web"}, Config{"role": "db", "tier": "1"}),

		"subnets.*.cidr":              Of("10.20.0.0/24", "10.21.0.0/24"),
		"subnets.*.gateway":           Of("10.10.0.1", "10.10.0.2"),
		"subnets.*.dns":               Of([]any{"10.10.0.53"}, []any{"10.10.0.54", "10.10.0.53"}),
		"subnets.*.dhcp.first":        {Old: "10.10.0.10", New: "10.10.0.20", With: dhcp()},
		"subnets.*.dhcp.last":         {Old: "10.10.0.100", New: "10.10.0.110", With: dhcp()},
		"subnets.*.dhcp.reservations": {Old: Config{"00:50:56:01:02:03": "10.10.0.9"}, New: Config{"00:50:56:01:02:03": "10.10.0.8"}, With: dhcp()},

		"docker.driver":       Of("bridge", "overlay"),
		"docker.internal":     {Old: false, New: true, With: Config{"mode": "overlay"}, Alone: true},
		"docker.attachable":   Of(true, false),
		"docker.ingress":      Of(false, true),
		"docker.options":      Of(Config{"com.docker.network.bridge.enable_icc": "false"}, Config{"com.docker.network.bridge.enable_icc": "true"}),
		"docker.ipam_driver":  Of("default", "some-plugin"),
		"docker.ipam_options": Of(Config{"one": "1"}, Config{"one": "2", "two": "2"}),
		"docker.reserved": {
			Old: Config{"router": "10.10.0.7"}, New: Config{"router": "10.10.0.8"},
			With: Config{"subnets": Config{"one": Config{"cidr": "10.10.0.0/24"}}}, Alone: true,
		},
	}
	maps.Copy(k.values, openStackNetworkValues())
	k.elements = map[string]func(b *Bench, n int) Config{
		"subnets":           func(_ *Bench, n int) Config { return Config{"cidr": fmt.Sprintf("10.10.%d.0/24", n)} },
		"openstack.subnets": func(*Bench, int) Config { return Config{"dhcp": true} },
	}
	k.stubs = map[string]Config{"subnets": {"cidr": "10.10.0.0/24"}, "openstack.subnets": {"dhcp": true}}
	k.besides = map[string]Config{"openstack.subnets": subnetsOf("a", "b", "c", "z", "x0", "x1", "x2", "x10")}
	k.update = []string{"description", "vlan", "mtu", "tags"}
	k.byHand = []string{"name", "description", "vlan", "mtu", "tags", "subnets.*.gateway"}
	return k
}

func openStackNetworkValues() Values {
	vxlan := Config{"openstack": Config{"network_type": "vxlan"}}
	v4 := subnetsOf("one")
	v6 := Config{"subnets": Config{"one": Config{"cidr": "fd00:10::/64"}}}
	both := merged(v6, Config{"openstack": Config{"subnets": Config{"one": Config{"ipv6_ra_mode": "slaac", "ipv6_address_mode": "slaac"}}}})
	route := func(to string) Config { return Config{"192.168.7.0/24": to} }
	return Values{
		"openstack.external":         Of(true, false),
		"openstack.shared":           Of(true, false),
		"openstack.admin_state":      Of(false, true),
		"openstack.port_security":    Of(false, true),
		"openstack.dns_domain":       Of("app.example.net.", "db.example.net."),
		"openstack.network_type":     Of("vxlan", "gre"),
		"openstack.physical_network": {Old: "physnet1", New: "physnet2", With: Config{"openstack": Config{"network_type": "flat"}}, Alone: true},
		"openstack.segmentation_id":  {Old: 1001, New: 1002, With: vxlan, Alone: true},
		"openstack.zones":            Of([]any{"nova"}, []any{"nova"}),

		"openstack.subnets.*.dhcp":              {Old: true, New: false, With: v4},
		"openstack.subnets.*.gateway":           {Old: false, New: true, With: v4},
		"openstack.subnets.*.allocation_pools":  {Old: []any{"10.10.0.10-10.10.0.50"}, New: []any{"10.10.0.10-10.10.0.60", "10.10.0.80-10.10.0.90"}, With: v4},
		"openstack.subnets.*.host_routes":       {Old: route("10.10.0.7"), New: route("10.10.0.8"), With: v4},
		"openstack.subnets.*.ipv6_address_mode": {Old: "slaac", New: "dhcpv6-stateless", With: both, NewWith: modes("dhcpv6-stateless"), Gone: modes(nil)},
		"openstack.subnets.*.ipv6_ra_mode":      {Old: "slaac", New: "dhcpv6-stateless", With: both, NewWith: modes("dhcpv6-stateless"), Gone: modes(nil)},
	}
}

// modes is both modes of IPv6, which have to agree.
func modes(mode any) Config {
	return Config{"openstack": Config{"subnets": Config{"one": Config{"ipv6_ra_mode": mode, "ipv6_address_mode": mode}}}}
}

// subnetsOf is the subnets of a network under these keys.
func subnetsOf(keys ...string) Config {
	all := Config{}
	for n, key := range keys {
		all[key] = Config{"cidr": fmt.Sprintf("10.10.%d.0/24", n)}
	}
	return Config{"subnets": all}
}

func dhcp() Config {
	return Config{"subnets": Config{"one": Config{"dhcp": Config{"first": "10.10.0.10", "last": "10.10.0.100"}}}}
}
