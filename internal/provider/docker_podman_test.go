package provider_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/terraform-virt/terraform-provider-virt/internal/adapter/docker"
	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/docker"
	"github.com/terraform-virt/terraform-provider-virt/internal/provider"
)

// engineCore starts the provider with one connection, as a run of Terraform does.
func engineCore(t *testing.T, settings map[string]any) *enginetest.Core {
	t.Helper()
	factory := func() (tfprotov6.ProviderServer, error) {
		p := provider.With("test", docker.New())
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Second)
			defer cancel()
			if err := p.Close(ctx); err != nil {
				t.Errorf("the provider does not close: %v", err)
			}
		})
		return providerserver.NewProtocol6WithError(p)()
	}
	config := enginetest.Config{"platform": []any{enginetest.Config{"name": "main", "docker": settings}}}
	core, diags, err := enginetest.Start(context.WithoutCancel(t.Context()), factory, config, enginetest.WithMutableIdentity())
	if err != nil || diags.HasErrors() {
		t.Fatalf("the provider does not start: %v\n%s", err, diags)
	}
	return core
}

// TestDockerPodman gives every kind that Podman has its life: it is made, seen by another run, imported, and taken away.
func TestDockerPodman(t *testing.T) {
	e := lab.StartPodman(t)
	lab.Image(t, e, "localhost/lab/server:one", lab.ImageOptions{})
	in := engineSettings(t, e, nil)
	core := engineCore(t, in)
	for name, c := range map[string]struct {
		kind string
		cfg  enginetest.Config
	}{
		"network":             {"network", enginetest.Config{"name": "plain"}},
		"network in full":     {"network", enginetest.Config{"name": "full", "mode": "isolated", "mtu": 1400, "subnets": enginetest.Config{"a": enginetest.Config{"cidr": "172.20.1.0/24"}, "b": enginetest.Config{"cidr": "fd00:1::/64", "gateway": "fd00:1::7"}}, "tags": enginetest.Config{"role": "web"}}},
		"network of two":      {"network", enginetest.Config{"name": "two", "subnets": enginetest.Config{"a": enginetest.Config{"cidr": "172.20.2.0/24"}, "b": enginetest.Config{"cidr": "172.20.3.0/24"}}}},
		"network and options": {"network", enginetest.Config{"name": "options", "docker": enginetest.Config{"driver": "bridge", "attachable": false, "options": enginetest.Config{"com.docker.network.driver.mtu": "1400"}}}},
		"macvlan":             {"network", enginetest.Config{"name": "mac", "mode": "macvlan"}},
		"volume":              {"volume", enginetest.Config{"name": "plain", "tags": enginetest.Config{"role": "db"}}},
		"volume in full":      {"volume", enginetest.Config{"name": "full", "docker": enginetest.Config{"driver": "local", "options": enginetest.Config{"type": "tmpfs", "device": "tmpfs"}}}},
		"container":           {"container", enginetest.Config{"name": "web", "image_id": "localhost/lab/server:one", "power": "off"}},
		"container in full":   {"container", enginetest.Config{"name": "full", "image_id": "localhost/lab/server:one", "command": []any{"serve"}, "env": enginetest.Config{"A": "1"}, "tags": enginetest.Config{"role": "web"}, "wait_for": enginetest.Config{"state": "running"}}},
	} {
		t.Run(name, func(t *testing.T) {
			x := core.Resource("virt_"+c.kind, "x")
			x.Must(t).Converge(c.cfg)
			t.Cleanup(func() { x.Must(t).Destroy() })
			y := engineCore(t, in).Resource("virt_"+c.kind, "x")
			y.SetState(x.State())
			y.Must(t).Empty(c.cfg)
			z := engineCore(t, in).Resource("virt_"+c.kind, "z")
			z.Must(t).Import("main/" + c.cfg["name"].(string))
			if p := z.Must(t).Plan(c.cfg); p.Action != enginetest.NoOp && p.Action != enginetest.Update {
				t.Errorf("after an import the plan is %q because of %v", p.Action, p.RequiresReplace)
			}
		})
	}
}

// TestDockerPodmanRefuses plans what Podman lacks: the plan says so on the attribute.
func TestDockerPodmanRefuses(t *testing.T) {
	e := lab.StartPodman(t)
	core := engineCore(t, engineSettings(t, e, nil))
	for name, c := range map[string]struct {
		kind string
		cfg  enginetest.Config
		at   string
	}{
		"overlay":      {"network", enginetest.Config{"mode": "overlay"}, "mode"},
		"range":        {"network", enginetest.Config{"subnets": enginetest.Config{"a": enginetest.Config{"cidr": "172.20.1.0/24", "dhcp": enginetest.Config{"first": "172.20.1.64", "last": "172.20.1.127"}}}}, `subnets["a"].dhcp`},
		"attachable":   {"network", enginetest.Config{"docker": enginetest.Config{"attachable": true}}, "docker.attachable"},
		"reserved":     {"network", enginetest.Config{"subnets": enginetest.Config{"a": enginetest.Config{"cidr": "172.20.1.0/24"}}, "docker": enginetest.Config{"reserved": enginetest.Config{"a": "172.20.1.9"}}}, "docker.reserved"},
		"bridge name":  {"network", enginetest.Config{"docker": enginetest.Config{"options": enginetest.Config{"com.docker.network.bridge.name": "br9"}}}, "docker.options"},
		"ipam options": {"network", enginetest.Config{"docker": enginetest.Config{"ipam_options": enginetest.Config{"a": "b"}}}, "docker.ipam_options"},
		"ingress":      {"network", enginetest.Config{"docker": enginetest.Config{"ingress": true}}, "docker.ingress"},
		"service":      {"service", enginetest.Config{"image": "some"}, ""},
		"secret":       {"secret", enginetest.Config{"value_wo": "x", "value_wo_version": 1}, ""},
		"config":       {"config", enginetest.Config{"value": "x"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.cfg["name"] = "refused"
			p, err := core.Resource("virt_"+c.kind, "x").Plan(c.cfg)
			if err != nil {
				t.Fatal(err)
			}
			refused := slices.ContainsFunc(p.Diags.Errors(), func(d enginetest.Diagnostic) bool {
				return (c.at == "" || d.Path == c.at) && strings.Contains(d.Summary+d.Detail, "Podman")
			})
			if !refused {
				t.Errorf("the plan does not say on %q that Podman lacks it; it is %q with:\n%s", c.at, p.Action, p.Diags)
			}
		})
	}
}

// engineSettings is what a user writes to reach an engine; nobody's own configuration of the docker tool counts.
func engineSettings(t *testing.T, e *lab.Engine, more map[string]any) map[string]any {
	t.Helper()
	c := map[string]any{"host": e.Host(), "config_dir": t.TempDir()}
	maps.Copy(c, more)
	return c
}
