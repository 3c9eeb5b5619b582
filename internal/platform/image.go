package platform

// Image is what machines are made from.
type Image struct {
	Meta
	Labels
	Name      string            `tfsdk:"name"`
	Source    *string           `tfsdk:"source"`     // local file or URL
	Format    *string           `tfsdk:"format"`     // qcow2, vmdk, raw, ova
	Checksum  *string           `tfsdk:"checksum"`   // sha256:<hex>
	MachineID *string           `tfsdk:"machine_id"` // made from this machine
	Size      *Size             `tfsdk:"size"`       // of the disk it makes
	CreatedAt *string           `tfsdk:"created_at"` // RFC 3339
	Native    map[string]string `tfsdk:"native"`

	Libvirt   *LibvirtImage   `tfsdk:"libvirt" virt:"platform"`
	OpenStack *OpenStackImage `tfsdk:"openstack" virt:"platform"`
}

// LibvirtImage is what only base volumes of libvirt have.
type LibvirtImage struct {
	Pool *string `tfsdk:"pool"` // name of the storage pool
}
