package docker

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// secretTraits: another value or template is another object, which the id that the user knows stands above.
func secretTraits() platform.Traits {
	return platform.Traits{
		"id":               platform.Computed(),
		"name":             platform.Replace(),
		"value":            platform.Live().Unobservable(),
		"value_base64":     platform.Live().Unobservable(),
		"value_wo":         platform.Live().Unobservable(),
		"value_wo_version": platform.Live().Unobservable(),
		"version_id":       platform.Computed(),
		"tags":             platform.Live(),
		"native":           platform.Computed(),
		"docker.template":  platform.Live(),
	}
}
