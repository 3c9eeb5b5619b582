package sshd

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/program"
)

// write makes the keys and configurations.
func (p *Pair) write(ctx context.Context) error {
	public, err := keygen(ctx, p.Access.Key)
	if err != nil {
		return err
	}
	files := map[string]string{
		filepath.Join(p.dir, "authorized_keys"): public,
		filepath.Join(p.Access.Bin, "ssh"):      fmt.Sprintf("#!/bin/sh\nexec %s -F %s \"$@\"\n", program.Find("ssh"), p.Access.Config),
		p.Access.Config:                         p.clientConfig(),
	}
	var known strings.Builder
	for _, name := range []string{p.Access.Jump, p.Access.Host} {
		key, err := keygen(ctx, filepath.Join(p.dir, name+".key"))
		if err != nil {
			return err
		}
		fmt.Fprintf(&known, "%s %s", name, key)
		files[p.serverFile(name)] = p.serverConfig(name)
	}
	files[p.Access.KnownHosts] = known.String()
	for path, text := range files {
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			return err
		}
	}
	return nil
}

// clientConfig is what a user's ~/.ssh/config would say.
func (p *Pair) clientConfig() string {
	_, port, _ := net.SplitHostPort(p.listener.Addr().String())
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
`, p.Access.KnownHosts, p.Access.Key, p.Access.Jump, port, p.Access.Host, program.Find("ssh"), p.Access.Config)
}

// serverFile is the path of the sshd_config of the host of that name.
func (p *Pair) serverFile(name string) string { return filepath.Join(p.dir, name+".conf") }

// serverConfig is sshd_config of the host of that name.
func (p *Pair) serverConfig(name string) string {
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
`, filepath.Join(p.dir, name+".key"), filepath.Join(p.dir, "authorized_keys"))
}

// keygen makes a key pair without a passphrase and returns the public half, a line.
func keygen(ctx context.Context, path string) (string, error) {
	if _, err := program.Output(exec.CommandContext(ctx, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", path)); err != nil {
		return "", err
	}
	public, err := os.ReadFile(path + ".pub")
	return string(public), err
}
