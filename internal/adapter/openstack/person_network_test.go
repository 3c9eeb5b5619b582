package openstack_test

import (
	"context"
	"fmt"
	"strings"

	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/openstack"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/platformtest"
)

// networks is what a person does to networks.
func (p *person) networks() fixture {
	return fixture{
		Case: platformtest.Case{Values: p.networkValues(), Together: 4},
		remove: func(ctx context.Context, id string) error {
			return p.do(ctx, "DELETE", "network", "networks/"+id, nil, nil)
		},
		change: p.changeNetwork,
		twin:   func(ctx context.Context, id string) error { return p.sameName(ctx, "networks", "network", id) },
		faults: map[string][]lab.Fault{
			"create":      {{Service: "network", Method: "POST", Path: "/networks"}},
			"create half": {{Service: "network", Method: "POST", Path: "/subnets"}},
			"update":      {{Service: "network", Method: "PUT", Path: "/networks/{id}"}},
			"update half": {{Service: "network", Method: "POST", Path: "/subnets"}},
			"delete half": {{Service: "network", Method: "DELETE", Path: "/networks/{id}"}},
		},
		cannot: map[string]string{
			"path network": "networks have ids and names",
			"another value of network openstack.zones": "zones are those of agents, and this cloud has none",
			"slots network subnets":                    "neutron keeps no order of subnets",
			"slots network openstack.subnets":          "neutron keeps no order of subnets",
			"change network vlan":                      "neutron gives no network another VLAN",
		},
	}
}

// networkValues are what neutron needs beside the values of every platform.
func (p *person) networkValues() platformtest.Values {
	flat := func(*platformtest.Bench) any { return fmt.Sprintf("flat-%d", p.serial.Add(1)) }
	vlan := func(*platformtest.Bench) any { return 300 + p.serial.Add(1)%3000 }
	number := func(*platformtest.Bench) any { return 5100 + p.serial.Add(1) }
	pool := func(b *platformtest.Bench) any { return p.subnetPool(b) }
	cable := block{"openstack": block{"physical_network": "physnet1"}}
	v4 := block{"subnets": block{"one": block{"cidr": "10.10.0.0/24"}}}
	pools := func(list ...any) []any { return list }
	six := func(mode any) block {
		return block{
			"subnets":   block{"one": block{"cidr": "fd00:10::/64"}},
			"openstack": block{"subnets": block{"one": block{"ipv6_ra_mode": mode, "ipv6_address_mode": mode}}},
		}
	}
	modes := platformtest.Pair{Old: "slaac", New: "dhcpv6-stateless", With: six("slaac"), NewWith: six("dhcpv6-stateless"), Gone: six(nil), Alone: true}
	return platformtest.Values{
		"mode": {Old: "overlay", New: "bridge", NewWith: block{"openstack": block{"physical_network": flat}}, Alone: true},
		"vlan": {Old: vlan, New: vlan, With: cable, Gone: block{"openstack": block{"physical_network": nil}}, Alone: true},
		"mtu":  platformtest.Of(1400, 1300),

		"openstack.network_type":     platformtest.Of("vxlan", "local"),
		"openstack.physical_network": {Old: flat, New: flat, With: block{"openstack": block{"network_type": "flat"}}, Gone: block{"openstack": block{"network_type": nil}}, Alone: true},
		"openstack.segmentation_id":  {Old: number, New: number, With: block{"openstack": block{"network_type": "vxlan"}}, Alone: true},
		"openstack.zones":            platformtest.Of([]any{}, []any{}),

		"openstack.subnets.*.gateway":           {Old: false, New: true, With: v4, Alone: true},
		"openstack.subnets.*.allocation_pools":  {Old: pools("10.10.0.10-10.10.0.50"), New: pools("10.10.0.10-10.10.0.60", "10.10.0.80-10.10.0.90"), With: v4, Alone: true},
		"openstack.subnets.*.ipv6_address_mode": modes,
		"openstack.subnets.*.ipv6_ra_mode":      modes,
		"openstack.subnets.*.subnet_pool_id":    {Old: pool, New: pool, With: v4, Alone: true},
	}
}

// subnetPool makes a pool of ranges.
func (p *person) subnetPool(*platformtest.Bench) any {
	name := fmt.Sprintf("ct-pool-%d", p.serial.Add(1))
	id, err := p.made(p.t.Context(), "network", "subnetpools", "subnetpool", block{"name": name, "prefixes": []any{"10.10.0.0/16"}})
	if err != nil {
		p.t.Error(err)
	}
	return id
}

// sameName makes another object of the same name.
func (p *person) sameName(ctx context.Context, path, key, id string) error {
	was := map[string]struct{ Name string }{}
	if err := p.do(ctx, "GET", "network", path+"/"+id, nil, &was); err != nil {
		return err
	}
	_, err := p.made(ctx, "network", path, key, block{"name": was[key].Name})
	return err
}

func (p *person) changeNetwork(ctx context.Context, c platformtest.Change) error {
	switch what := c.Attribute[strings.LastIndex(c.Attribute, ".")+1:]; what {
	case "gateway":
		body := block{"gateway_ip": c.Value, "allocation_pools": []any{block{"start": "10.10.0.100", "end": "10.10.0.200"}}}
		return p.do(ctx, "PUT", "network", "subnets/"+c.Element, block{"subnet": body}, nil)
	case "vlan":
		return platformtest.ErrCannot
	default:
		return p.changeNeutron(ctx, "networks", "network", c)
	}
}

// changeNeutron changes tags, or an attribute that neutron has under the same name.
func (p *person) changeNeutron(ctx context.Context, path, key string, c platformtest.Change) error {
	if c.Attribute != "tags" {
		return p.do(ctx, "PUT", "network", path+"/"+c.ID, block{key: block{c.Attribute: c.Value}}, nil)
	}
	return p.retag(ctx, path, c.ID, func(tag string) bool { return strings.HasPrefix(tag, "terraform-virt:") }, c.Value.(map[string]any))
}

// retag gives an object other tags beside those that are kept.
func (p *person) retag(ctx context.Context, path, id string, kept func(string) bool, tags map[string]any) error {
	var has struct{ Tags []string }
	if err := p.do(ctx, "GET", "network", path+"/"+id+"/tags", nil, &has); err != nil {
		return err
	}
	list := []any{}
	for _, tag := range has.Tags {
		if kept(tag) {
			list = append(list, tag)
		}
	}
	for name, v := range tags {
		if v != nil {
			name = fmt.Sprintf("%s=%v", name, v)
		}
		list = append(list, name)
	}
	return p.do(ctx, "PUT", "network", path+"/"+id+"/tags", block{"tags": list}, nil)
}
