package openstack

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// networkTraits says what networks can do. Another range, or another way of IPv6, is another subnet inside the same
// network.
func networkTraits() platform.Traits {
	return platform.Traits{
		"name":        platform.Live(),
		"description": platform.Live(),
		"mode":        platform.Replace().Among(modeOverlay, modeBridge),
		"vlan":        platform.Replace(),
		"mtu":         platform.Live(),
		"tags":        platform.Live(),
		"native":      platform.Computed(),

		"subnets":                     platform.Live(),
		"subnets.*":                   platform.Elements(platform.ClassLive, platform.ClassLive),
		"subnets.*.dhcp.reservations": platform.Unsupported("an address belongs to a port: give the machine its own, nics.<key>.addresses"),
		"subnets.*.id":                platform.Computed(),

		"openstack":                  platform.Live(),
		"openstack.network_type":     platform.Replace(),
		"openstack.physical_network": platform.Replace(),
		"openstack.segmentation_id":  platform.Replace(),
		"openstack.zones":            platform.Replace(),
		"openstack.subnets.*":        platform.Elements(platform.ClassLive, platform.ClassLive),
	}
}
