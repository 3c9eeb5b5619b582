package sandbox

import (
	"maps"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

const (
	mebibyte = int64(platform.MiB)
	tebibyte = int64(platform.TiB)
)

// ownTraits are the sandbox's rules when it is like no other platform: it supports everything, and each class of
// change occurs somewhere.
func ownTraits() map[string]platform.Traits {
	all := recordTraits()
	maps.Copy(all, map[string]platform.Traits{
		"machine":      machineTraits(),
		"network":      networkTraits(),
		"disk":         diskTraits(),
		"image":        imageTraits(),
		"snapshot":     snapshotTraits(),
		"storage_pool": poolTraits(),
		"host":         hostTraits(),
	})
	return all
}

func machineTraits() platform.Traits {
	live, restart, computed := platform.Live(), platform.Restart(), platform.Computed()
	diskSize := live.Steps(mebibyte).Between(mebibyte, 64*tebibyte).NoShrink("a disk would lose what lies beyond its new end")
	diskType := live.Among("thin", "thick")
	return platform.Traits{
		"id":          computed,
		"name":        live,
		"description": live,
		"hostname":    restart,
		"cpus":        restart.Between(1, 256),
		"memory":      restart.Steps(mebibyte).Between(16*mebibyte, 16*tebibyte),
		"size":        restart.Among("small", "medium", "large"),
		"firmware":    restart.Among(platform.FirmwareBIOS, platform.FirmwareUEFI),
		"secure_boot": restart,
		"tpm":         restart,
		"image_id":    platform.CreateOnly(),

		"boot_disk":         live,
		"boot_disk.size":    diskSize,
		"boot_disk.type":    diskType,
		"boot_disk.storage": live,
		"boot_disk.id":      computed,

		"disks":           live,
		"disks.*":         platform.Elements(platform.ClassLive, platform.ClassLive),
		"disks.*.size":    diskSize,
		"disks.*.type":    diskType,
		"disks.*.storage": live,
		"disks.*.disk_id": live,
		"disks.*.id":      computed,

		"nics":                live,
		"nics.*":              platform.Elements(platform.ClassLive, platform.ClassLive),
		"nics.*.network_id":   live,
		"nics.*.subnet_id":    live,
		"nics.*.mac":          restart,
		"nics.*.addresses":    live,
		"nics.*.gateway":      live,
		"nics.*.dns":          live,
		"nics.*.primary":      live,
		"nics.*.connected":    live,
		"nics.*.firewall_ids": live,
		"nics.*.id":           computed,

		"login":        live.Unobservable(),
		"login.user":   platform.CreateOnly(),
		"user_data":    restart.Unobservable(),
		"network_data": restart.Unobservable(),
		"metadata":     live,

		"power":           live.Among(platform.PowerOn, platform.PowerOff, platform.PowerSuspended),
		"autostart":       live,
		"placement":       live,
		"placement.zone":  platform.Replace(),
		"booted_at":       computed,
		"addresses":       computed,
		"unmanaged_disks": computed,
		"unmanaged_nics":  computed,
		"native":          computed,
		"tags":            live,
	}
}

func networkTraits() platform.Traits {
	live := platform.Live()
	return platform.Traits{
		"id":                platform.Computed(),
		"name":              live,
		"description":       live,
		"mode":              platform.Replace().Among("nat", "routed", "isolated", "bridge", "overlay"),
		"vlan":              live.Between(1, 4094),
		"mtu":               live.Between(68, 9216),
		"subnets":           live,
		"subnets.*":         platform.Elements(platform.ClassLive, platform.ClassLive),
		"subnets.*.cidr":    live,
		"subnets.*.gateway": live,
		"subnets.*.dns":     live,
		"subnets.*.dhcp":    live,
		"subnets.*.id":      platform.Computed(),
		"native":            platform.Computed(),
		"tags":              live,
	}
}

func diskTraits() platform.Traits {
	live := platform.Live()
	return platform.Traits{
		"id":        platform.Computed(),
		"name":      live,
		"size":      live.Steps(mebibyte).Between(mebibyte, 64*tebibyte).NoShrink("a disk would lose what lies beyond its new end"),
		"type":      live.Among("thin", "thick"),
		"storage":   live,
		"source_id": platform.Replace(),
		"native":    platform.Computed(),
		"tags":      live,
	}
}

func imageTraits() platform.Traits {
	replace := platform.Replace()
	return platform.Traits{
		"id":         platform.Computed(),
		"name":       platform.Live(),
		"source":     replace,
		"format":     replace,
		"checksum":   replace,
		"machine_id": replace,
		"size":       platform.Computed(),
		"created_at": platform.Computed(),
		"native":     platform.Computed(),
		"tags":       platform.Live(),
	}
}

func snapshotTraits() platform.Traits {
	replace := platform.Replace()
	return platform.Traits{
		"id":          platform.Computed(),
		"name":        platform.Live(),
		"description": platform.Live(),
		"machine_id":  replace,
		"memory":      replace,
		"quiesce":     platform.CreateOnly(),
		"created_at":  platform.Computed(),
		"native":      platform.Computed(),
	}
}

func poolTraits() platform.Traits {
	replace := platform.Replace()
	return platform.Traits{
		"id":        platform.Computed(),
		"name":      platform.Live(),
		"type":      replace.Among("dir", "nfs", "fs", "logical"),
		"path":      replace,
		"server":    replace,
		"export":    replace,
		"devices":   platform.Live(),
		"capacity":  platform.Computed(),
		"available": platform.Computed(),
		"native":    platform.Computed(),
	}
}

func hostTraits() platform.Traits {
	computed := platform.Computed()
	return platform.Traits{
		"id":           computed,
		"name":         computed,
		"cpus":         computed,
		"memory":       computed,
		"memory_free":  computed,
		"cpu_model":    computed,
		"architecture": computed,
		"version":      computed,
		"native":       computed,
	}
}
