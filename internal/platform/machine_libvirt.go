package platform

// LibvirtMachine is what only libvirt domains have.
type LibvirtMachine struct {
	Type        *string `tfsdk:"type"`         // kvm, qemu
	Machine     *string `tfsdk:"machine"`      // q35, pc, virt or one with its version
	MaxCPUs     *int64  `tfsdk:"max_cpus"`     // that cpus can grow to while it runs
	MaxMemory   *Size   `tfsdk:"max_memory"`   // that memory can grow to while it runs
	CPU         *string `tfsdk:"cpu"`          // host-passthrough, host-model, maximum or the name of a model
	Cores       *int64  `tfsdk:"cores"`        // of each socket
	Threads     *int64  `tfsdk:"threads"`      // of each core
	DiskBus     *string `tfsdk:"disk_bus"`     // virtio, scsi, sata, nvme
	NICModel    *string `tfsdk:"nic_model"`    // virtio, e1000e …
	LinkedClone *bool   `tfsdk:"linked_clone"` // the boot disk holds only what differs from the image

	Kernel        *string  `tfsdk:"kernel"` // files on the host, for a start without a boot loader
	Initrd        *string  `tfsdk:"initrd"`
	CommandLine   *string  `tfsdk:"command_line"`
	BootOrder     []string `tfsdk:"boot_order"`     // hd, cdrom, network
	CDROM         *string  `tfsdk:"cdrom"`          // id of a volume with an ISO 9660 image
	SerialLog     *string  `tfsdk:"serial_log"`     // file on the host that the serial console is written to
	AddressSource []string `tfsdk:"address_source"` // lease, agent, arp: the first that knows addresses counts

	Graphics                  *string `tfsdk:"graphics"` // vnc, spice, none
	GraphicsListen            *string `tfsdk:"graphics_listen"`
	GraphicsPasswordWO        *string `tfsdk:"graphics_password_wo"`
	GraphicsPasswordWOVersion *int64  `tfsdk:"graphics_password_wo_version"`

	XMLOverlay *string `tfsdk:"xml_overlay"` // a fragment that is merged into the domain's document
}
