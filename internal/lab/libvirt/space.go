package libvirt

import (
	"context"
	_ "embed" // the script below
	"os/exec"
	"path/filepath"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/namespace"
	"github.com/terraform-virt/terraform-provider-virt/internal/lab/program"
)

// spaceScript is what the first process of the namespaces runs.
//
//go:embed space.sh
var spaceScript string

// newSpace makes the namespaces over a server's folder and waits until they are set up.
func newSpace(ctx context.Context, dir string) (*namespace.Set, error) {
	return namespace.New(ctx, namespace.Options{
		Kinds: []string{"net", "uts", "ipc"}, Script: spaceScript, Args: []string{dir, filepath.Base(dir)},
	})
}

// Exec runs a command on the server's host, which is to say inside its namespaces: its network devices, its processes
// and its /etc/libvirt, /var/lib/libvirt, /run/libvirt. It returns what the command wrote; an error carries it, too.
func (s *Server) Exec(ctx context.Context, args ...string) (string, error) {
	return program.Output(s.space.Command(ctx, args...))
}

// Virsh runs the real virsh against the server, as an independent client, and returns what it wrote. Without further
// arguments the first may hold several commands, parted by semicolons.
func (s *Server) Virsh(ctx context.Context, args ...string) (string, error) {
	return program.Output(exec.CommandContext(ctx, "virsh", append([]string{"-q", "-c", s.URI()}, args...)...))
}
