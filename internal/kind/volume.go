package kind

import (
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Volume is a file system that containers mount.
func Volume() engine.Kind[platform.Volume, *platform.Volume] {
	return engine.Kind[platform.Volume, *platform.Volume]{
		Name:     "volume",
		Of:       func(c *platform.Conn) platform.Resource[platform.Volume] { return c.Volumes },
		Timeouts: engine.Timeouts{Create: 10 * time.Minute, Read: 5 * time.Minute, Update: 10 * time.Minute, Delete: 10 * time.Minute},
		Schema: base("A file system that containers mount and that outlives them. Its data is deleted with it, and by nothing else.",
			tagged(attrs{
				"name":   name("Name of the volume."),
				"native": native(),
			}), blocks{"docker": dockerVolume()}),
	}
}
