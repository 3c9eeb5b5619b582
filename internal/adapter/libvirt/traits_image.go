package libvirt

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// imageTraits says what base volumes can do.
func imageTraits() platform.Traits {
	return platform.Traits{
		"name":         platform.Replace(),
		"source":       platform.CreateOnly(),
		"format":       platform.Replace().Among(formatQcow2, formatRaw),
		"checksum":     platform.CreateOnly(),
		"machine_id":   platform.CreateOnly(),
		"size":         platform.Computed(),
		"created_at":   platform.Computed(),
		"tags":         platform.Unsupported("volumes hold no metadata; say it in the name"),
		"native":       platform.Computed(),
		"libvirt.pool": platform.Replace(),
	}
}
