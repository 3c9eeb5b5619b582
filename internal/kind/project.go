package kind

import (
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Project is a container of other objects, with its own rights and limits.
func Project() engine.Kind[platform.Project, *platform.Project] {
	return engine.Kind[platform.Project, *platform.Project]{
		Name:     "project",
		Of:       func(c *platform.Conn) platform.Resource[platform.Project] { return c.Projects },
		Timeouts: engine.Timeouts{Create: 10 * time.Minute, Read: 5 * time.Minute, Update: 10 * time.Minute, Delete: 20 * time.Minute},
		Schema: base("A container of other objects, with its own rights and limits: a project, a folder, a resource group, a namespace. One that still holds objects is not deleted.",
			tagged(attrs{
				"name":        name("Name of the project."),
				"description": owned("Free text that the platform keeps with the project."),
				"parent_id":   kept("Project that it lies in. Left out: the platform's or the connection's top."),
				"enabled":     keptBool("Whether it can be used. Left out: true."),
				"quotas":      ownedMap("Limits by the platform's names, of all services: `cores`, `ram` (MiB), `instances`, `volumes`, `gigabytes`, `network`, `floatingip`; `-1`: none. Only the names given here are managed; one taken out goes back to the platform's default."),
				"native":      native(),
			}), blocks{"openstack": openStackProject()}),
	}
}
