package platform

// Snapshot is a machine's state at one moment.
type Snapshot struct {
	Meta
	Name        string            `tfsdk:"name"`
	Description *string           `tfsdk:"description"`
	MachineID   string            `tfsdk:"machine_id"`
	Memory      *bool             `tfsdk:"memory"`     // with the contents of the memory
	Quiesce     *bool             `tfsdk:"quiesce"`    // file systems are brought to rest first, by the guest's agent
	CreatedAt   *string           `tfsdk:"created_at"` // RFC 3339
	Native      map[string]string `tfsdk:"native"`

	Libvirt *LibvirtSnapshot `tfsdk:"libvirt" virt:"platform"`
}

// LibvirtSnapshot is what only snapshots of libvirt domains have.
type LibvirtSnapshot struct {
	External *bool `tfsdk:"external"` // in files of its own rather than inside the disks
}
