package libvirt

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// diskTraits says what volumes can do.
func diskTraits() platform.Traits {
	return platform.Traits{
		"name": platform.Replace(),
		"size": platform.Live().Steps(512).Between(512, 0).
			NoShrink("what lies behind the new end would be lost; make a new disk and copy the data"),
		"type":                 platform.Replace().Among(formatQcow2, formatRaw),
		"storage":              platform.Replace(),
		"source_id":            platform.CreateOnly(),
		"tags":                 platform.Unsupported("volumes hold no metadata; say it in the name"),
		"native":               platform.Computed(),
		"libvirt.linked_clone": platform.Replace(),
	}
}
