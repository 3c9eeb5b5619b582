// Package libvirt starts real libvirt daemons for tests, demos and measurements. Every daemon is private: it lives in
// mount, network, process and host name namespaces of its own over a folder of its own, so that any number of them run
// side by side and none of them ever meets the machine's libvirt. When the program that started a daemon ends, however
// it ends, the kernel ends everything inside, guests included.
//
// It needs Linux, root and the packages that make lab installs.
package libvirt

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/namespace"
)

// Options says what a server has besides its unix sockets, its two pools ("default", "second") and a TCP listener.
type Options struct {
	Network bool // the NAT network "default" is active: bridge virbr0, 192.168.122.0/24, DHCP from .2
	TLS     bool // a TLS listener that asks for client certificates; see Server.TLS
	SSH     bool // a host with sshd behind a jump host; see Server.SSH
}

// Server is one running daemon.
type Server struct {
	Dir        string // everything of this server, at the same path inside and outside its namespaces
	SocketPath string // the unix socket of libvirtd
	HostUUID   string // what the daemon says its host's UUID is
	TLS        *TLS   // nil without Options.TLS
	SSH        *SSH   // nil without Options.SSH

	space   *namespace.Set
	tcp     string // address on the loopback of the machine; kept over restarts
	tls     string
	mu      sync.Mutex // guards what follows
	running *daemon    // nil while it is stopped
}

// Start starts a server and waits until it answers: less than a second, a few on a machine's first time. The context is
// for starting alone: the server runs until Close. Errors of a machine that lacks something name it.
func Start(ctx context.Context, o Options) (_ *Server, err error) {
	if err := Missing(); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "lv") // short: a socket's path has 107 bytes at most
	if err != nil {
		return nil, err
	}
	s := &Server{Dir: dir, SocketPath: filepath.Join(dir, "run", "libvirt-sock"), tcp: "127.0.0.1:0", tls: "127.0.0.1:0"}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("start a libvirt server in %s: %w", dir, err), s.Close())
		}
	}()
	if err := s.prepare(o); err != nil {
		return nil, err
	}
	if s.space, err = newSpace(ctx, dir); err != nil {
		return nil, err
	}
	if err := s.Resume(ctx); err != nil {
		return nil, err
	}
	if err := errors.Join(s.remember(), s.populate(ctx, o)); err != nil {
		return nil, err
	}
	if o.SSH {
		s.SSH, err = startSSH(ctx, s.space, dir)
	}
	return s, err
}

// Serve starts a server for a test, and closes it at its end. Without the needed packages it skips the test; with
// VIRT_LAB=require it fails.
func Serve(t testing.TB, o Options) *Server {
	t.Helper()
	Need(t)
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of libvirtd:\n%s", s.Log())
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// prepare writes what the daemon reads at its start.
func (s *Server) prepare(o Options) error {
	var err error
	for _, sub := range []string{"etc", "lib", "run", "cache", "log", "pool/default", "pool/second"} {
		if err := os.MkdirAll(filepath.Join(s.Dir, sub), 0o755); err != nil {
			return err
		}
	}
	if o.TLS {
		if s.TLS, err = newTLS(filepath.Join(s.Dir, "pki")); err != nil {
			return err
		}
	}
	if s.HostUUID, err = newUUID(); err != nil {
		return err
	}
	if err := s.recall(); err != nil {
		return err
	}
	return s.configure()
}

// populate makes the pools and networks that a test may take for granted.
func (s *Server) populate(ctx context.Context, o Options) error {
	var script strings.Builder
	for _, name := range []string{"default", "second"} {
		fmt.Fprintf(&script, "pool-define-as %[1]s dir --target %[2]s; pool-start %[1]s; pool-autostart %[1]s; ", name, s.Pool(name))
	}
	if o.Network {
		file := filepath.Join(s.Dir, "network.xml")
		if err := os.WriteFile(file, []byte(natNetwork), 0o600); err != nil {
			return err
		}
		fmt.Fprintf(&script, "net-define %s; net-start default; net-autostart default", file)
	}
	_, err := s.Virsh(ctx, script.String())
	return err
}

// URI is the address for clients on this machine, by the unix socket.
func (s *Server) URI() string { return "qemu+unix:///system?socket=" + s.SocketPath }

// TCPURI is the address by TCP, without authentication, on the machine's loopback.
func (s *Server) TCPURI() string { return "qemu+tcp://" + s.tcp + "/system" }

// TLSURI is the address by TLS with the client certificate of s.TLS, on the machine's loopback. It is empty without
// Options.TLS.
func (s *Server) TLSURI() string {
	if s.TLS == nil {
		return ""
	}
	return "qemu+tls://" + s.tls + "/system?pkipath=" + s.TLS.Client
}

// Pool is the folder of the pool "default" or "second".
func (s *Server) Pool(name string) string { return filepath.Join(s.Dir, "pool", name) }

// Log is what the daemon logged: its warnings and errors.
func (s *Server) Log() string {
	text, _ := os.ReadFile(filepath.Join(s.Dir, "log", "libvirtd.log"))
	out, _ := os.ReadFile(filepath.Join(s.Dir, "log", "libvirtd.out"))
	return string(text) + string(out)
}

// Close ends the daemon with all its guests and removes its folder. It is called once.
func (s *Server) Close() error {
	var err error
	if s.SSH != nil {
		err = s.SSH.hosts.Close()
	}
	if s.space != nil {
		err = errors.Join(err, s.space.Close())
	}
	if s.SSH != nil {
		s.SSH.hosts.Wait()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil {
		s.running.wait()
	}
	return errors.Join(err, namespace.RemoveAll(s.Dir))
}

// listen opens a listener on a TCP address and returns its file and the address that it got. The daemon takes the
// file over, so that a listener on the machine's loopback reaches a daemon in another network namespace.
func listen(ctx context.Context, network, address string) (*os.File, string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, network, address)
	if err != nil {
		return nil, "", err
	}
	defer l.Close()
	got := l.Addr().String()
	switch l := l.(type) {
	case *net.UnixListener:
		l.SetUnlinkOnClose(false)
		file, err := l.File()
		return file, got, err
	case *net.TCPListener:
		file, err := l.File()
		return file, got, err
	}
	return nil, "", fmt.Errorf("listen on %s %s: not a socket that has a file", network, address)
}
