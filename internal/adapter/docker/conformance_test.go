package docker_test

import (
	"maps"
	"path/filepath"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/adapter/docker"
	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/docker"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/platformtest"
)

type block = platformtest.Config

func TestConformance(t *testing.T) {
	// Room for many networks that say nothing of their addresses.
	e := lab.Serve(t, lab.Options{Swarm: true, TLS: true, Args: []string{"--default-address-pool", "base=192.168.0.0/16,size=26"}})
	p := newPerson(t, e)
	s := platformtest.Suite{
		Driver:   docker.New(),
		Config:   settings(t, e, nil),
		Second:   settings(t, lab.Serve(t, lab.Options{}), nil),
		Refused:  refused(t, e),
		Backend:  p,
		Together: true,
		Most:     6, // one engine serves them all
		Kinds:    map[string]platformtest.Case{},
		Cannot:   map[string]string{},
		Given:    p.given(),
	}
	for name, f := range p.fixtures() {
		s.Kinds[name] = f.Case
		maps.Copy(s.Cannot, f.cannot)
		if f.given != nil {
			s.Given[name] = f.given
		}
	}
	platformtest.Run(t, s)
}

// settings is what a user writes to reach an engine; nobody's own configuration of the docker tool counts.
func settings(t *testing.T, e *lab.Engine, more map[string]any) map[string]any {
	t.Helper()
	c := map[string]any{"host": e.Host(), "config_dir": t.TempDir()}
	maps.Copy(c, more)
	return c
}

func refused(t *testing.T, e *lab.Engine) []platformtest.Refused {
	t.Helper()
	nobody := filepath.Join(t.TempDir(), "nobody.sock")
	tls := func(certs string) map[string]any {
		return map[string]any{"host": e.TLSHost(), "cert_path": certs}
	}
	return []platformtest.Refused{
		{Name: "no engine", Settings: map[string]any{"host": "unix://" + nobody}, Says: nobody},
		{Name: "no such transport", Settings: map[string]any{"host": "pigeon://host"}, Says: "pigeon://host"},
		{Name: "no port", Settings: map[string]any{"host": "tcp://engine.invalid"}, Says: "2376 with TLS"},
		{Name: "no such context", Settings: map[string]any{"context": "elsewhere", "config_dir": t.TempDir()}, Says: `"elsewhere"`},
		{Name: "client not trusted", Settings: tls(e.TLS.Stranger), Says: "a certificate that the engine trusts"},
		{Name: "TLS expected", Settings: map[string]any{"host": e.TLSHost()}, Says: "One side speaks TLS"},
	}
}
