package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/namespace"
)

// RegistryOptions says what a registry asks of its clients.
type RegistryOptions struct {
	User, Password string // without a user it is open to all
	TLS            bool   // it speaks HTTPS; see Registry.CA
}

// Registry is a running docker-registry that lets blobs and manifests be deleted.
type Registry struct {
	Address string // on the machine's loopback; with Engine.Reach the same for an engine: the first part of image names
	CA      string // a file with the authority of its certificate; empty without RegistryOptions.TLS

	dir   string
	space *space
	front *relay
}

// inside is the registry's address in its own network namespace.
const inside = "127.0.0.1:5000"

// registryConfig is config.yml; the verb is the folder.
const registryConfig = `version: 0.1
log: {level: info}
storage:
  filesystem: {rootdirectory: %[1]s/data}
  delete: {enabled: true}
  cache: {blobdescriptor: inmemory}
`

// StartRegistry starts a registry for a test and makes it known to the engines: they reach it at its Address, and with
// TLS they trust it. Engines let a registry on a loopback also be one without a certificate.
func StartRegistry(t testing.TB, o RegistryOptions, engines ...*Engine) *Registry {
	t.Helper()
	Need(t)
	r, err := startRegistry(t.Context(), o)
	if err != nil {
		t.Fatalf("start a registry: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of docker-registry:\n%s", r.Logs())
		}
		if err := r.close(); err != nil {
			t.Error(err)
		}
	})
	for _, e := range engines {
		e.Reach(t, r.Address)
		if err := r.trustedBy(e); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// URL is the registry's, with its scheme.
func (r *Registry) URL() string {
	if r.CA != "" {
		return "https://" + r.Address
	}
	return "http://" + r.Address
}

// Ref is the full name of an image in the registry.
func (r *Registry) Ref(name string) string { return r.Address + "/" + name }

// Logs is what the registry logged, every request included.
func (r *Registry) Logs() string {
	text, _ := os.ReadFile(filepath.Join(r.dir, "log"))
	return string(text)
}

// trustedBy puts the authority where an engine looks for it, pull by pull.
func (r *Registry) trustedBy(e *Engine) error {
	if r.CA == "" {
		return nil
	}
	text, err := os.ReadFile(r.CA)
	if err != nil {
		return err
	}
	place := filepath.Join(e.under("etc"), "certs.d", r.Address)
	if err := os.MkdirAll(place, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(place, "ca.crt"), text, 0o600)
}

// startRegistry starts a registry and waits until it answers: a tenth of a second.
func startRegistry(ctx context.Context, o RegistryOptions) (_ *Registry, err error) {
	dir, err := os.MkdirTemp("", "dr")
	if err != nil {
		return nil, err
	}
	r := &Registry{dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close())
		}
	}()
	if err := r.configure(o); err != nil {
		return nil, err
	}
	if r.space, err = newSpace(ctx, dir); err != nil {
		return nil, err
	}
	if err := r.launch(ctx); err != nil {
		return nil, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r.Address = l.Addr().String()
	r.front = newRelay(ctx, l, func(ctx context.Context) (net.Conn, error) { return r.space.dial(ctx, inside) })
	return r, nil
}

// configure writes the configuration, which is JSON where YAML has to be spelt from values.
func (r *Registry) configure(o RegistryOptions) error {
	server := map[string]any{"addr": inside}
	text := fmt.Sprintf(registryConfig, r.dir)
	if o.TLS {
		pki, err := newTLS(filepath.Join(r.dir, "pki"))
		if err != nil {
			return err
		}
		r.CA = filepath.Join(pki.server, "ca.pem")
		server["tls"] = map[string]string{"certificate": filepath.Join(pki.server, "cert.pem"), "key": filepath.Join(pki.server, "key.pem")}
	}
	line, err := json.Marshal(server)
	if err != nil {
		return err
	}
	text += fmt.Sprintf("http: %s\n", line)
	if o.User != "" {
		hash, err := bcrypt.GenerateFromPassword([]byte(o.Password), bcrypt.MinCost)
		if err != nil {
			return err
		}
		users := filepath.Join(r.dir, "htpasswd")
		if err := os.WriteFile(users, fmt.Appendf(nil, "%s:%s\n", o.User, hash), 0o600); err != nil {
			return err
		}
		text += fmt.Sprintf("auth: {htpasswd: {realm: lab, path: %s}}\n", users)
	}
	return os.WriteFile(filepath.Join(r.dir, "config.yml"), []byte(text), 0o600)
}

// launch starts docker-registry and waits until it listens.
func (r *Registry) launch(ctx context.Context) error {
	log, err := os.Create(filepath.Join(r.dir, "log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the registry has its own copy
	command := r.space.command(context.WithoutCancel(ctx), "docker-registry", "serve", filepath.Join(r.dir, "config.yml"))
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		return err
	}
	go reap(command)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		conn, err := r.space.dial(ctx, inside)
		if err == nil {
			return conn.Close()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("docker-registry does not answer: %w\n%s", err, r.Logs())
		}
	}
}

// reap waits for a process that ends with its namespaces.
func reap(command *exec.Cmd) { _ = command.Wait() }

// close ends the registry and removes its folder.
func (r *Registry) close() error {
	if r.front != nil {
		r.front.close()
	}
	var err error
	if r.space != nil {
		err = r.space.close()
	}
	return errors.Join(err, namespace.RemoveAll(r.dir))
}
