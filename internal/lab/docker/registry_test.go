package docker_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/docker"
)

// lockedBuffer is a buffer that one may write and another read.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func TestRegistry(t *testing.T) {
	t.Parallel()
	e := docker.Serve(t, docker.Options{})
	image := docker.Image(t, e, "lab/server", docker.ImageOptions{})
	for name, o := range map[string]docker.RegistryOptions{
		"open":   {},
		"locked": {User: "ops", Password: "hush", TLS: true},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			r := docker.StartRegistry(t, o, e)
			t.Logf("started in %s", time.Since(start))
			docker.CLI(t, e, "tag", "lab/server", r.Ref("a/b:1"))
			if o.User != "" {
				if _, err := e.Docker(t.Context(), "push", r.Ref("a/b:1")); err == nil {
					t.Error("a push without a login")
				}
				docker.CLI(t, e, "login", "--username", o.User, "--password", o.Password, r.Address)
			}
			docker.CLI(t, e, "push", r.Ref("a/b:1"))
			docker.CLI(t, e, "rmi", r.Ref("a/b:1"))
			docker.CLI(t, e, "pull", r.Ref("a/b:1"))
			if got := strings.TrimSpace(docker.CLI(t, e, "image", "inspect", "--format", "{{.Id}}", r.Ref("a/b:1"))); got != image {
				t.Errorf("pulled %s, pushed %s", got, image)
			}
			client := http.DefaultClient
			if o.TLS {
				pool, pem := x509.NewCertPool(), must(os.ReadFile(r.CA))(t)
				pool.AppendCertsFromPEM(pem)
				client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
			}
			request := must(http.NewRequestWithContext(t.Context(), http.MethodGet, r.URL()+"/v2/a/b/tags/list", nil))(t)
			if o.User != "" {
				request.SetBasicAuth(o.User, o.Password)
			}
			response := must(client.Do(request))(t)
			defer response.Body.Close()
			if text := must(io.ReadAll(response.Body))(t); !strings.Contains(string(text), `"tags":["1"]`) {
				t.Errorf("tags: %s", text)
			}
		})
	}
}

// must gives a value that has no error.
func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func TestPodman(t *testing.T) {
	t.Parallel()
	start := time.Now()
	e := docker.StartPodman(t)
	t.Logf("started in %s", time.Since(start))
	start = time.Now()
	docker.Image(t, e, "lab/server", docker.ImageOptions{})
	t.Logf("image loaded in %s", time.Since(start))
	start = time.Now()
	docker.CLI(t, e, "run", "--detach", "--name", "web", "--publish", "18080:8080", "--memory", "64m", "localhost/lab/server")
	t.Logf("container started in %s", time.Since(start))
	await(t, "published port", 10*time.Second, func() bool { return get(t, e, "http://127.0.0.1:18080/") != "" })
	r := docker.StartRegistry(t, docker.RegistryOptions{}, e)
	docker.CLI(t, e, "tag", "localhost/lab/server", r.Ref("a:1"))
	docker.CLI(t, e, "push", r.Ref("a:1"))
	docker.CLI(t, e, "pull", r.Ref("a:1"))
	if err := e.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := docker.CLI(t, e, "ps", "--format", "{{.Names}} {{.State}}"); got != "web running\n" {
		t.Errorf("after a restart: %q", got)
	}
}

