package kind

import (
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// PublicIP is an address that the outside can reach.
func PublicIP() engine.Kind[platform.PublicIP, *platform.PublicIP] {
	return engine.Kind[platform.PublicIP, *platform.PublicIP]{
		Name:     "public_ip",
		Of:       func(c *platform.Conn) platform.Resource[platform.PublicIP] { return c.PublicIPs },
		Timeouts: engine.Timeouts{Create: 10 * time.Minute, Read: 5 * time.Minute, Update: 10 * time.Minute, Delete: 10 * time.Minute},
		Schema: base("An address that the outside can reach, and the network adapter that it leads to.",
			tagged(attrs{
				"name":        name("Name of the address. Where the platform has no names for addresses it is kept as a tag."),
				"description": owned("Free text that the platform keeps with the address."),
				"network_id":  kept("External network that it comes from. Left out: the connection's."),
				"address":     kept("The address. Left out: the platform chooses a free one."),
				"nic_id":      owned("Network adapter that it leads to: `virt_machine.web.nics.eth0.id`. Left out: not managed. Moving it to another one is one step."),
				"native":      native(),
			}), blocks{"openstack": openStackPublicIP()}),
	}
}
