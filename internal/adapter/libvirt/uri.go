package libvirt

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// The transports of a URI.
const (
	overUnix = "unix"
	overSSH  = "ssh"
	overTLS  = "tls"
	overTCP  = "tcp"
)

// uri is a connection URI as libvirt defines it (https://libvirt.org/uri.html), taken apart.
type uri struct {
	text      string
	driver    string // "qemu"
	transport string
	user      string
	host      string
	port      string
	path      string // "/system"
	params    url.Values
}

// parameters lists what each transport takes behind the question mark.
func parameters(transport string) []string {
	switch transport {
	case overSSH:
		return []string{"socket", "command", "keyfile", "known_hosts", "known_hosts_verify", "no_verify", "no_tty", "netcat", "proxy", "mode", "name"}
	case overTLS:
		return []string{"pkipath", "no_verify", "name"}
	case overUnix:
		return []string{"socket", "mode", "name"}
	}
	return []string{"name"}
}

// parseURI takes a URI apart. A parameter that would be ignored is an error.
func parseURI(text string) (*uri, error) {
	parsed, err := url.Parse(text)
	if err != nil || parsed.Scheme == "" {
		return nil, badURI(text, "it is no URI; write it as virsh takes it, such as qemu:///system or qemu+ssh://root@host/system")
	}
	driver, transport, named := strings.Cut(parsed.Scheme, "+")
	u := &uri{
		text: text, driver: driver, transport: transport, host: parsed.Hostname(), port: parsed.Port(),
		user: parsed.User.Username(), path: parsed.Path, params: parsed.Query(),
	}
	switch {
	case !named && u.host == "":
		u.transport = overUnix
	case !named:
		u.transport = overTLS // as libvirt has it
	}
	if !slices.Contains([]string{overUnix, overSSH, overTLS, overTCP}, u.transport) {
		return nil, badURI(text, fmt.Sprintf("the transport %q is not known: use unix, ssh, tls or tcp", u.transport))
	}
	if u.transport != overUnix && u.host == "" {
		return nil, badURI(text, "it names no host")
	}
	return u, u.check()
}

func (u *uri) check() error {
	known := parameters(u.transport)
	for name := range u.params {
		if !slices.Contains(known, name) {
			return badURI(u.text, fmt.Sprintf("%s does not take the parameter %q: it takes %s", u.transport, name, strings.Join(known, ", ")))
		}
	}
	return nil
}

func badURI(text, why string) error {
	return platform.As(platform.ErrInvalid, &platform.OpError{Op: "connect to", On: text, Err: platform.As(platform.ErrInvalid, fmt.Errorf("%s", why)), Hint: "Check the setting uri (LIBVIRT_DEFAULT_URI)"})
}

// name is what the server is asked to open.
func (u *uri) name() string {
	if name := u.params.Get("name"); name != "" {
		return name
	}
	return u.driver + "://" + u.path
}

// where names the server in messages.
func (u *uri) where() string { return u.text }

// session reports whether the URI means the user's own daemon.
func (u *uri) session() bool { return u.path == "/session" }

// sockets lists where the daemon may listen on its host, the likeliest first. A modular daemon serves one driver; for
// the others it relies on the proxy, which listens where the old daemon did.
func (u *uri) sockets() []string {
	if given := u.params.Get("socket"); given != "" {
		return []string{given}
	}
	dir := "/run/libvirt"
	if u.session() {
		dir = os.Getenv("XDG_RUNTIME_DIR")
		if dir == "" {
			dir = fmt.Sprintf("/run/user/%d", os.Getuid())
		}
		dir = filepath.Join(dir, "libvirt")
	}
	return []string{filepath.Join(dir, "libvirt-sock"), filepath.Join(dir, "virt"+u.driver+"d-sock")}
}
