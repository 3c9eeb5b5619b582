package platformtest

import (
	"fmt"
	"maps"

	"github.com/terraform-virt/terraform-provider-virt/internal/kind"
)

// Kinds of objects that services refer to; the suite's Given has two ids of each.
const (
	secretVersions  = "secret version"
	configVersions  = "config version"
	overlayNetworks = "overlay network"
)

func serviceSubject() *subject {
	k := newSubject(kind.Service())
	k.values = Values{
		"tags":            tagPair(),
		"mode":            Of("replicated", "global"),
		"entrypoint":      Of([]any{"/server"}, []any{"/server", "serve"}),
		"command":         Of([]any{"serve"}, []any{"sleep"}),
		"user":            Of("0", "1000:1000"),
		"working_dir":     Of("/one", "/two"),
		"env":             Of(Config{"ONE": "1"}, Config{"ONE": "one", "TWO": "2"}),
		"env_wo":          {Old: Config{"HUSH": "1"}, New: Config{"HUSH": "2"}, With: Config{"env_wo_version": 1}, NewWith: Config{"env_wo_version": 2}, Alone: true},
		"env_wo_version":  {Old: 1, New: 2, With: Config{"env_wo": Config{"HUSH": "1"}}, Gone: Config{"env_wo": nil}, Alone: true},
		"replicas":        Of(1, 2),
		"completions":     {Old: 1, New: 2, With: Config{"mode": "replicated-job", "replicas": 1, "command": []any{"exit", "10ms"}, "update": nil}, Alone: true},
		"cpus":            Of(0.5, 0.25),
		"memory":          Of("64MiB", "128MiB"),
		"reserved_cpus":   Of(0.01, 0.02),
		"reserved_memory": Of("8MiB", "16MiB"),
	}
	maps.Copy(k.values, serviceElementValues())
	maps.Copy(k.values, serviceBlockValues())
	maps.Copy(k.values, dockerServiceValues())
	k.elements = map[string]func(b *Bench, n int) Config{
		"ports":  func(_ *Bench, n int) Config { return Config{"port": 8080 + n, "mode": "host"} },
		"mounts": func(_ *Bench, n int) Config { return Config{"target": fmt.Sprintf("/mnt/%d", n)} },
		"secrets": func(b *Bench, n int) Config {
			return Config{"secret_id": b.Other(secretVersions, n%2), "target": fmt.Sprintf("secret-%d", n)}
		},
		"configs": func(b *Bench, n int) Config {
			return Config{"config_id": b.Other(configVersions, n%2), "target": fmt.Sprintf("/config-%d", n)}
		},
	}
	k.stubs = map[string]Config{"ports": {"port": 80}, "mounts": {"target": "/mnt"}, "secrets": {"secret_id": "none"}, "configs": {"config_id": "none"}}
	k.update = []string{"replicas", "env", "tags", "memory"}
	k.byHand = []string{"name", "image", "replicas", "tags", "memory"}
	k.volatile = []string{"running"}
	return k
}

func serviceElementValues() Values {
	target := func(at, to string) Config { return Config{"mounts": Config{"one": Config{at: to}}} }
	return Values{
		"ports.*.port":       Of(8080, 8081),
		"ports.*.protocol":   Of("tcp", "udp"),
		"ports.*.mode":       {Old: "host", New: "ingress", With: Config{"wait": false}},
		"ports.*.published":  Of(18080, 18081),
		"mounts.*.target":    Of("/mnt/0", "/mnt/9"),
		"mounts.*.volume_id": {Old: "ct-one", New: "ct-two", With: target("target", "/mnt/0"), Alone: true},
		"mounts.*.host_path": {Old: "/tmp", New: "/var", With: target("target", "/mnt/0"), Alone: true},
		"mounts.*.read_only": Of(true, false),
		"mounts.*.size":      Of("8MiB", "16MiB"),

		"secrets.*.secret_id": Of(Other(secretVersions, 0), Other(secretVersions, 1)),
		"secrets.*.target":    Of("one.txt", "/etc/two.txt"),
		"secrets.*.user":      Of("1000", "1001"),
		"secrets.*.group":     Of("1000", "1001"),
		"secrets.*.mode":      Of("0400", "0440"),
		"configs.*.config_id": Of(Other(configVersions, 0), Other(configVersions, 1)),
		"configs.*.target":    Of("/one.conf", "/etc/two.conf"),
		"configs.*.user":      Of("1000", "1001"),
		"configs.*.group":     Of("1000", "1001"),
		"configs.*.mode":      Of("0400", "0440"),
	}
}

