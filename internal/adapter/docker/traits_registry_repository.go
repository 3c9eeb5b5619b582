package docker

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// registryRepositoryTraits says what is known of a repository.
func registryRepositoryTraits() platform.Traits {
	return platform.Traits{
		"name":       platform.Computed(),
		"image_tags": platform.Computed(),
		"native":     platform.Computed(),
	}
}
