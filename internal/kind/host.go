package kind

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Host is a hypervisor host; it is data only.
func Host() engine.Kind[platform.Host, *platform.Host] {
	return engine.Kind[platform.Host, *platform.Host]{
		Name:     "host",
		Reads:    func(c *platform.Conn) platform.Reader[platform.Host] { return c.Hosts },
		Timeouts: engine.Timeouts{Read: 5 * time.Minute},
		Schema: base("A hypervisor host and what it can carry: the libvirt host, an ESXi host. On a platform with one host nothing has to be said.",
			attrs{
				"name":         name("Name of the host."),
				"cpus":         schema.Int64Attribute{Computed: true, MarkdownDescription: "Number of logical CPUs."},
				"memory":       computedSize("Memory of the host."),
				"memory_free":  computedSize("Memory that nobody uses at the moment."),
				"cpu_model":    computed("Model of the CPUs, in the platform's word."),
				"architecture": computed("Architecture of the CPUs: `x86_64`, `aarch64`."),
				"version":      computed("The hypervisor and its version."),
				"native":       native(),
			}, nil),
	}
}
