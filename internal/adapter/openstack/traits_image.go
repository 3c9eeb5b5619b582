package openstack

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// imageTraits says what images of glance can do.
func imageTraits() platform.Traits {
	return platform.Traits{
		"name":                       platform.Live(),
		"source":                     platform.CreateOnly(),
		"format":                     platform.Replace().Among("raw", "qcow2", "vmdk", "vdi", "vhd", "vhdx", "iso", "ploop", "ami", "ari", "aki"),
		"checksum":                   platform.CreateOnly(),
		"machine_id":                 platform.CreateOnly(),
		"size":                       platform.Computed(),
		"created_at":                 platform.Computed(),
		"tags":                       platform.Live(),
		"native":                     platform.Computed(),
		"openstack.visibility":       platform.Live(),
		"openstack.protected":        platform.Live(),
		"openstack.hidden":           platform.Live(),
		"openstack.min_disk":         platform.Live().Steps(int64(platform.GiB)),
		"openstack.min_memory":       platform.Live().Steps(int64(platform.MiB)),
		"openstack.container_format": platform.Replace(),
		"openstack.properties":       platform.Live(),
		"openstack.web_download":     platform.CreateOnly(),
	}
}
