package kind

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Router joins subnets and leads outside.
func Router() engine.Kind[platform.Router, *platform.Router] {
	return engine.Kind[platform.Router, *platform.Router]{
		Name:     "router",
		Of:       func(c *platform.Conn) platform.Resource[platform.Router] { return c.Routers },
		Timeouts: engine.Timeouts{Create: 10 * time.Minute, Read: 5 * time.Minute, Update: 10 * time.Minute, Delete: 10 * time.Minute},
		Plan:     planRouter,
		Schema: base("A router: it joins subnets, and reaches the outside through an external network.",
			tagged(attrs{
				"name":                name("Name of the router."),
				"description":         owned("Free text that the platform keeps with the router."),
				"external_network_id": owned("Network through which it reaches the outside. Left out: not managed."),
				"interfaces": schema.MapNestedAttribute{
					Optional: true, MarkdownDescription: "Subnets that it joins, by a key of your choice. Left out: not managed.",
					NestedObject: schema.NestedAttributeObject{Attributes: attrs{
						"subnet_id": required("The subnet: `virt_network.app.subnets.main.id`."),
						"address":   kept("The router's address in the subnet. Left out: the subnet's gateway."),
						"id":        computed("The platform's id of the interface."),
					}},
				},
				"routes": schema.MapNestedAttribute{
					Optional: true, MarkdownDescription: "Further routes, by a key of your choice. Left out: not managed.",
					NestedObject: schema.NestedAttributeObject{Attributes: attrs{
						"cidr":     required("Destination: `10.9.0.0/16`."),
						"next_hop": required("Address of the next router, in one of the joined subnets."),
					}},
				},
				"addresses": schema.ListAttribute{
					Computed: true, ElementType: types.StringType, MarkdownDescription: "Addresses under which it is seen outside.",
				},
				"native": native(),
			}), blocks{"openstack": openStackRouter()}),
	}
}

// planRouter says what follows from where a router leads: its addresses outside and, in another subnet, inside.
func planRouter(p *platform.Plan[platform.Router]) error {
	if p.Changed("external_network_id") || p.Changed("openstack", "external_addresses") {
		p.Recompute("addresses")
	}
	if p.Prior == nil {
		return nil
	}
	for _, key := range platform.Keys(p.Want.Interfaces) {
		if _, there := p.Prior.Interfaces[key]; there && p.Changed("interfaces", key, "subnet_id") {
			p.Recompute("interfaces", key, "id")
			if p.Left("interfaces", key, "address") {
				p.Recompute("interfaces", key, "address")
			}
		}
	}
	return nil
}