func serviceBlockValues() Values {
	check := Config{"health_check": Config{"command": []any{"/server", "health"}, "interval": "300ms"}}
	return Values{
		"health_check.command":      {Old: []any{"/server", "health"}, New: []any{"CMD", "/server", "health", "again"}, With: check, Gone: Config{"health_check": nil}},
		"health_check.interval":     {Old: "300ms", New: "400ms", With: check},
		"health_check.timeout":      {Old: "2s", New: "3s", With: check},
		"health_check.start_period": {Old: "2s", New: "3s", With: check},
		"health_check.retries":      {Old: 2, New: 3, With: check},

		"update.parallelism":       Of(2, 3),
		"update.delay":             Of("10ms", "20ms"),
		"update.order":             Of("start-first", "stop-first"),
		"update.failure_action":    Of("continue", "rollback"),
		"update.monitor":           Of("300ms", "400ms"),
		"update.max_failure_ratio": Of(0.1, 0.2),
	}
}

func dockerServiceValues() Values {
	jsonFile := Config{"docker": Config{"log_driver": "json-file"}}
	own := Values{
		"networks":          {Old: []any{Other(overlayNetworks, 0)}, New: []any{Other(overlayNetworks, 1), Other(overlayNetworks, 0)}, With: Config{"docker": Config{"endpoint_mode": "dnsrr"}}},
		"endpoint_mode":     Of("dnsrr", "vip"),
		"constraints":       Of([]any{"node.role == manager"}, []any{"node.role == manager", "node.platform.os == linux"}),
		"preferences":       Of([]any{"spread=node.labels.rack"}, []any{"spread=node.labels.rack", "spread=node.labels.room"}),
		"max_per_node":      Of(5, 6),
		"container_labels":  Of(Config{"role": "web"}, Config{"role": "db", "tier": "1"}),
		"hostname":          Of("one", "two"),
		"extra_hosts":       Of(Config{"nas": "10.9.9.1"}, Config{"nas": "10.9.9.2", "nas6": "fd00::2"}),
		"dns":               Of([]any{"10.9.9.53"}, []any{"FD00:0::53", "10.9.9.53"}),
		"cap_add":           Of([]any{"NET_ADMIN"}, []any{"CAP_SYS_TIME", "NET_ADMIN"}),
		"cap_drop":          Of([]any{"CHOWN"}, []any{"CAP_KILL", "CHOWN"}),
		"sysctls":           Of(Config{"net.core.somaxconn": "256"}, Config{"net.core.somaxconn": "512"}),
		"init":              Of(false, true),
		"read_only":         Of(true, false),
		"stop_signal":       Of("SIGTERM", "SIGINT"),
		"stop_timeout":      Of("3s", "4s"),
		"log_driver":        Of("json-file", "local"),
		"log_options":       {Old: Config{"max-size": "1m"}, New: Config{"max-size": "2m", "max-file": "2"}, With: jsonFile},
		"restart_condition": Of("on-failure", "any"),
		"restart_delay":     Of("1s", "2s"),
		"restart_attempts":  Of(3, 4),
		"restart_window":    Of("1m", "2m"),

		"rollback.parallelism":       Of(2, 3),
		"rollback.delay":             Of("10ms", "20ms"),
		"rollback.order":             Of("start-first", "stop-first"),
		"rollback.failure_action":    Of("continue", "pause"),
		"rollback.monitor":           Of("300ms", "400ms"),
		"rollback.max_failure_ratio": Of(0.1, 0.2),
	}
	values := Values{}
	for name, pair := range own {
		values["docker."+name] = pair
	}
	return values
}
