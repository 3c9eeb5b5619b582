package openstack_test

import (
	"context"
	"fmt"
	"strings"

	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/openstack"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/platformtest"
)

// publicIPs is what a person does to floating IPs.
func (p *person) publicIPs() fixture {
	return fixture{
		Case: platformtest.Case{Values: p.publicIPValues(), Path: func(state map[string]any) string { return fmt.Sprint(state["address"]) }},
		remove: func(ctx context.Context, id string) error {
			return p.do(ctx, "DELETE", "network", "floatingips/"+id, nil, nil)
		},
		change: p.changePublicIP,
		twin:   p.twinPublicIP,
		faults: map[string][]lab.Fault{
			"create":      {{Service: "network", Method: "POST", Path: "/floatingips"}},
			"create half": {{Service: "network", Method: "PUT", Path: "/floatingips/{id}"}},
			"update":      {{Service: "network", Method: "PUT", Path: "/floatingips/{id}"}},
			"update half": {{Service: "network", Method: "PUT", Path: "/floatingips/{id}/tags"}},
			"delete half": {{Service: "network", Method: "DELETE", Path: "/floatingips/{id}"}},
		},
	}
}

func (p *person) publicIPValues() platformtest.Values {
	port := func(*platformtest.Bench) any { return p.reachable(1)[0] }
	address := func(*platformtest.Bench) any { return p.outerAddress() }
	var third []string // an external network with its two subnets
	outside := func(n int) func(*platformtest.Bench) any {
		return func(*platformtest.Bench) any { return third[n] }
	}
	apart := block{"network_id": func(*platformtest.Bench) any {
		third = p.thirdOuter()
		return third[0]
	}}
	var two []string // a port with its two addresses
	fixed := func(n int) func(*platformtest.Bench) any {
		return func(*platformtest.Bench) any { return two[1+n] }
	}
	both := block{"nic_id": func(*platformtest.Bench) any {
		two = p.reachable(2)
		return two[0]
	}}
	return platformtest.Values{
		"address":                 {Old: address, New: address, Alone: true},
		"nic_id":                  {Old: port, New: port},
		"openstack.subnet_id":     {Old: outside(1), New: outside(2), With: apart, Alone: true},
		"openstack.fixed_address": {Old: fixed(0), New: fixed(1), With: both, Alone: true},
		"openstack.dns_domain": {
			Old: "app.example.net.", New: "db.example.net.", With: block{"openstack": block{"dns_name": "web"}},
			Gone: block{"openstack": block{"dns_name": nil}}, Alone: true,
		},
		"openstack.dns_name": {
			Old: "web", New: "db", With: block{"openstack": block{"dns_domain": "app.example.net."}},
			Gone: block{"openstack": block{"dns_domain": nil}}, Alone: true,
		},
	}
}

// thirdOuter makes an external network with two subnets: the ids of all three.
func (p *person) thirdOuter() []string {
	network, err := p.made(p.t.Context(), "network", "networks", "network", p.flat())
	ids := []string{network}
	for _, cidr := range []string{"172.26.0.0/24", "172.26.1.0/24"} {
		var subnet string
		if err == nil {
			subnet, err = p.made(p.t.Context(), "network", "subnets", "subnet", block{
				"network_id": network, "ip_version": 4, "cidr": cidr, "enable_dhcp": false,
			})
		}
		ids = append(ids, subnet)
	}
	if err != nil {
		p.t.Error(err)
	}
	return ids
}

// reachable makes a port that the outside can reach, with so many addresses: its id and those.
func (p *person) reachable(addresses int) []string {
	ctx := p.t.Context()
	p.mu.Lock()
	if len(p.shared["reachable"]) == 0 {
		p.shared["reachable"] = p.joinOuter(ctx)
	}
	network, subnet := p.shared["reachable"][0], p.shared["reachable"][1]
	p.mu.Unlock()
	var ips []any
	for range addresses {
		ips = append(ips, block{"subnet_id": subnet})
	}
	var said struct {
		Port struct {
			ID  string
			IPs []struct {
				Address string `json:"ip_address"`
			} `json:"fixed_ips"`
		}
	}
	body := block{"port": block{"network_id": network, "fixed_ips": ips, "name": "ct-reachable"}}
	if err := p.do(ctx, "POST", "network", "ports", body, &said); err != nil {
		p.t.Error(err)
		return make([]string, 1+addresses)
	}
	list := []string{said.Port.ID}
	for _, ip := range said.Port.IPs {
		list = append(list, ip.Address)
	}
	return list
}

// joinOuter makes a network that a router joins to the external one: the ids of the network and its subnet.
func (p *person) joinOuter(ctx context.Context) []string {
	network, err := p.made(ctx, "network", "networks", "network", block{"name": "ct-reachable"})
	var subnet, router string
	if err == nil {
		subnet, err = p.made(ctx, "network", "subnets", "subnet", block{"network_id": network, "ip_version": 4, "cidr": "10.99.0.0/16"})
	}
	if err == nil {
		outside := p.find(ctx, "network", "networks?name="+outerNetwork, "networks")
		router, err = p.made(ctx, "network", "routers", "router", block{"name": "ct-reachable", "external_gateway_info": block{"network_id": outside}})
	}
	if err == nil {
		err = p.do(ctx, "PUT", "network", "routers/"+router+"/add_router_interface", block{"subnet_id": subnet}, nil)
	}
	if err != nil {
		p.t.Error(err)
	}
	return []string{network, subnet}
}

func (p *person) changePublicIP(ctx context.Context, c platformtest.Change) error {
	switch c.Attribute {
	case "name":
		return p.retag(ctx, "floatingips", c.ID, func(tag string) bool { return !strings.HasPrefix(tag, "terraform-virt:name:") },
			map[string]any{"terraform-virt:name:" + fmt.Sprint(c.Value): nil})
	case "nic_id":
		return p.do(ctx, "PUT", "network", "floatingips/"+c.ID, block{"floatingip": block{"port_id": c.Value}}, nil)
	}
	return p.changeNeutron(ctx, "floatingips", "floatingip", c)
}

// twinPublicIP makes another floating IP with the same tags, and so the same name.
func (p *person) twinPublicIP(ctx context.Context, id string) error {
	var was struct{ Tags []string }
	if err := p.do(ctx, "GET", "network", "floatingips/"+id+"/tags", nil, &was); err != nil {
		return err
	}
	outside := p.find(ctx, "network", "networks?name="+outerNetwork, "networks")
	other, err := p.made(ctx, "network", "floatingips", "floatingip", block{"floating_network_id": outside})
	if err != nil {
		return err
	}
	return p.do(ctx, "PUT", "network", "floatingips/"+other+"/tags", block{"tags": was.Tags}, nil)
}
