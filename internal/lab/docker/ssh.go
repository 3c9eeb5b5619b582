package docker

import (
	"context"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/sshd"
)

// SSH is access to an engine's host by the real ssh: a jump host that listens on the machine's loopback, and behind it,
// in the engine's network namespace alone, a host with the engine. Each has a host key of its own; root logs in by key.
// Both are hosts of the same engine, so ssh://root@lab-jump works without a jump. There is a docker tool on them, for
// "docker system dial-stdio", and the engine's socket also has its usual path, /var/run/docker.sock.
type SSH struct {
	sshd.Access

	hosts *sshd.Pair
}

// URL is the address by ssh, through the jump host, as in DOCKER_HOST. A client finds Config only with Bin at the front
// of its PATH.
func (s *SSH) URL() string { return "ssh://root@" + s.Host }

// startSSH starts both hosts over a folder below dir.
func startSSH(ctx context.Context, in *space, dir string) (*SSH, error) {
	hosts, err := sshd.Start(ctx, dir, in.command)
	if err != nil {
		return nil, err
	}
	return &SSH{Access: hosts.Access, hosts: hosts}, nil
}
