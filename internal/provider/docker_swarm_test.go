package provider_test

import (
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/docker"
)

// soonStable is an update policy that watches new containers for a moment only.
const soonStable = "\n  update {\n    monitor = \"300ms\"\n  }\n"

// swarmByHand makes services, a secret and a config with the docker tool, of the most and the least that one writes.
func swarmByHand(t *testing.T, e *docker.Engine) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(file, []byte("made by hand"), 0o600); err != nil {
		t.Fatal(err)
	}
	docker.CLI(t, e, "secret", "create", "--label", "role=web", "token", file)
	docker.CLI(t, e, "config", "create", "motd", file)
	docker.CLI(t, e, "service", "create", "--quiet", "--detach", "--no-resolve-image", "--name", "least", "lab/server:1")
	docker.CLI(t, e, "service", "create", "--quiet", "--detach", "--no-resolve-image", "--name", "most", "--replicas", "2",
		"--label", "role=web", "--container-label", "in=side", "--env", "ONE=1", "--env", "TWO=2", "--user", "1000", "--workdir", "/tmp",
		"--secret", "token", "--secret", "source=token,target=again,uid=1000,mode=0400", "--config", "source=motd,target=/etc/motd",
		"--publish", "mode=host,target=8080", "--mount", "type=tmpfs,target=/scratch,tmpfs-size=1048576", "--mount", "type=volume,source=data,target=/data,readonly",
		"--limit-cpu", "0.3", "--limit-memory", "64m", "--reserve-memory", "8m", "--update-parallelism", "2", "--update-order", "start-first",
		"--rollback-monitor", "1s", "--health-cmd", "/server health", "--health-interval", "1s", "--health-retries", "4",
		"--constraint", "node.role==manager", "--cap-add", "NET_ADMIN", "--hostname", "web", "--host", "nas:10.9.9.9", "--dns", "10.9.9.53",
		"--stop-grace-period", "2s", "--restart-condition", "on-failure", "--restart-max-attempts", "5", "--log-driver", "json-file", "--log-opt", "max-size=1m",
		"lab/server:1", "serve", "more")
	docker.CLI(t, e, "service", "create", "--quiet", "--detach", "--no-resolve-image", "--name", "job", "--mode", "replicated-job", "--replicas", "2", "lab/server:1", "exit", "10ms")
}

// TestDockerSwarmImportByHand imports what was made with the docker tool: what is generated plans nothing and changes
// nothing.
func TestDockerSwarmImportByHand(t *testing.T) {
	e := startDocker(t, docker.Options{Swarm: true})
	swarmByHand(t, e)
	config := dockerBlock(e.Host(), t.TempDir())
	for to, id := range map[string]string{
		"virt_service.least": "least", "virt_service.most": "most", "virt_service.job": "job", "virt_secret.token": "token", "virt_config.motd": "motd",
	} {
		config += "import {\n  to = " + to + "\n  id = \"dc1/" + id + "\"\n}\n"
	}
	seen := func() string {
		return docker.CLI(t, e, "service", "inspect", "--format", "{{json .Version}} {{json .Spec}}", "least", "most", "job") +
			docker.CLI(t, e, "secret", "inspect", "token") + docker.CLI(t, e, "config", "inspect", "motd")
	}
	before := seen()
	w := newWorkspace(t, config)
	p := w.planned("-generate-config-out=generated.tf")
	for address, action := range p.Actions {
		if action != "import" {
			t.Errorf("%s: planned %q, want an import alone: %v", address, action, p.Changes[address])
		}
	}
	w.must(0, apply()...)
	w.nothing()
	if diff := cmp.Diff(before, seen()); diff != "" {
		t.Errorf("the import changed something (-before +after):\n%s\nconfiguration:\n%s", diff, w.read("generated.tf"))
	}
}

