package vsphere

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// volumeTraits says what disks with a life of their own can do.
func volumeTraits() platform.Traits {
	return platform.Traits{
		"name": platform.Live(),
		"size": platform.Live().Steps(int64(platform.MiB)).Between(int64(platform.MiB), int64(maxDisk)).
			NoShrink("a VMDK cannot be made smaller; make a new disk and copy the data"),
		"type":         platform.CreateOnly().Among(diskThin, diskLazy, diskEager),
		"storage":      platform.Replace(),
		"source_id":    platform.CreateOnly(),
		"tags":         platform.Unsupported("disks carry no tags here; say it in the name"),
		"native":       platform.Computed(),
		"vsphere.path": platform.Replace(),
	}
}
