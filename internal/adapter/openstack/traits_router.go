package openstack

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// routerTraits says what routers can do. An interface with another subnet or address is another port.
func routerTraits() platform.Traits {
	return platform.Traits{
		"name":                platform.Live(),
		"description":         platform.Live(),
		"external_network_id": platform.Live(),
		"tags":                platform.Live(),
		"addresses":           platform.Computed(),
		"native":              platform.Computed(),

		"interfaces":      platform.Live(),
		"interfaces.*":    platform.Elements(platform.ClassLive, platform.ClassLive),
		"interfaces.*.id": platform.Computed(),
		"routes":          platform.Live(),
		"routes.*":        platform.Elements(platform.ClassLive, platform.ClassLive),

		"openstack":       platform.Live(),
		"openstack.zones": platform.Replace(),
	}
}
