package kind

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Network is a layer-2 network.
func Network() engine.Kind[platform.Network, *platform.Network] {
	return engine.Kind[platform.Network, *platform.Network]{
		Name:     "network",
		Of:       func(c *platform.Conn) platform.Resource[platform.Network] { return c.Networks },
		Timeouts: engine.Timeouts{Create: 10 * time.Minute, Read: 5 * time.Minute, Update: 10 * time.Minute, Delete: 10 * time.Minute},
		Schema: base("A network: a distributed port group on vSphere, a network with subnets on most other platforms.",
			tagged(attrs{
				"name":        name("Name of the network."),
				"description": owned("Free text that the platform keeps with the network."),
				"mode":        kept("How it reaches the outside: `nat`, `routed`, `isolated`, `bridge`, `overlay`, `macvlan`, `ipvlan`; each platform has some of them."),
				"vlan":        ownedInt("VLAN id.", int64validator.Between(0, 4094)),
				"mtu":         keptInt("Largest frame in bytes.", int64validator.Between(68, 65535)),
				"subnets":     subnets(),
				"native":      native(),
			}), blocks{
				"vsphere": block("What only vSphere port groups have. Inert on other platforms.", attrs{
					"switch":  owned("Distributed switch: name, inventory path or UUID. Left out: the connection's `switch`."),
					"binding": owned("How ports are bound.", stringvalidator.OneOf("static", "ephemeral")),
					"ports":   ownedInt("Number of ports.", int64validator.AtLeast(0)),
				}),
				"libvirt":   libvirtNetwork(),
				"docker":    dockerNetwork(),
				"openstack": openStackNetwork(),
			}),
	}
}

func subnets() schema.Attribute {
	return schema.MapNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Address ranges by a key of your choice. Left out: not managed.",
		NestedObject: schema.NestedAttributeObject{Attributes: attrs{
			"cidr":    schema.StringAttribute{Required: true, MarkdownDescription: "Range: `10.0.0.0/24`."},
			"gateway": kept("Default gateway; left out: the platform chooses."),
			"dns":     ownedList("Name servers that are handed out."),
			"dhcp": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "Which addresses are handed out. Left out: not managed.",
				Attributes: attrs{
					"first":        owned("First address of the range."),
					"last":         owned("Last address of the range."),
					"reservations": ownedMap("Fixed addresses by MAC address."),
				},
			},
			"id": computed("The platform's id of the subnet."),
		}},
	}
}
