package docker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// SSH is access to an engine's host by the real ssh: a jump host that listens on the machine's loopback, and behind it,
// in the engine's network namespace alone, a host with the engine. Each has a host key of its own; root logs in by key.
// Both are hosts of the same engine, so ssh://root@lab-jump works without a jump. There is a docker tool on them, for
// "docker system dial-stdio", and the engine's socket also has its usual path, /var/run/docker.sock.
type SSH struct {
	Jump       string // lab-jump, the name in Config of the host that is reached at once
	Host       string // lab-host, which Config reaches through Jump
	Config     string // a client's configuration with both
	KnownHosts string // the host keys of both
	Key        string // the client's private key, without a passphrase
	Bin        string // a folder with one program: an ssh that reads Config, for the front of PATH

	listener net.Listener
	sessions sync.WaitGroup // they end with the namespaces
}

// URL is the address by ssh, through the jump host, as in DOCKER_HOST. A client finds Config only with Bin at the front
// of its PATH.
func (s *SSH) URL() string { return "ssh://root@" + s.Host }

// startSSH starts both sshd over a folder below dir.
func startSSH(ctx context.Context, in *space, dir string) (*SSH, error) {
	dir = filepath.Join(dir, "ssh")
	s := &SSH{
		Jump: "lab-jump", Host: "lab-host", Config: filepath.Join(dir, "config"), KnownHosts: filepath.Join(dir, "known_hosts"),
		Key: filepath.Join(dir, "id"), Bin: filepath.Join(dir, "bin"),
	}
	if err := os.MkdirAll(s.Bin, 0o700); err != nil {
		return nil, err
	}
	var err error
	if s.listener, err = new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	if err := s.write(ctx, dir); err != nil {
		return nil, errors.Join(err, s.listener.Close())
	}
	go s.accept(context.WithoutCancel(ctx), in, filepath.Join(dir, s.Jump+".conf"))
	host := in.command(ctx, find("sshd"), "-f", filepath.Join(dir, s.Host+".conf"))
	if _, err := output(host); err != nil { // sshd goes to the background by itself
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// write makes the keys and configurations.
func (s *SSH) write(ctx context.Context, dir string) error {
	if _, err := keygen(ctx, s.Key); err != nil {
		return err
	}
	public, err := os.ReadFile(s.Key + ".pub")
	if err != nil {
		return err
	}
	files := map[string]string{
		filepath.Join(dir, "authorized_keys"): string(public),
		filepath.Join(s.Bin, "ssh"):           fmt.Sprintf("#!/bin/sh\nexec %s -F %s \"$@\"\n", find("ssh"), s.Config),
		s.Config:                              s.clientConfig(),
	}
	var known strings.Builder
	for _, name := range []string{s.Jump, s.Host} {
		key, err := keygen(ctx, filepath.Join(dir, name+".key"))
		if err != nil {
			return err
		}
		fmt.Fprintf(&known, "%s %s", name, key)
		files[filepath.Join(dir, name+".conf")] = serverConfig(dir, name)
	}
	files[s.KnownHosts] = known.String()
	for path, text := range files {
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			return err
		}
	}
	return nil
}

// clientConfig is what a user's ~/.ssh/config would say.
func (s *SSH) clientConfig() string {
	_, port, _ := net.SplitHostPort(s.listener.Addr().String())
	return fmt.Sprintf(`Host *
  UserKnownHostsFile %s
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  IdentityFile %s
  IdentitiesOnly yes
  IdentityAgent none
  BatchMode yes

Host %s
  HostName 127.0.0.1
  Port %s
  HostKeyAlias %[3]s

Host %[5]s
  HostName 127.0.0.1
  Port 22
  HostKeyAlias %[5]s
  ProxyCommand %[6]s -F %[7]s -W %%h:%%p root@%[3]s
`, s.KnownHosts, s.Key, s.Jump, port, s.Host, find("ssh"), s.Config)
}

// serverConfig is sshd_config of the host of that name.
func serverConfig(dir, name string) string {
	return fmt.Sprintf(`ListenAddress 127.0.0.1:22
HostKey %s
AuthorizedKeysFile %s
PidFile none
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
MaxStartups 100
MaxSessions 100
`, filepath.Join(dir, name+".key"), filepath.Join(dir, "authorized_keys"))
}

// keygen makes a key pair without a passphrase and returns the public half, a line.
func keygen(ctx context.Context, path string) (string, error) {
	if _, err := output(exec.CommandContext(ctx, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", path)); err != nil {
		return "", err
	}
	public, err := os.ReadFile(path + ".pub")
	return string(public), err
}

// accept serves connections to the jump host, each by an sshd of its own inside the namespaces: so the jump host hears
// on the machine's loopback and speaks to the engine's.
func (s *SSH) accept(ctx context.Context, in *space, config string) {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return // closed
		}
		tcp, ok := conn.(*net.TCPConn)
		if !ok {
			conn.Close()
			continue
		}
		file, err := tcp.File()
		conn.Close() // the session has a copy
		if err != nil {
			continue
		}
		sshd := in.command(ctx, find("sshd"), "-i", "-f", config)
		sshd.Stdin, sshd.Stdout, sshd.WaitDelay = file, file, time.Second
		s.sessions.Go(func() {
			_ = sshd.Run() // it ends with its client
			_ = file.Close()
		})
	}
}

// close refuses further connections. Running sessions end with the namespaces.
func (s *SSH) close() error { return s.listener.Close() }
