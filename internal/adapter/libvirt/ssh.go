package libvirt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// sshConn is the ssh program, run as virsh runs it: the user's configuration, known hosts, agent and jump hosts count
// because it is the user's own ssh that reads them.
type sshConn struct {
	in     io.WriteCloser
	out    io.ReadCloser
	cmd    *exec.Cmd
	said   *tail
	closed sync.Once
}

// dialSSH starts ssh. Whether it gets through shows at the first answer: a failure comes with what ssh said.
func dialSSH(ctx context.Context, u *uri) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	args := sshArguments(u)
	cmd := exec.Command(args[0], args[1:]...) //nolint:gosec,noctx // the user's ssh, by the user's URI; it outlives the dialling
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c := &sshConn{in: in, out: out, cmd: cmd, said: &tail{}}
	cmd.Stderr = c.said
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("run ssh: %w", err)
	}
	return c, nil
}

// sshArguments is the command line. The remote half prefers libvirt's helper, which knows the host's own sockets.
func sshArguments(u *uri) []string {
	get := u.params.Get
	args := []string{"ssh"}
	if command := get("command"); command != "" {
		args[0] = command
	}
	args = append(args, "-T", "-e", "none", "-o", "BatchMode=yes", "-o", "ServerAliveInterval=15")
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
	return append(args, "--", u.host, sshRemote(u))
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
	if err != nil && n == 0 {
		return 0, c.why(err)
	}
	return n, nil
}

// why adds what ssh said on its way out.
func (c *sshConn) why(err error) error {
	if said := c.said.String(); said != "" {
		return fmt.Errorf("ssh: %s: %w", said, err)
	}
	return err
}

func (c *sshConn) Write(b []byte) (int, error) {
	n, err := c.in.Write(b)
	if err != nil {
		return n, c.why(err)
	}
	return n, nil
}

// Close ends ssh: it leaves by itself when its input ends, else it is killed.
func (c *sshConn) Close() error {
	c.closed.Do(func() {
		_ = c.in.Close()
		done := make(chan struct{})
		go func() { _ = c.cmd.Wait(); close(done) }()
		select {
		case <-done:
		case <-time.After(time.Second):
			_ = c.cmd.Process.Kill()
			<-done
		}
	})
	return nil
}

func (c *sshConn) LocalAddr() net.Addr              { return &net.UnixAddr{Name: "ssh", Net: "unix"} }
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
