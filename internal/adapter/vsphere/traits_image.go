package vsphere

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// imageTraits says what templates can do.
func imageTraits() platform.Traits {
	noImport := "OVF import is not offered yet: deploy it once with govc and name the template"
	return platform.Traits{
		"name":       platform.Live(),
		"source":     platform.Unsupported(noImport),
		"format":     platform.Unsupported(noImport),
		"checksum":   platform.Unsupported(noImport),
		"machine_id": platform.CreateOnly().Must(),
		"size":       platform.Computed(),
		"created_at": platform.Computed(),
		"tags":       platform.Live(),
		"native":     platform.Computed(),
	}
}
