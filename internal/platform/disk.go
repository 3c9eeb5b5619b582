package platform

// Disk is a block device with a life of its own; machines attach it by its id.
type Disk struct {
	Meta
	Labels
	Name     string            `tfsdk:"name"`
	Size     *Size             `tfsdk:"size"`
	Type     *string           `tfsdk:"type"`      // the platform's word: thin, qcow2, Premium_LRS
	Storage  *string           `tfsdk:"storage"`   // where it lies: datastore, pool
	SourceID *string           `tfsdk:"source_id"` // copied from this disk, image or snapshot
	Native   map[string]string `tfsdk:"native"`

	VSphere   *VSphereDisk   `tfsdk:"vsphere" virt:"platform"`
	Libvirt   *LibvirtDisk   `tfsdk:"libvirt" virt:"platform"`
	OpenStack *OpenStackDisk `tfsdk:"openstack" virt:"platform"`
}

// VSphereDisk is what only vSphere disks have.
type VSphereDisk struct {
	Path *string `tfsdk:"path"` // a plain VMDK at this path of the datastore instead of a first-class disk
}

// LibvirtDisk is what only libvirt volumes have.
type LibvirtDisk struct {
	LinkedClone *bool `tfsdk:"linked_clone"` // of source_id: hold only what differs from it
}
