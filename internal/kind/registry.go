package kind

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// RegistryImage is an image in a registry.
func RegistryImage() engine.Kind[platform.RegistryImage, *platform.RegistryImage] {
	return engine.Kind[platform.RegistryImage, *platform.RegistryImage]{
		Name:     "registry_image",
		Of:       func(c *platform.Conn) platform.Resource[platform.RegistryImage] { return c.RegistryImages },
		Timeouts: engine.Timeouts{Create: time.Hour, Read: 5 * time.Minute, Update: time.Hour, Delete: 10 * time.Minute},
		Plan: func(p *platform.Plan[platform.RegistryImage]) error {
			if p.Changed("image_id") {
				p.Recompute("digest")
				p.Recompute("os_arch")
				p.Recompute("native")
			}
			return nil
		},
		Schema: base("An image in a registry, pushed there from the store of a container engine. As data it tells what a tag means now.",
			attrs{
				"name":     name("Reference with registry and tag: `registry.example.net/app:1.2`."),
				"image_id": owned("Id of the `virt_container_image` to push. Another one is pushed under the same name. When somebody else pushed something there, the plan pushes this one again."),
				"keep":     ownedBool("Whether destroying leaves the image in the registry. Left out: it is deleted there by its digest, with every other tag of that digest."),
				"digest":   computed("Digest of the manifest: `sha256:<hex>`."),
				"os_arch":  schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "Operating systems and architectures that it is for: `linux/amd64`."},
				"native":   native(),
			}, nil),
	}
}

// RegistryRepository is all that a registry has under one name; it is data only.
func RegistryRepository() engine.Kind[platform.RegistryRepository, *platform.RegistryRepository] {
	return engine.Kind[platform.RegistryRepository, *platform.RegistryRepository]{
		Name:     "registry_repository",
		Reads:    func(c *platform.Conn) platform.Reader[platform.RegistryRepository] { return c.RegistryRepositories },
		Timeouts: engine.Timeouts{Read: 5 * time.Minute},
		Schema: base("All that a registry has under one name.", attrs{
			"name":       name("Registry and repository: `registry.example.net/app`."),
			"image_tags": schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "Its tags, sorted."},
			"native":     native(),
		}, nil),
	}
}
