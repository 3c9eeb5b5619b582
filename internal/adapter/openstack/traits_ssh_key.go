package openstack

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// sshKeyTraits says what key pairs can do.
func sshKeyTraits() platform.Traits {
	return platform.Traits{
		"name":        platform.Replace(),
		"public_key":  platform.Replace(),
		"fingerprint": platform.Computed(),
		"native":      platform.Computed(),
	}
}
