package libvirt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// sshConn is the ssh program, run as virsh runs it: the user's configuration, known hosts, agent and jump hosts count
// because it is the user's own ssh that reads them.
type sshConn struct {
	in   io.WriteCloser
	out  io.ReadCloser
	cmd  *exec.Cmd
	said *tail

	ending sync.Once
	ended  chan struct{} // ssh is gone, and all that it said is here
}

// sshPatience is how long ssh may take to leave, or to say why it left.
const sshPatience = 500 * time.Millisecond

// dialSSH starts ssh. Whether it gets through shows at the first answer: a failure comes with what ssh said.
func dialSSH(ctx context.Context, u *uri) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	args := sshArguments(u)
	cmd := exec.Command(args[0], args[1:]...) //nolint:gosec,noctx // the user's ssh, by the user's URI; it outlives the dialling
	cmd.WaitDelay = sshPatience               // a master connection that ssh leaves behind keeps its standard error open
	apart(cmd)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c := &sshConn{in: in, out: out, cmd: cmd, said: &tail{}, ended: make(chan struct{})}
	cmd.Stderr = c.said
	if err := cmd.Start(); err != nil {
		return nil, platform.As(platform.ErrInvalid, fmt.Errorf("run ssh: %w", err))
	}
	return c, nil
}

// sshArguments is the command line. The remote half prefers libvirt's helper, which knows the host's own sockets.
func sshArguments(u *uri) []string {
	args := slices.Insert(sshProgram(u), 1, "-T", "-e", "none", "-o", "ServerAliveInterval=15")
	return append(args, "--", u.host, sshRemote(u))
}

// sshProgram is the program with what the URI says of the way to the host.
func sshProgram(u *uri) []string {
	get := u.params.Get
	args := []string{either(get("command"), "ssh"), "-o", "BatchMode=yes"}
	if u.port != "" {
		args = append(args, "-p", u.port)
	}
	if u.user != "" {
		args = append(args, "-l", u.user)
	}
	if file := get("keyfile"); file != "" {
		args = append(args, "-i", file)
	}
	if file := get("known_hosts"); file != "" {
		args = append(args, "-o", "UserKnownHostsFile="+file)
	}
	if get("no_verify") == "1" || get("known_hosts_verify") == "ignore" {
		args = append(args, "-o", "StrictHostKeyChecking=no")
	} else if get("known_hosts_verify") == "auto" {
		args = append(args, "-o", "StrictHostKeyChecking=accept-new")
	}
	return args
}

// sshRemote is what runs on the host.
func sshRemote(u *uri) string {
	netcat := u.params.Get("netcat")
	socket := u.params.Get("socket")
	direct := ""
	if socket != "" {
		direct = quoted(either(netcat, "nc")) + " -U " + quoted(socket)
		return "sh -c " + quoted("exec "+direct)
	}
	path := "/run/libvirt/libvirt-sock"
	if u.session() {
		path = "${XDG_RUNTIME_DIR:-/run/user/$(id -u)}/libvirt/libvirt-sock"
	}
	direct = "exec " + quoted(either(netcat, "nc")) + ` -U "` + path + `"`
	if netcat != "" || u.params.Get("proxy") == "netcat" {
		return "sh -c " + quoted(direct)
	}
	helper := "exec virt-ssh-helper " + quoted(u.name())
	if u.params.Get("proxy") == "native" {
		return "sh -c " + quoted(helper)
	}
	return "sh -c " + quoted("if command -v virt-ssh-helper >/dev/null 2>&1; then "+helper+"; else "+direct+"; fi")
}

func either(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// quoted is a word of the shell.
func quoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

func (c *sshConn) Read(b []byte) (int, error) {
	n, err := c.out.Read(b)
	if n > 0 || err == nil {
		return n, nil
	}
	return 0, c.why(err)
}

// sshError is what ssh said when it failed.
type sshError struct {
	text string
	err  error
}

func (s *sshError) Error() string { return "ssh: " + s.text }
func (s *sshError) Unwrap() error { return s.err }

// why adds what ssh said on its way out.
func (c *sshConn) why(err error) error {
	c.reap()
	select {
	case <-c.ended:
	case <-time.After(2 * sshPatience):
	}
	if said := strings.TrimSuffix(strings.TrimPrefix(c.said.String(), "ssh: "), "."); said != "" {
		return &sshError{said, err}
	}
	if errors.Is(err, os.ErrClosed) {
		return net.ErrClosed
	}
	return err
}

func (c *sshConn) Write(b []byte) (int, error) {
	n, err := c.in.Write(b)
	if errors.Is(err, os.ErrClosed) {
		err = net.ErrClosed
	}
	return n, err
}

// reap waits for ssh, in the background. Its output is read to the end, or nobody reads it any more.
func (c *sshConn) reap() {
	c.ending.Do(func() {
		go func() {
			defer close(c.ended)
			_ = c.cmd.Wait() // it was ended, or what it said tells why it failed
		}()
	})
}

// Close ends ssh: it leaves by itself when its input ends, else it is killed with what it started.
func (c *sshConn) Close() error {
	_ = c.in.Close()
	c.reap()
	select {
	case <-c.ended:
	case <-time.After(sshPatience):
		kill(c.cmd)
		<-c.ended
	}
	return nil
}

func (c *sshConn) LocalAddr() net.Addr { return &net.UnixAddr{Name: "ssh", Net: "unix"} }

func (c *sshConn) RemoteAddr() net.Addr             { return &net.UnixAddr{Name: "ssh", Net: "unix"} }
func (c *sshConn) SetDeadline(time.Time) error      { return errors.ErrUnsupported }
func (c *sshConn) SetReadDeadline(time.Time) error  { return errors.ErrUnsupported }
func (c *sshConn) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

// tail keeps the end of what a program says.
type tail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf.Write(b)
	if over := t.buf.Len() - 2048; over > 0 {
		t.buf.Next(over)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(strings.Fields(t.buf.String()), " ")
}
