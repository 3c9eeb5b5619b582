package provider_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/docker"
)

// startDocker runs an engine for one test, with the images lab/server:1, and lab/checked:1, which has a health check.
func startDocker(t *testing.T, o docker.Options) *docker.Engine {
	t.Helper()
	e := docker.Serve(t, o)
	docker.Image(t, e, "lab/server:1", docker.ImageOptions{
		Env: map[string]string{"FROM_IMAGE": "yes"}, Labels: map[string]string{"maker": "lab"}, Ports: []string{"8080/tcp"}, WorkingDir: "/tmp",
	})
	docker.Image(t, e, "lab/checked:1", docker.ImageOptions{HealthCheck: 300 * time.Millisecond, Volumes: []string{"/data"}, StopSignal: "SIGINT"})
	return e
}

// containerSeen is what docker inspect shows that a configuration may say.
type containerSeen struct {
	ID, Name, Image string
	State           struct {
		Status string
		Paused bool
	}
	Config struct {
		Hostname, Domainname, User, WorkingDir, StopSignal string
		Env, Cmd, Entrypoint                               []string
		Labels                                             map[string]string
		Healthcheck                                        *struct {
			Test              []string
			Interval, Timeout time.Duration
			Retries           int
		}
	}
	HostConfig struct {
		NanoCPUs, Memory, MemorySwap, MemoryReservation, CPUShares, PidsLimit, ShmSize int64
		CpusetCpus                                                                     string
		RestartPolicy                                                                  struct {
			Name              string
			MaximumRetryCount int
		}
		CapAdd, CapDrop, DNS, ExtraHosts, GroupAdd []string
		ReadonlyRootfs, Init                       bool
		Ulimits                                    []struct {
			Name       string
			Soft, Hard int64
		}
		Sysctls   map[string]string
		LogConfig struct {
			Type   string
			Config map[string]string
		}
		PortBindings map[string][]struct{ HostIP, HostPort string }
		Mounts       []struct {
			Type, Source, Target string
			ReadOnly             bool
		}
	}
	NetworkSettings struct {
		Networks map[string]struct {
			NetworkID, IPAddress string
			Aliases              []string
		}
	}
}

// lookAtContainer asks the docker tool.
func lookAtContainer(t *testing.T, e *docker.Engine, name string) containerSeen {
	t.Helper()
	var list []containerSeen
	if err := json.Unmarshal([]byte(docker.CLI(t, e, "container", "inspect", name)), &list); err != nil {
		t.Fatal(err)
	}
	return list[0]
}

const everyContainer = `
resource "virt_network" "app" {
  name    = "app"
  mode    = "nat"
  subnets = { main = { cidr = "10.66.0.0/24" } }
}
resource "virt_network" "back" {
  name = "back"
  mode = "nat"
}
resource "virt_volume" "data" { name = "data" }
resource "virt_container" "c" {
  name        = "web"
  image_id    = "lab/server:1"
  command     = ["serve", "now"]
  user        = "1000:1000"
  working_dir = "/"
  hostname    = "web"
  env         = { COLOUR = "blue" }
  env_wo         = { SECRET = "hidden-value" }
  env_wo_version = 1
  cpus    = 0.5
  memory  = "64MiB"
  restart = "on-failure"
  ports = {
    http  = { port = 8080, host_port = 18080, host_ip = "127.0.0.1" }
    other = { port = 9000, protocol = "udp" }
  }
  mounts = {
    data  = { target = "/data", volume_id = virt_volume.data.id }
    host  = { target = "/host", host_path = "/etc", read_only = true }
    cache = { target = "/cache", size = "1MiB" }
  }
  networks = {
    app  = { network_id = virt_network.app.id, addresses = ["10.66.0.10"], aliases = ["www"] }
    back = { network_id = virt_network.back.id }
  }
  files = {
    conf   = { path = "/etc/app/app.conf", content = "one = 1\n" }
    binary = { path = "/etc/app/data", content_base64 = "AAEC", mode = "0600" }
  }
  health_check {
    command  = ["/server", "health"]
    interval = "300ms"
    retries  = 3
  }
  wait_for { state = "healthy" }
  tags = { role = "web" }
  docker {
    cap_add         = ["sys_time", "NET_ADMIN"]
    cap_drop        = ["MKNOD"]
    ulimits         = { nofile = "1024:2048" }
    memory_swap     = "128MiB"
    cpu_shares      = 512
    pids            = 100
    shm_size        = "2MiB"
    dns             = ["10.66.0.1"]
    extra_hosts     = { db = "10.66.0.20" }
    domain          = "example.test"
    init            = true
    stop_signal     = "SIGINT"
    stop_timeout    = "3s"
    restart_retries = 5
    log_driver      = "json-file"
    log_options     = { max-size = "1m" }
    group_add       = ["1001"]
    sysctls         = { "net.ipv4.ip_forward" = "0" }
  }
}
`

