package docker_test

import (
	"context"
	"fmt"
	"strings"
	"sync"

	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/docker"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/platformtest"
)

// containers is what a person does to containers.
func (p *person) containers() fixture {
	return fixture{
		Case: platformtest.Case{
			Values: p.containerValues(), Path: shortID, Together: 3,
			Minimal: func(*platformtest.Bench) block { return block{"image_id": p.images[0]} },
		},
		remove: func(ctx context.Context, id string) error { return p.docker(ctx, "rm", "--force", id) },
		change: p.changeContainer,
		slots:  p.mountsOf,
		faults: map[string][]lab.Fault{
			"create":      {{Method: "POST", Path: "/containers/create"}},
			"create half": {{Method: "POST", Path: "/containers/{id}/start"}},
			"update":      {{Method: "POST", Path: "/containers/{id}/update"}},
			"update half": {{Method: "POST", Path: "/networks/{id}/connect"}},
			"delete half": {{Method: "DELETE", Path: "/containers/{id}"}},
		},
		cannot: map[string]string{
			"slots container ports":                     "ports have no order",
			"slots container networks":                  "networks have no order",
			"slots container files":                     "files have no order",
			"twin container":                            "names of containers are unique",
			"another value of container docker.runtime": "an engine has one that is known to be there",
		},
	}
}

func (p *person) containerValues() platformtest.Values {
	port := func(*platformtest.Bench) any { return 20000 + p.serial.Add(1) }
	other := sync.OnceValue(p.other)
	own := &ownNetworks{p: p, of: map[*platformtest.Bench]ownNetwork{}}
	v := platformtest.Values{
		"image_id":             platformtest.Of(p.images[0], p.images[1]),
		"entrypoint":           platformtest.Of([]any{"/server", "serve"}, []any{"/server", "sleep"}),
		"command":              platformtest.Of([]any{"serve"}, []any{"sleep"}),
		"ports.*.host_port":    {Old: port, New: port},
		"mounts.*.host_path":   {Old: "/tmp", New: "/var", With: block{"mounts": block{"one": block{"size": nil}}}},
		"networks.*.addresses": {Old: own.address(2), New: own.address(3), With: block{"networks": block{"one": block{"network_id": own.id}}}},
	}
	memory := block{"memory": "64MiB"}
	for name, pair := range map[string]platformtest.Pair{
		"network_mode":       {Old: "host", New: "none", With: block{"command": []any{"sleep"}}, Alone: true}, // the host's port is taken by one
		"pid_mode":           {Old: "host", New: func(*platformtest.Bench) any { return "container:" + other() }, Alone: true},
		"ipc_mode":           platformtest.Of("shareable", "none"),
		"user_namespace":     platformtest.Of("", "host"),
		"runtime":            platformtest.Of("runc", "runc"),
		"cgroup_parent":      {Old: "/" + p.group() + "/one", New: "/" + p.group() + "/two"},
		"privileged":         {Old: false, New: true, With: block{"power": "off"}, Alone: true}, // this machine may not start one
		"cap_add":            platformtest.Of([]any{"NET_ADMIN"}, []any{"sys_time", "CAP_NET_ADMIN"}),
		"cap_drop":           platformtest.Of([]any{"MKNOD"}, []any{"setpcap", "CAP_MKNOD"}),
		"security_options":   platformtest.Of([]any{"seccomp=unconfined"}, []any{"no-new-privileges"}),
		"group_add":          platformtest.Of([]any{"1001"}, []any{"1002", "1001"}),
		"devices":            platformtest.Of([]any{"/dev/null:/dev/one"}, []any{"/dev/zero:/dev/two:r", "/dev/null:rw"}),
		"read_only":          {Old: false, New: true, Alone: true},
		"sysctls":            platformtest.Of(block{"net.ipv4.ip_forward": "0"}, block{"net.ipv4.ip_forward": "1"}),
		"ulimits":            platformtest.Of(block{"nofile": "1024"}, block{"nofile": "1024:4096", "core": "0:0"}),
		"memory_swap":        {Old: "128MiB", New: "256MiB", With: memory},
		"memory_reservation": {Old: "16MiB", New: "32MiB"},
		"cpu_shares":         platformtest.Of(512, 2048),
		"cpu_set":            platformtest.Of("0", "1"),
		"pids":               platformtest.Of(100, 200),
		"shm_size":           platformtest.Of("1MiB", "2MiB"),
		"oom_score":          platformtest.Of(100, 200),
		"dns":                platformtest.Of([]any{"10.0.0.53"}, []any{"10.0.0.54", "10.0.0.53"}),
		"dns_search":         platformtest.Of([]any{"one.test"}, []any{"two.test", "one.test"}),
		"dns_options":        platformtest.Of([]any{"ndots:1"}, []any{"ndots:2", "rotate"}),
		"extra_hosts":        platformtest.Of(block{"a": "10.0.0.1"}, block{"a": "10.0.0.2", "b": "fd00::1"}),
		"domain":             platformtest.Of("one.test", "two.test"),
		"init":               platformtest.Of(false, true),
		"tty":                platformtest.Of(false, true),
		"stdin":              platformtest.Of(false, true),
		"stop_signal":        platformtest.Of("SIGTERM", "SIGINT"),
		"stop_timeout":       platformtest.Of("3s", "1m"),
		"restart_retries":    {Old: 3, New: 5, With: block{"restart": "on-failure"}, Alone: true},
		"log_driver":         platformtest.Of("local", "none"),
		"log_options":        platformtest.Of(block{"max-size": "1m"}, block{"max-size": "2m", "max-file": "3"}),
	} {
		v["docker."+name] = pair
	}
	return v
}

