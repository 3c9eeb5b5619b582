package vsphere

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// maxVLAN is the largest VLAN of one tag; 0 is none and 4095 a trunk.
const maxVLAN = 4094

// maxPorts is how many ports a distributed switch of vSphere 7 and 8 has at most.
const maxPorts = 60000

// networkTraits says what port groups can do.
func networkTraits() platform.Traits {
	noSubnets := "vSphere port groups have no subnets; addresses come from the guests, or from a router and DHCP server on that network"
	return platform.Traits{
		"name":            platform.Live(),
		"description":     platform.Live(),
		"mode":            platform.Unsupported("a port group is always a bridge to its switch; leave mode out").Except("bridge"),
		"vlan":            platform.Live().Between(1, maxVLAN),
		"mtu":             platform.Unsupported("the MTU belongs to the distributed switch, not to its port groups"),
		"subnets":         platform.Unsupported(noSubnets),
		"tags":            platform.Unsupported("port groups carry no tags here; write it into the description"),
		"native":          platform.Computed(),
		"vsphere.switch":  platform.CreateOnly(),
		"vsphere.binding": platform.Replace().Among(bindingStatic, bindingEphemeral),
		"vsphere.ports":   platform.Live().Between(1, maxPorts),
	}
}
