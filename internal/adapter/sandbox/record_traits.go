package sandbox

import (
	"maps"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// recordTraits are the sandbox's own rules for the kinds that keep what they are told. Rows cover what is below them.
func recordTraits() map[string]platform.Traits {
	return map[string]platform.Traits{
		"container":           containerTraits(),
		"container_image":     containerImageTraits(),
		"registry_image":      registryImageTraits(),
		"registry_repository": computedTraits("id", "name", "image_tags", "native"),
		"volume":              volumeTraits(),
		"service":             serviceTraits(),
		"secret":              secretTraits(),
		"config":              configTraits(),
		"router":              routerTraits(),
		"public_ip":           publicIPTraits(),
		"firewall":            firewallTraits(),
		"placement_group":     traitsOf(computedTraits("id", "members", "native"), liveTraits("name", "policy")),
		"ssh_key":             traitsOf(computedTraits("id", "fingerprint", "native"), liveTraits("name", "public_key")),
		"project":             traitsOf(computedTraits("id", "native"), liveTraits("name", "description", "enabled", "quotas", "tags"), replaceTraits("parent_id")),
	}
}

func computedTraits(names ...string) platform.Traits {
	all := platform.Traits{}
	for _, name := range names {
		all[name] = platform.Computed()
	}
	return all
}

func liveTraits(names ...string) platform.Traits {
	all := platform.Traits{}
	for _, name := range names {
		all[name] = platform.Live()
	}
	return all
}

func replaceTraits(names ...string) platform.Traits {
	all := platform.Traits{}
	for _, name := range names {
		all[name] = platform.Replace()
	}
	return all
}

// elementTraits are the rows of a map whose elements come, go and change at the same cost.
func elementTraits(name string, each platform.Trait) platform.Traits {
	return platform.Traits{
		name:           each,
		name + ".*":    platform.Elements(each.Class, each.Class),
		name + ".*.id": platform.Computed(),
	}
}

func traitsOf(parts ...platform.Traits) platform.Traits {
	all := platform.Traits{}
	for _, part := range parts {
		maps.Copy(all, part)
	}
	return all
}

func containerTraits() platform.Traits {
	return traitsOf(
		computedTraits("id", "exit_code", "addresses", "native"),
		liveTraits("name", "cpus", "memory", "restart", "tags"),
		replaceTraits("image_id", "entrypoint", "command", "user", "working_dir", "hostname", "env", "env_wo_version", "health_check"),
		elementTraits("ports", platform.Replace()), elementTraits("mounts", platform.Replace()), elementTraits("networks", platform.Live()),
		platform.Traits{"files": platform.Live(), "files.*": platform.Elements(platform.ClassLive, platform.ClassLive)},
		platform.Traits{
			"env_wo": platform.Replace().Unobservable(),
			"power":  platform.Live().Among(platform.PowerOn, platform.PowerOff, platform.PowerSuspended),
		},
	)
}

func containerImageTraits() platform.Traits {
	return traitsOf(
		computedTraits("id", "size", "created_at", "native"),
		liveTraits("name", "references"),
		replaceTraits("digest", "os_arch", "source_hash"),
		platform.Traits{
			"build":                    platform.Replace(),
			"build.secrets_wo":         platform.CreateOnly(),
			"build.secrets_wo_version": platform.CreateOnly(),
		},
	)
}

func registryImageTraits() platform.Traits {
	return traitsOf(computedTraits("id", "digest", "os_arch", "native"), liveTraits("image_id"), replaceTraits("name"))
}

func volumeTraits() platform.Traits {
	return traitsOf(computedTraits("id", "native"), liveTraits("tags"), replaceTraits("name"))
}

func serviceTraits() platform.Traits {
	live := platform.Live()
	return traitsOf(
		computedTraits("id", "running", "native"),
		replaceTraits("name", "mode"),
		liveTraits("image", "entrypoint", "command", "user", "working_dir", "env", "env_wo_version", "replicas", "completions", "cpus", "memory",
			"reserved_cpus", "reserved_memory", "health_check", "update", "tags"),
		elementTraits("ports", live), elementTraits("mounts", live), elementTraits("secrets", live), elementTraits("configs", live),
		platform.Traits{"env_wo": live.Unobservable()},
	)
}

func secretTraits() platform.Traits {
	hidden := platform.Live().Unobservable()
	return traitsOf(computedTraits("id", "version_id", "native"), replaceTraits("name"), liveTraits("tags"),
		platform.Traits{"value": hidden, "value_base64": hidden, "value_wo": hidden, "value_wo_version": hidden})
}

func configTraits() platform.Traits {
	return traitsOf(computedTraits("id", "version_id", "native"), replaceTraits("name"), liveTraits("tags", "value", "value_base64"))
}

func routerTraits() platform.Traits {
	return traitsOf(
		computedTraits("id", "addresses", "native"),
		liveTraits("name", "description", "external_network_id", "tags"),
		elementTraits("interfaces", platform.Live()),
		platform.Traits{"routes": platform.Live(), "routes.*": platform.Elements(platform.ClassLive, platform.ClassLive)},
	)
}

func publicIPTraits() platform.Traits {
	return traitsOf(computedTraits("id", "native"), liveTraits("name", "description", "nic_id", "tags"), replaceTraits("network_id", "address"))
}

func firewallTraits() platform.Traits {
	return traitsOf(computedTraits("id", "native"), liveTraits("name", "description", "tags"), elementTraits("rules", platform.Live()))
}
