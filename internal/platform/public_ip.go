package platform

// PublicIP is an address that the outside can reach, and what it leads to.
type PublicIP struct {
	Meta
	Labels
	Name        string            `tfsdk:"name"`
	Description *string           `tfsdk:"description"`
	NetworkID   *string           `tfsdk:"network_id"` // external network that it comes from
	Address     *string           `tfsdk:"address"`
	NICID       *string           `tfsdk:"nic_id"` // the network adapter that it leads to: id of an element of a machine's nics; nil: none
	Native      map[string]string `tfsdk:"native"`

	OpenStack *OpenStackPublicIP `tfsdk:"openstack" virt:"platform"`
}

// OpenStackPublicIP is what only floating IPs have.
type OpenStackPublicIP struct {
	SubnetID     *string `tfsdk:"subnet_id"`     // of the external network
	FixedAddress *string `tfsdk:"fixed_address"` // which of the adapter's addresses it leads to
	DNSName      *string `tfsdk:"dns_name"`
	DNSDomain    *string `tfsdk:"dns_domain"`
}
