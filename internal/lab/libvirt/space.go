package libvirt

import (
	"bufio"
	"bytes"
	"context"
	_ "embed" // the script below
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/program"
)

// spaceScript is what the first process of the namespaces runs.
//
//go:embed space.sh
var spaceScript string

// space is a set of namespaces over a server's folder, held by a shell that ends when its standard input does: with the
// program that holds the other end. It is the first process of its process namespace, so that everything inside ends
// with it.
type space struct {
	holder *exec.Cmd
	leash  io.Closer
}

// newSpace makes the namespaces and waits until they are set up.
func newSpace(ctx context.Context, dir string) (*space, error) {
	holder := exec.CommandContext(context.WithoutCancel(ctx), "unshare", "--mount", "--net", "--uts", "--ipc", "--pid",
		"--fork", "--kill-child", "--mount-proc", "sh", "-c", spaceScript, "sh", dir, filepath.Base(dir))
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

// command is a command inside the namespaces. Its output and input are the caller's affair.
func (s *space) command(ctx context.Context, args ...string) *exec.Cmd {
	pid := strconv.Itoa(s.holder.Process.Pid)
	into := []string{"--target", pid, "--mount", "--net", "--uts", "--ipc", "--pid=/proc/" + pid + "/ns/pid_for_children", "--"}
	return exec.CommandContext(ctx, "nsenter", append(into, args...)...)
}

// close ends every process inside and waits for it.
func (s *space) close() error {
	err := s.leash.Close()
	if wait := s.holder.Wait(); wait != nil && s.holder.ProcessState == nil {
		err = errors.Join(err, wait)
	}
	return err
}

// Exec runs a command on the server's host, which is to say inside its namespaces: its network devices, its processes
// and its /etc/libvirt, /var/lib/libvirt, /run/libvirt. It returns what the command wrote; an error carries it, too.
func (s *Server) Exec(ctx context.Context, args ...string) (string, error) {
	return program.Output(s.space.command(ctx, args...))
}

// Virsh runs the real virsh against the server, as an independent client, and returns what it wrote. Without further
// arguments the first may hold several commands, parted by semicolons.
func (s *Server) Virsh(ctx context.Context, args ...string) (string, error) {
	return program.Output(exec.CommandContext(ctx, "virsh", append([]string{"-q", "-c", s.URI()}, args...)...))
}