// TestDockerContainerSeen looks with the docker tool at what an apply made.
func TestDockerContainerSeen(t *testing.T) {
	e := startDocker(t, docker.Options{})
	w := newWorkspace(t, dockerBlock(e.Host(), t.TempDir())+everyContainer)
	w.must(0, apply()...)
	w.nothing()
	c := lookAtContainer(t, e, "web")
	h := c.HostConfig
	if c.ID != w.resource("virt_container.c").text("id") || c.State.Status != "running" {
		t.Errorf("it is %s, %s", c.ID, c.State.Status)
	}
	slices.Sort(c.Config.Env)
	for what, pair := range map[string][2]any{
		"command":     {[]string{"serve", "now"}, c.Config.Cmd},
		"user":        {"1000:1000", c.Config.User},
		"folder":      {"/", c.Config.WorkingDir},
		"names":       {"web.example.test", c.Config.Hostname + "." + c.Config.Domainname},
		"environment": {[]string{"COLOUR=blue", "FROM_IMAGE=yes", "SECRET=hidden-value"}, c.Config.Env},
		"limits": {
			[]int64{500_000_000, 64 << 20, 128 << 20, 512, 100, 2 << 20},
			[]int64{h.NanoCPUs, h.Memory, h.MemorySwap, h.CPUShares, h.PidsLimit, h.ShmSize},
		},
		"restart":      {"on-failure 5", fmt.Sprintf("%s %d", h.RestartPolicy.Name, h.RestartPolicy.MaximumRetryCount)},
		"capabilities": {"[CAP_NET_ADMIN CAP_SYS_TIME] [CAP_MKNOD]", fmt.Sprint(h.CapAdd, h.CapDrop)},
		"files open":   {"[{nofile 1024 2048}]", fmt.Sprint(h.Ulimits)},
		"ports":        {"map[8080/tcp:[{127.0.0.1 18080}] 9000/udp:[{ }]]", fmt.Sprint(h.PortBindings)},
		"mounts":       {"[{tmpfs  /cache false} {volume data /data false} {bind /etc /host true}]", fmt.Sprint(h.Mounts)},
		"address":      {"10.66.0.10", c.NetworkSettings.Networks["app"].IPAddress},
		"networks":     {[]string{"app", "back"}, slices.Sorted(maps.Keys(c.NetworkSettings.Networks))},
		"tags":         {"web lab", c.Config.Labels["role"] + " " + c.Config.Labels["maker"]},
		"others":       {"true SIGINT [db:10.66.0.20] [1001] json-file map[max-size:1m]", fmt.Sprintf("%t %s %s %s %s %v", h.Init, c.Config.StopSignal, h.ExtraHosts, h.GroupAdd, h.LogConfig.Type, h.LogConfig.Config)},
	} {
		if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
			t.Errorf("docker inspect shows another %s (-want +got):\n%s", what, diff)
		}
	}
	if got := docker.CLI(t, e, "cp", "web:/etc/app/app.conf", "-"); !strings.Contains(got, "one = 1\n") {
		t.Errorf("the file is %q", got)
	}
	if strings.Contains(w.read("terraform.tfstate"), "hidden-value") {
		t.Error("the state holds the secret")
	}
	state := w.resource("virt_container.c")
	if fmt.Sprint(state.Values["tags_all"]) != "map[role:web]" {
		t.Errorf("tags_all: %v", state.Values["tags_all"])
	}
	addresses, _ := state.Values["addresses"].([]any)
	for _, a := range addresses {
		if _, err := netip.ParseAddr(fmt.Sprint(a)); err != nil {
			t.Error(err)
		}
	}
	if len(addresses) != 2 {
		t.Errorf("addresses: %v", addresses)
	}
	w.must(0, "destroy", "-auto-approve")
	if left := docker.CLI(t, e, "ps", "--all", "--quiet"); left != "" {
		t.Errorf("left: %s", left)
	}
}

