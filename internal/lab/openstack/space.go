package openstack

import (
	"bufio"
	"bytes"
	"context"
	_ "embed" // the script below
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/program"
)

// spaceScript is what the first process of the namespaces runs.
//
//go:embed space.sh
var spaceScript string

// inside is a cloud's folder as its processes see it.
const inside = "/run/virtlab"

// space is a set of namespaces over a cloud's folder, held by a shell that ends when its standard input does: with the
// program that holds the other end. It is the first process of its process namespace, so that everything inside ends
// with it; it then removes the folder. The network is the machine's.
type space struct {
	holder *exec.Cmd
	leash  io.Closer
}

// newSpace makes the namespaces and waits until they are set up.
func newSpace(ctx context.Context, dir string) (*space, error) {
	holder := exec.CommandContext(context.WithoutCancel(ctx), "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
		"sh", "-c", spaceScript, "sh", dir)
	stderr := new(bytes.Buffer)
	holder.Stderr = stderr
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
	s := &space{holder: holder, leash: leash}
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		err := s.close()
		return nil, errors.Join(fmt.Errorf("set up namespaces: %s", strings.TrimSpace(stderr.String())), err)
	}
	return s, nil
}

// command is a command inside the namespaces, in an environment that leads nowhere else.
func (s *space) command(ctx context.Context, args ...string) *exec.Cmd {
	pid := strconv.Itoa(s.holder.Process.Pid)
	into := []string{"--target", pid, "--mount", "--pid=/proc/" + pid + "/ns/pid_for_children", "--"}
	c := exec.CommandContext(ctx, "nsenter", append(into, args...)...)
	c.Env = environment(inside)
	return c
}

// run runs a command inside the namespaces and gives what it wrote.
func (s *space) run(ctx context.Context, args ...string) (string, error) {
	return program.Output(s.command(ctx, args...))
}

// close ends every process inside and waits for it.
func (s *space) close() error {
	err := s.leash.Close()
	if wait := s.holder.Wait(); wait != nil && s.holder.ProcessState == nil {
		err = errors.Join(err, wait)
	}
	return err
}

// environment is that of the Python programs of a cloud, whose folder is given.
func environment(dir string) []string {
	return []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC",
		"HOME=" + dir + "/home", "TMPDIR=" + dir + "/tmp", "PYTHONPATH=" + dir + "/python", "PYTHONDONTWRITEBYTECODE=1",
	}
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
