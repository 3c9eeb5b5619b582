package kind

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// JoinToken is what a host needs to join a cluster.
func JoinToken() engine.EphemeralKind[platform.JoinToken] {
	return engine.EphemeralKind[platform.JoinToken]{
		Name:    "join_token",
		Of:      func(c *platform.Conn) platform.Issuer[platform.JoinToken] { return c.JoinTokens },
		Timeout: 2 * time.Minute,
		Schema: schema.Schema{
			MarkdownDescription: "What a host needs to join a cluster: a token of a Swarm. It is handed out and never stored. It holds until somebody rotates it.",
			Attributes: attrs{
				"platform": kept("Name of the provider's `platform` block. May be left out when there is only one."),
				"role":     kept("What the host becomes: `worker` or `manager`. Left out: `worker`.", stringvalidator.OneOf("worker", "manager")),
				"address":  computed("Where to join: host and port."),
				"token":    schema.StringAttribute{Computed: true, Sensitive: true, MarkdownDescription: "The token."},
			},
		},
	}
}
