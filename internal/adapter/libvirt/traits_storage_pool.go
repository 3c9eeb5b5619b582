package libvirt

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// storagePoolTraits says what pools can do.
func storagePoolTraits() platform.Traits {
	return platform.Traits{
		"name":              platform.Replace(),
		"type":              platform.Replace().Among(poolDir, poolFS, typeNFS, poolLogical),
		"path":              platform.Replace(),
		"server":            platform.Replace(),
		"export":            platform.Replace(),
		"devices":           platform.Replace(),
		"capacity":          platform.Computed(),
		"available":         platform.Computed(),
		"native":            platform.Computed(),
		"libvirt.autostart": platform.Live(),
		"libvirt.build":     platform.CreateOnly(),
	}
}
