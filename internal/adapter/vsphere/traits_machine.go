package vsphere

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// Bounds of a machine's hardware in vSphere 8.
const (
	maxCPUs   = 768
	memStep   = 4 * platform.MiB
	maxMemory = 24 * platform.TiB
	maxDisk   = 62 * platform.TiB
)

// machineTraits says how a machine's attributes behave here. Processors and memory cost no restart where hot-add is
// on: the planner softens them. Tags are custom attributes, which come with every read.
func machineTraits() platform.Traits {
	t := platform.Traits{
		"name":        platform.Live(),
		"description": platform.Live(),
		"tags":        platform.Live(),
		"hostname":    platform.Live(), // the guest reads it at its next start
		"cpus":        platform.Restart().Between(1, maxCPUs),
		"memory":      platform.Restart().Steps(int64(memStep)).Between(int64(memStep), int64(maxMemory)),
		"size":        platform.Unsupported("there are no fixed sizes: use cpus and memory"),
		"firmware":    platform.Restart().Among(platform.FirmwareBIOS, platform.FirmwareUEFI),
		"secure_boot": platform.Restart(),
		"tpm":         platform.Restart(),
		"image_id":    platform.CreateOnly(),

		"login":        platform.Live().Unobservable(),
		"user_data":    platform.Live(),
		"network_data": platform.Live(),
		"metadata":     platform.Live(),

		"power":           platform.Live().Among(platform.PowerOn, platform.PowerOff, platform.PowerSuspended),
		"autostart":       platform.Unsupported("a host that starts again starts its machines as the cluster's HA says: set it there").Except("false"),
		"allow_restart":   platform.Live(),
		"wait_for":        platform.Live(),
		"placement.host":  platform.Live().Unobservable(),
		"placement.zone":  platform.Unsupported("there are no zones: use placement.host, or vsphere.resource_pool of the cluster that is meant"),
		"placement.group": platform.Unsupported("rules of a cluster name their machines, not the other way round"),

		"id": platform.Computed(), "booted_at": platform.Computed(), "addresses": platform.Computed(), "native": platform.Computed(),
		"unmanaged_disks": platform.Computed(), "unmanaged_nics": platform.Computed(),
	}
	diskTraits(t)
	nicTraits(t)
	ownTraits(t)
	return t
}

func diskTraits(t platform.Traits) {
	const shrink = "a disk cannot shrink: make a smaller one and copy what it holds"
	size := platform.Live().NoShrink(shrink).Steps(int64(platform.MiB)).Between(int64(platform.MiB), int64(maxDisk))
	kind := platform.Replace().Among(diskThin, diskLazy, diskEager)
	t["boot_disk.size"] = size
	t["boot_disk.type"] = kind
	t["boot_disk.storage"] = platform.Live()
	t["boot_disk.id"] = platform.Computed()
	t["disks.*"] = platform.Elements(platform.ClassLive, platform.ClassLive)
	t["disks.*.size"] = size
	t["disks.*.type"] = kind
	t["disks.*.storage"] = platform.Live()
	t["disks.*.disk_id"] = platform.Live()
	t["disks.*.delete_on_remove"] = platform.Live()
	t["disks.*.id"] = platform.Computed()
}

func nicTraits(t platform.Traits) {
	t["nics.*"] = platform.Elements(platform.ClassLive, platform.ClassLive)
	t["nics.*.network_id"] = platform.Live().Must()
	t["nics.*.subnet_id"] = platform.Unsupported("port groups have no subnets: use addresses and gateway")
	t["nics.*.mac"] = platform.Restart()
	t["nics.*.addresses"] = platform.Live().Unobservable()
	t["nics.*.gateway"] = platform.Live().Unobservable()
	t["nics.*.dns"] = platform.Live().Unobservable()
	t["nics.*.primary"] = platform.CreateOnly()
	t["nics.*.connected"] = platform.Live()
	t["nics.*.firewall_ids"] = platform.Unsupported("port groups know no firewalls: guard the machine from inside, or its network")
	t["nics.*.id"] = platform.Computed()
}

func ownTraits(t platform.Traits) {
	t["vsphere.folder"] = platform.Live()
	t["vsphere.resource_pool"] = platform.Live().Unobservable() // a name, a path and a moref all mean the same
	t["vsphere.guest_id"] = platform.Restart()
	t["vsphere.hardware_version"] = platform.Restart().NoShrink("virtual hardware cannot be downgraded").Between(4, 0)
	t["vsphere.scsi_type"] = platform.CreateOnly().Among("pvscsi", "lsilogic", "lsilogic-sas", "buslogic")
	t["vsphere.nic_type"] = platform.CreateOnly().Among("vmxnet3", "e1000", "e1000e")
	t["vsphere.cores_per_socket"] = platform.Restart().Between(1, maxCPUs)
	t["vsphere.cpu_hot_add"] = platform.Restart()
	t["vsphere.memory_hot_add"] = platform.Restart()
	t["vsphere.nested_hv"] = platform.Restart()
	t["vsphere.storage_policy_id"] = platform.Live().Unobservable()
	t["vsphere.extra_config"] = platform.Live().Unobservable()
}
