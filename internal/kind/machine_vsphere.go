package kind

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
)

func vsphereMachine() schema.Block {
	return block("What only vSphere machines have. Inert on other platforms.", attrs{
		"folder":            owned("Folder below the datacenter's VM folder."),
		"resource_pool":     owned("Resource pool: name, inventory path or managed object id."),
		"guest_id":          owned("Guest operating system, such as `debian12_64Guest`."),
		"hardware_version":  ownedInt("Virtual hardware version, such as 19.", int64validator.AtLeast(4)),
		"scsi_type":         owned("SCSI controller.", stringvalidator.OneOf("pvscsi", "lsilogic", "lsilogic-sas", "buslogic")),
		"nic_type":          owned("Model of the network adapters.", stringvalidator.OneOf("vmxnet3", "e1000", "e1000e")),
		"cores_per_socket":  ownedInt("Cores of each virtual socket.", int64validator.AtLeast(1)),
		"cpu_hot_add":       ownedBool("Whether CPUs can be added while the machine runs."),
		"memory_hot_add":    ownedBool("Whether memory can be added while the machine runs."),
		"nested_hv":         ownedBool("Whether the guest may run virtual machines itself."),
		"storage_policy_id": owned("Id of the storage policy of the machine and its disks."),
		"extra_config":      ownedMap("Further configuration keys of the VM. Only the keys given here are managed."),
	})
}
