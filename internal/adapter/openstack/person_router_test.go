package openstack_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/openstack"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/platformtest"
)

// What every cloud has outside, by name.
const outerNetwork, outerSubnet = "public", "public-subnet"

// outer are the ids of two external networks.
func (p *person) outer(ctx context.Context) []string {
	p.t.Helper()
	first := p.find(ctx, "network", "networks?name="+outerNetwork, "networks")
	second, err := p.made(ctx, "network", "networks", "network", p.flat())
	if err == nil {
		_, err = p.made(ctx, "network", "subnets", "subnet", block{
			"network_id": second, "ip_version": 4, "cidr": "172.24.0.0/16", "enable_dhcp": false, "name": "ct-outer", // routes lead there, too
		})
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return []string{first, second}
}

// flat is an external network that no other run on the same cloud has.
func (p *person) flat() block {
	name := fmt.Sprintf("ct-outer-%s-%d", p.project.ID, p.serial.Add(1))
	return block{"name": name, "router:external": true, "provider:network_type": "flat", "provider:physical_network": name}
}

// routers is what a person does to routers.
func (p *person) routers() fixture {
	return fixture{
		Case: platformtest.Case{
			Values: p.routerValues(),
			Elements: map[string]func(*platformtest.Bench, int) block{"routes": func(_ *platformtest.Bench, n int) block {
				return block{"cidr": fmt.Sprintf("10.%d.0.0/16", 210+n), "next_hop": fmt.Sprintf("172.24.0.%d", 70+n)}
			}},
		},
		remove: p.removeRouter,
		change: func(ctx context.Context, c platformtest.Change) error {
			return p.changeNeutron(ctx, "routers", "router", c)
		},
		slots: p.interfacesOf,
		twin:  func(ctx context.Context, id string) error { return p.sameName(ctx, "routers", "router", id) },
		faults: map[string][]lab.Fault{
			"create":      {{Service: "network", Method: "POST", Path: "/routers"}},
			"create half": {{Service: "network", Method: "PUT", Path: "/routers/{id}"}},
			"update":      {{Service: "network", Method: "PUT", Path: "/routers/{id}"}},
			"update half": {{Service: "network", Method: "PUT", Path: "/routers/{id}/add_router_interface"}},
			"delete half": {{Service: "network", Method: "DELETE", Path: "/routers/{id}"}},
		},
		cannot: map[string]string{
			"path router":             "routers have ids and names",
			"slots router interfaces": "interfaces have no order",
			"slots router routes":     "routes have no order, and no ids",
		},
	}
}

func (p *person) routerValues() platformtest.Values {
	out := block{"external_network_id": platformtest.Other("external network", 0)}
	address := func(*platformtest.Bench) any {
		subnet := p.find(p.t.Context(), "network", "subnets?name="+outerSubnet, "subnets")
		return block{subnet: p.outerAddress()}
	}
	return platformtest.Values{
		"routes.*.cidr":                {Old: "10.209.0.0/16", New: "10.208.0.0/16", With: out},
		"routes.*.next_hop":            {Old: "172.24.0.77", New: "172.24.0.78", With: out},
		"external_network_id":          {Old: platformtest.Other("external network", 0), New: platformtest.Other("external network", 1)},
		"openstack.zones":              platformtest.Of([]any{"nova"}, []any{"edge"}),
		"openstack.external_addresses": {Old: address, New: address, With: out, Alone: true},
	}
}

// outerAddress is an address outside that nobody has: the project's id says where they begin.
func (p *person) outerAddress() string {
	begin, err := strconv.ParseUint(p.project.ID[:2], 16, 8)
	if err != nil {
		p.t.Error(err)
	}
	n := p.serial.Add(1)
	return fmt.Sprintf("172.24.%d.%d", 64+(begin+uint64(n)/200)%190, 1+n%200)
}

// removeRouter takes its interfaces away first.
func (p *person) removeRouter(ctx context.Context, id string) error {
	ports, err := p.interfacesOf(ctx, id, "")
	if err == nil {
		err = p.do(ctx, "PUT", "network", "routers/"+id, block{"router": block{"routes": []any{}}}, nil)
	}
	for _, port := range ports {
		if err == nil {
			err = p.do(ctx, "PUT", "network", "routers/"+id+"/remove_router_interface", block{"port_id": port}, nil)
		}
	}
	if err != nil {
		return err
	}
	return p.do(ctx, "DELETE", "network", "routers/"+id, nil, nil)
}

// interfacesOf lists a router's ports.
func (p *person) interfacesOf(ctx context.Context, id, what string) ([]string, error) {
	if what != "" {
		return nil, platformtest.ErrCannot
	}
	var list struct {
		Ports []struct {
			ID    string
			Owner string `json:"device_owner"`
		}
	}
	err := p.do(ctx, "GET", "network", "ports?device_id="+id, nil, &list)
	var ids []string
	for _, port := range list.Ports {
		if strings.Contains(port.Owner, "interface") {
			ids = append(ids, port.ID)
		}
	}
	return ids, err
}
