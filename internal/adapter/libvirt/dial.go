package libvirt

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// dialer opens the stream that the protocol runs on.
type dialer struct {
	uri    *uri
	config platform.Config
}

// dial connects; the context bounds the connecting only.
func (d *dialer) dial(ctx context.Context) (net.Conn, error) {
	switch d.uri.transport {
	case overSSH:
		return dialSSH(ctx, d.uri)
	case overTLS:
		return d.tls(ctx)
	case overTCP:
		return (&net.Dialer{}).DialContext(ctx, "tcp", d.address("16509"))
	}
	return d.unix(ctx)
}

func (d *dialer) address(port string) string {
	if d.uri.port != "" {
		port = d.uri.port
	}
	return net.JoinHostPort(d.uri.host, port)
}

// unix tries the sockets. Of its failures the one of a socket that is there tells more.
func (d *dialer) unix(ctx context.Context) (net.Conn, error) {
	var first error
	for _, path := range d.uri.sockets() {
		conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
		if err == nil {
			return conn, nil
		}
		if first == nil || errors.Is(first, os.ErrNotExist) && !errors.Is(err, os.ErrNotExist) {
			first = err
		}
	}
	return nil, first
}

// tls connects and waits for the byte by which the server says that it accepts the client's certificate.
func (d *dialer) tls(ctx context.Context) (net.Conn, error) {
	config, err := d.certificates()
	if err != nil {
		return nil, err
	}
	conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", d.address("16514"))
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	verdict := make([]byte, 1)
	if _, err := conn.Read(verdict); err != nil {
		_ = conn.Close()
		if ctx.Err() != nil {
			return nil, fmt.Errorf("the server does not say whether it accepts the client certificate: %w", ctx.Err())
		}
		if errors.Is(err, io.EOF) {
			err = errors.New("it closed the connection")
		}
		return nil, platform.As(platform.ErrUnauthorised, fmt.Errorf("the server did not accept the client certificate: %w", err))
	}
	if verdict[0] != 1 {
		_ = conn.Close()
		return nil, platform.As(platform.ErrUnauthorised, errors.New("the server refused the client certificate or its address"))
	}
	return conn, nil
}

// certificates reads what libvirt's own client would read (https://libvirt.org/kbase/tlscerts.html).
func (d *dialer) certificates() (*tls.Config, error) {
	config := &tls.Config{ServerName: d.uri.host, MinVersion: tls.VersionTLS12}
	cert, key := d.config.String(setCert), d.config.String(setKey)
	if (cert == "") != (key == "") {
		return nil, platform.As(platform.ErrInvalid, errors.New("client_certificate and client_key belong together"))
	}
	if cert == "" {
		cert, key = d.found("clientcert.pem"), d.found("clientkey.pem")
	}
	if cert != "" && key != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, platform.As(platform.ErrInvalid, fmt.Errorf("client certificate: %w", err))
		}
		config.Certificates = []tls.Certificate{pair}
	}
	if d.uri.params.Get("no_verify") == "1" {
		config.InsecureSkipVerify = true // the user wrote no_verify=1
		return config, nil
	}
	ca := d.config.String(setCAFile)
	if ca == "" {
		ca = d.found("cacert.pem")
	}
	if ca == "" && d.uri.params.Has("pkipath") {
		return nil, platform.As(platform.ErrInvalid, fmt.Errorf("authority: there is no cacert.pem in the pkipath %s", d.uri.params.Get("pkipath")))
	}
	if ca == "" {
		return config, nil // the system's authorities
	}
	pem, err := os.ReadFile(ca)
	if err != nil {
		return nil, platform.As(platform.ErrInvalid, fmt.Errorf("authority: %w", err))
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, platform.As(platform.ErrInvalid, fmt.Errorf("authority: %s holds no certificate", ca))
	}
	return config, nil
}

// found looks for a file where libvirt does: pkipath, the user's directory, the system's; "" is none.
func (d *dialer) found(name string) string {
	if dir := d.uri.params.Get("pkipath"); dir != "" {
		return foundIn(name, dir)
	}
	var dirs []string
	if home, err := os.UserHomeDir(); err == nil {
		dirs = append(dirs, filepath.Join(home, ".pki/libvirt"))
	}
	switch name {
	case "cacert.pem":
		dirs = append(dirs, "/etc/pki/CA")
	case "clientkey.pem":
		dirs = append(dirs, "/etc/pki/libvirt/private")
	default:
		dirs = append(dirs, "/etc/pki/libvirt")
	}
	return foundIn(name, dirs...)
}

func foundIn(name string, dirs ...string) string {
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return filepath.Join(dir, name)
		}
	}
	return ""
}
