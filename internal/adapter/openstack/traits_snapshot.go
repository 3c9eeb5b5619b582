package openstack

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// snapshotTraits says what snapshots can do.
func snapshotTraits() platform.Traits {
	return platform.Traits{
		"name":        platform.Live(),
		"description": platform.Live(),
		"machine_id":  platform.Replace(),
		"memory":      platform.Unsupported("Nova takes the disks alone; suspend the machine (power) to keep its memory").Except("false"),
		"quiesce":     platform.Unsupported("Nova decides by the image: give it the properties hw_qemu_guest_agent=yes and os_require_quiesce=yes"),
		"created_at":  platform.Computed(),
		"native":      platform.Computed(),
	}
}
