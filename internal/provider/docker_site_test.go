package provider_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/docker"
)

// exampleRegistry is the registry of the examples.
const exampleRegistry = "registry.example.net"

// dockerSite is a real engine, a swarm of one, with a registry that has what the examples pull.
func dockerSite(t *testing.T) site {
	t.Helper()
	engine := docker.Serve(t, docker.Options{Swarm: true})
	registry := docker.StartRegistry(t, docker.RegistryOptions{}, engine)
	image := registry.Ref("app:1.2")
	docker.Image(t, engine, image, docker.ImageOptions{})
	docker.CLI(t, engine, "push", "--quiet", image)
	docker.CLI(t, engine, "rmi", image)
	docker.CLI(t, engine, "network", "create", "app")
	return site{name: "docker", provider: dockerBlock(engine.Host(), t.TempDir()), docker: engine, registry: registry.Address, app: buildContext(t)}
}

// dockerBlock is a provider block for an engine. What the user's own docker tool is configured to do does not count.
func dockerBlock(host, config string) string {
	return fmt.Sprintf(`
provider "virt" {
  platform {
    name = "dc1"
    docker {
      host       = %q
      config_dir = %q
    }
  }
}
`, host, config)
}

// buildContext is a folder that an image can be built from.
func buildContext(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "app")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(examples, "docker", "app"))); err != nil {
		t.Fatal(err)
	}
	addServer(t, dir)
	return dir
}

// addServer puts the one program of an image into a folder; without the lab, something in its place.
func addServer(t *testing.T, dir string) {
	t.Helper()
	text := []byte("not for running\n")
	if docker.Missing() == nil {
		path, err := docker.TestServer(t.Context())
		if err == nil {
			text, err = os.ReadFile(path)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "server"), text, 0o755); err != nil { // #nosec G306 -- it is a program
		t.Fatal(err)
	}
}

// leftOnEngine lists what is on an engine that was not there at the start. Images may be kept.
func leftOnEngine(t *testing.T, e *docker.Engine) []string {
	t.Helper()
	var left []string
	for line := range strings.Lines(docker.CLI(t, e, "ps", "--all", "--format", `{{.Names}} {{.Label "com.docker.swarm.task.id"}}`)) {
		if words := strings.Fields(line); len(words) == 1 { // those of tasks are the swarm's, which takes them away in its own time
			left = append(left, words...)
		}
	}
	kinds := []string{"network", "volume"}
	if strings.TrimSpace(docker.CLI(t, e, "info", "--format", "{{.Swarm.ControlAvailable}}")) == "true" {
		kinds = append(kinds, "service", "secret", "config")
	}
	for _, what := range kinds {
		left = append(left, strings.Fields(docker.CLI(t, e, what, "ls", "--format", "{{.Name}}"))...)
	}
	there := []string{"bridge", "host", "none", "ingress", "docker_gwbridge"}
	return slices.DeleteFunc(left, func(name string) bool { return slices.Contains(there, name) })
}

// testDockerExample runs the module of several tiers: it is reached, grows by one container, and leaves nothing.
func testDockerExample(t *testing.T, dir string) {
	engine := docker.Serve(t, docker.Options{})
	w := copied(t, dir, []string{"DOCKER_HOST=" + engine.Host(), "DOCKER_CONFIG=" + t.TempDir()})
	addServer(t, filepath.Join(w.Dir, "app"))
	w.must(0, "apply", "-auto-approve")
	w.nothing()
	answer, err := engine.HTTP().Get("http://127.0.0.1:8080/health")
	if err != nil {
		t.Fatal(err)
	}
	if _ = answer.Body.Close(); answer.StatusCode != http.StatusOK {
		t.Errorf("the shop answers %s", answer.Status)
	}
	p := w.planned("-var=api_copies=3")
	if got := p.Actions["module.api.virt_container.tier[2]"]; got != "create" || p.Actions["module.api.virt_container.tier[0]"] != "" {
		t.Errorf("one more copy plans %v", p.Actions)
	}
	w.must(0, "apply", "-auto-approve", "-var=api_copies=3")
	w.must(0, "plan", "-detailed-exitcode", "-var=api_copies=3")
	if got := len(strings.Fields(docker.CLI(t, engine, "ps", "--quiet"))); got != 5 {
		t.Errorf("%d containers run, want 5", got)
	}
	w.must(0, "destroy", "-auto-approve")
	if left := leftOnEngine(t, engine); len(left) != 0 {
		t.Errorf("destroy left %v", left)
	}
}

// testIssuedExample hands something out. The registry's token comes from a server that hands out any.
func testIssuedExample(t *testing.T, dir string) {
	s := dockerSite(t)
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			_, _ = w.Write([]byte(`{"token": "handed-out", "expires_in": 300}`))
			return
		}
		w.Header().Set("WWW-Authenticate", fmt.Sprintf("Bearer realm=%q,service=%q", server.URL+"/token", exampleRegistry))
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(server.Close)
	if strings.HasSuffix(dir, "registry_token") {
		s.registry = strings.TrimPrefix(server.URL, "http://")
	}
	w := newWorkspace(t, s.provider+s.example(t, dir))
	w.must(0, "apply", "-auto-approve")
	w.nothing()
	w.hides(filepath.Join(w.Dir, "terraform.tfstate"), "handed-out", "SWMTKN")
}
