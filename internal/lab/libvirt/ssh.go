package libvirt

import (
	"context"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/namespace"
	"github.com/terraform-virt/terraform-provider-virt/internal/lab/sshd"
)

// SSH is access to a server's host by the real ssh: a jump host that listens on the machine's loopback, and behind it,
// in the server's network namespace alone, a host with the daemon. Each has a host key of its own; root logs in by key.
// Both are hosts of the same daemon, so qemu+ssh://root@lab-jump/system works without a jump.
type SSH struct {
	sshd.Access

	hosts *sshd.Pair
}

// URI is the address by ssh, through the jump host. A client finds Config only with Bin at the front of its PATH.
func (s *SSH) URI() string { return "qemu+ssh://root@" + s.Host + "/system" }

// startSSH starts both hosts over a folder below dir.
func startSSH(ctx context.Context, in *namespace.Set, dir string) (*SSH, error) {
	hosts, err := sshd.Start(ctx, dir, in.Command)
	if err != nil {
		return nil, err
	}
	return &SSH{Access: hosts.Access, hosts: hosts}, nil
}
