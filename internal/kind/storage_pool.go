package kind

import (
	"errors"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// StoragePool is where disks and images lie.
func StoragePool() engine.Kind[platform.StoragePool, *platform.StoragePool] {
	return engine.Kind[platform.StoragePool, *platform.StoragePool]{
		Name:     "storage_pool",
		Of:       func(c *platform.Conn) platform.Resource[platform.StoragePool] { return c.StoragePools },
		Timeouts: engine.Timeouts{Create: 20 * time.Minute, Read: 5 * time.Minute, Update: 10 * time.Minute, Delete: 10 * time.Minute},
		Plan:     planStoragePool,
		Schema: base("Where disks and images lie: a pool on libvirt, a datastore on vSphere. Disks name it as their `storage`. "+
			"Deleting one makes the platform forget it; what lies in it stays where it is.",
			attrs{
				"name":      name("Name of the pool."),
				"type":      schema.StringAttribute{Required: true, MarkdownDescription: "Kind of storage, in the platform's word: `dir`, `fs`, `nfs`, `logical` on libvirt; `vmfs`, `nfs` on vSphere."},
				"path":      kept("Where it lies on the host: a directory, a mount point, the folder of a volume group. Left out: the platform chooses."),
				"server":    owned("Name or address of the server of network storage, together with `export`."),
				"export":    owned("What that server shares: `/srv/images`."),
				"devices":   ownedList("Block devices below it: the partition of a file system, the physical volumes of a volume group, the disks of a VMFS datastore."),
				"capacity":  computedSize("What it can hold in all."),
				"available": computedSize("What is free of it."),
				"native":    native(),
			}, blocks{
				"libvirt": libvirtStoragePool(),
			}),
	}
}

func libvirtStoragePool() schema.Block {
	return block("What only libvirt pools have. Inert on other platforms.", attrs{
		"autostart": ownedBool("Whether the pool starts with its host. Left out: a new one does."),
		"build": ownedBool("Whether to make what is not there when the pool is created: the directory, the file system on the device, the volume group on the devices. " +
			"What is there is never overwritten. Left out: only a directory is made."),
	})
}

// planStoragePool holds what is true of storage pools everywhere.
func planStoragePool(p *platform.Plan[platform.StoragePool]) error {
	if p.Changed("type") || p.Changed("server") || p.Changed("export") || p.Changed("devices") || p.Changed("path") {
		p.Recompute("capacity")
		p.Recompute("available")
	}
	server, export := p.Want.Server != nil || !p.Known("server"), p.Want.Export != nil || !p.Known("export")
	switch {
	case server && !export:
		return platform.At(platform.As(platform.ErrInvalid, errors.New("needed together with server: what that server shares")), "export")
	case export && !server:
		return platform.At(platform.As(platform.ErrInvalid, errors.New("needed together with export: the server that shares it")), "server")
	}
	return nil
}
