// Package docker starts real container engines, registries and podman services for tests, demos and measurements. Each
// is private: it lives in mount, network, process and host name namespaces of its own over a folder of its own, so that
// any number of them run side by side and none of them ever meets the machine's Docker. When the program that started
// one ends, however it ends, the kernel ends everything inside, containers included, and folder and control groups go.
//
// It needs Linux, root and the packages that make lab installs. Nothing is pulled from anywhere: images are made of one
// static test server.
package docker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/namespace"
)

// Options says what an engine has besides its unix socket.
type Options struct {
	TCP   bool     // plain HTTP on the machine's loopback; see Engine.TCPHost
	TLS   bool     // HTTPS on the machine's loopback that asks for client certificates; see Engine.TLS
	SSH   bool     // a host with sshd behind a jump host; see Engine.SSH
	Swarm bool     // it is the manager of a swarm of one
	Args  []string // further arguments of dockerd, such as --live-restore
}

// Engine is one running server of Docker's API: dockerd, or podman.
type Engine struct {
	Dir string // everything of this engine, at the same path inside and outside its namespaces
	TLS *TLS   // nil without Options.TLS
	SSH *SSH   // nil without Options.SSH

	space   *space
	program []string // what serves, with its arguments
	prelude string   // of a shell that becomes the server
	env     []string // its further environment
	plain   *relay   // nil without Options.TCP
	tls     string   // address on the loopback of the machine; kept over restarts

	mu      sync.Mutex // guards what follows
	running *daemon    // nil while it is stopped
}

// Start starts dockerd and waits until it answers: a second. The context is for starting alone: the engine runs until
// Close. Errors of a machine that lacks something name it.
func Start(ctx context.Context, o Options) (*Engine, error) {
	e, err := newEngine()
	if err != nil {
		return nil, err
	}
	e.program = append([]string{
		"dockerd", "--data-root", e.under("data"), "--exec-root", e.under("exec"), "--pidfile", e.pidFile(),
		"--cgroup-parent", "/" + e.name(), "--host", e.Host(),
	}, o.Args...)
	if err := e.start(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("start a Docker engine in %s: %w", e.Dir, err), e.Close())
	}
	return e, nil
}

// Serve starts dockerd for a test, and closes it at its end. Without the needed packages it skips the test; with
// VIRT_LAB=require it fails.
func Serve(t testing.TB, o Options) *Engine {
	t.Helper()
	Need(t)
	e, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	e.lend(t)
	return e
}

// newEngine gives an engine its folder.
func newEngine() (*Engine, error) {
	if err := Missing(); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "dk") // short: a socket's path has 107 bytes at most
	if err != nil {
		return nil, err
	}
	return &Engine{Dir: dir, tls: "127.0.0.1:0"}, nil
}

// lend leaves an engine to a test.
func (e *Engine) lend(t testing.TB) {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("what %s complains about:\n%s", e.program[0], complaints(e.Logs()))
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
}

// start sets up everything that was asked for.
func (e *Engine) start(ctx context.Context, o Options) (err error) {
	for _, sub := range []string{"etc", "config", "tmp"} {
		if err := os.MkdirAll(e.under(sub), 0o755); err != nil {
			return err
		}
	}
	if o.TLS {
		if e.TLS, err = newTLS(e.under("pki")); err != nil {
			return err
		}
		e.program = append(append(e.program, "--host", "fd://"), e.TLS.args()...)
		e.prelude = "export LISTEN_PID=$$ LISTEN_FDS=1; "
	}
	if e.space, err = newSpace(ctx, e.Dir); err != nil {
		return err
	}
	if err := e.Resume(ctx); err != nil {
		return err
	}
	if o.TCP {
		if e.plain, err = e.openTCP(ctx); err != nil {
			return err
		}
	}
	if o.Swarm {
		if _, err := e.Docker(ctx, "swarm", "init", "--advertise-addr", "127.0.0.1"); err != nil {
			return err
		}
	}
	if o.SSH {
		e.SSH, err = startSSH(ctx, e.space, e.Dir)
	}
	return err
}

// Socket is the path of the engine's unix socket.
func (e *Engine) Socket() string { return e.under("docker.sock") }

// Host is the address for clients on this machine, as in DOCKER_HOST, by the unix socket.
func (e *Engine) Host() string { return "unix://" + e.Socket() }

// TCPHost is the address by TCP, without authentication, on the machine's loopback. While the engine is stopped it cuts
// connections and does not refuse them. It is empty without Options.TCP.
func (e *Engine) TCPHost() string {
	if e.plain == nil {
		return ""
	}
	return "tcp://" + e.plain.listener.Addr().String()
}

// TLSHost is the address by TLS on the machine's loopback, for clients with the certificates of e.TLS. It is empty
// without Options.TLS.
func (e *Engine) TLSHost() string {
	if e.TLS == nil {
		return ""
	}
	return "tcp://" + e.tls
}

// Exec runs a command on the engine's host, which is to say inside its namespaces: its network devices, its processes
// and its /etc/docker. It returns what the command wrote; an error carries it, too.
func (e *Engine) Exec(ctx context.Context, args ...string) (string, error) {
	return output(e.space.command(ctx, args...))
}

// Close ends the engine with all its containers and removes its folder. It is called once.
func (e *Engine) Close() error {
	var err error
	if e.plain != nil {
		e.plain.close()
	}
	if e.SSH != nil {
		err = e.SSH.hosts.Close()
	}
	if e.space != nil {
		err = errors.Join(err, e.space.close())
	}
	if e.SSH != nil {
		e.SSH.hosts.Wait()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.running != nil {
		e.running.wait()
	}
	return errors.Join(err, namespace.RemoveAll(e.Dir))
}

// under is a path in the engine's folder.
func (e *Engine) under(name string) string { return filepath.Join(e.Dir, name) }

// pidFile holds the server's process id inside the namespace.
func (e *Engine) pidFile() string { return e.under("pid") }

// name is what the engine's host and control group are called.
func (e *Engine) name() string { return filepath.Base(e.Dir) }
