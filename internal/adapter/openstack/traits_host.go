package openstack

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// hostTraits says what is told of hypervisors.
func hostTraits() platform.Traits {
	computed := platform.Computed()
	return platform.Traits{
		"name":         computed,
		"cpus":         computed,
		"memory":       computed,
		"memory_free":  computed,
		"cpu_model":    computed,
		"architecture": computed,
		"version":      computed,
		"native":       computed,
	}
}
