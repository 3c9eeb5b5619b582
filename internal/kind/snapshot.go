package kind

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Snapshot is a machine's state at one moment.
func Snapshot() engine.Kind[platform.Snapshot, *platform.Snapshot] {
	return engine.Kind[platform.Snapshot, *platform.Snapshot]{
		Name:     "snapshot",
		Of:       func(c *platform.Conn) platform.Resource[platform.Snapshot] { return c.Snapshots },
		Timeouts: engine.Timeouts{Create: 30 * time.Minute, Read: 5 * time.Minute, Update: 10 * time.Minute, Delete: 30 * time.Minute},
		Schema: base("A machine's state at one moment. Deleting it merges it; the machine goes on as it is.",
			attrs{
				"name":        name("Name of the snapshot."),
				"description": owned("Free text that the platform keeps with the snapshot."),
				"machine_id":  schema.StringAttribute{Required: true, MarkdownDescription: "Machine that the snapshot is of."},
				"memory":      keptBool("Whether the contents of the memory are in it."),
				"quiesce":     ownedBool("Whether the guest's agent brings the file systems to rest first."),
				"created_at":  computed("When it was made (RFC 3339)."),
				"native":      native(),
			}, blocks{"libvirt": libvirtSnapshot()}),
	}
}