// dockerChanges are changes of containers by hand. NAME is the container.
func dockerChanges() map[string]byHand {
	power := func(from, to string) map[string]string {
		return map[string]string{"power": fmt.Sprintf("%q → %q", from, to), "ports.http.host_port": "→ unknown", "exit_code": "→ unknown", "addresses": "→ unknown"}
	}
	return map[string]byHand{
		"untouched": {},
		"memory": {
			commands: [][]string{{"update", "--memory", "96m", "--memory-swap", "300m", "NAME"}},
			drift:    map[string]string{"memory": `"64MiB" → "96MiB"`},
			action:   "update", changes: map[string]string{"memory": `"96MiB" → "64MiB"`},
		},
		"cpus": {
			commands: [][]string{{"update", "--cpus", "1.5", "NAME"}},
			drift:    map[string]string{"cpus": "0.5 → 1.5"},
			action:   "update", changes: map[string]string{"cpus": "1.5 → 0.5"},
		},
		"policy": {
			commands: [][]string{{"update", "--restart", "always", "NAME"}},
			drift:    map[string]string{"restart": `"no" → "always"`},
			action:   "update", changes: map[string]string{"restart": `"always" → "no"`},
		},
		"renamed": {
			commands: [][]string{{"rename", "NAME", "other"}},
			drift:    map[string]string{"name": `"renamed" → "other"`},
			action:   "update", changes: map[string]string{"name": `"other" → "renamed"`},
		},
		"stopped": {
			commands: [][]string{{"stop", "NAME"}},
			drift:    map[string]string{"power": `"on" → "off"`, "exit_code": "null → 0", "addresses.0": "", "ports.http.host_port": ""},
			action:   "update", changes: power("off", "on"),
		},
		"paused": {
			commands: [][]string{{"pause", "NAME"}},
			drift:    map[string]string{"power": `"on" → "suspended"`},
			action:   "update", changes: power("suspended", "on"),
		},
		"detached": {
			commands: [][]string{{"network", "disconnect", "app", "NAME"}},
			drift:    map[string]string{"networks.app.id": "", "networks.app.network_id": "", "addresses.0": "", "ports.http.host_port": ""},
			action:   "update",
			changes:  map[string]string{"networks.app.network_id": "", "networks.app.id": "→ unknown", "networks.app.mac": "→ unknown", "addresses": "→ unknown", "ports.http.host_port": "→ unknown"},
		},
		"attached": { // to a network that nobody declared
			commands: [][]string{{"network", "connect", "bridge", "NAME"}},
			drift:    map[string]string{"addresses.1": ""},
		},
		"limited": { // by what nobody manages
			commands: [][]string{{"update", "--pids-limit", "50", "--cpu-shares", "100", "NAME"}},
		},
		"deleted": {
			commands: [][]string{{"rm", "--force", "NAME"}},
			drift:    map[string]string{"": "gone"}, action: "create",
		},
	}
}

// TestDockerContainerChanges changes containers behind the provider's back. The next plan says exactly that and no more,
// and the next apply makes things as they are configured.
func TestDockerContainerChanges(t *testing.T) {
	e := startDocker(t, docker.Options{})
	cases := dockerChanges()
	names := slices.Sorted(maps.Keys(cases))
	config := dockerBlock(e.Host(), t.TempDir()) + "resource \"virt_network\" \"app\" {\n  name = \"app\"\n  mode = \"nat\"\n}\n"
	for _, name := range names {
		config += fmt.Sprintf(`
resource "virt_container" %q {
  name     = %[1]q
  image_id = "lab/server:1"
  cpus     = 0.5
  memory   = "64MiB"
  restart  = "no"
  power    = "on"
  ports    = { http = { port = 8080 } }
  networks = { app = { network_id = virt_network.app.id } }
}
`, name)
	}
	w := newWorkspace(t, config)
	w.must(0, apply()...)
	w.nothing()
	for _, name := range names {
		for _, command := range cases[name].commands {
			docker.CLI(t, e, strings.Fields(strings.ReplaceAll(strings.Join(command, " "), "NAME", name))...)
		}
	}
	w.drifted("virt_container.", cases)
	w.must(0, apply()...)
	w.nothing()
	for _, name := range names {
		c := lookAtContainer(t, e, name)
		if c.State.Status != "running" || c.HostConfig.Memory != 64<<20 || c.HostConfig.NanoCPUs != 500_000_000 || c.HostConfig.RestartPolicy.Name != "no" {
			t.Errorf("after the apply docker inspect shows of %s: %+v", name, c)
		}
		if _, ok := c.NetworkSettings.Networks["app"]; !ok {
			t.Errorf("after the apply %s is on %v", name, c.NetworkSettings.Networks)
		}
	}
}

