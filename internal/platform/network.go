package platform

// Network is a layer-2 network and, where the platform has them, its subnets.
type Network struct {
	Meta
	Labels
	Name        string            `tfsdk:"name"`
	Description *string           `tfsdk:"description"`
	Mode        *string           `tfsdk:"mode"` // nat, routed, isolated, bridge, overlay: what the platform offers
	VLAN        *int64            `tfsdk:"vlan"`
	MTU         *int64            `tfsdk:"mtu"`
	Subnets     map[string]Subnet `tfsdk:"subnets"`
	Native      map[string]string `tfsdk:"native"`

	VSphere   *VSphereNetwork   `tfsdk:"vsphere" virt:"platform"`
	Libvirt   *LibvirtNetwork   `tfsdk:"libvirt" virt:"platform"`
	Docker    *DockerNetwork    `tfsdk:"docker" virt:"platform"`
	OpenStack *OpenStackNetwork `tfsdk:"openstack" virt:"platform"`
}

// Subnet is an address range of a network.
type Subnet struct {
	CIDR    string   `tfsdk:"cidr"`
	Gateway *string  `tfsdk:"gateway"`
	DNS     []string `tfsdk:"dns"`
	DHCP    *DHCP    `tfsdk:"dhcp"`
	ID      *string  `tfsdk:"id" virt:"binding"`
}

// DHCP says which addresses of a subnet are handed out.
type DHCP struct {
	First        *string           `tfsdk:"first"`
	Last         *string           `tfsdk:"last"`
	Reservations map[string]string `tfsdk:"reservations"` // MAC address to IP address
}

// VSphereNetwork is what only vSphere port groups have.
type VSphereNetwork struct {
	Switch  *string `tfsdk:"switch"`  // distributed switch: name, inventory path or UUID
	Binding *string `tfsdk:"binding"` // static or ephemeral
	Ports   *int64  `tfsdk:"ports"`
}

// LibvirtNetwork is what only libvirt networks have.
type LibvirtNetwork struct {
	Bridge    *string           `tfsdk:"bridge"` // name of the bridge on the host; in mode bridge it is there already
	Device    *string           `tfsdk:"device"` // the host's network device that traffic leaves by
	Domain    *string           `tfsdk:"domain"` // DNS domain of the guests
	Hosts     map[string]string `tfsdk:"hosts"`  // names that its DNS server answers, to an address or several with commas
	Autostart *bool             `tfsdk:"autostart"`
	Active    *bool             `tfsdk:"active"` // whether it runs
}

// DockerNetwork is what only Docker networks have.
type DockerNetwork struct {
	Driver      *string           `tfsdk:"driver"`   // nil: what the mode says
	Internal    *bool             `tfsdk:"internal"` // no way out
	Attachable  *bool             `tfsdk:"attachable"`
	Ingress     *bool             `tfsdk:"ingress"`
	Options     map[string]string `tfsdk:"options" virt:"keys"` // of the driver: parent, com.docker.network.bridge.name …
	IPAMDriver  *string           `tfsdk:"ipam_driver"`
	IPAMOptions map[string]string `tfsdk:"ipam_options" virt:"keys"`
	Reserved    map[string]string `tfsdk:"reserved"` // name to an address that no container gets
}
