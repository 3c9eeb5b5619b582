package docker

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// configTraits: another value or template is another object, which the id that the user knows stands above.
func configTraits() platform.Traits {
	return platform.Traits{
		"id":              platform.Computed(),
		"name":            platform.Replace(),
		"value":           platform.Live(),
		"value_base64":    platform.Live(),
		"version_id":      platform.Computed(),
		"tags":            platform.Live(),
		"native":          platform.Computed(),
		"docker.template": platform.Live(),
	}
}
