package platform

// StoragePool is where disks and images lie: a pool on libvirt, a datastore on vSphere. Deleting one makes the platform
// forget it; what lies in it stays where it is.
type StoragePool struct {
	Meta
	Name      string            `tfsdk:"name"`
	Type      string            `tfsdk:"type"`      // the platform's word: dir, fs, nfs, logical; vmfs, nfs, vsan
	Path      *string           `tfsdk:"path"`      // where it lies on the host: directory, mount point, volume group's device folder
	Server    *string           `tfsdk:"server"`    // of network storage: name or address
	Export    *string           `tfsdk:"export"`    // what that server shares: /srv/images
	Devices   []string          `tfsdk:"devices"`   // block devices below it: paths, canonical names
	Capacity  *Size             `tfsdk:"capacity"`  // of all that it can hold
	Available *Size             `tfsdk:"available"` // of that, what is free; it may change at any time
	Native    map[string]string `tfsdk:"native"`

	Libvirt *LibvirtStoragePool `tfsdk:"libvirt" virt:"platform"`
}

// LibvirtStoragePool is what only libvirt pools have.
type LibvirtStoragePool struct {
	Autostart *bool `tfsdk:"autostart"` // starts with its host; nil at creation: it does
	// Build makes at creation what is not there: directory, file system or volume group. Nothing that is there may
	// be overwritten. Nil: only a directory is made.
	Build *bool `tfsdk:"build"`
}
