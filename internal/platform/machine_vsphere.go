package platform

// VSphereMachine is what only vSphere machines have.
type VSphereMachine struct {
	Folder          *string           `tfsdk:"folder"`        // inventory path below the datacenter's vm folder
	ResourcePool    *string           `tfsdk:"resource_pool"` // name, inventory path or moref
	GuestID         *string           `tfsdk:"guest_id"`      // VirtualMachineGuestOsIdentifier
	HardwareVersion *int64            `tfsdk:"hardware_version"`
	SCSIType        *string           `tfsdk:"scsi_type"` // pvscsi, lsilogic, lsilogic-sas, buslogic
	NICType         *string           `tfsdk:"nic_type"`  // vmxnet3, e1000, e1000e
	CoresPerSocket  *int64            `tfsdk:"cores_per_socket"`
	CPUHotAdd       *bool             `tfsdk:"cpu_hot_add"`
	MemoryHotAdd    *bool             `tfsdk:"memory_hot_add"`
	NestedHV        *bool             `tfsdk:"nested_hv"`
	StoragePolicyID *string           `tfsdk:"storage_policy_id"`
	ExtraConfig     map[string]string `tfsdk:"extra_config" virt:"keys"` // only the keys given here are managed
}
