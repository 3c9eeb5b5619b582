package openstack

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"text/template"
)

// recipe is what a control plane is made of: configurations, templates in which {{port "nova"}} and {{url "nova"}} are
// what this cloud has, and the Python that runs beside OpenStack's.
//
//go:embed config python/virtlab/*.py python/virtlab-1.0.dist-info schema.sh
var recipe embed.FS

// lay makes a cloud's folders, configurations and programs.
func (c *Cloud) lay() error {
	for _, sub := range []string{
		"etc", "log", "home", "tmp", "state/lock", "state/images", "state/staging", "state/volumes", "state/backup",
		"state/nova", "state/cinder", "state/neutron", "state/fernet", "state/credential",
	} {
		if err := os.MkdirAll(c.under(sub), 0o700); err != nil {
			return err
		}
	}
	if err := c.configure(); err != nil {
		return fmt.Errorf("write OpenStack's configuration: %w", err)
	}
	python, err := fs.Sub(recipe, "python")
	if err != nil {
		return err
	}
	return os.CopyFS(c.under("python"), python)
}

// configure writes what is in config, filled in.
func (c *Cloud) configure() error {
	all, err := template.New("").Funcs(template.FuncMap{
		"port": func(service string) int { return c.ports[service] },
		"url":  c.url,
	}).ParseFS(recipe, "config/*")
	if err != nil {
		return err
	}
	for _, t := range all.Templates() {
		if ext := filepath.Ext(t.Name()); ext == ".tmpl" || ext == "" {
			continue // the shared parts
		}
		file, err := os.OpenFile(c.under("etc/"+t.Name()), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		err = t.Execute(file, nil)
		if closed := file.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// freePorts finds a port of the loopback for every service. They lie below those that the system gives to clients, so
// that none is taken between now and the service's start.
func freePorts(ctx context.Context) (map[string]int, error) {
	ports := map[string]int{}
	taken := map[int]bool{}
	for _, name := range names() {
		for range 1000 {
			port := 20000 + rand.IntN(12000)
			l, err := new(net.ListenConfig).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
			if err != nil || taken[port] {
				continue
			}
			if err := l.Close(); err != nil {
				return nil, err
			}
			ports[name], taken[port] = port, true
			break
		}
		if ports[name] == 0 {
			return nil, fmt.Errorf("find a free port of the loopback for %s: none in a thousand tries", name)
		}
	}
	return ports, nil
}
