package docker

import (
	"context"
	"os/exec"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/program"
)

// Docker runs the real docker tool against the engine, as an independent client with a configuration of its own, and
// returns what it wrote to its standard output; an error carries everything. The classic builder builds.
func (e *Engine) Docker(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, dockerTool(), args...)
	command.Env = append(environment(), "DOCKER_HOST="+e.Host(), "DOCKER_CONFIG="+e.under("config"), "DOCKER_BUILDKIT=0")
	return output(command)
}

// CLI is Docker for a command that has to succeed.
func CLI(t testing.TB, e *Engine, args ...string) string {
	t.Helper()
	out, err := e.Docker(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// dockerTool is the docker of the same package as the server, where there is one: a newer one may refuse an older server.
func dockerTool() string {
	if path, err := exec.LookPath("/usr/bin/docker"); err == nil {
		return path
	}
	return program.Find("docker")
}
