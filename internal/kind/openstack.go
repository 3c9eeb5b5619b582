package kind

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
)

func openStackMachine() schema.Block {
	return block("What only servers of OpenStack have. Inert on other platforms.", attrs{
		"key_pair":        owned("Name of a key pair (`virt_ssh_key`) whose key the first user gets, beside those of `login`."),
		"config_drive":    ownedBool("Metadata and user data on a drive, too, where there is no metadata service. Left out: as the cloud does."),
		"ports":           ownedMap("Ports that are there already, by the keys of `nics`: they stay when the machine goes."),
		"port_security":   ownedBool("Whether the ports made for `nics` are guarded: against forged addresses, and by firewalls. Left out: as their network says."),
		"locked":          ownedBool("Whether nobody but administrators and this provider can change it. Left out: not managed."),
		"scheduler_hints": ownedMap("Hints for the choice of a host: `different_host`, `same_host`, `build_near_host_ip`; several values with commas between them."),
		"volume_boot":     ownedBool("Whether the boot disk is a volume rather than a local disk of the host. Left out: it is where `boot_disk` says a size or a type."),
	})
}

func openStackNetwork() schema.Block {
	return block("What only networks of OpenStack have. Inert on other platforms.", attrs{
		"external":         ownedBool("Whether routers reach the outside through it. For administrators."),
		"shared":           ownedBool("Whether every project can use it. For administrators."),
		"admin_state":      ownedBool("Whether it carries anything. Left out: true."),
		"port_security":    ownedBool("Whether new ports are guarded: against forged addresses, and by firewalls. Left out: as the cloud does."),
		"dns_domain":       owned("DNS domain of its ports, with a full stop at the end: `app.example.net.`."),
		"network_type":     owned("How it is carried: `vlan`, `vxlan`, `geneve`, `gre`, `flat`, `local`. For administrators. Left out: as the cloud does."),
		"physical_network": owned("Physical network that carries it. For administrators."),
		"segmentation_id":  ownedInt("Number of the segment, where the type is not `vlan` (that one is the shared `vlan`). For administrators.", int64validator.AtLeast(1)),
		"zones":            ownedList("Availability zones of its services."),
		"subnets": schema.MapNestedAttribute{
			Optional: true, MarkdownDescription: "What only subnets of OpenStack have, by the keys of the network's `subnets`.",
			NestedObject: schema.NestedAttributeObject{Attributes: attrs{
				"dhcp":              ownedBool("Whether addresses are handed out. Left out: true."),
				"gateway":           ownedBool("False: the subnet has no gateway. Left out: it has."),
				"allocation_pools":  ownedList("Addresses for ports, `10.0.0.10-10.0.0.50`, where one range (`dhcp.first` and `last`) is not enough."),
				"host_routes":       ownedMap("Routes that guests are told of: destination to next hop."),
				"ipv6_address_mode": owned("How guests get IPv6 addresses.", stringvalidator.OneOf("slaac", "dhcpv6-stateful", "dhcpv6-stateless")),
				"ipv6_ra_mode":      owned("Who announces the IPv6 router.", stringvalidator.OneOf("slaac", "dhcpv6-stateful", "dhcpv6-stateless")),
				"subnet_pool_id":    owned("Pool that the range has to come from."),
			}},
		},
	})
}

func openStackDisk() schema.Block {
	return block("What only volumes of OpenStack have. Inert on other platforms.", attrs{
		"zone":             owned("Availability zone. Left out: the connection's."),
		"scheduler_hints":  ownedMap("Hints for the choice of a back end: `different_host`, `same_host`, with ids of volumes."),
		"migration_policy": owned("Whether a change of `type` may move the data to another back end. Left out: `on-demand`.", stringvalidator.OneOf("never", "on-demand")),
	})
}

func openStackImage() schema.Block {
	return block("What only images of OpenStack have. Inert on other platforms.", attrs{
		"visibility":       owned("Who sees it. Left out: `private`.", stringvalidator.OneOf("private", "shared", "community", "public")),
		"protected":        ownedBool("Whether it cannot be deleted."),
		"hidden":           ownedBool("Whether lists leave it out."),
		"min_disk":         ownedSize("Smallest disk that it starts from, in whole GiB."),
		"min_memory":       ownedSize("Smallest memory that it starts with, in whole MiB."),
		"container_format": owned("Wrapping of the image. Left out: `bare`."),
		"properties":       ownedMap("Properties such as `hw_firmware_type`, `os_distro`. Only the names given here are managed."),
		"web_download":     ownedBool("Whether the service fetches a URL in `source` itself. Left out: where it can and no `checksum` is to be verified here."),
	})
}

func openStackRouter() schema.Block {
	return block("What only routers of OpenStack have. Inert on other platforms.", attrs{
		"snat":               ownedBool("Whether addresses are translated on the way out. Left out: as the cloud does."),
		"external_addresses": ownedMap("Its addresses outside, by the ids of the external network's subnets. Left out: the cloud chooses."),
		"admin_state":        ownedBool("Whether it carries anything. Left out: true."),
		"distributed":        ownedBool("Whether every host carries a part of it. For administrators."),
		"ha":                 ownedBool("Whether several nodes stand by for it. For administrators."),
		"zones":              ownedList("Availability zones of its services."),
	})
}

func openStackPublicIP() schema.Block {
	return block("What only floating IPs have. Inert on other platforms.", attrs{
		"subnet_id":     owned("Subnet of the external network that it comes from."),
		"fixed_address": owned("Which of the network adapter's addresses it leads to, where it has several."),
		"dns_name":      owned("Name in the DNS."),
		"dns_domain":    owned("Domain in the DNS, with a full stop at the end."),
	})
}

func openStackFirewall() schema.Block {
	return block("What only security groups have. Inert on other platforms.", attrs{
		"stateful":       ownedBool("Whether answers are let through by themselves. Left out: true."),
		"default_egress": ownedBool("Whether it keeps the two rules of every new group, which let everything out. False takes them away. Left out: not managed."),
	})
}

func openStackPlacementGroup() schema.Block {
	return block("What only server groups have. Inert on other platforms.", attrs{
		"max_per_host": ownedInt("So many machines of an `anti-affinity` group may share a host after all.", int64validator.AtLeast(1)),
	})
}

func openStackProject() schema.Block {
	return block("What only projects of OpenStack have. Inert on other platforms.", attrs{
		"domain_id": owned("Domain that it belongs to. Left out: the connection's."),
	})
}
