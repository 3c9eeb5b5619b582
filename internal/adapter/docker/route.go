package docker

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// localSocket is where an engine listens on its own host.
const localSocket = "unix:///var/run/docker.sock"

// route is the way to an engine.
type route struct {
	host *url.URL    // unix, npipe, tcp, http, https or ssh
	from string      // who named it: a setting, a context
	tls  *tls.Config // nil: in the clear
	ssh  *sshRoute   // of ssh
}

// certificates are the files of a TLS connection; each may be empty.
type certificates struct{ ca, cert, key string }

// whereabouts is where an engine is, before it is understood.
type whereabouts struct {
	host, from string
	certs      certificates
	verify     bool
}

// findRoute takes the settings, else the context, else the local socket.
func findRoute(ctx context.Context, c platform.Config) (*route, error) {
	p, err := findPlace(c)
	if err != nil {
		return nil, err
	}
	u, err := parseHost(p.host)
	if err != nil {
		return nil, platform.As(platform.ErrInvalid, &platform.OpError{Op: "understand the engine's address", On: p.host, Err: err, Hint: "It comes from " + p.from})
	}
	r := &route{host: u, from: p.from}
	if u.Scheme == "ssh" {
		r.ssh, err = newSSHRoute(ctx, u, c.Strings(setSSHOptions))
		return r, err
	}
	if u.Scheme == "https" || u.Scheme == "tcp" && (p.certs != certificates{}) {
		r.tls, err = p.certs.config(p.verify)
	}
	return r, err
}

// findPlace decides between host and context. What the user wrote goes before what the environment says; otherwise the
// host does, as with the docker tool.
func findPlace(c platform.Config) (whereabouts, error) {
	certs, err := certificatesOf(c)
	p := whereabouts{host: c.String(setHost), from: "the setting host (DOCKER_HOST)", certs: certs, verify: c.Bool(setTLSVerify)}
	if c.Given(setHost) && c.Given(setContext) {
		return p, invalid("host and context both say where the engine is: leave one of them out")
	}
	if err != nil || p.host != "" && !c.Given(setContext) {
		return p, err
	}
	found, err := currentContext(c)
	if err != nil || found == nil {
		p.host, p.from = localSocket, "the default, since neither host nor context is set"
		return p, err
	}
	p.host, p.from = found.host, fmt.Sprintf("the context %q", found.name)
	if c.Given(setCertPath) || c.Given(setCAFile) || c.Given(setCert) {
		p.certs = p.certs.or(found.certs)
	} else {
		p.certs = found.certs.or(p.certs)
	}
	p.verify = p.verify && !found.skipVerify
	return p, nil
}

// parseHost reads an address as the docker tool takes it.
func parseHost(host string) (*url.URL, error) {
	u, err := url.Parse(host)
	switch {
	case err != nil:
		return nil, err
	case u.Scheme == "unix" || u.Scheme == "npipe":
		return u, nil
	case u.Scheme == "tcp" || u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "ssh":
		if u.Hostname() == "" {
			return nil, errors.New("it names no host")
		}
		if u.Scheme == "tcp" && u.Port() == "" {
			return nil, errors.New("it needs a port: 2376 with TLS, 2375 without, as a rule")
		}
		return u, nil
	}
	return nil, errors.New("it has to begin with unix://, npipe://, tcp://, http://, https:// or ssh://")
}

// certificatesOf takes the files that settings name, else those of the folder that are there, as the docker tool does.
func certificatesOf(c platform.Config) (certificates, error) {
	certs := certificates{c.String(setCAFile), c.String(setCert), c.String(setKey)}
	if folder := c.String(setCertPath); folder != "" {
		there := certificates{existing(folder, "ca.pem"), existing(folder, "cert.pem"), existing(folder, "key.pem")}
		if (there == certificates{}) {
			return certs, invalidFile("the certificates in", folder, errors.New("it holds neither ca.pem nor cert.pem and key.pem"))
		}
		certs = certs.or(there)
	}
	return certs, nil
}

func (c certificates) or(other certificates) certificates {
	return certificates{cmp.Or(c.ca, other.ca), cmp.Or(c.cert, other.cert), cmp.Or(c.key, other.key)}
}

// config reads the files.
func (c certificates) config(verify bool) (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: !verify} //nolint:gosec // only when the user says so
	if c.ca != "" {
		pem, err := os.ReadFile(c.ca)
		if err != nil {
			return nil, invalidFile("the authority's certificate", c.ca, err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, invalidFile("the authority's certificate", c.ca, errors.New("it holds no certificate in PEM format"))
		}
	}
	if (c.cert == "") != (c.key == "") {
		return nil, invalid("client_certificate and client_key belong together: %q and %q", c.cert, c.key)
	}
	if c.cert != "" {
		pair, err := tls.LoadX509KeyPair(c.cert, c.key)
		if err != nil {
			return nil, invalidFile("the client certificate", c.cert, err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

func invalidFile(what, file string, err error) error {
	return platform.As(platform.ErrInvalid, &platform.OpError{Op: "read " + what, On: file, Err: err})
}

// dialled is the address as Moby's client takes it. Behind ssh there is none: it is dialled here.
func (r *route) dialled() string {
	switch r.host.Scheme {
	case "ssh":
		return "http://docker.invalid"
	case "http", "https":
		return "tcp://" + r.host.Host
	}
	return r.host.String()
}

// where is the address for messages.
func (r *route) where() string { return r.host.Redacted() }

// http makes the client that requests go through. Connections are kept and shared.
func (r *route) http() *http.Client {
	t := &http.Transport{
		MaxIdleConns: parallel * 2, MaxIdleConnsPerHost: parallel * 2, IdleConnTimeout: 90 * time.Second,
		TLSClientConfig: r.tls, TLSHandshakeTimeout: 20 * time.Second, DialContext: r.dial,
	}
	if slices.Contains([]string{"tcp", "http", "https"}, r.host.Scheme) {
		t.Proxy = http.ProxyFromEnvironment // no proxy leads to a socket
	}
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// dial opens one connection for Moby's client, whatever address that believes to speak to.
func (r *route) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := &net.Dialer{Timeout: 20 * time.Second, KeepAlive: 30 * time.Second}
	switch r.host.Scheme {
	case "ssh":
		return r.ssh.dial(ctx)
	case "unix":
		return d.DialContext(ctx, "unix", r.host.Path)
	case "npipe":
		return dialPipe(ctx, r.host.Path)
	}
	return d.DialContext(ctx, network, address)
}

func (r *route) close(ctx context.Context) error {
	if r.ssh != nil {
		return r.ssh.close(ctx)
	}
	return nil
}
