package docker

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

func registryTokenTraits() platform.Traits {
	return platform.Traits{
		"repository": platform.Live(),
		"actions":    platform.Live(),
		"token":      platform.Computed(),
		"expires_at": platform.Computed(),
	}
}
