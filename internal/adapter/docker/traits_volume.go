package docker

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// volumeTraits says what volumes can do: nothing of one changes.
func volumeTraits() platform.Traits {
	return platform.Traits{
		"name":   platform.Replace(),
		"tags":   platform.Replace(),
		"native": platform.Computed(),
		"docker": platform.Replace(),
	}
}
