package kind

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// RegistryToken is a short-lived credential for one repository of a registry.
func RegistryToken() engine.EphemeralKind[platform.RegistryToken] {
	return engine.EphemeralKind[platform.RegistryToken]{
		Name:    "registry_token",
		Of:      func(c *platform.Conn) platform.Issuer[platform.RegistryToken] { return c.RegistryTokens },
		Timeout: 2 * time.Minute,
		Schema: schema.Schema{
			MarkdownDescription: "A short-lived credential for one repository of a registry. It is handed out and never stored.",
			Attributes: attrs{
				"platform":   kept("Name of the provider's `platform` block. May be left out when there is only one."),
				"repository": name("Registry and repository: `registry.example.net/app`."),
				"actions": schema.ListAttribute{
					Optional: true, Computed: true, ElementType: types.StringType,
					MarkdownDescription: "What the token allows: `pull`, `push`, `delete`. Left out: `pull`.",
					Validators: []validator.List{
						listvalidator.SizeAtLeast(1), listvalidator.ValueStringsAre(stringvalidator.OneOf("pull", "push", "delete")),
					},
				},
				"token":      schema.StringAttribute{Computed: true, Sensitive: true, MarkdownDescription: "The token."},
				"expires_at": computed("When it ends, in RFC 3339; null when the registry does not say."),
			},
		},
	}
}
