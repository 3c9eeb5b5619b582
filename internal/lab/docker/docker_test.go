package docker_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/docker"
)

// await waits until a condition holds.
func await(t *testing.T, what string, within time.Duration, holds func() bool) {
	t.Helper()
	start := time.Now()
	for !holds() {
		if time.Since(start) > within {
			t.Fatalf("%s: not within %s", what, within)
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Logf("%s: after %s", what, time.Since(start).Round(time.Millisecond))
}

// get is the answer of a server on the engine's host, empty when there is none.
func get(t *testing.T, e *docker.Engine, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := e.HTTP().Do(request)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return string(body)
}

// run runs a program with further environment; it returns everything it wrote.
func run(t *testing.T, env []string, args ...string) (string, error) {
	t.Helper()
	c := exec.CommandContext(t.Context(), args[0], args[1:]...)
	c.Env = append(os.Environ(), env...)
	out, err := c.CombinedOutput()
	return string(out), err
}

func TestEngine(t *testing.T) {
	t.Parallel()
	start := time.Now()
	e := docker.Serve(t, docker.Options{})
	t.Logf("started in %s", time.Since(start))
	t.Logf("%s", docker.CLI(t, e, "info", "--format",
		"{{.ServerVersion}} {{.Driver}} cgroup v{{.CgroupVersion}} {{.CgroupDriver}} memory={{.MemoryLimit}} swap={{.SwapLimit}} cpus={{.CPUCfsQuota}} pids={{.PidsLimit}} {{.SecurityOptions}} {{.Warnings}}"))
	start = time.Now()
	id := docker.Image(t, e, "lab/server", docker.ImageOptions{Ports: []string{"8080/tcp"}, Labels: map[string]string{"a": "b"}})
	t.Logf("image loaded in %s", time.Since(start))
	if got := strings.TrimSpace(docker.CLI(t, e, "image", "inspect", "--format", "{{.Id}}", "lab/server")); got != id {
		t.Errorf("id %s, announced as %s", got, id)
	}
	start = time.Now()
	docker.CLI(t, e, "run", "--detach", "--name", "web", "--publish", "18080:8080", "--memory", "64m", "--cpus", "0.5", "--pids-limit", "50", "lab/server", "one", "two")
	t.Logf("container started in %s", time.Since(start))
	var page string
	await(t, "published port", 10*time.Second, func() bool { page = get(t, e, "http://127.0.0.1:18080/x"); return page != "" })
	var answer struct{ Args []string }
	if err := json.Unmarshal([]byte(page), &answer); err != nil || strings.Join(answer.Args, " ") != "one two" {
		t.Errorf("page %q (%v)", page, err)
	}
	if page := get(t, e, "http://127.0.0.1:18080/file?path=/sys/fs/cgroup/memory/memory.limit_in_bytes") +
		get(t, e, "http://127.0.0.1:18080/file?path=/sys/fs/cgroup/memory.max"); !strings.Contains(page, "67108864") {
		t.Errorf("limit of memory: %q", page)
	}
	docker.CLI(t, e, "update", "--memory", "96m", "--memory-swap", "96m", "web")
	start = time.Now()
	if err := e.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("restarted in %s", time.Since(start))
	if got := docker.CLI(t, e, "inspect", "--format", "{{.State.Status}}", "web"); got != "exited\n" {
		t.Errorf("after a restart: %q", got)
	}
	docker.CLI(t, e, "start", "web")
	start = time.Now()
	docker.CLI(t, e, "stop", "web")
	t.Logf("container stopped in %s", time.Since(start))
}

func TestLiveRestore(t *testing.T) {
	t.Parallel()
	e := docker.Serve(t, docker.Options{Args: []string{"--live-restore"}})
	docker.Image(t, e, "lab/server", docker.ImageOptions{})
	docker.CLI(t, e, "run", "--detach", "--name", "web", "lab/server")
	if err := e.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	if out, err := e.Docker(t.Context(), "version"); err == nil {
		t.Errorf("killed, and answers %q", out)
	}
	if err := e.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := docker.CLI(t, e, "inspect", "--format", "{{.State.Status}} {{.RestartCount}}", "web"); got != "running 0\n" {
		t.Errorf("after a crash: %q", got)
	}
}

func TestBehaviour(t *testing.T) {
	t.Parallel()
	e := docker.Serve(t, docker.Options{})
	docker.Image(t, e, "lab/server", docker.ImageOptions{HealthCheck: 200 * time.Millisecond})
	for name, c := range map[string]struct{ health, args, format, want string }{
		"healthy":   {health: "ok", format: "{{.State.Health.Status}}", want: "healthy"},
		"slow":      {health: "after:600ms", format: "{{.State.Health.Status}}", want: "healthy"},
		"unhealthy": {health: "fail:no database", format: "{{.State.Health.Status}}", want: "unhealthy"},
		"crash":     {args: "crash 3", format: "{{.State.Status}} {{.State.ExitCode}}", want: "exited 3"},
		"exit":      {args: "exit 300ms", format: "{{.State.Status}} {{.State.ExitCode}}", want: "exited 0"},
	} {
		args := []string{"run", "--detach", "--name", name, "--env", "SERVER_HEALTH=" + c.health, "lab/server"}
		docker.CLI(t, e, append(args, strings.Fields(c.args)...)...)
		await(t, name, 20*time.Second, func() bool {
			return strings.TrimSpace(docker.CLI(t, e, "inspect", "--format", c.format, name)) == c.want
		})
	}
	if got := docker.CLI(t, e, "inspect", "--format", "{{json .State.Health.Log}}", "unhealthy"); !strings.Contains(got, "no database") {
		t.Errorf("the reason is missing: %s", got)
	}
	docker.CLI(t, e, "run", "--detach", "--name", "deaf", "--env", "SERVER_TERM=ignore", "lab/server")
	docker.CLI(t, e, "stop", "--time", "1", "deaf")
	if got := docker.CLI(t, e, "inspect", "--format", "{{.State.ExitCode}}", "deaf"); got != "137\n" {
		t.Errorf("deaf to SIGTERM: %s", got)
	}
	c := exec.CommandContext(t.Context(), "docker", "-H", e.Host(), "build", "-t", "built", "-")
	c.Env = append(os.Environ(), "DOCKER_BUILDKIT=0")
	c.Stdin = bytes.NewBufferString("FROM lab/server\nLABEL a=b\nRUN [\"/server\", \"echo\", \"built here\"]\nCMD [\"echo\", \"hello\"]\n")
	if out, err := c.CombinedOutput(); err != nil || !strings.Contains(string(out), "built here") {
		t.Errorf("docker build: %v: %s", err, out)
	}
	if got := docker.CLI(t, e, "run", "--rm", "built"); got != "hello\n" {
		t.Errorf("what was built says %q", got)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	e := docker.Serve(t, docker.Options{TCP: true, TLS: true, SSH: true})
	config := "DOCKER_CONFIG=" + t.TempDir()
	for name, c := range map[string]struct {
		env   []string
		fails string
	}{
		"unix":     {env: []string{"DOCKER_HOST=" + e.Host()}},
		"tcp":      {env: []string{"DOCKER_HOST=" + e.TCPHost()}},
		"tls":      {env: []string{"DOCKER_HOST=" + e.TLSHost(), "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=" + e.TLS.Client}},
		"stranger": {env: []string{"DOCKER_HOST=" + e.TLSHost(), "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=" + e.TLS.Stranger}, fails: "certificate"},
		"ssh":      {env: []string{"DOCKER_HOST=" + e.SSH.URL(), "PATH=" + e.SSH.Bin + ":" + os.Getenv("PATH")}},
	} {
		start := time.Now()
		out, err := run(t, append(c.env, config), "docker", "version", "--format", "{{.Server.APIVersion}}")
		if (err != nil) != (c.fails != "") || !strings.Contains(out, c.fails) {
			t.Errorf("%s: %v: %s", name, err, out)
		}
		t.Logf("%s: %q in %s", name, strings.TrimSpace(out), time.Since(start).Round(time.Millisecond))
	}
	if err := e.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if out, err := run(t, []string{config, "DOCKER_HOST=" + e.TLSHost(), "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=" + e.TLS.Client}, "docker", "version"); err != nil {
		t.Errorf("tls after a restart: %s", out)
	}
}

func TestSwarm(t *testing.T) {
	t.Parallel()
	start := time.Now()
	e := docker.Serve(t, docker.Options{Swarm: true})
	t.Logf("started in %s", time.Since(start))
	docker.Image(t, e, "lab/server", docker.ImageOptions{})
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("hush"), 0o600); err != nil {
		t.Fatal(err)
	}
	docker.CLI(t, e, "secret", "create", "s", secret)
	docker.CLI(t, e, "network", "create", "--driver", "overlay", "--attachable", "net")
	start = time.Now()
	docker.CLI(t, e, "service", "create", "--quiet", "--name", "web", "--replicas", "2", "--endpoint-mode", "dnsrr", "--network", "net",
		"--secret", "s", "--publish", "mode=host,target=8080", "--no-resolve-image", "lab/server")
	t.Logf("service converged in %s", time.Since(start))
	if got := docker.CLI(t, e, "service", "ls", "--format", "{{.Replicas}}"); got != "2/2\n" {
		t.Errorf("replicas: %q", got)
	}
	docker.CLI(t, e, "run", "--detach", "--name", "client", "--network", "net", "--publish", "18080:8080", "lab/server")
	var page string
	await(t, "a task answers by name", 20*time.Second, func() bool {
		page = get(t, e, "http://127.0.0.1:18080/get?url=http://web:8080/file?path=/run/secrets/s")
		return page == "hush"
	})
}

// beKilled is what TestKilled kills: this test in a process of its own.
func beKilled(t *testing.T) {
	e := docker.Serve(t, docker.Options{})
	docker.Image(t, e, "lab/server", docker.ImageOptions{})
	docker.CLI(t, e, "run", "--detach", "lab/server")
	docker.StartRegistry(t, docker.RegistryOptions{}, e)
	fmt.Println("folder", e.Dir)
	select {}
}

func TestKilled(t *testing.T) {
	if os.Getenv("LAB_CHILD") != "" {
		beKilled(t)
	}
	t.Parallel()
	docker.Need(t)
	temp := t.TempDir()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilled$", "-test.v")
	child.Env = append(os.Environ(), "LAB_CHILD=1", "TMPDIR="+temp)
	out := new(lockedBuffer)
	child.Stdout, child.Stderr = out, out
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	dir := ""
	await(t, "engine of the child", time.Minute, func() bool {
		_, rest, _ := strings.Cut(out.String(), "folder ")
		dir, _, _ = strings.Cut(rest, "\n")
		return strings.Contains(rest, "\n")
	})
	name := filepath.Base(dir)
	if groups, _ := filepath.Glob("/sys/fs/cgroup/*/" + name); len(groups) == 0 {
		t.Errorf("no control groups of %s", name)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	await(t, "nothing is left", 10*time.Second, func() bool {
		left, _ := os.ReadDir(temp)
		groups, _ := filepath.Glob("/sys/fs/cgroup/*/" + name)
		one, _ := filepath.Glob("/sys/fs/cgroup/" + name)
		processes, _ := exec.Command("pgrep", "-f", temp).Output()
		return len(left)+len(groups)+len(one)+len(processes) == 0
	})
}
