package libvirt

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// natNetwork is libvirt's usual default network.
const natNetwork = `<network>
  <name>default</name>
  <forward mode='nat'/>
  <bridge name='virbr0' stp='on' delay='0'/>
  <ip address='192.168.122.1' netmask='255.255.255.0'>
    <dhcp><range start='192.168.122.2' end='192.168.122.254'/></dhcp>
  </ip>
</network>
`

// daemonConfig is libvirtd.conf: no authentication, and room for tests that send a lot at once. The verbs are the
// host's UUID and further lines.
const daemonConfig = `auth_tcp = "none"
auth_tls = "none"
auth_unix_ro = "none"
auth_unix_rw = "none"
max_clients = 500
max_anonymous_clients = 500
max_workers = 64
prio_workers = 10
max_client_requests = 64
admin_max_clients = 20
log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
host_uuid = %q
%s`

// qemuConfig is qemu.conf for a daemon without systemd, control groups and virtlogd.
const qemuConfig = `user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
swtpm_user = "root"
swtpm_group = "root"
`

// daemon is one life of libvirtd.
type daemon struct {
	command *exec.Cmd
	done    chan struct{}
}

// wait waits until it has ended.
func (d *daemon) wait() { <-d.done }

// configure writes the daemon's configuration.
func (s *Server) configure() error {
	etc := filepath.Join(s.Dir, "etc")
	further := ""
	if s.TLS != nil {
		further = s.TLS.config()
	}
	if err := os.WriteFile(filepath.Join(etc, "libvirtd.conf"), fmt.Appendf(nil, daemonConfig, s.HostUUID, further), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(etc, "qemu.conf"), []byte(qemuConfig), 0o600)
}

// socket is a listener that libvirtd takes over from us; the name is the one that it knows it by.
type socket struct {
	name, network string
	address       *string
}

// sockets are the listeners of the server. A daemon that takes one over opens none by itself.
func (s *Server) sockets() []socket {
	ro, admin := s.SocketPath+"-ro", filepath.Join(filepath.Dir(s.SocketPath), "libvirt-admin-sock")
	list := []socket{
		{"libvirtd.socket", "unix", &s.SocketPath},
		{"libvirtd-ro.socket", "unix", &ro},
		{"libvirtd-admin.socket", "unix", &admin},
		{"libvirtd-tcp.socket", "tcp", &s.tcp},
	}
	if s.TLS != nil {
		list = append(list, socket{"libvirtd-tls.socket", "tcp", &s.tls})
	}
	return list
}

// Resume starts the daemon again after Stop, on the same addresses, and waits until it answers.
func (s *Server) Resume(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil {
		return nil
	}
	if err := s.launch(ctx); err != nil {
		return err
	}
	if _, err := s.Virsh(ctx, "version"); err != nil {
		return fmt.Errorf("libvirtd does not answer: %w\n%s", err, s.Log())
	}
	return nil
}

// open opens every listener and returns their names and files.
func (s *Server) open(ctx context.Context) (names []string, files []*os.File, err error) {
	for _, socket := range s.sockets() {
		if socket.network == "unix" {
			_ = os.Remove(*socket.address)
		}
		file, got, err := listen(ctx, socket.network, *socket.address)
		if err != nil {
			return names, files, err
		}
		if *socket.address != got { // once; from then on others may read it at any time
			*socket.address = got
		}
		names, files = append(names, socket.name), append(files, file)
	}
	return names, files, nil
}

// launch starts libvirtd with its listeners, in the manner of systemd's socket activation.
func (s *Server) launch(ctx context.Context) error {
	names, files, err := s.open(ctx)
	defer func() { // the daemon's copies are the only ones that stay: a daemon that is gone refuses connections
		for _, file := range files {
			_ = file.Close()
		}
	}()
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(s.Dir, "log", "libvirtd.out"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the daemon has its own copy
	script := fmt.Sprintf("LISTEN_PID=$$ LISTEN_FDS=%d LISTEN_FDNAMES=%s exec libvirtd -p /run/libvirt/libvirtd.pid",
		len(names), strings.Join(names, ":"))
	command := s.space.Command(context.WithoutCancel(ctx), "sh", "-c", script)
	command.ExtraFiles, command.Stdout, command.Stderr = files, log, log
	command.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin", "LC_ALL=C.UTF-8")
	if err := command.Start(); err != nil {
		return err
	}
	d := &daemon{command: command, done: make(chan struct{})}
	go func() {
		_ = command.Wait() // it was killed, or its log says why it ended
		close(d.done)
	}()
	s.running = d
	return nil
}

// Stop kills the daemon without a chance to say good-bye, as a crash does. Guests and networks live on; clients lose
// their connections and new ones are refused until Resume.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		return nil
	}
	pid, err := os.ReadFile(filepath.Join(s.Dir, "run", "libvirtd.pid")) // its number inside the namespace
	if err != nil {
		return err
	}
	if _, err := s.Exec(ctx, "kill", "-KILL", strings.TrimSpace(string(pid))); err != nil {
		return err
	}
	s.running.wait()
	s.running = nil
	return nil
}

// Restart is Stop and Resume: about a second without a daemon, while its guests run on.
func (s *Server) Restart(ctx context.Context) error {
	if err := s.Stop(ctx); err != nil {
		return err
	}
	return s.Resume(ctx)
}

// newUUID is a random UUID: two servers are two hosts.
func newUUID() (string, error) {
	b := make([]byte, 16)
	if _, err := rand.Read(b); err != nil {
		return "", err
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
}
