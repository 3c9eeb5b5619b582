package kind

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// SSHKey is a public key that the platform puts into new machines.
func SSHKey() engine.Kind[platform.SSHKey, *platform.SSHKey] {
	return engine.Kind[platform.SSHKey, *platform.SSHKey]{
		Name:     "ssh_key",
		Of:       func(c *platform.Conn) platform.Resource[platform.SSHKey] { return c.SSHKeys },
		Timeouts: engine.Timeouts{Create: 5 * time.Minute, Read: 5 * time.Minute, Update: 5 * time.Minute, Delete: 5 * time.Minute},
		Plan: func(p *platform.Plan[platform.SSHKey]) error {
			if p.Changed("public_key") {
				p.Recompute("fingerprint")
			}
			return nil
		},
		Schema: base("A public key that the platform puts into new machines. Where a machine needs no key of the platform's, `login.ssh_keys` does the same everywhere.",
			attrs{
				"name":        name("Name of the key."),
				"public_key":  required("The key as in `authorized_keys`: `ssh-ed25519 AAAA… comment`. Keys are not made here: a private one would land in the state.", stringvalidator.LengthAtLeast(1)),
				"fingerprint": computed("Fingerprint, as the platform writes it."),
				"native":      native(),
			}, nil),
	}
}
