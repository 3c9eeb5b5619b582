package libvirt

import (
	"errors"
	"fmt"
	"maps"
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
		return nil, badURI(withoutUser(text), "it is no URI; write it as virsh takes it, such as qemu:///system or qemu+ssh://root@host/system")
	}
	if _, secret := parsed.User.Password(); secret {
		return nil, badURI(parsed.Redacted(), "it holds a password, which no transport takes: ssh uses keys and the agent, TLS certificates")
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
	for _, name := range slices.Sorted(maps.Keys(u.params)) {
		if allowed := values()[name]; allowed != nil && slices.Contains(known, name) && !slices.Contains(allowed, u.params.Get(name)) {
			return badURI(u.text, fmt.Sprintf("the parameter %s takes %s", name, strings.Join(allowed, ", ")))
		}
		if !slices.Contains(known, name) {
			return badURI(u.text, fmt.Sprintf("%s does not take the parameter %q: it takes %s", u.transport, name, strings.Join(known, ", ")))
		}
	}
	return nil
}

// values lists what parameters take that do not take any text.
func values() map[string][]string {
	return map[string][]string{
		"known_hosts_verify": {"normal", "auto", "ignore"}, "no_verify": {"0", "1"}, "no_tty": {"0", "1"},
		"proxy": {"auto", "netcat", "native"}, "mode": {"auto", "legacy", "direct"},
	}
}

// withoutUser leaves out what may be a secret of a text that is no URI.
func withoutUser(text string) string {
	if at := strings.LastIndex(text, "@"); at >= 0 {
		return "…" + text[at:]
	}
	return text
}

func badURI(text, why string) error {
	return platform.As(platform.ErrInvalid, &platform.OpError{Op: "connect to", On: text, Err: platform.As(platform.ErrInvalid, errors.New(why)), Hint: "Check the setting uri (LIBVIRT_DEFAULT_URI)"})
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
	whole, own := filepath.Join(dir, "libvirt-sock"), filepath.Join(dir, "virt"+u.driver+"d-sock")
	switch u.params.Get("mode") {
	case "legacy":
		return []string{whole}
	case "direct":
		return []string{own}
	}
	return []string{whole, own}
}
