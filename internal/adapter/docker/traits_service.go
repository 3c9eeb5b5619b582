package docker

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// serviceTraits: a service changes by replacing its containers, one after the other.
func serviceTraits() platform.Traits {
	t := platform.Traits{
		"id":             platform.Computed(),
		"name":           platform.Replace(),
		"mode":           platform.Replace(),
		"image":          platform.Live(),
		"entrypoint":     platform.Live(),
		"command":        platform.Live(),
		"user":           platform.Live(),
		"working_dir":    platform.Live(),
		"env":            platform.Live(),
		"env_wo":         platform.Live().Unobservable(),
		"env_wo_version": platform.Live().Unobservable(),
		"tags":           platform.Live(),

		"replicas":        platform.Live(),
		"completions":     platform.Live(),
		"cpus":            platform.Live(),
		"memory":          platform.Live(),
		"reserved_cpus":   platform.Live(),
		"reserved_memory": platform.Live(),

		"health_check": platform.Live(),
		"update":       platform.Live(),
		"running":      platform.Computed(),
		"native":       platform.Computed(),
		"docker":       platform.Live(),
		"ports.*.id":   platform.Computed(),
		"mounts.*.id":  platform.Computed(),
		"secrets.*.id": platform.Computed(),
		"configs.*.id": platform.Computed(),
	}
	for _, elements := range []string{"ports", "mounts", "secrets", "configs"} {
		t[elements] = platform.Live()
		t[elements+".*"] = platform.Elements(platform.ClassLive, platform.ClassLive)
	}
	for elements, list := range map[string][]string{
		"ports": {"port", "protocol", "published", "mode"}, "mounts": {"target", "volume_id", "host_path", "read_only", "size"},
		"secrets": {"secret_id", "target", "user", "group", "mode"}, "configs": {"config_id", "target", "user", "group", "mode"},
	} {
		for _, name := range list {
			t[elements+".*."+name] = platform.Live()
		}
	}
	return t
}
