package docker

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// hostTraits says what an engine tells of its host.
func hostTraits() platform.Traits {
	return platform.Traits{
		"name":         platform.Computed(),
		"cpus":         platform.Computed(),
		"memory":       platform.Computed(),
		"memory_free":  platform.Unsupported("Docker does not tell it"),
		"cpu_model":    platform.Unsupported("Docker does not tell it"),
		"architecture": platform.Computed(),
		"version":      platform.Computed(),
		"native":       platform.Computed(),
	}
}
