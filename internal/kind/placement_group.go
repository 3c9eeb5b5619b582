package kind

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// PlacementGroup says how machines are spread over hosts.
func PlacementGroup() engine.Kind[platform.PlacementGroup, *platform.PlacementGroup] {
	return engine.Kind[platform.PlacementGroup, *platform.PlacementGroup]{
		Name:     "placement_group",
		Of:       func(c *platform.Conn) platform.Resource[platform.PlacementGroup] { return c.PlacementGroups },
		Timeouts: engine.Timeouts{Create: 5 * time.Minute, Read: 5 * time.Minute, Update: 5 * time.Minute, Delete: 5 * time.Minute},
		Schema: base("How machines are spread over hosts. A machine joins one by `placement.group`.",
			attrs{
				"name": name("Name of the group."),
				"policy": required("`anti-affinity`: never two on one host; `affinity`: all on one host; `soft-anti-affinity`, `soft-affinity`: as far as possible.",
					stringvalidator.OneOf(platform.PlacementSpread, platform.PlacementSpreadSoft, platform.PlacementPack, platform.PlacementPackSoft)),
				"members": schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "Ids of the machines in it."},
				"native":  native(),
			}, blocks{"openstack": openStackPlacementGroup()}),
	}
}
