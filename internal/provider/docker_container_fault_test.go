package provider_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/docker"
)

// TestDockerContainerFaults makes containers that cannot be or do not live: the error says why.
func TestDockerContainerFaults(t *testing.T) {
	e := startDocker(t, docker.Options{})
	docker.CLI(t, e, "run", "--detach", "--name", "there", "--publish", "18080:8080", "lab/server:1")
	id := strings.TrimSpace(docker.CLI(t, e, "container", "inspect", "--format", "{{.Id}}", "there"))
	tests := map[string]struct {
		config string
		says   []string
	}{
		"image missing":   {`image_id = "lab/nothing:1"`, []string{"the engine has no image lab/nothing:1", "virt_container_image"}},
		"port taken":      {"image_id = \"lab/server:1\"\nports = { http = { port = 8080, host_port = 18080 } }", []string{"port is already allocated", "choose another one", "ports ="}},
		"name taken":      {"image_id = \"lab/server:1\"\nname = \"there\"", []string{"exists already", "dc1/" + id}},
		"no such program": {"image_id = \"lab/server:1\"\nentrypoint = [\"/nothing\"]", []string{"/nothing", "no such file"}},
		"no such volume":  {"image_id = \"lab/server:1\"\nmounts = { a = { target = \"/a\", volume_id = \"nothing\" } }", []string{"Cannot find the volume nothing", "no such volume"}},
		"crash": {
			"image_id = \"lab/server:1\"\ncommand = [\"crash\", \"7\", \"the disk is on fire\"]\nwait_for { state = \"running\" }",
			[]string{"it ended with exit code 7", "the disk is on fire"},
		},
		"crash loop": {
			"image_id = \"lab/server:1\"\ncommand = [\"crash\", \"7\", \"again and again\"]\nrestart = \"always\"\nwait_for { state = \"running\" }",
			[]string{"exit code 7", "was started again 3 times", "again and again"},
		},
		"unhealthy": {
			"image_id = \"lab/checked:1\"\nenv = { SERVER_HEALTH = \"fail:no database\" }\nwait_for { state = \"healthy\" }",
			[]string{"its health check failed", "no database"},
		},
		"no health check": {"image_id = \"lab/server:1\"\nwait_for { state = \"healthy\" }", []string{"has a health check", "wait for running"}},
		"late": {
			"image_id = \"lab/checked:1\"\nenv = { SERVER_HEALTH = \"after:1h\" }\nhealth_check {\n  retries = 1000\n}\nwait_for { state = \"healthy\" }\ntimeouts { create = \"3s\" }",
			[]string{"imed out waiting for", "to be healthy", "not yet"},
		},
		"bad exit":     {"image_id = \"lab/server:1\"\ncommand = [\"crash\", \"3\"]\nwait_for { state = \"exited\" }", []string{"it ended with exit code 3", "crashed as told"}},
		"never ends":   {"image_id = \"lab/server:1\"\nrestart = \"always\"\nwait_for { state = \"exited\" }", []string{"never ends"}},
		"network name": {"image_id = \"lab/server:1\"\nnetworks = { a = { network_id = \"bridge\" } }", []string{`"bridge" is no id of a network`}},
		"both":         {"image_id = \"lab/server:1\"\nnetworks = { a = { network_id = \"" + strings.Repeat("0", 64) + "\" } }\ndocker { network_mode = \"host\" }", []string{"either networks or a network mode"}},
		"secrets": {
			"image_id = \"lab/server:1\"\ncommand = [\"crash\", \"3\"]\nenv_wo = { TOKEN = \"hidden-value\" }\nenv_wo_version = 1\nwait_for { state = \"running\" }",
			[]string{"exit code 3"},
		},
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		t.Run(name, func(t *testing.T) {
			c := tests[name]
			if !strings.Contains(c.config, "name = ") {
				c.config += "\nname = \"new\""
			}
			w := newWorkspace(t, dockerBlock(e.Host(), t.TempDir())+"resource \"virt_container\" \"c\" {\n"+c.config+"\n}\n")
			r := w.must(1, apply()...)
			w.says(r, c.says...)
			if strings.Contains(r.Output, "hidden-value") {
				t.Errorf("the error tells the secret:\n%s", r.Output)
			}
			w.must(0, "destroy", "-auto-approve")
		})
	}
	if names := docker.CLI(t, e, "ps", "--all", "--format", "{{.Names}}"); strings.TrimSpace(names) != "there" {
		t.Errorf("left: %s", names)
	}
}

