package kind

import (
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Disk is a block device with a life of its own.
func Disk() engine.Kind[platform.Disk, *platform.Disk] {
	return engine.Kind[platform.Disk, *platform.Disk]{
		Name:     "disk",
		Of:       func(c *platform.Conn) platform.Resource[platform.Disk] { return c.Disks },
		Timeouts: engine.Timeouts{Create: 30 * time.Minute, Read: 5 * time.Minute, Update: 30 * time.Minute, Delete: 10 * time.Minute},
		Schema: base("A disk with a life of its own; machines attach it by its id. Deleting one that is attached detaches it first.",
			tagged(attrs{
				"name":      name("Name of the disk."),
				"size":      keptSize("Size. It can grow but not shrink; left out: that of the source."),
				"type":      kept("Kind of disk, in the platform's word: `thin`, `qcow2`, `Premium_LRS`."),
				"storage":   kept("Where it lies: datastore, pool. Left out: the connection's."),
				"source_id": owned("Disk, image or snapshot that it is copied from. Another source is a replacement."),
				"native":    native(),
			}), blocks{
				"vsphere": block("What only vSphere disks have. Inert on other platforms.", attrs{
					"path": owned("Makes a plain VMDK at this path of the datastore instead of a first-class disk: `disks/data.vmdk`."),
				}),
				"libvirt":   libvirtDisk(),
				"openstack": openStackDisk(),
			}),
	}
}
