// Package sshpipe is a connection through the ssh program: the user's configuration, known hosts, agent and jump hosts
// count because it is the user's own ssh that reads them.
package sshpipe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// conn is a running ssh whose input and output are the connection.
type conn struct {
	in   io.WriteCloser
	out  io.ReadCloser
	cmd  *exec.Cmd
	said *tail

	ending sync.Once
	ended  chan struct{} // ssh is gone, and all that it said is here
}

// patience is how long ssh may take to leave, or to say why it left.
const patience = 500 * time.Millisecond

// Dial starts a command line that begins with ssh. Whether it gets through shows at the first answer: a failure comes
// with what ssh said, as an [Error].
func Dial(ctx context.Context, args []string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	cmd := exec.Command(args[0], args[1:]...) //nolint:gosec,noctx // the user's ssh, by the user's settings; it outlives the dialling
	cmd.WaitDelay = patience                  // a master connection that ssh leaves behind keeps its standard error open
	apart(cmd)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c := &conn{in: in, out: out, cmd: cmd, said: &tail{}, ended: make(chan struct{})}
	cmd.Stderr = c.said
	if err := cmd.Start(); err != nil {
		return nil, platform.As(platform.ErrInvalid, fmt.Errorf("run ssh: %w", err))
	}
	return c, nil
}

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.out.Read(b)
	if n > 0 || err == nil {
		return n, nil
	}
	return 0, c.why(err)
}

// Error is what ssh said when it failed.
type Error struct {
	Text string
	err  error
}

func (e *Error) Error() string { return "ssh: " + e.Text }

// Unwrap gives the error that the connection ended with.
func (e *Error) Unwrap() error { return e.err }

// why adds what ssh said on its way out.
func (c *conn) why(err error) error {
	c.reap()
	select {
	case <-c.ended:
	case <-time.After(2 * patience):
	}
	if said := strings.TrimSuffix(strings.TrimPrefix(c.said.String(), "ssh: "), "."); said != "" {
		return &Error{said, err}
	}
	if errors.Is(err, os.ErrClosed) {
		return net.ErrClosed
	}
	return err
}

func (c *conn) Write(b []byte) (int, error) {
	n, err := c.in.Write(b)
	if errors.Is(err, os.ErrClosed) {
		err = net.ErrClosed
	}
	return n, err
}

// reap waits for ssh, in the background. Its output is read to the end, or nobody reads it any more.
func (c *conn) reap() {
	c.ending.Do(func() {
		go func() {
			defer close(c.ended)
			_ = c.cmd.Wait() // it was ended, or what it said tells why it failed
		}()
	})
}

// Close ends ssh: it leaves by itself when its input ends, else it is killed with what it started.
func (c *conn) Close() error {
	_ = c.in.Close()
	c.reap()
	select {
	case <-c.ended:
	case <-time.After(patience):
		kill(c.cmd)
		<-c.ended
	}
	return nil
}

func (c *conn) LocalAddr() net.Addr { return &net.UnixAddr{Name: "ssh", Net: "unix"} }

func (c *conn) RemoteAddr() net.Addr             { return &net.UnixAddr{Name: "ssh", Net: "unix"} }
func (c *conn) SetDeadline(time.Time) error      { return errors.ErrUnsupported }
func (c *conn) SetReadDeadline(time.Time) error  { return errors.ErrUnsupported }
func (c *conn) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

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
