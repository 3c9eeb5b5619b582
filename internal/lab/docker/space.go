package docker

import (
	"bufio"
	"bytes"
	"context"
	_ "embed" // the scripts below
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

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

// space is a set of namespaces over a folder, held by a shell that ends when its standard input does: with the program
// that holds the other end. It is the first process of its process namespace, so that everything inside ends with it;
// it then removes the folder and the control groups of the same name.
type space struct {
	dir    string
	holder *exec.Cmd
	leash  io.Closer
}

// newSpace makes the namespaces and waits until they are set up.
func newSpace(ctx context.Context, dir string) (*space, error) {
	if _, err := output(exec.CommandContext(ctx, "sh", "-c", controlScript)); err != nil {
		return nil, err
	}
	holder := exec.CommandContext(context.WithoutCancel(ctx), "unshare", "--mount", "--net", "--uts", "--ipc", "--pid",
		"--fork", "--kill-child", "--mount-proc", "sh", "-c", spaceScript, "sh", dir, filepath.Base(dir))
	stderr := new(bytes.Buffer)
	holder.Stderr = stderr
	holder.Env = append(os.Environ(), "PATH="+searchPath())
	leash, err := holder.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := holder.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := holder.Start(); err != nil {
		return nil, err
	}
	s := &space{dir: dir, holder: holder, leash: leash}
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		err := s.close()
		return nil, errors.Join(fmt.Errorf("set up namespaces: %s", strings.TrimSpace(stderr.String())), err)
	}
	return s, nil
}

// command is a command inside the namespaces. Its output and input are the caller's affair.
func (s *space) command(ctx context.Context, args ...string) *exec.Cmd {
	pid := strconv.Itoa(s.holder.Process.Pid)
	into := []string{"--target", pid, "--mount", "--net", "--uts", "--ipc", "--pid=/proc/" + pid + "/ns/pid_for_children", "--"}
	c := exec.CommandContext(ctx, "nsenter", append(into, args...)...)
	c.Env = append(environment(), "PATH="+searchPath())
	return c
}

// close ends every process inside, waits for it and sees the folder gone.
func (s *space) close() error {
	err := s.leash.Close()
	if wait := s.holder.Wait(); wait != nil && s.holder.ProcessState == nil {
		err = errors.Join(err, wait)
	}
	return errors.Join(err, removeAll(s.dir))
}

// removeAll removes a folder in which processes that were just killed may still have files open.
func removeAll(dir string) error {
	err := os.RemoveAll(dir)
	for range 20 {
		if err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
		err = os.RemoveAll(dir)
	}
	return err
}

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
