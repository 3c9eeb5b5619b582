package openstack

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// diskTraits says what volumes can do.
func diskTraits() platform.Traits {
	return platform.Traits{
		"name": platform.Live(),
		"size": platform.Live().Steps(int64(platform.GiB)).Between(int64(platform.GiB), 0).
			NoShrink("volumes only grow; make a new disk and copy the data"),
		"type":                      platform.Live(),
		"storage":                   platform.Unsupported("the scheduler chooses the back end, by the volume type: set type, or openstack.scheduler_hints"),
		"source_id":                 platform.CreateOnly(),
		"tags":                      platform.Live(),
		"native":                    platform.Computed(),
		"openstack.zone":            platform.Replace(),
		"openstack.scheduler_hints": platform.CreateOnly(),
	}
}
