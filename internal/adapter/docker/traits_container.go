package docker

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// containerTraits: a container's limits, networks and name change while it runs; everything else is as it was made.
func containerTraits() platform.Traits {
	live, replace := platform.Live(), platform.Replace()
	t := platform.Traits{
		"id": platform.Computed(), "exit_code": platform.Computed(), "addresses": platform.Computed(), "native": platform.Computed(),

		"name": live, "power": live,
		"image_id": replace, "entrypoint": replace, "command": replace, "user": replace, "working_dir": replace, "hostname": replace,
		"env": replace, "env_wo": replace.Unobservable(), "env_wo_version": replace.Unobservable(), "tags": replace, "health_check": replace,

		"cpus": live, "memory": live.Between(int64(6*platform.MiB), 0), "restart": live,

		"ports.*": platform.Elements(platform.ClassReplace, platform.ClassReplace), "ports": replace, "ports.*.id": platform.Computed(),
		"mounts.*": platform.Elements(platform.ClassReplace, platform.ClassReplace), "mounts": replace, "mounts.*.id": platform.Computed(),
		"networks.*": platform.Elements(platform.ClassLive, platform.ClassLive), "networks": live, "networks.*.id": platform.Computed(),
		"networks.*.mac": platform.Unsupported("the engine derives it from the address: give the attachment one in addresses"),
		"files.*":        platform.Elements(platform.ClassReplace, platform.ClassReplace), "files": platform.CreateOnly(),

		"docker": replace,
	}
	for _, name := range []string{"memory_swap", "memory_reservation", "cpu_shares", "cpu_set", "pids", "restart_retries"} {
		t["docker."+name] = live
	}
	return t
}
