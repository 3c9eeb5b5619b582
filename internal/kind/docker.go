package kind

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
)

func dockerContainer() schema.Block {
	return block("What only Docker containers have. Inert on other platforms.", attrs{
		"network_mode":   owned("`host`, `none`, `container:<id>`, in place of `networks`."),
		"pid_mode":       owned("`host` or `container:<id>`: whose processes it sees."),
		"ipc_mode":       owned("`none`, `private`, `shareable`, `host` or `container:<id>`."),
		"user_namespace": owned("`host` switches the daemon's remapping of users off."),
		"runtime":        owned("Name of an OCI runtime of the daemon."),
		"cgroup_parent":  owned("Control group above the container's."),

		"privileged":       ownedBool("Whether it may do everything its host may."),
		"cap_add":          ownedList("Linux capabilities to add, such as `NET_ADMIN`."),
		"cap_drop":         ownedList("Linux capabilities to take away, such as `ALL`."),
		"security_options": ownedList("Such as `no-new-privileges`, `seccomp=unconfined`, `label=disable`."),
		"group_add":        ownedList("Further groups of its user."),
		"devices":          ownedList("Devices of the host: `/dev/fuse`, `/dev/sda:/dev/xvda:r`."),
		"read_only":        ownedBool("Whether its root file system is read-only."),
		"sysctls":          ownedMap("Kernel parameters of its namespaces."),
		"ulimits":          ownedMap("Limits by name, soft or soft and hard: `nofile = \"1024:4096\"`."),

		"memory_swap":        ownedSize("Limit of memory and swap together. Left out: the daemon's default, twice the memory."),
		"memory_reservation": ownedSize("Memory that it is left with when the host runs short."),
		"cpu_shares":         ownedInt("Weight among containers that compete for CPU.", int64validator.AtLeast(2)),
		"cpu_set":            owned("CPUs that it may run on: `0-2,5`."),
		"pids":               ownedInt("Number of processes that it may have.", int64validator.AtLeast(1)),
		"shm_size":           ownedSize("Size of /dev/shm."),
		"oom_score":          ownedInt("Preference of the kernel when memory runs out.", int64validator.Between(-1000, 1000)),

		"dns":         ownedList("Name servers."),
		"dns_search":  ownedList("Domains in which short names are looked up."),
		"dns_options": ownedList("Options of resolv.conf."),
		"extra_hosts": ownedMap("Names in /etc/hosts, to their address; `host-gateway` is the host."),
		"domain":      owned("Domain name of the container."),

		"init":            ownedBool("Whether an init process forwards signals and reaps processes."),
		"tty":             ownedBool("Whether it gets a terminal."),
		"stdin":           ownedBool("Whether its standard input stays open."),
		"stop_signal":     owned("Signal that asks it to stop, such as `SIGTERM`."),
		"stop_timeout":    ownedDuration("How long it may take to stop before it is killed."),
		"restart_retries": ownedInt("How often it is started again with `restart = \"on-failure\"`.", int64validator.AtLeast(1)),
		"log_driver":      owned("Where its output goes: `json-file`, `journald`, `none`."),
		"log_options":     ownedMap("Options of the log driver."),
		"remove_volumes":  ownedBool("Whether deleting the container deletes the nameless volumes that its image asked for, with their data. Left out: they stay."),
	})
}

func dockerNetwork() schema.Block {
	return block("What only Docker networks have. Inert on other platforms.", attrs{
		"driver":       owned("Driver, where it is none of those that `mode` stands for: the name of a plugin."),
		"internal":     ownedBool("Whether nothing leads out of an overlay, macvlan or ipvlan network. For a bridge write `mode = \"isolated\"`."),
		"attachable":   ownedBool("Whether containers beside services may join an overlay network."),
		"ingress":      ownedBool("Whether it is the network of the routing mesh."),
		"options":      ownedMap("Options of the driver: `parent` of macvlan, `com.docker.network.bridge.name`."),
		"ipam_driver":  owned("Driver that manages addresses. Left out: `default`."),
		"ipam_options": ownedMap("Options of that driver."),
		"reserved":     ownedMap("Addresses within the subnets that no container gets, by a name of your choice."),
	})
}

func dockerVolume() schema.Block {
	return block("What only Docker volumes have. Inert on other platforms. Nothing of a Docker volume changes: another name, tag, driver or option means another, empty volume.", attrs{
		"driver":  owned("Driver. Left out: `local`."),
		"options": ownedMap("Options of the driver: `type`, `device` and `o` of `local`."),
	})
}

func dockerSecret(what string) schema.Block {
	return block("What only Swarm "+what+" have. Inert on other platforms.", attrs{
		"template": owned("`golang`: placeholders in the value are filled in for each container.", stringvalidator.OneOf("golang")),
	})
}

func dockerService() schema.Block {
	b := block("What only Swarm services have. Inert on other platforms.", attrs{
		"networks":         ownedList("Ids of the overlay networks that its containers are attached to."),
		"endpoint_mode":    owned("How its name is resolved: `vip` or `dnsrr`.", stringvalidator.OneOf("vip", "dnsrr")),
		"constraints":      ownedList("Nodes that it may run on: `node.role == worker`."),
		"preferences":      ownedList("How it is spread: `spread=node.labels.rack`."),
		"max_per_node":     ownedInt("Most containers on one node.", int64validator.AtLeast(1)),
		"container_labels": ownedMap("Labels of the containers; `tags` are those of the service."),
		"hostname":         owned("Name that the containers give themselves."),
		"extra_hosts":      ownedMap("Names in /etc/hosts, to their address."),
		"dns":              ownedList("Name servers."),
		"cap_add":          ownedList("Linux capabilities to add."),
		"cap_drop":         ownedList("Linux capabilities to take away."),
		"sysctls":          ownedMap("Kernel parameters of the containers' namespaces."),
		"init":             ownedBool("Whether an init process forwards signals and reaps processes."),
		"read_only":        ownedBool("Whether the root file system is read-only."),
		"stop_signal":      owned("Signal that asks a container to stop."),
		"stop_timeout":     ownedDuration("How long it may take to stop before it is killed."),
		"log_driver":       owned("Where output goes: `json-file`, `journald`, `none`."),
		"log_options":      ownedMap("Options of the log driver."),

		"restart_condition": owned("When a container that ended is replaced: `none`, `on-failure`, `any`.", stringvalidator.OneOf("none", "on-failure", "any")),
		"restart_delay":     ownedDuration("Time between two attempts."),
		"restart_attempts":  ownedInt("Attempts before it is given up; 0: no end.", int64validator.AtLeast(0)),
		"restart_window":    ownedDuration("Time in which attempts are counted."),
	})
	b.Blocks = blocks{"rollback": serviceUpdate("How a failed update is taken back.")}
	return b
}