// dockerRuns are containers as people run them.
func dockerRuns() map[string][]string {
	return map[string][]string{
		"plain":  {"lab/server:1"},
		"health": {"lab/checked:1"},
		"many": {
			"--hostname", "web", "--env", "COLOUR=blue", "--env", "FROM_IMAGE=no", "--user", "1000", "--workdir", "/", "--label", "role=web",
			"--cpus", "0.5", "--memory", "64m", "--restart", "unless-stopped", "--publish", "18080:8080", "--publish", "127.0.0.1::9000/udp",
			"--volume", "data:/data", "--volume", "/etc:/host:ro", "--mount", "type=tmpfs,target=/cache,tmpfs-size=1m", "--tmpfs", "/scratch:size=2m",
			"--network", "app", "--ip", "10.66.0.10", "--network-alias", "www", "--cap-add", "NET_ADMIN", "--ulimit", "nofile=100", "--init",
			"lab/server:1", "serve", "now",
		},
		"entry":    {"--entrypoint", "/server", "lab/server:1"},
		"checked":  {"--health-cmd", "/server health", "--health-interval", "1s", "--health-retries", "5", "lab/checked:1"},
		"no-check": {"--no-healthcheck", "lab/checked:1"},
		"host":     {"--network", "host", "lab/server:1", "sleep"},
		"job":      {"lab/server:1", "exit"},
		"volumes":  {"--volume", "/anonymous", "--publish-all", "lab/server:1"},
	}
}

// TestDockerContainerImport imports what docker run made: what is generated plans nothing, and changes nothing.
func TestDockerContainerImport(t *testing.T) {
	e := startDocker(t, docker.Options{})
	docker.CLI(t, e, "network", "create", "--subnet", "10.66.0.0/24", "app")
	config, before := dockerBlock(e.Host(), t.TempDir()), map[string]string{}
	runs := dockerRuns()
	for _, name := range slices.Sorted(maps.Keys(runs)) {
		docker.CLI(t, e, append([]string{"run", "--detach", "--name", name}, runs[name]...)...)
		config += fmt.Sprintf("import {\n  to = virt_container.%s\n  id = \"dc1/%[1]s\"\n}\n", name)
	}
	until(t, "the job", 20*time.Second, func() bool { return lookAtContainer(t, e, "job").State.Status == "exited" })
	still := func(name string) string {
		return docker.CLI(t, e, "container", "inspect", "--format", "{{json .Config}} {{json .HostConfig}} {{.State.StartedAt}} {{json .NetworkSettings}}", name)
	}
	for name := range runs {
		before[name] = still(name)
	}
	w := newWorkspace(t, config)
	p := w.planned("-generate-config-out=generated.tf")
	for address, action := range p.Actions {
		if action != "import" {
			t.Errorf("%s: planned %q, want an import alone: %v", address, action, p.Changes[address])
		}
	}
	w.must(0, apply()...)
	w.nothing()
	for name := range runs {
		if diff := cmp.Diff(before[name], still(name)); diff != "" {
			t.Errorf("the import changed %s (-before +after):\n%s", name, diff)
		}
	}
	plain := w.resource("virt_container.plain")
	for _, name := range []string{"env", "tags", "command", "entrypoint", "user", "working_dir", "hostname", "restart", "memory", "cpus", "ports", "mounts", "networks", "health_check"} {
		if v := plain.Values[name]; v != nil && fmt.Sprint(v) != "map[]" {
			t.Errorf("of a plain container the import tells %s = %v", name, v)
		}
	}
	if t.Failed() {
		t.Log(w.read("generated.tf"))
	}
}
