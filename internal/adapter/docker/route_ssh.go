package docker

import (
	"context"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform/sshpipe"
)

// sshRoute is the way to an engine by the user's ssh. The first connection opens the way, the others share it.
type sshRoute struct {
	args   []string // ssh and its options
	host   string
	socket string // of the engine on the other host; empty: where its docker tool finds it
	folder string // holds the socket that connections share; empty where there is none
}

// newSSHRoute prepares the command line. Where the user's ssh shares connections by itself, it is left alone.
func newSSHRoute(ctx context.Context, u *url.URL, options []string) (*sshRoute, error) {
	r := &sshRoute{host: u.Hostname(), socket: strings.TrimSuffix(u.Path, "/"), args: []string{"ssh", "-T", "-e", "none", "-o", "BatchMode=yes", "-o", "ServerAliveInterval=15"}}
	if u.Port() != "" {
		r.args = append(r.args, "-p", u.Port())
	}
	if name := u.User.Username(); name != "" {
		r.args = append(r.args, "-l", name)
	}
	r.args = append(r.args, options...)
	if runtime.GOOS == "windows" || r.shared(ctx) {
		return r, nil
	}
	folder, err := os.MkdirTemp("", "virt-ssh")
	if err != nil {
		return nil, err
	}
	r.folder = folder
	r.args = append(r.args, "-o", "ControlMaster=auto", "-o", "ControlPersist=60", "-o", "ControlPath="+filepath.Join(folder, "s"))
	return r, nil
}

// shared reports whether the user's configuration shares connections to this host.
func (r *sshRoute) shared(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, r.args[0], append(slices.Clone(r.args[1:]), "-G", "--", r.host)...).Output() //nolint:gosec // the user's ssh, by the user's settings
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(out)) {
		if mode, ok := strings.CutPrefix(strings.TrimSpace(line), "controlmaster "); ok {
			return mode != "false" && mode != "no"
		}
	}
	return false
}

// dial runs the docker tool's own bridge to the engine's socket on the other host.
func (r *sshRoute) dial(ctx context.Context) (net.Conn, error) {
	return sshpipe.Dial(ctx, append(slices.Clone(r.args), append([]string{"--", r.host}, r.bridge()...)...))
}

// bridge is the command on the other host. ssh hands its words to a shell there.
func (r *sshRoute) bridge() []string {
	if r.socket == "" {
		return []string{"docker", "system", "dial-stdio"}
	}
	return []string{"docker", "--host", "'unix://" + strings.ReplaceAll(r.socket, "'", `'\''`) + "'", "system", "dial-stdio"}
}

// close ends the shared connection.
func (r *sshRoute) close(ctx context.Context) error {
	if r.folder == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = exec.CommandContext(ctx, r.args[0], append(slices.Clone(r.args[1:]), "-O", "exit", "--", r.host)...).Run() //nolint:gosec // there may be none; it ends by itself after a minute
	return os.RemoveAll(r.folder)
}
