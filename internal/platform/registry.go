package platform

// RegistryImage is an image in a registry, pushed there from the store of a container engine. Its id is its name.
type RegistryImage struct {
	Meta
	Name    string            `tfsdk:"name"`     // reference with registry and tag: registry.example.net/app:1.2
	ImageID *string           `tfsdk:"image_id"` // the container image that lies there; nil for what is none, such as a list of several platforms
	Keep    *bool             `tfsdk:"keep" virt:"local"`
	Digest  *string           `tfsdk:"digest"` // of the manifest: sha256:<hex>
	OSArch  []string          `tfsdk:"os_arch"`
	Native  map[string]string `tfsdk:"native"`
}

// RegistryRepository is all that a registry has under one name. It is data only.
type RegistryRepository struct {
	Meta
	Name      string            `tfsdk:"name"`       // registry.example.net/app
	ImageTags []string          `tfsdk:"image_tags"` // sorted
	Native    map[string]string `tfsdk:"native"`
}

// RegistryToken is a short-lived credential for one repository of a registry. It is handed out and never stored.
type RegistryToken struct {
	Platform   *string  `tfsdk:"platform"`
	Repository string   `tfsdk:"repository"` // registry.example.net/app
	Actions    []string `tfsdk:"actions"`    // pull, push, delete; nil: pull
	Token      *string  `tfsdk:"token"`
	ExpiresAt  *string  `tfsdk:"expires_at"` // RFC 3339; nil when the registry does not say
}

// JoinToken is what a host needs to join a cluster. It is handed out and never stored.
type JoinToken struct {
	Platform *string `tfsdk:"platform"`
	Role     *string `tfsdk:"role"`    // worker, manager
	Address  *string `tfsdk:"address"` // where to join
	Token    *string `tfsdk:"token"`
}
