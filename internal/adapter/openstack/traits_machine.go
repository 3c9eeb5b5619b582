package openstack

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// machineTraits says what servers can do.
func machineTraits() platform.Traits {
	t := platform.Traits{
		"name":        platform.Live(),
		"description": platform.Live(),
		"hostname":    platform.Live(),
		"tags":        platform.Live(),
		"cpus":        platform.Restart().Between(1, 0),
		"memory":      platform.Restart().Between(1, 0),
		"size":        platform.Restart(),
		"firmware":    platform.Unsupported("the image decides: set hw_firmware_type on it (virt_image, openstack.properties)"),
		"secure_boot": platform.Unsupported("the image decides: set os_secure_boot on it (virt_image, openstack.properties)").Except("false"),
		"tpm":         platform.Unsupported("the image or the flavor decides: set hw_tpm_version and hw_tpm_model on the image (virt_image, openstack.properties)").Except("false"),
		"image_id":    platform.Replace(),

		"login":        platform.CreateOnly(),
		"user_data":    platform.CreateOnly(),
		"network_data": platform.Unsupported("the cloud makes it of the ports: use nics.<key>.addresses and the network's subnets"),
		"metadata":     platform.Live(),

		"power":                platform.Live().Among(platform.PowerOn, platform.PowerOff, platform.PowerSuspended),
		"autostart":            platform.Unsupported("a host that starts again starts its machines as the cloud's operator says").Except("false"),
		"allow_restart":        platform.Live(),
		"wait_for":             platform.Live(),
		"wait_for.guest_agent": platform.Unsupported("the cloud does not tell whether an agent answers: use wait_for.address").Except("false"),
		"placement.host":       platform.CreateOnly(),
		"placement.zone":       platform.CreateOnly(),
		"placement.group":      platform.Replace(),

		"id": platform.Computed(), "booted_at": platform.Computed(), "addresses": platform.Computed(), "native": platform.Computed(),
		"unmanaged_disks": platform.Computed(), "unmanaged_nics": platform.Computed(),
	}
	machineDiskTraits(t)
	machineNICTraits(t)
	machineOwnTraits(t)
	return t
}

// maxVolume is the largest volume that the API can name.
const maxVolume = 1 << 31 * platform.GiB / 2

func machineDiskTraits(t platform.Traits) {
	const (
		shrink = "a volume cannot shrink: make a smaller one and copy what it holds"
		where  = "a volume lies where its type and the machine's zone say: use type, or attach a virt_disk (openstack.zone) by disk_id"
	)
	size := platform.Live().NoShrink(shrink).Steps(int64(platform.GiB)).Between(int64(platform.GiB), int64(maxVolume))
	t["boot_disk.size"] = size
	t["boot_disk.type"] = platform.Live()
	t["boot_disk.storage"] = platform.Unsupported(where)
	t["boot_disk.id"] = platform.Computed()
	t["disks.*"] = platform.Elements(platform.ClassLive, platform.ClassLive)
	t["disks.*.size"] = size
	t["disks.*.type"] = platform.Live()
	t["disks.*.storage"] = platform.Unsupported(where)
	t["disks.*.disk_id"] = platform.Live()
	t["disks.*.delete_on_remove"] = platform.Live()
	t["disks.*.id"] = platform.Computed()
}

func machineNICTraits(t platform.Traits) {
	t["nics.*"] = platform.Elements(platform.ClassLive, platform.ClassLive)
	t["nics.*.network_id"] = platform.Live()
	t["nics.*.subnet_id"] = platform.Live()
	t["nics.*.mac"] = platform.Live()
	t["nics.*.addresses"] = platform.Live()
	t["nics.*.gateway"] = platform.Unsupported("the subnet has it: virt_network, subnets.<key>.gateway")
	t["nics.*.dns"] = platform.Unsupported("the subnet has them: virt_network, subnets.<key>.dns")
	t["nics.*.primary"] = platform.CreateOnly()
	t["nics.*.connected"] = platform.Live()
	t["nics.*.firewall_ids"] = platform.Live()
	t["nics.*.id"] = platform.Computed()
}

func machineOwnTraits(t platform.Traits) {
	t["openstack.key_pair"] = platform.CreateOnly()
	t["openstack.config_drive"] = platform.CreateOnly()
	t["openstack.scheduler_hints"] = platform.CreateOnly()
	t["openstack.volume_boot"] = platform.CreateOnly()
	t["openstack.ports"] = platform.Live()
	t["openstack.port_security"] = platform.Live()
	t["openstack.locked"] = platform.Live()
}
