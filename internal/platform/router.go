package platform

// Router joins subnets, and reaches the outside through a network that does. On most platforms it translates addresses
// on the way out.
type Router struct {
	Meta
	Labels
	Name              string                     `tfsdk:"name"`
	Description       *string                    `tfsdk:"description"`
	ExternalNetworkID *string                    `tfsdk:"external_network_id"` // nil: no way out
	Interfaces        map[string]RouterInterface `tfsdk:"interfaces"`
	Routes            map[string]Route           `tfsdk:"routes"`
	Addresses         []string                   `tfsdk:"addresses"` // under which it is seen outside
	Native            map[string]string          `tfsdk:"native"`

	OpenStack *OpenStackRouter `tfsdk:"openstack" virt:"platform"`
}

// RouterInterface joins a subnet.
type RouterInterface struct {
	SubnetID string  `tfsdk:"subnet_id"`
	Address  *string `tfsdk:"address"` // of the router inside the subnet
	ID       *string `tfsdk:"id" virt:"binding"`
}

// Route sends packets for a range of addresses to another router.
type Route struct {
	CIDR    string `tfsdk:"cidr"`
	NextHop string `tfsdk:"next_hop"` // address in one of the joined subnets
}

// OpenStackRouter is what only routers of OpenStack have.
type OpenStackRouter struct {
	SNAT              *bool             `tfsdk:"snat"`               // translates addresses on the way out
	ExternalAddresses map[string]string `tfsdk:"external_addresses"` // subnet id of the external network to an address there
	AdminState        *bool             `tfsdk:"admin_state"`        // false: carries nothing
	Distributed       *bool             `tfsdk:"distributed"`
	HA                *bool             `tfsdk:"ha"` // on several nodes
	Zones             []string          `tfsdk:"zones"`
}
