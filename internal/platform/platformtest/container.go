package platformtest

import (
	"fmt"

	"github.com/terraform-virt/terraform-provider-virt/internal/kind"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// containerSubject: which images there are, and what they run, is the platform's case to say.
func containerSubject() *subject {
	k := newSubject(kind.Container())
	secret := func(version int) Config { return Config{"env_wo_version": version} }
	mount := func(more Config) Config { return Config{"mounts": Config{"one": more}} }
	file := func(more Config) Config { return Config{"files": Config{"one": more}} }
	health := Config{"health_check": Config{"command": []any{"/server", "health"}}}
	k.values = Values{
		"user":        Of("0", "1000:1000"),
		"working_dir": Of("/tmp", "/"),
		"hostname":    Of("one", "two"),

		"env":            Of(Config{"A": "1"}, Config{"A": "2", "B": "3"}),
		"env_wo":         {Old: Config{"SECRET": "one"}, New: Config{"SECRET": "two"}, With: secret(1), NewWith: secret(2), Alone: true},
		"env_wo_version": {Old: 1, New: 2, With: Config{"env_wo": Config{"SECRET": "one"}}, Alone: true},

		"cpus":    Of(0.5, 1.5),
		"memory":  Of("64MiB", "96MiB"),
		"restart": Of(platform.RestartOnFailure, platform.RestartUnlessStopped),
		"tags":    Of(Config{"role": "web"}, Config{"role": "db", "tier": "1"}),
		"power":   Of(platform.PowerOn, platform.PowerOff),

		"ports.*.port":     Of(8080, 8081),
		"ports.*.protocol": Of("tcp", "udp"),
		"ports.*.host_ip":  Of("127.0.0.1", "127.0.0.2"),

		"mounts.*.target":    Of("/mnt/one", "/mnt/two"),
		"mounts.*.volume_id": {Old: Other("volume", 0), New: Other("volume", 1), With: mount(Config{"size": nil})},
		"mounts.*.read_only": Of(false, true),
		"mounts.*.size":      Of("1MiB", "2MiB"),

		"networks.*.network_id": Of(Other("network", 0), Other("network", 1)),
		"networks.*.aliases":    Of([]any{"one"}, []any{"two", "three"}),

		"networks.*.mac": Of("02:42:0a:00:00:05", "02:42:0a:00:00:06"),

		"files.*.path":           Of("/etc/one/file", "/etc/two/file"),
		"files.*.content":        {Old: "one\n", New: "two\n", Gone: file(Config{"content_base64": "AAE="})},
		"files.*.content_base64": {Old: "AAE=", New: "AAI=", With: file(Config{"content": nil}), Gone: file(Config{"content": "one"})},
		"files.*.mode":           Of("0644", "0600"),

		"health_check.command":      Of([]any{"/server", "health"}, []any{"CMD-SHELL", "true"}),
		"health_check.interval":     {Old: "1m0s", New: "2m", With: health},
		"health_check.timeout":      {Old: "10s", New: "20s", With: health},
		"health_check.start_period": {Old: "5s", New: "1m30s", With: health},
		"health_check.retries":      {Old: 2, New: 5, With: health},
	}
	k.elements = map[string]func(b *Bench, n int) Config{
		"ports":    func(_ *Bench, n int) Config { return Config{"port": 8080 + n} },
		"mounts":   func(_ *Bench, n int) Config { return Config{"target": fmt.Sprintf("/mnt/%d", n)} },
		"networks": func(b *Bench, n int) Config { return Config{"network_id": b.Other("network", min(n, 3))} },
		"files":    func(_ *Bench, n int) Config { return Config{"path": fmt.Sprintf("/etc/app/%d", n), "content": "text"} },
	}
	k.stubs = map[string]Config{
		"ports": {"port": 8080}, "mounts": {"target": "/mnt"}, "networks": {"network_id": zeros}, "files": {"path": "/one", "content": ""},
	}
	k.update = []string{"cpus", "memory", "restart"}
	k.byHand = []string{"name", "cpus", "memory", "restart", "power"}
	return k
}
