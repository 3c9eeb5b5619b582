package libvirt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/digitalocean/go-libvirt"

	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/libvirt"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// dialled opens a session with settings.
func dialled(t *testing.T, given map[string]any) (*session, error) {
	t.Helper()
	none := func(string) (string, bool) { return "", false }
	config, err := platform.Resolve(settings(), given, platform.Source{Block: "libvirt", Name: "lab", Env: none})
	if err != nil {
		t.Fatal(err)
	}
	s, err := openSession(t.Context(), config)
	if err == nil {
		t.Cleanup(func() { _ = s.close(context.WithoutCancel(t.Context())) })
	}
	return s, err
}

// hostname is a call that every driver answers.
func hostname(ctx context.Context, s *session) (string, error) {
	return ask(ctx, s.client, func(l *libvirt.Libvirt) (string, error) { return l.ConnectGetHostname() })
}

// foreignAuthority is a folder with the client certificate that the server wants, and another authority for the server.
func foreignAuthority(t *testing.T, client string, other *lab.Server) string {
	t.Helper()
	dir := t.TempDir()
	from := map[string]string{"clientcert.pem": client, "clientkey.pem": client, "cacert.pem": other.TLS.Client}
	for name, folder := range from {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// runtimeDir is a folder as XDG_RUNTIME_DIR of a user whose session daemon is the server.
func runtimeDir(t *testing.T, s *lab.Server) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "libvirt"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(s.SocketPath, filepath.Join(dir, "libvirt", "libvirt-sock")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// netcat is a program that is used like nc -U: this one.
func netcat(t *testing.T) string {
	t.Helper()
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "nc")
	script := fmt.Sprintf("#!/bin/sh\nVIRT_NETCAT=$2 exec %s -test.run '^TestNetcat$'\n", own)
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestNetcat is what netcat runs.
func TestNetcat(t *testing.T) {
	path := os.Getenv("VIRT_NETCAT")
	if path == "" {
		t.Skip("this is the other half of another test")
	}
	conn, err := new(net.Dialer).DialContext(t.Context(), "unix", path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go func() {
		_, _ = io.Copy(conn, os.Stdin)
		_ = conn.Close()
	}()
	_, _ = io.Copy(os.Stdout, conn)
	os.Exit(0)
}

func TestTransports(t *testing.T) {
	s := lab.Serve(t, lab.Options{TLS: true, SSH: true})
	t.Setenv("PATH", s.SSH.Bin+":"+os.Getenv("PATH"))
	t.Setenv("XDG_RUNTIME_DIR", runtimeDir(t, s))
	bare, _, _ := strings.Cut(s.TLSURI(), "?")
	nc := netcat(t)
	pem := func(name string) string { return filepath.Join(s.TLS.Client, name) }
	for name, given := range map[string]map[string]any{
		"unix":                    {setURI: s.URI()},
		"unix, no transport said": {setURI: "qemu:///system?socket=" + s.SocketPath},
		"tcp":                     {setURI: s.TCPURI()},
		"tls":                     {setURI: s.TLSURI()},
		"tls without a transport": {setURI: strings.Replace(s.TLSURI(), "qemu+tls", "qemu", 1)},
		"tls by settings":         {setURI: bare, setCAFile: pem("cacert.pem"), setCert: pem("clientcert.pem"), setKey: pem("clientkey.pem")},
		"tls, no verification":    {setURI: bare + "?no_verify=1", setCert: pem("clientcert.pem"), setKey: pem("clientkey.pem")},
		"ssh through a jump host": {setURI: s.SSH.URI()},
		"ssh to the jump host":    {setURI: "qemu+ssh://root@" + s.SSH.Jump + "/system"},
		"ssh by netcat":           {setURI: s.SSH.URI() + "?netcat=" + nc},
		"ssh by a socket":         {setURI: s.SSH.URI() + "?socket=/run/libvirt/libvirt-sock&netcat=" + nc},
		"ssh by the helper":       {setURI: s.SSH.URI() + "?proxy=native"},
		"session":                 {setURI: "qemu:///session"},
	} {
		t.Run(name, func(t *testing.T) {
			connected, err := dialled(t, given)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := hostname(t.Context(), connected); err != nil || got == "" {
				t.Errorf("the host is %q: %v", got, err)
			}
			start := time.Now()
			if err := connected.close(t.Context()); err != nil || time.Since(start) > 2*time.Second {
				t.Errorf("closing took %s: %v", time.Since(start), err)
			}
		})
	}
}

func TestTransportsRefused(t *testing.T) {
	s := lab.Serve(t, lab.Options{TLS: true, SSH: true})
	t.Setenv("PATH", s.SSH.Bin+":"+os.Getenv("PATH"))
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	bare, _, _ := strings.Cut(s.TLSURI(), "?")
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	_ = closed.Close()
	nowhere := filepath.Join(t.TempDir(), "known_hosts")
	for name, c := range map[string]struct {
		given map[string]any
		class error
		says  []string
	}{
		"unix, nobody there":      {map[string]any{setURI: "qemu+unix:///system?socket=" + nowhere}, platform.ErrUnreachable, []string{nowhere, "LIBVIRT_DEFAULT_URI"}},
		"session, nobody there":   {map[string]any{setURI: "qemu:///session"}, platform.ErrUnreachable, []string{"virsh -c qemu:///session"}},
		"tcp, nobody there":       {map[string]any{setURI: "qemu+tcp://" + nobody + "/system"}, platform.ErrUnreachable, []string{nobody, "refused"}},
		"tls, another authority":  {map[string]any{setURI: bare + "?pkipath=" + foreignAuthority(t, s.TLS.Client, lab.Serve(t, lab.Options{TLS: true}))}, platform.ErrUnauthorised, []string{"ca_file"}},
		"tls, a stranger":         {map[string]any{setURI: bare + "?pkipath=" + s.TLS.Stranger}, platform.ErrUnauthorised, []string{"client_certificate"}},
		"tls, no certificate":     {map[string]any{setURI: bare, setCAFile: filepath.Join(s.TLS.Client, "cacert.pem")}, platform.ErrUnauthorised, []string{"client_certificate"}},
		"tls, half a certificate": {map[string]any{setURI: bare, setCert: "x.pem"}, platform.ErrInvalid, []string{"client_key"}},
		"tls, an empty pkipath":   {map[string]any{setURI: bare + "?pkipath=/nowhere"}, platform.ErrInvalid, []string{"cacert.pem"}},
		"ssh, unknown host key":   {map[string]any{setURI: s.SSH.URI() + "?known_hosts=" + nowhere}, platform.ErrUnauthorised, []string{"Host key verification failed", "ssh -o BatchMode=yes"}},
		"ssh, wrong user":         {map[string]any{setURI: "qemu+ssh://nobody@" + s.SSH.Jump + "/system"}, platform.ErrUnauthorised, []string{"Permission denied"}},
		"ssh, nobody there":       {map[string]any{setURI: "qemu+ssh://" + nobody + "/system?known_hosts_verify=ignore"}, platform.ErrUnreachable, []string{"refused", "By hand"}},
		"ssh, no such name":       {map[string]any{setURI: "qemu+ssh://no-such-host.invalid/system"}, platform.ErrUnreachable, []string{"no-such-host.invalid"}},
		"ssh, no daemon there":    {map[string]any{setURI: s.SSH.URI() + "?socket=/run/nobody&netcat=" + netcat(t)}, platform.ErrUnreachable, []string{"/run/nobody"}},
		"ssh, no such program":    {map[string]any{setURI: s.SSH.URI() + "?command=/nowhere/ssh"}, platform.ErrInvalid, []string{"/nowhere/ssh"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := dialled(t, c.given)
			isClass(t, err, c.class, append(c.says, "cannot connect to")...)
		})
	}
}

// TestSilentServers are hosts that take a connection and say nothing.
func TestSilentServers(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for _, text := range []string{"qemu+tcp://%s/system", "qemu+tls://%s/system?no_verify=1", "qemu+ssh://%s/system"} {
		t.Run(text, func(t *testing.T) {
			u, err := parseURI(fmt.Sprintf(text, silent.Addr()))
			if err != nil {
				t.Fatal(err)
			}
			d := &dialer{uri: u, config: platform.NewConfig(nil)}
			c := newClient(u, d.dial, 0)
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			start := time.Now()
			if _, err := c.take(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), silent.Addr().String()) {
				t.Errorf("%v", err)
			}
			err = c.close(t.Context())
			if took := time.Since(start); err != nil || took > 2*time.Second {
				t.Errorf("it took %s: %v", took, err)
			}
			if ids := programs(t); len(ids) > 0 {
				t.Errorf("these still run: %v", ids)
			}
		})
	}
}

// programs are the processes that this one started and that run yet.
func programs(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	paths, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		before, after, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(after)
		if len(fields) > 1 && fields[1] == fmt.Sprint(os.Getpid()) && strings.HasSuffix(before, "(ssh") && fields[0] != "Z" {
			found[path] = before
		}
	}
	return maps.Clone(found)
}

// TestTestDriver uses libvirt's mock driver, which lacks much.
func TestTestDriver(t *testing.T) {
	s := lab.Serve(t, lab.Options{})
	uri := "test+unix:///default?socket=" + s.SocketPath
	config, err := platform.Resolve(settings(), map[string]any{setURI: uri, setPool: "default-pool"}, platform.Source{Env: func(string) (string, bool) { return "", false }})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := New().Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if !strings.HasSuffix(conn.Endpoint, " test:///default") {
		t.Errorf("the endpoint is %q", conn.Endpoint)
	}
	listed[platform.Machine](t, conn.Machines, "test")
	listed[platform.Network](t, conn.Networks, "default")
	listed[platform.StoragePool](t, conn.StoragePools, "default-pool")
	listed[platform.Disk](t, conn.Disks, "")
	listed[platform.Image](t, conn.Images, "")
	listed[platform.Host](t, conn.Hosts, "")
	want := &platform.Machine{Name: "made", CPUs: new(int64(1)), Memory: new(64 * platform.MiB)}
	if err := conn.Machines.Create(t.Context(), want, func(string) {}); err != nil {
		t.Fatal(err)
	}
	listed[platform.Machine](t, conn.Machines, "made")
}

// listed reads everything of a kind and wants one of the name among it.
func listed[T any](t *testing.T, of platform.Reader[T], name string) {
	t.Helper()
	lister, ok := of.(platform.Lister[T])
	if !ok {
		t.Errorf("%T cannot list", of)
		return
	}
	found := name == ""
	for entry, err := range lister.List(t.Context()) {
		if err != nil {
			t.Errorf("%T: %v", of, err)
			return
		}
		var have T
		if err := entry.Fill(&have); err != nil {
			t.Errorf("%T: %s: %v", of, entry.Name, err)
		}
		found = found || entry.Name == name
	}
	if !found {
		t.Errorf("%T: there is no %q", of, name)
	}
}
