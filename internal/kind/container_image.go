package kind

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/buildcontext"
)

// ContainerImage is an image in the store of a container engine.
func ContainerImage() engine.Kind[platform.ContainerImage, *platform.ContainerImage] {
	return engine.Kind[platform.ContainerImage, *platform.ContainerImage]{
		Name:     "container_image",
		Of:       func(c *platform.Conn) platform.Resource[platform.ContainerImage] { return c.ContainerImages },
		Timeouts: engine.Timeouts{Create: time.Hour, Read: 5 * time.Minute, Update: 10 * time.Minute, Delete: 10 * time.Minute},
		Plan:     planContainerImage,
		Derive:   deriveContainerImage,
		Schema: base("An image in the store of a container engine: pulled from a registry, or built there from a folder. Its id is that of its content.",
			attrs{
				"name":        name("Reference with a tag: `nginx:1.27`, `registry.example.net/app:1.2`. Another one is given to the same image, and the old one is taken away."),
				"digest":      kept("Digest of the manifest, `sha256:<hex>`. Given, exactly that is pulled, whatever the tag means by now; another one is a replacement. Left out: what the tag means when the image is pulled. `data.virt_registry_image` tells what it means now.", digest()),
				"os_arch":     schema.StringAttribute{Optional: true, Computed: true, CustomType: osArch{}, MarkdownDescription: "Operating system and architecture: `linux/arm64`. Left out: those of the engine."},
				"references":  ownedList("Further names of the same image. Names that are not in the list are not managed."),
				"keep":        ownedBool("Whether destroying leaves the image where it is. Left out: its names are taken away, and the image with the last one unless something uses it."),
				"source_hash": computed("Hash of all that the image is built from: the folder's content without what .dockerignore names, Dockerfile, target, arguments, labels. Another hash is a new image."),
				"size":        schema.StringAttribute{Computed: true, CustomType: size{}, MarkdownDescription: "Size of its content."},
				"created_at":  computed("When it was made (RFC 3339)."),
				"native":      native(),
			}, blocks{"build": imageBuild()}),
	}
}

func imageBuild() schema.Block {
	return block("Builds the image by the engine's BuildKit instead of pulling it. It is built anew exactly when `source_hash` changes.", attrs{
		"context":            owned("Folder on the machine where Terraform runs. What .dockerignore names, or `<Dockerfile>.dockerignore` where there is one, is not sent; the Dockerfile always is."),
		"dockerfile":         owned("Path of the Dockerfile, from the folder; it may lie outside. Left out: `Dockerfile`."),
		"target":             owned("Stage to build. Left out: the last one."),
		"args":               ownedMap("Build arguments. They stay visible in the image; secrets belong in `secrets_wo`."),
		"labels":             ownedMap("Labels of the image."),
		"network":            owned("Network of RUN steps: `default`, `host`, `none`.", stringvalidator.OneOf("default", "host", "none")),
		"extra_hosts":        ownedMap("Names in /etc/hosts of RUN steps, to their address."),
		"cache_from":         ownedList("Images whose layers may be taken."),
		"no_cache":           ownedBool("Whether to build every step anew."),
		"pull":               ownedBool("Whether to look for newer base images."),
		"secrets_wo":         secretMap("Secrets for `RUN --mount=type=secret,id=<key>`; never stored, neither in the image nor in the state."),
		"secrets_wo_version": ownedInt("Any number; a new one builds the image anew."),
	})
}

// planContainerImage holds what is true of images everywhere.
func planContainerImage(p *platform.Plan[platform.ContainerImage]) error {
	if p.Want.Build == nil {
		return nil
	}
	if p.Want.Build.Context == nil && p.Known("build", "context") {
		return platform.At(platform.As(platform.ErrInvalid, errors.New("needed: the folder to build from")), "build", "context")
	}
	return nil
}

// deriveContainerImage hashes what decides over the content of an image that is built. Where an image is for is no part
// of it, since it is only known afterwards when nobody says it; another one is a replacement anyway.
func deriveContainerImage(want *platform.ContainerImage, known func(path ...string) bool) error {
	b := want.Build
	if b == nil {
		return nil
	}
	for _, input := range []string{"context", "dockerfile", "target", "args", "labels", "network", "extra_hosts"} {
		if !known("build", input) {
			return platform.At(engine.ErrUnknownYet, "source_hash")
		}
	}
	if b.Context == nil {
		return nil // the plan refuses it
	}
	dockerfile := ""
	if b.Dockerfile != nil {
		dockerfile = *b.Dockerfile
	}
	var content string
	folder, err := buildcontext.Open(*b.Context, dockerfile)
	if err == nil {
		content, err = folder.Hash(context.Background())
	}
	if err != nil {
		return unbuildable(err, *b.Context)
	}
	all, err := json.Marshal([]any{content, folder.Dockerfile(), b.Target, b.Args, b.Labels, b.Network, b.ExtraHosts})
	if err != nil {
		return err
	}
	sum := sha256.Sum256(all)
	want.SourceHash = new("sha256:" + hex.EncodeToString(sum[:]))
	return nil
}

// unbuildable ties an error of the folder to the attribute that leads there.
func unbuildable(err error, dir string) error {
	at := "context"
	var missing *fs.PathError
	if errors.As(err, &missing) && missing.Path != dir {
		at = "dockerfile"
	}
	return platform.At(platform.As(platform.ErrInvalid, err), "build", at)
}

// osArch is text that means an operating system with an architecture.
type osArch = engine.Text[platform.OSArch, *platform.OSArch]
