package docker

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

func joinTokenTraits() platform.Traits {
	return platform.Traits{
		"role":    platform.Live().Among(roleWorker, roleManager),
		"address": platform.Computed(),
		"token":   platform.Computed(),
	}
}
