package openstack

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// projectTraits says what projects can do.
func projectTraits() platform.Traits {
	return platform.Traits{
		"name":                platform.Live(),
		"description":         platform.Live(),
		"parent_id":           platform.Replace(),
		"enabled":             platform.Live(),
		"quotas":              platform.Live(),
		"tags":                platform.Live(),
		"native":              platform.Computed(),
		"openstack.domain_id": platform.Replace(),
	}
}
