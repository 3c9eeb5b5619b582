package platform

// OpenStackNetwork is what only networks of OpenStack have.
type OpenStackNetwork struct {
	External        *bool                      `tfsdk:"external"` // routers reach the outside through it
	Shared          *bool                      `tfsdk:"shared"`   // with every project
	AdminState      *bool                      `tfsdk:"admin_state"`
	PortSecurity    *bool                      `tfsdk:"port_security"` // of new ports
	DNSDomain       *string                    `tfsdk:"dns_domain"`
	NetworkType     *string                    `tfsdk:"network_type"` // vlan, vxlan, geneve, gre, flat, local: administrators
	PhysicalNetwork *string                    `tfsdk:"physical_network"`
	SegmentationID  *int64                     `tfsdk:"segmentation_id"` // of network types other than vlan
	Zones           []string                   `tfsdk:"zones"`
	Subnets         map[string]OpenStackSubnet `tfsdk:"subnets" virt:"keys"` // by the keys of the network's subnets
}

// OpenStackSubnet is what only subnets of OpenStack have.
type OpenStackSubnet struct {
	DHCP        *bool             `tfsdk:"dhcp"`
	Gateway     *bool             `tfsdk:"gateway"`          // false: there is none
	Pools       []string          `tfsdk:"allocation_pools"` // first-last, where dhcp of the subnet cannot say it
	HostRoutes  map[string]string `tfsdk:"host_routes"`      // destination to next hop
	AddressMode *string           `tfsdk:"ipv6_address_mode"`
	RAMode      *string           `tfsdk:"ipv6_ra_mode"`
	SubnetPool  *string           `tfsdk:"subnet_pool_id"`
}
