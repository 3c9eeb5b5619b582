package platform

// ContainerImage is an image in the store of a container engine: pulled from a registry, or built there. Its id is that
// of its content, so that what is made from it follows a new one.
type ContainerImage struct {
	Meta
	Name       string   `tfsdk:"name" virt:"binding"`       // reference with tag: registry.example.net/app:1.2
	Digest     *string  `tfsdk:"digest" virt:"binding"`     // of the manifest, sha256:<hex>: pulled exactly when it is given
	OSArch     *string  `tfsdk:"os_arch"`                   // linux/amd64, linux/arm64/v8
	References []string `tfsdk:"references" virt:"binding"` // further names of the same image; others are nobody's
	Keep       *bool    `tfsdk:"keep" virt:"local"`         // destroying takes nothing away

	Build      *ImageBuild       `tfsdk:"build"` // built instead of pulled
	SourceHash *string           `tfsdk:"source_hash" virt:"derived"`
	Size       *Size             `tfsdk:"size"`
	CreatedAt  *string           `tfsdk:"created_at"` // RFC 3339
	Native     map[string]string `tfsdk:"native"`
}

// ImageBuild is how an image is built from a folder. That and the folder's content decide by their hash, in
// source_hash, when it is built anew.
type ImageBuild struct {
	Context          *string           `tfsdk:"context" virt:"local"`    // folder on the machine where Terraform runs
	Dockerfile       *string           `tfsdk:"dockerfile" virt:"local"` // path within the folder; nil: Dockerfile
	Target           *string           `tfsdk:"target" virt:"local"`
	Args             map[string]string `tfsdk:"args" virt:"local"`
	Labels           map[string]string `tfsdk:"labels" virt:"local"`
	Network          *string           `tfsdk:"network" virt:"local"` // of its RUN steps: host, none
	ExtraHosts       map[string]string `tfsdk:"extra_hosts" virt:"local"`
	CacheFrom        []string          `tfsdk:"cache_from" virt:"local"`
	NoCache          *bool             `tfsdk:"no_cache" virt:"local"`
	Pull             *bool             `tfsdk:"pull" virt:"local"` // look for newer base images
	SecretsWO        map[string]string `tfsdk:"secrets_wo"`        // RUN --mount=type=secret,id=<key>
	SecretsWOVersion *int64            `tfsdk:"secrets_wo_version"`
}
