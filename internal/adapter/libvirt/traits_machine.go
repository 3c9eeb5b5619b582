package libvirt

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// Bounds of a machine's hardware: those of QEMU's q35.
const (
	maxCPUs   = 4096
	maxMemory = 64 * platform.TiB
	maxDisk   = 1024 * platform.TiB
)

// machineTraits says how a machine's attributes behave here. Processors and memory cost no restart up to max_cpus and
// max_memory: the planner softens them.
func machineTraits() platform.Traits {
	t := platform.Traits{
		"name":        platform.Restart(), // a running domain keeps its name
		"description": platform.Live(),
		"tags":        platform.Live(),
		"cpus":        platform.Restart().Between(1, maxCPUs),
		"memory":      platform.Restart().Steps(int64(platform.MiB)).Between(int64(platform.MiB), int64(maxMemory)),
		"size":        platform.Unsupported("there are no fixed sizes: use cpus and memory"),
		"firmware":    platform.Restart().Among(platform.FirmwareBIOS, platform.FirmwareUEFI),
		"secure_boot": platform.Restart(),
		"tpm":         platform.Restart(),
		"image_id":    platform.CreateOnly(),

		"hostname":     platform.Live().Unobservable(), // on the NoCloud CD, as all of these
		"login":        platform.Live().Unobservable(),
		"user_data":    platform.Live().Unobservable(),
		"network_data": platform.Live().Unobservable(),
		"metadata":     platform.Live().Unobservable(),

		"power":           platform.Live().Among(platform.PowerOn, platform.PowerOff, platform.PowerSuspended),
		"autostart":       platform.Live(),
		"allow_restart":   platform.Live(),
		"wait_for":        platform.Live(),
		"placement.host":  platform.Unsupported("the connection is the host: use another platform block for another host"),
		"placement.zone":  platform.Unsupported("hosts have no zones: use another platform block for another host"),
		"placement.group": platform.Unsupported("there is one host, so there is nothing to keep apart"),

		"id": platform.Computed(), "booted_at": platform.Computed(), "addresses": platform.Computed(), "native": platform.Computed(),
		"unmanaged_disks": platform.Computed(), "unmanaged_nics": platform.Computed(),
	}
	machineDiskTraits(t)
	nicTraits(t)
	ownTraits(t)
	return t
}

func machineDiskTraits(t platform.Traits) {
	const shrink = "a disk cannot shrink: make a smaller one and copy what it holds"
	size := platform.Live().NoShrink(shrink).Steps(int64(platform.MiB)).Between(int64(platform.MiB), int64(maxDisk))
	format := platform.Replace().Among(formatQcow2, formatRaw)
	t["boot_disk.size"] = size
	t["boot_disk.type"] = format
	t["boot_disk.storage"] = platform.Replace()
	t["boot_disk.id"] = platform.Computed()
	t["disks.*"] = platform.Elements(platform.ClassLive, platform.ClassLive)
	t["disks.*.size"] = size
	t["disks.*.type"] = format
	t["disks.*.storage"] = platform.Replace()
	t["disks.*.disk_id"] = platform.Live()
	t["disks.*.delete_on_remove"] = platform.Live()
	t["disks.*.id"] = platform.Computed()
}

func nicTraits(t platform.Traits) {
	t["nics.*"] = platform.Elements(platform.ClassLive, platform.ClassLive)
	t["nics.*.network_id"] = platform.Live().Must()
	t["nics.*.subnet_id"] = platform.Unsupported("a network has one range: use addresses and gateway")
	t["nics.*.mac"] = platform.Restart()
	t["nics.*.addresses"] = platform.Live().Unobservable()
	t["nics.*.gateway"] = platform.Live().Unobservable()
	t["nics.*.dns"] = platform.Live().Unobservable()
	t["nics.*.primary"] = platform.CreateOnly()
	t["nics.*.firewall_ids"] = platform.Unsupported("network filters are not managed here: name one that is there in libvirt.xml_overlay")
	t["nics.*.connected"] = platform.Live()
	t["nics.*.id"] = platform.Computed()
}

func ownTraits(t platform.Traits) {
	for _, name := range []string{"type", "machine", "max_cpus", "max_memory", "cpu", "cores", "threads"} {
		t["libvirt."+name] = platform.Restart()
	}
	for _, name := range []string{"kernel", "initrd", "command_line", "boot_order", "serial_log", "graphics", "graphics_listen", "xml_overlay"} {
		t["libvirt."+name] = platform.Restart()
	}
	for _, name := range []string{"disk_bus", "nic_model", "linked_clone"} {
		t["libvirt."+name] = platform.CreateOnly()
	}
	t["libvirt.cdrom"] = platform.Live()
	t["libvirt.address_source"] = platform.Live()
	t["libvirt.graphics_password_wo"] = platform.Live().Unobservable()
	t["libvirt.graphics_password_wo_version"] = platform.Live().Unobservable()
}
