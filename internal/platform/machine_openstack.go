package platform

// OpenStackMachine is what only servers of OpenStack have.
type OpenStackMachine struct {
	KeyPair        *string           `tfsdk:"key_pair"`     // name of a key pair, beside login
	ConfigDrive    *bool             `tfsdk:"config_drive"` // metadata on a drive, too, where there is no metadata service
	Ports          map[string]string `tfsdk:"ports"`        // key of nics to the id of a port that is there already
	PortSecurity   *bool             `tfsdk:"port_security"`
	Locked         *bool             `tfsdk:"locked"` // only administrators, and this provider, change it
	SchedulerHints map[string]string `tfsdk:"scheduler_hints"`
	VolumeBoot     *bool             `tfsdk:"volume_boot"` // nil: the boot disk is a volume where boot_disk says a size or a type
}
