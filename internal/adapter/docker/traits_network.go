package docker

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// networkTraits says what networks can do: nothing of one changes.
func networkTraits() platform.Traits {
	const handed = "Docker hands out no name servers: containers ask the engine's own; give a container docker.dns"
	return platform.Traits{
		"name":        platform.Replace(),
		"description": platform.Unsupported("Docker keeps no text with a network; use tags, which are its labels"),
		"mode":        platform.Replace().Among(modeNAT, modeIsolated, modeOverlay, modeMacvlan, modeIPvlan),
		"vlan":        platform.Unsupported("Docker tags VLANs by the parent of a macvlan or ipvlan network: mode = \"macvlan\" and docker.options parent = \"eth0.10\"").Except("0"),
		"mtu":         platform.Replace(),
		"tags":        platform.Replace(),
		"native":      platform.Computed(),

		"subnets":                     platform.Replace(),
		"subnets.*":                   platform.Elements(platform.ClassReplace, platform.ClassReplace),
		"subnets.*.cidr":              platform.Replace(),
		"subnets.*.gateway":           platform.Replace(),
		"subnets.*.dns":               platform.Unsupported(handed),
		"subnets.*.dhcp":              platform.Replace(),
		"subnets.*.dhcp.reservations": platform.Unsupported("give the container its address: networks.<key>.addresses"),
		"subnets.*.id":                platform.Computed(),

		"docker": platform.Replace(),
	}
}