func TestProxy(t *testing.T) {
	t.Parallel()
	e := docker.Serve(t, docker.Options{})
	p := docker.StartProxy(t, e)
	docker.Image(t, e, "lab/server", docker.ImageOptions{})
	env := []string{"DOCKER_HOST=" + p.Host(), "DOCKER_CONFIG=" + t.TempDir()}
	cli := func(args ...string) (string, error) { return run(t, env, append([]string{"docker"}, args...)...) }
	if out, err := cli("create", "--name", "web", "lab/server"); err != nil {
		t.Fatal(out)
	}
	if out, err := cli("start", "web"); err != nil {
		t.Fatal(out)
	}
	calls := p.Calls()
	delete(calls, "HEAD /_ping")
	delete(calls, "GET /_ping")
	if diff := cmp.Diff(map[string]int{"POST /containers/create": 1, "POST /containers/{id}/start": 1}, calls); diff != "" {
		t.Errorf("calls: %s", diff)
	}
	for name, c := range map[string]struct {
		fault docker.Fault
		want  string
	}{
		"refuse": {docker.Fault{Path: "/containers/{id}/json", Status: http.StatusServiceUnavailable, Message: "come later"}, "come later"},
		"exact":  {docker.Fault{Method: http.MethodGet, Path: "/containers/web/json", Status: http.StatusConflict, Message: "busy"}, "busy"},
		"cut":    {docker.Fault{Path: "/containers/{id}/json", Cut: true}, "EOF"},
		"got":    {docker.Fault{Path: "/containers/{id}/json", Cut: true, Got: 20}, "EOF"},
	} {
		p.Inject(c.fault)
		if out, err := cli("container", "inspect", "web"); err == nil || !strings.Contains(out, c.want) {
			t.Errorf("%s: %v: %s", name, err, out)
		}
		p.Clear()
	}
	p.Inject(docker.Fault{Method: http.MethodPost, Path: "/containers/{id}/pause", Lose: true, Times: 1})
	if out, err := cli("pause", "web"); err == nil {
		t.Errorf("lost answer: %s", out)
	}
	if got := docker.CLI(t, e, "inspect", "--format", "{{.State.Status}}", "web"); got != "paused\n" {
		t.Errorf("the engine did not do it: %s", got)
	}
	if out, err := cli("unpause", "web"); err != nil {
		t.Error(out)
	}
	p.Inject(docker.Fault{Path: "/version", Hang: true, After: 1})
	if out, err := cli("version"); err != nil {
		t.Errorf("the first call is to go through: %s", out)
	}
	hanging := exec.CommandContext(t.Context(), "timeout", "0.5", "docker", "version")
	hanging.Env = append(os.Environ(), env...)
	if out, err := hanging.CombinedOutput(); err == nil {
		t.Errorf("hang: %s", out)
	}
	// Connections that change their protocol, with standard input and its end.
	if out, err := cli("exec", "web", "/server", "echo", "by exec"); err != nil || out != "by exec\n" {
		t.Errorf("exec: %v: %q", err, out)
	}
	cat := exec.CommandContext(t.Context(), "docker", "run", "--rm", "--interactive", "lab/server", "cat")
	cat.Env, cat.Stdin = append(os.Environ(), env...), strings.NewReader("to and fro")
	if out, err := cat.Output(); err != nil || string(out) != "to and fro" {
		t.Errorf("attach: %v: %q", err, out)
	}
}

func TestRegistryProxy(t *testing.T) {
	t.Parallel()
	e := docker.Serve(t, docker.Options{})
	docker.Image(t, e, "lab/server", docker.ImageOptions{})
	r := docker.StartRegistry(t, docker.RegistryOptions{})
	p := docker.StartRegistryProxy(t, r, e)
	docker.CLI(t, e, "tag", "lab/server", p.Ref("a:1"))
	p.Inject(docker.Fault{Method: http.MethodPost, Status: http.StatusUnauthorized, Message: "who are you"})
	if out, err := e.Docker(t.Context(), "push", p.Ref("a:1")); err == nil {
		t.Errorf("401: %s", out)
	}
	p.Clear()
	docker.CLI(t, e, "push", p.Ref("a:1"))
	calls := p.Calls()
	if calls["PUT /v2/{name}/manifests/{ref}"] != 1 || calls["PATCH /v2/{name}/blobs/uploads/{id}"] == 0 {
		t.Errorf("calls: %v", calls)
	}
	p.Inject(docker.Fault{Method: http.MethodPatch, Cut: true, Sent: 1000, Times: 1})
	docker.CLI(t, e, "tag", "lab/server", p.Ref("b:1"))
	docker.Image(t, e, p.Ref("c:1"), docker.ImageOptions{Files: map[string]string{"x": "y"}})
	out, err := e.Docker(t.Context(), "push", p.Ref("c:1")) // dockerd tries again
	t.Logf("cut upload: %v %v: %s", p.Calls(), err, out)
	for _, status := range []int{http.StatusTooManyRequests, http.StatusBadGateway} {
		p.Inject(docker.Fault{Status: status, Message: "slow down", Header: http.Header{"Retry-After": {"7"}}, Times: 1})
		request := must(http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+p.Address+"/v2/", nil))(t)
		response := must(http.DefaultClient.Do(request))(t)
		text := must(io.ReadAll(response.Body))(t)
		response.Body.Close()
		if response.StatusCode != status || response.Header.Get("Retry-After") != "7" || !strings.Contains(string(text), "slow down") {
			t.Errorf("%d: %v %s", status, response.Header, text)
		}
	}
}
