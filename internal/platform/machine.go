package platform

// Machine is a virtual machine: a VM, a domain, a server, an instance.
type Machine struct {
	Meta
	Labels
	Name        string  `tfsdk:"name"`
	Description *string `tfsdk:"description"`
	Hostname    *string `tfsdk:"hostname"` // the guest's own name
	CPUs        *int64  `tfsdk:"cpus"`
	Memory      *Size   `tfsdk:"memory"`
	Size        *string `tfsdk:"size"`     // name of a fixed size, where the platform has them
	Firmware    *string `tfsdk:"firmware"` // bios or uefi
	SecureBoot  *bool   `tfsdk:"secure_boot"`
	TPM         *bool   `tfsdk:"tpm"`
	ImageID     *string `tfsdk:"image_id"`

	BootDisk *BootDisk              `tfsdk:"boot_disk"`
	Disks    map[string]MachineDisk `tfsdk:"disks"`
	NICs     map[string]NIC         `tfsdk:"nics"`

	Login       *Login            `tfsdk:"login"`
	UserData    *string           `tfsdk:"user_data"`    // as the guest's agent expects it: cloud-config, Ignition, a script
	NetworkData *string           `tfsdk:"network_data"` // cloud-init network configuration, version 2
	Metadata    map[string]string `tfsdk:"metadata"`     // instance metadata the guest can read

	Power        *string    `tfsdk:"power"` // on, off or suspended
	Autostart    *bool      `tfsdk:"autostart"`
	AllowRestart *bool      `tfsdk:"allow_restart" virt:"local"`
	WaitFor      *WaitFor   `tfsdk:"wait_for" virt:"local"`
	Placement    *Placement `tfsdk:"placement"`

	BootedAt       *string                  `tfsdk:"booted_at"` // RFC 3339; nil while the machine is off
	Addresses      []string                 `tfsdk:"addresses"` // what the guest reports, in its order, link-local ones left out
	UnmanagedDisks map[string]UnmanagedDisk `tfsdk:"unmanaged_disks"`
	UnmanagedNICs  map[string]UnmanagedNIC  `tfsdk:"unmanaged_nics"`
	Native         map[string]string        `tfsdk:"native"` // what the platform calls it, beyond the shared attributes

	VSphere   *VSphereMachine   `tfsdk:"vsphere" virt:"platform"`
	Libvirt   *LibvirtMachine   `tfsdk:"libvirt" virt:"platform"`
	OpenStack *OpenStackMachine `tfsdk:"openstack" virt:"platform"`
}

// Machine power states.
const (
	PowerOn        = "on"
	PowerOff       = "off"
	PowerSuspended = "suspended"
)

// Machine firmware.
const (
	FirmwareBIOS = "bios"
	FirmwareUEFI = "uefi"
)

// BootDisk is the disk a machine starts from. It lives and dies with the machine.
type BootDisk struct {
	Size    *Size   `tfsdk:"size"`
	Type    *string `tfsdk:"type"`    // the platform's word: thin, qcow2, Premium_LRS
	Storage *string `tfsdk:"storage"` // where it lies: datastore, pool
	ID      *string `tfsdk:"id" virt:"binding"`
}

// MachineDisk is a further disk: either inline, made from size, or attached by the id of a virt_disk.
type MachineDisk struct {
	Size           *Size   `tfsdk:"size"`
	Type           *string `tfsdk:"type"`
	Storage        *string `tfsdk:"storage"`
	DiskID         *string `tfsdk:"disk_id"`
	DeleteOnRemove *bool   `tfsdk:"delete_on_remove" virt:"local"` // only for inline disks; false keeps the disk when its key is dropped
	ID             *string `tfsdk:"id" virt:"binding"`
}

// NIC is a network adapter.
type NIC struct {
	NetworkID   *string  `tfsdk:"network_id"`
	SubnetID    *string  `tfsdk:"subnet_id"`
	MAC         *string  `tfsdk:"mac" virt:"binding"`
	Addresses   []string `tfsdk:"addresses"` // static, with prefix length: 10.0.0.5/24
	Gateway     *string  `tfsdk:"gateway"`
	DNS         []string `tfsdk:"dns"`
	Primary     *bool    `tfsdk:"primary"`
	Connected   *bool    `tfsdk:"connected"`    // plugged in
	FirewallIDs []string `tfsdk:"firewall_ids"` // in any order
	ID          *string  `tfsdk:"id" virt:"binding"`
}

// Login is the first user of the guest.
type Login struct {
	User              *string  `tfsdk:"user"`
	SSHKeys           []string `tfsdk:"ssh_keys"`
	Password          *string  `tfsdk:"password"` // for a CLI without write-only attributes; lands in the state
	PasswordWO        *string  `tfsdk:"password_wo"`
	PasswordWOVersion *int64   `tfsdk:"password_wo_version"`
}

// WaitFor says when a machine counts as ready.
type WaitFor struct {
	Address    *string `tfsdk:"address"`     // until the guest reports an address inside this CIDR
	GuestAgent *bool   `tfsdk:"guest_agent"` // until the guest's agent answers
}

// Placement says where a machine runs.
type Placement struct {
	Host  *string `tfsdk:"host"`
	Zone  *string `tfsdk:"zone"`
	Group *string `tfsdk:"group"` // id of a virt_placement_group
}

// UnmanagedDisk is a disk of a machine that no configuration declares; it is never touched.
type UnmanagedDisk struct {
	ID   *string `tfsdk:"id"`
	Name *string `tfsdk:"name"` // path, volume or resource name
	Size *Size   `tfsdk:"size"`
}

// UnmanagedNIC is a network adapter that no configuration declares; it is never touched.
type UnmanagedNIC struct {
	ID        *string `tfsdk:"id"`
	MAC       *string `tfsdk:"mac"`
	NetworkID *string `tfsdk:"network_id"`
}
