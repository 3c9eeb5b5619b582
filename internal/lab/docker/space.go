package docker

import (
	"context"
	_ "embed" // the scripts below
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/namespace"
	"github.com/terraform-virt/terraform-provider-virt/internal/lab/program"
)

// spaceScript is what the first process of the namespaces runs.
//
//go:embed space.sh
var spaceScript string

// controlScript makes room for control groups where the machine is itself a container with the unified hierarchy: there
// a group hands down no controller while it has processes of its own.
const controlScript = `cd /sys/fs/cgroup
[ -e cgroup.controllers ] && [ -e cgroup.type ] || exit 0
! grep -qw memory cgroup.subtree_control || exit 0
mkdir -p init
while read -r pid; do echo "$pid" >init/cgroup.procs || true; done <cgroup.procs
for controller in $(cat cgroup.controllers); do echo "+$controller" >cgroup.subtree_control || true; done`

// space is a set of namespaces over a folder; at its end go the folder and the control groups of the same name.
type space struct {
	*namespace.Set

	dir string
}

// newSpace makes the namespaces and waits until they are set up.
func newSpace(ctx context.Context, dir string) (*space, error) {
	if _, err := output(exec.CommandContext(ctx, "sh", "-c", controlScript)); err != nil {
		return nil, err
	}
	set, err := namespace.New(ctx, namespace.Options{
		Kinds: []string{"net", "uts", "ipc"}, Script: spaceScript, Args: []string{dir, filepath.Base(dir)},
		Env: append(os.Environ(), "PATH="+searchPath()),
	})
	if err != nil {
		return nil, err
	}
	return &space{set, dir}, nil
}

// command is a command inside, in an environment that leads to no engine of the machine.
func (s *space) command(ctx context.Context, args ...string) *exec.Cmd {
	c := s.Command(ctx, args...)
	c.Env = append(environment(), "PATH="+searchPath())
	return c
}

// close ends every process inside, waits for it and sees the folder gone.
func (s *space) close() error { return errors.Join(s.Close(), namespace.RemoveAll(s.dir)) }

// searchPath is a search path with the places of daemons.
func searchPath() string { return os.Getenv("PATH") + ":/usr/sbin:/sbin" }

// environment is ours without what would lead the tools to the machine's own engine.
func environment() []string {
	env := []string{"LC_ALL=C.UTF-8"}
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		foreign := strings.HasPrefix(name, "DOCKER_") || strings.HasPrefix(name, "CONTAINER") ||
			strings.HasPrefix(name, "BUILDKIT") || name == "LC_ALL" || strings.HasSuffix(strings.ToLower(name), "_proxy")
		if !foreign {
			env = append(env, pair)
		}
	}
	return env
}

// output is program.Output; a command without an environment gets one that leads to no engine of the machine.
func output(c *exec.Cmd) (string, error) {
	if c.Env == nil {
		c.Env = environment()
	}
	return program.Output(c)
}
