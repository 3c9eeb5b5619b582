package openstack

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// placementGroupTraits says what server groups can do.
func placementGroupTraits() platform.Traits {
	return platform.Traits{
		"name":                   platform.Replace(),
		"policy":                 platform.Replace(),
		"members":                platform.Computed(),
		"native":                 platform.Computed(),
		"openstack.max_per_host": platform.Replace(),
	}
}
