package libvirt

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// snapshotTraits says what snapshots of domains can do.
func snapshotTraits() platform.Traits {
	return platform.Traits{
		"name":             platform.Replace(), // inside the disks it is the snapshot's key
		"description":      platform.Live(),
		"machine_id":       platform.Replace(),
		"memory":           platform.Replace(),
		"quiesce":          platform.CreateOnly(),
		"libvirt.external": platform.Replace(),
		"created_at":       platform.Computed(),
		"native":           platform.Computed(),
	}
}