// swapped is a service that reads a secret and a config.
func swapped(host, dir, value, more string) string {
	return dockerBlock(host, dir) + `
resource "virt_secret" "token" {
  name             = "token"
  value_wo         = "` + value + `"
  value_wo_version = ` + value[len(value)-1:] + `
}
resource "virt_config" "motd" {
  name  = "motd"
  value = "` + value + `"
}
resource "virt_service" "web" {
  name    = "web"
  image   = "lab/server:1"
  ports   = { http = { port = 8080, published = 18080, mode = "host" } }
  secrets = { token = { secret_id = virt_secret.token.version_id } }
  configs = { motd = { config_id = virt_config.motd.version_id, target = "/motd" } }
` + more + soonStable + "}\n"
}

// TestDockerSecretSwap gives a secret and a config other values: the service goes over to them in the same apply, and
// the old ones are gone.
func TestDockerSecretSwap(t *testing.T) {
	e := startDocker(t, docker.Options{Swarm: true})
	dir := t.TempDir()
	w := newWorkspace(t, swapped(e.Host(), dir, "first-1", ""))
	for n, value := range []string{"first-1", "second-2", "third-3"} {
		w.put(swapped(e.Host(), dir, value, ""))
		w.must(0, apply()...)
		w.nothing()
		for _, path := range []string{"/run/secrets/token", "/motd"} {
			until(t, path+" to be new", 10*time.Second, func() bool { return fetched(e, "http://127.0.0.1:18080/file?path="+path) == value })
		}
		for _, kind := range []string{"secret", "config"} {
			if names := strings.Fields(docker.CLI(t, e, kind, "ls", "--format", "{{.Name}}")); len(names) != 1 || !strings.HasPrefix(names[0], map[string]string{"secret": "token-", "config": "motd-"}[kind]) {
				t.Errorf("after apply %d the swarm has the %ss %v, want one", n, kind, names)
			}
		}
	}
	w.hides(filepath.Join(w.Dir, "terraform.tfstate"), "SWMTKN")
	if strings.Count(w.read("terraform.tfstate"), "third-3") != 1 { // the config's
		t.Error("the secret's value is in the state")
	}
	w.must(0, "destroy", "-auto-approve")
	if left := leftOnEngine(t, e); len(left) != 0 {
		t.Errorf("destroy left %v", left)
	}
}

// TestDockerSecretSwapKilled ends the provider while it swaps: the next apply finishes, and nothing old stays.
func TestDockerSecretSwapKilled(t *testing.T) {
	e := startDocker(t, docker.Options{Swarm: true})
	dir := t.TempDir()
	w := newWorkspace(t, swapped(e.Host(), dir, "first-1", ""))
	w.must(0, apply()...)
	for n, after := range []time.Duration{600 * time.Millisecond, 900 * time.Millisecond, 1300 * time.Millisecond, 2 * time.Second} {
		value := "value-" + string(rune('2'+n))
		w.put(swapped(e.Host(), dir, value, ""))
		w.killDuringApply(after)
		_ = os.Remove(filepath.Join(w.Dir, ".terraform.tfstate.lock.info"))
		w.must(0, apply()...)
		w.nothing()
		for _, kind := range []string{"secret", "config"} {
			if names := strings.Fields(docker.CLI(t, e, kind, "ls", "--format", "{{.Name}}")); len(names) != 1 {
				t.Errorf("killed after %s, then applied: the swarm has the %ss %v, want one", after, kind, names)
			}
		}
	}
	w.must(0, "destroy", "-auto-approve")
	if left := leftOnEngine(t, e); len(left) != 0 {
		t.Errorf("destroy left %v", left)
	}
}