// TestDockerContainerLife goes through what a container may be told to be.
func TestDockerContainerLife(t *testing.T) {
	e := startDocker(t, docker.Options{})
	config := func(more string) string {
		return dockerBlock(e.Host(), t.TempDir()) + "resource \"virt_container\" \"c\" {\n  name = \"web\"\n  image_id = \"lab/checked:1\"\n" + more + "\n}\n"
	}
	w := newWorkspace(t, config(`wait_for { state = "healthy" }`))
	w.must(0, apply()...)
	w.nothing()
	id := w.resource("virt_container.c").text("id")
	write := func(more string) {
		t.Helper()
		w.write("main.tf", "terraform {\n  required_providers {\n    virt = { source = \"terraform-virt/virt\" }\n  }\n}\n"+config(more))
	}
	for _, power := range []string{"suspended", "on", "off", "suspended", "off", "on"} {
		write(fmt.Sprintf("power = %q", power))
		w.must(0, apply()...)
		w.nothing()
		want := map[string]string{"on": "running", "off": "exited", "suspended": "paused"}[power]
		if c := lookAtContainer(t, e, "web"); c.State.Status != want || c.ID != id {
			t.Errorf("power is %s: %s", power, c.State.Status)
		}
	}
	write("power = \"on\"\nmemory = \"64MiB\"\ncpus = 1\nrestart = \"always\"")
	w.must(0, apply()...)
	write("power = \"on\"\nmemory = \"1GiB\"\ncpus = 2")
	w.must(0, apply()...)
	w.nothing()
	if c := lookAtContainer(t, e, "web"); c.ID != id || c.HostConfig.Memory != 1<<30 || c.HostConfig.MemorySwap != 2<<30 || c.HostConfig.RestartPolicy.Name != "no" {
		t.Errorf("after the update: %+v", c)
	}
	volume := strings.TrimSpace(docker.CLI(t, e, "container", "inspect", "--format", "{{range .Mounts}}{{.Name}}{{end}}", "web"))
	r := w.must(0, "destroy", "-auto-approve")
	w.says(r, "nameless volumes", volume)
	if left := docker.CLI(t, e, "volume", "ls", "--quiet"); strings.TrimSpace(left) != volume {
		t.Errorf("volumes: %s, want %s", left, volume)
	}
	write("docker {\n  remove_volumes = true\n}")
	w.must(0, apply()...)
	w.must(0, "destroy", "-auto-approve")
	if left := docker.CLI(t, e, "volume", "ls", "--quiet"); strings.TrimSpace(left) != volume {
		t.Errorf("volumes: %s, want %s", left, volume)
	}
	write("command = [\"exit\"]\nwait_for { state = \"exited\" }")
	w.must(0, apply()...)
	w.nothing()
	if got := w.resource("virt_container.c"); got.text("power") != "off" || fmt.Sprint(got.Values["exit_code"]) != "0" {
		t.Errorf("of a job the state has power %v and exit code %v", got.Values["power"], got.Values["exit_code"])
	}
}

// fleetOfContainers is a number of containers.
func fleetOfContainers(n int, more string) string {
	return fmt.Sprintf(`
resource "virt_container" "m" {
  count    = %d
  name     = "m-${count.index}"
  image_id = "lab/server:1"
  env      = { NUMBER = "${count.index}" }
  %s
}
`, n, more)
}

// containersOf asks the docker tool for containers and their ids.
func containersOf(t *testing.T, e *docker.Engine) map[string]string {
	t.Helper()
	found := map[string]string{}
	for line := range strings.Lines(docker.CLI(t, e, "ps", "--all", "--no-trunc", "--format", "{{.Names}} {{.ID}}")) {
		name, id, _ := strings.Cut(strings.TrimSpace(line), " ")
		found[name] = id
	}
	return found
}

// killedDocker is the site of a killed provider.
func killedDocker(t *testing.T) killSite {
	t.Helper()
	e := startDocker(t, docker.Options{})
	return killSite{
		config:   dockerBlock(e.Host(), t.TempDir()) + fleetOfContainers(killedMachines, `power = "on"`+"\n  files = { a = { path = \"/etc/a\", content = \"a\" } }"),
		number:   killedMachines,
		span:     4 * time.Second,
		machines: func(t *testing.T) map[string]string { t.Helper(); return containersOf(t, e) },
		strays:   func(*testing.T) []string { return nil },
	}
}

// TestDockerEngineRestarted restarts the engine in the middle of an apply. The apply ends well or with a clear error;
// the next one ends well, and nothing is there twice.
func TestDockerEngineRestarted(t *testing.T) {
	e := startDocker(t, docker.Options{})
	const n = 40
	w := newWorkspace(t, dockerBlock(e.Host(), t.TempDir())+fleetOfContainers(n, `power = "on"`), "TF_CLI_ARGS_apply=-auto-approve")
	var done sync.WaitGroup
	done.Go(func() {
		until(t, "the first containers", 60*time.Second, func() bool {
			names, _ := e.Docker(t.Context(), "ps", "--quiet")
			return len(strings.Fields(names)) > 2
		})
		if err := e.Restart(t.Context()); err != nil {
			t.Error(err)
		}
	})
	r, err := w.Workspace.Run(t.Context(), "apply")
	if err != nil {
		t.Fatal(err)
	}
	done.Wait()
	t.Logf("the interrupted apply ends with %d:\n%s", r.Code, errorsOf(r))
	if strings.Contains(r.Plain(), "bug in the provider") || strings.Contains(r.Plain(), "panic") {
		t.Errorf("the error is not clear:\n%s", r.Output)
	}
	w.adopt()
	w.nothing()
	if got := containersOf(t, e); len(got) != n {
		t.Errorf("%d containers, want %d: %v", len(got), n, got)
	}
	w.must(0, "destroy", "-auto-approve")
	if left := containersOf(t, e); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

// TestCallsOfManyContainers counts what the engine is asked for a plan of 300 containers.
func TestCallsOfManyContainers(t *testing.T) {
	e := startDocker(t, docker.Options{})
	p := docker.StartProxy(t, e)
	w := newWorkspace(t, dockerBlock(p.Host(), t.TempDir())+fleetOfContainers(300, `power = "off"`+"\n  tags = { role = \"web\" }\n  ports = { http = { port = 8080 } }"))
	start := time.Now()
	w.must(0, "apply", "-auto-approve", "-parallelism=10")
	t.Logf("apply of 300 containers that are off: %s", time.Since(start).Round(time.Millisecond))
	t.Log(p.Calls())
	start = time.Now()
	w.must(0, "plan", "-detailed-exitcode")
	total, calls := 0, p.Calls()
	for _, n := range calls {
		total += n
	}
	t.Logf("plan of 300 containers: %d calls in %s: %v", total, time.Since(start).Round(time.Millisecond), calls)
	if total > 310 {
		t.Errorf("plan of 300 containers took %d calls, more than 310: %v", total, calls)
	}
}
