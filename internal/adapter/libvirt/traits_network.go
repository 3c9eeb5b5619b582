package libvirt

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// networkTraits says what networks can do. Live means that no machine is restarted: some changes stop and start the
// network, after which the machines on it are connected again.
func networkTraits() platform.Traits {
	return platform.Traits{
		"name":              platform.Replace(),
		"description":       platform.Live(),
		"mode":              platform.Live().Among(modeNAT, modeRouted, modeOpen, modeIsolated, modeBridge),
		"vlan":              platform.Unsupported("libvirt tags VLANs on Open vSwitch alone; use the mode bridge with a bridge of the host that is on the VLAN").Except("0"),
		"mtu":               platform.Live(),
		"subnets":           platform.Live(),
		"subnets.*":         platform.Elements(platform.ClassLive, platform.ClassLive),
		"subnets.*.id":      platform.Computed(),
		"tags":              platform.Live(),
		"native":            platform.Computed(),
		"libvirt.bridge":    platform.Live(),
		"libvirt.device":    platform.Live(),
		"libvirt.domain":    platform.Live(),
		"libvirt.hosts":     platform.Live(),
		"libvirt.autostart": platform.Live(),
		"libvirt.active":    platform.Live(),
	}
}
