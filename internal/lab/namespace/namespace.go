// Package namespace holds sets of the kernel's namespaces in which the daemons of a lab live apart from the machine. It
// needs Linux, root, and the programs unshare and nsenter.
package namespace

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Set is a set of namespaces, held by a shell that ends when its standard input does: with the program that holds the
// other end. The shell is the first process of its process namespace, so that everything inside ends with it.
type Set struct {
	holder *exec.Cmd
	leash  io.Closer
	flags  []string // of unshare and nsenter
}

// Options says what a set has.
type Options struct {
	// Kinds are those beside mount and pid, as unshare calls them: "net", "uts", "ipc".
	Kinds []string
	// Script is what the shell runs, with Args: it sets up what is inside, writes "ready" and a new line, waits for the end
	// of its standard input, and clears up.
	Script string
	Args   []string
	// Env is the script's environment; nil is this program's.
	Env []string
}

// New makes the namespaces and waits until the script says that they are set up. The context is not for their life.
func New(ctx context.Context, o Options) (*Set, error) {
	s := &Set{flags: []string{"--mount"}}
	for _, kind := range o.Kinds {
		s.flags = append(s.flags, "--"+kind)
	}
	args := append(append([]string(nil), s.flags...), "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", o.Script, "sh")
	s.holder = exec.CommandContext(context.WithoutCancel(ctx), "unshare", append(args, o.Args...)...)
	stderr := new(bytes.Buffer)
	s.holder.Env, s.holder.Stderr = o.Env, stderr
	var err error
	if s.leash, err = s.holder.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.holder.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.holder.Start(); err != nil {
		return nil, err
	}
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		err := s.Close()
		return nil, errors.Join(fmt.Errorf("set up namespaces: %s", strings.TrimSpace(stderr.String())), err)
	}
	return s, nil
}

// PID is the id of the process whose children are inside; it is outside itself as far as processes go.
func (s *Set) PID() int { return s.holder.Process.Pid }

// Command is a command inside. Its output and input are the caller's affair.
func (s *Set) Command(ctx context.Context, args ...string) *exec.Cmd {
	pid := strconv.Itoa(s.PID())
	into := append([]string{"--target", pid}, s.flags...)
	into = append(into, "--pid=/proc/"+pid+"/ns/pid_for_children", "--")
	return exec.CommandContext(ctx, "nsenter", append(into, args...)...)
}

// Close ends every process inside and waits for it. It is called once.
func (s *Set) Close() error {
	err := s.leash.Close()
	if wait := s.holder.Wait(); wait != nil && s.holder.ProcessState == nil {
		err = errors.Join(err, wait)
	}
	return err
}

// RemoveAll removes a folder in which processes that were just killed may still have files open.
func RemoveAll(dir string) error {
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
