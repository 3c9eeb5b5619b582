package docker

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// containerImageTraits says what images in an engine can do: names come and go, everything else is another image.
func containerImageTraits() platform.Traits {
	return platform.Traits{
		"name":       platform.Live(),
		"references": platform.Live(),
		"digest":     platform.Replace(),
		"os_arch":    platform.Replace(),

		"source_hash":              platform.CreateOnly(),
		"build.secrets_wo":         platform.CreateOnly(),
		"build.secrets_wo_version": platform.CreateOnly(),

		"size":       platform.Computed(),
		"created_at": platform.Computed(),
		"native":     platform.Computed(),
	}
}