// group is the control group of the engine.
func (p *person) group() string { return p.engine.Dir[strings.LastIndex(p.engine.Dir, "/")+1:] }

// other makes a container.
func (p *person) other() string {
	ctx := context.WithoutCancel(p.t.Context())
	id, err := p.engine.Docker(ctx, "run", "--detach", "--name", "other", "--ipc", "shareable", p.images[0])
	if err != nil {
		panic(err)
	}
	return strings.TrimSpace(id)
}

// ownNetworks are networks with a range that is known, another one for every case.
type ownNetworks struct {
	p  *person
	mu sync.Mutex
	of map[*platformtest.Bench]ownNetwork
}

type ownNetwork struct {
	id string
	at int
}

func (o *ownNetworks) get(b *platformtest.Bench) ownNetwork {
	o.mu.Lock()
	defer o.mu.Unlock()
	if n, ok := o.of[b]; ok {
		return n
	}
	n := ownNetwork{at: len(o.of)}
	id, err := o.p.engine.Docker(context.WithoutCancel(o.p.t.Context()), "network", "create", "--subnet", fmt.Sprintf("10.200.%d.0/24", n.at), b.Name())
	if err != nil {
		panic(err)
	}
	n.id = strings.TrimSpace(id)
	o.of[b] = n
	return n
}

func (o *ownNetworks) id(b *platformtest.Bench) any { return o.get(b).id }

func (o *ownNetworks) address(host int) func(*platformtest.Bench) any {
	return func(b *platformtest.Bench) any { return []any{fmt.Sprintf("10.200.%d.%d", o.get(b).at, host)} }
}

// mountsOf lists the mounts in the order in which they were asked for.
func (p *person) mountsOf(ctx context.Context, id, what string) ([]string, error) {
	if what != "mounts" {
		return nil, platformtest.ErrCannot
	}
	text, err := p.shown(ctx, "container", id, "{{range .HostConfig.Mounts}}{{.Target}} {{end}}")
	return strings.Fields(text), err
}

func (p *person) changeContainer(ctx context.Context, c platformtest.Change) error {
	text := fmt.Sprint(c.Value)
	switch c.Attribute {
	case "name":
		return p.docker(ctx, "rename", c.ID, text)
	case "cpus":
		return p.docker(ctx, "update", "--cpus", text, c.ID)
	case "memory":
		return p.docker(ctx, "update", "--memory", strings.TrimSuffix(text, "iB"), "--memory-swap", "-1", c.ID)
	case "restart":
		return p.docker(ctx, "update", "--restart", text, c.ID)
	case "power":
		return p.docker(ctx, "stop", c.ID)
	}
	return platformtest.ErrCannot
}
