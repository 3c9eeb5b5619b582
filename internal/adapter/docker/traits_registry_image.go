package docker

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// registryImageTraits says what images in a registry can do.
func registryImageTraits() platform.Traits {
	return platform.Traits{
		"name":     platform.Replace(),
		"image_id": platform.Live().Must(),
		"digest":   platform.Computed(),
		"os_arch":  platform.Computed(),
		"native":   platform.Computed(),
	}
}