// TestDockerServiceFaults makes services that cannot run: the error says why.
func TestDockerServiceFaults(t *testing.T) {
	e := startDocker(t, docker.Options{Swarm: true})
	docker.CLI(t, e, "service", "create", "--quiet", "--detach", "--no-resolve-image", "--name", "there", "lab/server:1")
	id := strings.TrimSpace(docker.CLI(t, e, "service", "inspect", "--format", "{{.ID}}", "there"))
	restart := "\n  docker { restart_delay = \"100ms\" }\n"
	tests := map[string]struct {
		config string
		says   []string
	}{
		"name taken": {"image = \"lab/server:1\"\nname = \"there\"", []string{"exists already", "dc1/" + id}},
		"crash loop": {"image = \"lab/server:1\"\ncommand = [\"crash\", \"7\", \"the disk is on fire\"]" + restart, []string{"fail again and again", "exit (7)", "the disk is on fire"}},
		"crashes once": {
			"image = \"lab/server:1\"\ncommand = [\"crash\", \"7\", \"only once\"]\ndocker { restart_condition = \"none\" }", []string{"exit (7)", "only once"},
		},
		"image missing": {"image = \"lab/nothing:1\"" + restart, []string{"fail again and again", "No such image"}},
		"unhealthy":     {"image = \"lab/checked:1\"\nenv = { SERVER_HEALTH = \"fail:no database\" }" + restart, []string{"fail again and again", "unhealthy"}},
		"no node":       {"image = \"lab/server:1\"\ndocker { constraints = [\"node.role == worker\"] }\ntimeouts { create = \"4s\" }", []string{"timed out", "no suitable node"}},
		"id, not version": {
			"image = \"lab/server:1\"\nsecrets = { token = { secret_id = virt_secret.s.id } }", []string{"refer to its version_id", "secrets ="},
		},
		"no such secret": {"image = \"lab/server:1\"\nsecrets = { token = { secret_id = \"nothing\" } }", []string{"no secret with the version_id", "secrets ="}},
		"job fails":      {"image = \"lab/server:1\"\nmode = \"replicated-job\"\ncommand = [\"crash\", \"3\"]\ndocker { restart_condition = \"none\" }", []string{"exit (3)"}},
		"global number":  {"image = \"lab/server:1\"\nmode = \"global\"\nreplicas = 2", []string{"once on every node"}},
		"job policy":     {"image = \"lab/server:1\"\nmode = \"replicated-job\"\nupdate { parallelism = 1 }", []string{"job is run again as a whole"}},
		"secrets hidden": {"image = \"lab/server:1\"\ncommand = [\"crash\", \"7\"]\nenv_wo = { TOKEN = \"hidden-value\" }\nenv_wo_version = 1" + restart, []string{"exit (7)"}},
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		t.Run(name, func(t *testing.T) {
			c := tests[name]
			if !strings.Contains(c.config, "name = ") {
				c.config += "\nname = \"new\""
			}
			if !strings.Contains(c.config, "update {") && !strings.Contains(c.config, "-job") {
				c.config += soonStable
			}
			w := newWorkspace(t, dockerBlock(e.Host(), t.TempDir())+"resource \"virt_secret\" \"s\" {\n  name = \"s\"\n  value = \"hush\"\n}\nresource \"virt_service\" \"c\" {\n"+c.config+"\n}\n")
			r := w.must(1, apply()...)
			w.says(r, c.says...)
			if strings.Contains(r.Output, "hidden-value") {
				t.Errorf("the error tells the secret:\n%s", r.Output)
			}
			w.must(0, "destroy", "-auto-approve")
		})
	}
	if left := leftOnEngine(t, e); !slices.Equal(left, []string{"there"}) {
		t.Errorf("left: %v", left)
	}
}

