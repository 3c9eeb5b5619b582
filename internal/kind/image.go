package kind

import (
	"regexp"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Image is what machines are made from.
func Image() engine.Kind[platform.Image, *platform.Image] {
	return engine.Kind[platform.Image, *platform.Image]{
		Name:     "image",
		Of:       func(c *platform.Conn) platform.Resource[platform.Image] { return c.Images },
		Timeouts: engine.Timeouts{Create: time.Hour, Read: 5 * time.Minute, Update: 10 * time.Minute, Delete: 10 * time.Minute},
		Schema: base("What machines are made from: a template on vSphere, a base volume on libvirt, an image on OpenStack and Azure.",
			tagged(attrs{
				"name":       name("Name of the image."),
				"source":     owned("Local file or URL that it is made from. Another source is a replacement."),
				"format":     kept("Format of the source: `qcow2`, `raw`, `vmdk`, `ova`."),
				"checksum":   owned("Checksum of the source: `sha256:<hex>`.", stringvalidator.RegexMatches(regexp.MustCompile(`^sha256:[0-9a-f]{64}$`), "write sha256: and 64 hexadecimal digits")),
				"machine_id": owned("Machine that it is made from. Another machine is a replacement."),
				"size":       schema.StringAttribute{Computed: true, CustomType: size{}, MarkdownDescription: "Size of the disk that the image makes."},
				"created_at": computed("When it was made (RFC 3339)."),
				"native":     native(),
			}), blocks{"libvirt": libvirtImage(), "openstack": openStackImage()}),
	}
}
