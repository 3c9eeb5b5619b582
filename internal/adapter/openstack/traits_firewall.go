package openstack

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// firewallTraits says what security groups can do. A rule never changes: another one takes its place in the same group.
func firewallTraits() platform.Traits {
	return platform.Traits{
		"name":        platform.Live(),
		"description": platform.Live(),
		"tags":        platform.Live(),
		"native":      platform.Computed(),

		"rules":      platform.Live(),
		"rules.*":    platform.Elements(platform.ClassLive, platform.ClassLive),
		"rules.*.id": platform.Computed(),

		"openstack": platform.Live(),
	}
}