// TestDockerServiceUpdates takes a service through updates that fail, are taken back, and meet an engine that is
// restarted.
func TestDockerServiceUpdates(t *testing.T) {
	e := startDocker(t, docker.Options{Swarm: true})
	dir := t.TempDir()
	config := func(command, action string) string {
		return dockerBlock(e.Host(), dir) + `
resource "virt_service" "web" {
  name     = "web"
  image    = "lab/server:1"
  replicas = 2
  command  = ["` + command + `"]
  update {
    failure_action = "` + action + `"
    monitor        = "2s"
  }
  docker {
    restart_delay = "200ms"
    rollback { monitor = "300ms" }
  }
}
`
	}
	w := newWorkspace(t, config("serve", "rollback"))
	w.must(0, apply()...)
	w.put(config("crash", "rollback"))
	w.says(w.must(1, apply()...), "took the update back", "exit (1)", "crashed as told")
	if got := docker.CLI(t, e, "service", "inspect", "--format", "{{.Spec.TaskTemplate.ContainerSpec.Args}}", "web"); strings.TrimSpace(got) != "[serve]" {
		t.Errorf("after it was taken back the service runs %s", got)
	}
	w.put(config("serve", "rollback"))
	w.must(0, apply()...)
	w.put(config("crash", "pause"))
	w.says(w.must(1, apply()...), "exit (1)")
	w.put(config("serve", "pause"))
	w.must(0, apply()...)
	w.nothing()
	w.put(config("sleep", "pause"))
	restarted := make(chan error, 1)
	go func() {
		time.Sleep(2500 * time.Millisecond)
		restarted <- e.Restart(t.Context())
	}()
	w.must(0, apply()...)
	if err := <-restarted; err != nil {
		t.Fatal(err)
	}
	w.nothing()
}

// TestDockerServiceEye changes a service with the docker tool: the next plan says exactly that.
func TestDockerServiceEye(t *testing.T) {
	e := startDocker(t, docker.Options{Swarm: true})
	w := newWorkspace(t, dockerBlock(e.Host(), t.TempDir())+`
resource "virt_service" "web" {
  name         = "web"
  image        = "lab/server:1"
  replicas     = 1
  env          = { ONE = "1" }
  ports        = { http = { port = 8080, published = 18080, mode = "host" } }
  tags         = { role = "web" }
  docker { cap_add = ["CAP_NET_ADMIN"] }
`+soonStable+"}\n")
	w.must(0, apply()...)
	w.nothing()
	for _, c := range []struct {
		args    []string
		changes []string
	}{
		{[]string{"--replicas", "0"}, []string{"replicas"}},
		{[]string{"--env-add", "ONE=one", "--env-add", "OTHER=2"}, []string{"env.ONE"}},
		{[]string{"--label-add", "role=db"}, []string{"tags.role", "tags_all.role"}},
		{[]string{"--limit-memory", "64m"}, nil},
	} {
		docker.CLI(t, e, slices.Concat([]string{"service", "update", "--quiet", "--no-resolve-image"}, c.args, []string{"web"})...)
		p := w.planned()
		var got []string
		for path := range p.Changes["virt_service.web"] {
			if path != "running" && path != "native" {
				got = append(got, path)
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(c.changes, got); diff != "" {
			t.Errorf("docker service update %v: the plan (-want +got):\n%s", c.args, diff)
		}
		w.must(0, apply()...)
		w.nothing()
	}
	if got := docker.CLI(t, e, "service", "inspect", "--format", "{{.Spec.TaskTemplate.ContainerSpec.Env}} {{.Spec.TaskTemplate.Resources.Limits.MemoryBytes}}", "web"); strings.TrimSpace(got) != "[ONE=1 OTHER=2] 67108864" {
		t.Errorf("what is not managed did not stay: %s", got)
	}
}

// TestDockerNoSwarm plans for an engine that is in no swarm.
func TestDockerNoSwarm(t *testing.T) {
	e := startDocker(t, docker.Options{})
	w := newWorkspace(t, dockerBlock(e.Host(), t.TempDir())+"resource \"virt_secret\" \"s\" {\n  name = \"s\"\n  value = \"hush\"\n}\n")
	w.says(w.must(1, "plan"), "docker swarm init")
}

// fetched is what a server in the engine answers.
func fetched(e *docker.Engine, url string) string {
	answer, err := e.HTTP().Get(url)
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
