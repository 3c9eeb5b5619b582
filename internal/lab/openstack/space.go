package openstack

import (
	"context"
	_ "embed" // the script below
	"os/exec"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/namespace"
	"github.com/terraform-virt/terraform-provider-virt/internal/lab/program"
)

// spaceScript is what the first process of the namespaces runs.
//
//go:embed space.sh
var spaceScript string

// inside is a cloud's folder as its processes see it.
const inside = "/run/virtlab"

// space is a set of namespaces over a cloud's folder; at its end the folder goes. The network is the machine's.
type space struct{ *namespace.Set }

// newSpace makes the namespaces and waits until they are set up.
func newSpace(ctx context.Context, dir string) (*space, error) {
	set, err := namespace.New(ctx, namespace.Options{Script: spaceScript, Args: []string{dir}})
	if err != nil {
		return nil, err
	}
	return &space{set}, nil
}

// command is a command inside the namespaces, in an environment that leads nowhere else.
func (s *space) command(ctx context.Context, args ...string) *exec.Cmd {
	c := s.Command(ctx, args...)
	c.Env = environment(inside)
	return c
}

// run runs a command inside the namespaces and gives what it wrote.
func (s *space) run(ctx context.Context, args ...string) (string, error) {
	return program.Output(s.command(ctx, args...))
}

// environment is that of the Python programs of a cloud, whose folder is given.
func environment(dir string) []string {
	return []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC",
		"HOME=" + dir + "/home", "TMPDIR=" + dir + "/tmp", "PYTHONPATH=" + dir + "/python", "PYTHONDONTWRITEBYTECODE=1",
	}
}
