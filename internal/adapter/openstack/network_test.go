package openstack

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func TestDefaultPools(t *testing.T) {
	for name, c := range map[string]struct {
		cidr, gateway string
		want          []pool
	}{
		"first address is the gateway": {"10.0.0.0/24", "10.0.0.1", []pool{{"10.0.0.2", "10.0.0.254"}}},
		"last address is the gateway":  {"10.0.0.0/24", "10.0.0.254", []pool{{"10.0.0.1", "10.0.0.253"}}},
		"gateway in the middle":        {"10.0.0.0/24", "10.0.0.9", []pool{{"10.0.0.1", "10.0.0.8"}, {"10.0.0.10", "10.0.0.254"}}},
		"no gateway":                   {"10.0.0.0/24", "", []pool{{"10.0.0.1", "10.0.0.254"}}},
		"two addresses":                {"10.0.0.0/31", "10.0.0.0", []pool{{"10.0.0.1", "10.0.0.1"}}},
		"one address":                  {"10.0.0.7/32", "10.0.0.7", []pool{{"10.0.0.7", "10.0.0.7"}}},
		"IPv6":                         {"fd00::/64", "fd00::1", []pool{{"fd00::2", "fd00::ffff:ffff:ffff:ffff"}}},
		"IPv6 by its first address":    {"fd00::/64", "fd00::", []pool{{"fd00::1", "fd00::ffff:ffff:ffff:ffff"}}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, defaultPools(c.cidr, c.gateway), cmp.AllowUnexported(pool{})); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestPoolsOf(t *testing.T) {
	dhcp := func(first, last *string) platform.Subnet {
		return platform.Subnet{CIDR: "10.0.0.0/24", DHCP: &platform.DHCP{First: first, Last: last}}
	}
	none := platform.OpenStackSubnet{Gateway: new(false)}
	for name, c := range map[string]struct {
		subnet platform.Subnet
		own    platform.OpenStackSubnet
		want   []pool
	}{
		"nothing":             {platform.Subnet{CIDR: "10.0.0.0/24"}, platform.OpenStackSubnet{}, nil},
		"both ends":           {dhcp(new("10.0.0.10"), new("10.0.0.20")), platform.OpenStackSubnet{}, []pool{{"10.0.0.10", "10.0.0.20"}}},
		"end alone":           {dhcp(nil, new("10.0.0.20")), platform.OpenStackSubnet{}, []pool{{"10.0.0.2", "10.0.0.20"}}},
		"end without gateway": {dhcp(nil, new("10.0.0.20")), none, []pool{{"10.0.0.1", "10.0.0.20"}}},
		"beginning alone":     {dhcp(new("10.0.0.10"), nil), platform.OpenStackSubnet{}, []pool{{"10.0.0.10", "10.0.0.254"}}},
		"several":             {platform.Subnet{CIDR: "10.0.0.0/24"}, platform.OpenStackSubnet{Pools: []string{"10.0.0.2-10.0.0.9", "10.0.0.20-10.0.0.30"}}, []pool{{"10.0.0.2", "10.0.0.9"}, {"10.0.0.20", "10.0.0.30"}}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, poolsOf(c.subnet, c.own)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestRangeChangesMakeRoomForAnotherGateway(t *testing.T) {
	r := &ipRange{CIDR: "10.0.0.0/24", Gateway: new("10.0.0.1"), Pools: []pool{{"10.0.0.2", "10.0.0.254"}}, DHCP: true}
	s := func(gateway string) pair { return pair{subnet: platform.Subnet{CIDR: r.CIDR, Gateway: &gateway}} }
	for name, c := range map[string]struct {
		to   pair
		want map[string]any
	}{
		"the same": {s("10.0.0.1"), map[string]any{}},
		"another":  {s("10.0.0.254"), map[string]any{"gateway_ip": new("10.0.0.254"), "allocation_pools": []pool{{"10.0.0.1", "10.0.0.253"}}}},
		"none": {
			pair{subnet: platform.Subnet{CIDR: r.CIDR}, own: platform.OpenStackSubnet{Gateway: new(false)}},
			map[string]any{"gateway_ip": (*string)(nil), "allocation_pools": []pool{{"10.0.0.1", "10.0.0.254"}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, rangeChanges(r, s("10.0.0.1"), c.to)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestCheckNetwork(t *testing.T) {
	subnet := func(s platform.Subnet, own platform.OpenStackSubnet) *platform.Network {
		return &platform.Network{
			Subnets:   map[string]platform.Subnet{"one": s},
			OpenStack: &platform.OpenStackNetwork{Subnets: map[string]platform.OpenStackSubnet{"one": own}},
		}
	}
	for name, c := range map[string]struct {
		want *platform.Network
		at   string
	}{
		"fits":                   {subnet(platform.Subnet{CIDR: "10.0.0.0/24", Gateway: new("10.0.0.1")}, platform.OpenStackSubnet{}), ""},
		"address for a range":    {subnet(platform.Subnet{CIDR: "10.0.0.1/24"}, platform.OpenStackSubnet{}), "subnets.one.cidr"},
		"gateway elsewhere":      {subnet(platform.Subnet{CIDR: "10.0.0.0/24", Gateway: new("10.0.1.1")}, platform.OpenStackSubnet{}), "subnets.one.gateway"},
		"gateway that is handed": {subnet(platform.Subnet{CIDR: "10.0.0.0/24", Gateway: new("10.0.0.5")}, platform.OpenStackSubnet{Pools: []string{"10.0.0.2-10.0.0.9"}}), "subnets.one.gateway"},
		"pool elsewhere":         {subnet(platform.Subnet{CIDR: "10.0.0.0/24"}, platform.OpenStackSubnet{Pools: []string{"10.0.0.2-10.0.1.9"}}), "openstack.subnets.one.allocation_pools"},
		"pool backwards":         {subnet(platform.Subnet{CIDR: "10.0.0.0/24"}, platform.OpenStackSubnet{Pools: []string{"10.0.0.9-10.0.0.2"}}), "openstack.subnets.one.allocation_pools"},
		"modes of IPv4":          {subnet(platform.Subnet{CIDR: "10.0.0.0/24"}, platform.OpenStackSubnet{RAMode: new("slaac")}), "openstack.subnets.one.ipv6_address_mode"},
		"no such subnet":         {&platform.Network{Subnets: map[string]platform.Subnet{}, OpenStack: &platform.OpenStackNetwork{Subnets: map[string]platform.OpenStackSubnet{"x": {}}}}, "openstack.subnets.x"},
		"VLAN of an overlay":     {&platform.Network{VLAN: new(int64(7)), OpenStack: &platform.OpenStackNetwork{NetworkType: new("vxlan"), PhysicalNetwork: new("p")}}, "vlan"},
		"VLAN on nothing":        {&platform.Network{VLAN: new(int64(7))}, "vlan"},
		"mode against type":      {&platform.Network{Mode: new("bridge"), OpenStack: &platform.OpenStackNetwork{NetworkType: new("vxlan")}}, "mode"},
		"flat on nothing":        {&platform.Network{Mode: new("bridge")}, "mode"},
		"number without type":    {&platform.Network{OpenStack: &platform.OpenStackNetwork{SegmentationID: new(int64(7))}}, "openstack.segmentation_id"},
	} {
		t.Run(name, func(t *testing.T) { standsAt(t, checkNetwork(c.want, always), c.at) })
	}
}

func TestCarried(t *testing.T) {
	tagged := &platform.Network{VLAN: new(int64(7)), OpenStack: &platform.OpenStackNetwork{DNSDomain: new("example.net.")}}
	for name, c := range map[string]struct {
		setting string
		want    *platform.Network
		cable   any
	}{
		"by the connection":    {"physnet1", tagged, "physnet1"},
		"without a block":      {"physnet1", &platform.Network{VLAN: new(int64(7))}, "physnet1"},
		"by the network":       {"physnet1", &platform.Network{VLAN: new(int64(7)), OpenStack: &platform.OpenStackNetwork{PhysicalNetwork: new("physnet2")}}, "physnet2"},
		"by nobody":            {"", tagged, nil},
		"a network without it": {"physnet1", &platform.Network{Mode: new(modeOverlay)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := &session{config: platform.NewConfig(map[string]any{setPhysicalNetwork: c.setting})}
			if got := blueprint(s.carried(c.want))["provider:physical_network"]; got != c.cable {
				t.Errorf("it is carried by %v, want %v", got, c.cable)
			}
		})
	}
	if tagged.OpenStack.PhysicalNetwork != nil {
		t.Error("what is configured was changed")
	}
}

func TestLastOf(t *testing.T) {
	for cidr, want := range map[string]string{"10.0.0.0/24": "10.0.0.255", "10.0.0.0/23": "10.0.1.255", "fd00::/127": "fd00::1"} {
		if got := lastOf(netip.MustParsePrefix(cidr)).String(); got != want {
			t.Errorf("%s ends at %s, not %s", cidr, got, want)
		}
	}
}
