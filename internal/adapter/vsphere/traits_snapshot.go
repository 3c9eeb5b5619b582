package vsphere

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// snapshotTraits says what snapshots of machines can do.
func snapshotTraits() platform.Traits {
	return platform.Traits{
		"name":        platform.Live(),
		"description": platform.Live(),
		"machine_id":  platform.Replace(),
		"memory":      platform.CreateOnly(),
		"quiesce":     platform.CreateOnly(),
		"created_at":  platform.Computed(),
		"native":      platform.Computed(),
	}
}
