package docker_test

import (
	"context"
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

// provided starts the provider with one connection, as a run of Terraform does.
func provided(t *testing.T, settings map[string]any) *enginetest.Core {
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
	config := block{"platform": []any{block{"name": "main", "docker": settings}}}
	core, diags, err := enginetest.Start(context.WithoutCancel(t.Context()), factory, config, enginetest.WithMutableIdentity())
	if err != nil || diags.HasErrors() {
		t.Fatalf("the provider does not start: %v\n%s", err, diags)
	}
	return core
}

// TestPodman gives every kind that Podman has its life: it is made, seen by another run, imported, and taken away.
func TestPodman(t *testing.T) {
	e := lab.StartPodman(t)
	lab.Image(t, e, "localhost/lab/server:one", lab.ImageOptions{})
	in := settings(t, e, nil)
	core := provided(t, in)
	for name, c := range map[string]struct {
		kind string
		cfg  block
	}{
		"network":             {"network", block{"name": "plain"}},
		"network in full":     {"network", block{"name": "full", "mode": "isolated", "mtu": 1400, "subnets": block{"a": block{"cidr": "172.20.1.0/24"}, "b": block{"cidr": "fd00:1::/64", "gateway": "fd00:1::7"}}, "tags": block{"role": "web"}}},
		"network of two":      {"network", block{"name": "two", "subnets": block{"a": block{"cidr": "172.20.2.0/24"}, "b": block{"cidr": "172.20.3.0/24"}}}},
		"network and options": {"network", block{"name": "options", "docker": block{"driver": "bridge", "attachable": false, "options": block{"com.docker.network.driver.mtu": "1400"}}}},
		"macvlan":             {"network", block{"name": "mac", "mode": "macvlan"}},
		"volume":              {"volume", block{"name": "plain", "tags": block{"role": "db"}}},
		"volume in full":      {"volume", block{"name": "full", "docker": block{"driver": "local", "options": block{"type": "tmpfs", "device": "tmpfs"}}}},
		"container":           {"container", block{"name": "web", "image_id": "localhost/lab/server:one", "power": "off"}},
		"container in full":   {"container", block{"name": "full", "image_id": "localhost/lab/server:one", "command": []any{"serve"}, "env": block{"A": "1"}, "tags": block{"role": "web"}, "wait_for": block{"state": "running"}}},
	} {
		t.Run(name, func(t *testing.T) {
			x := core.Resource("virt_"+c.kind, "x")
			x.Must(t).Converge(c.cfg)
			t.Cleanup(func() { x.Must(t).Destroy() })
			y := provided(t, in).Resource("virt_"+c.kind, "x")
			y.SetState(x.State())
			y.Must(t).Empty(c.cfg)
			z := provided(t, in).Resource("virt_"+c.kind, "z")
			z.Must(t).Import("main/" + c.cfg["name"].(string))
			if p := z.Must(t).Plan(c.cfg); p.Action != enginetest.NoOp && p.Action != enginetest.Update {
				t.Errorf("after an import the plan is %q because of %v", p.Action, p.RequiresReplace)
			}
		})
	}
}

// TestPodmanRefuses plans what Podman lacks: the plan says so on the attribute.
func TestPodmanRefuses(t *testing.T) {
	e := lab.StartPodman(t)
	core := provided(t, settings(t, e, nil))
	for name, c := range map[string]struct {
		kind string
		cfg  block
		at   string
	}{
		"overlay":      {"network", block{"mode": "overlay"}, "mode"},
		"range":        {"network", block{"subnets": block{"a": block{"cidr": "172.20.1.0/24", "dhcp": block{"first": "172.20.1.64", "last": "172.20.1.127"}}}}, `subnets["a"].dhcp`},
		"attachable":   {"network", block{"docker": block{"attachable": true}}, "docker.attachable"},
		"reserved":     {"network", block{"subnets": block{"a": block{"cidr": "172.20.1.0/24"}}, "docker": block{"reserved": block{"a": "172.20.1.9"}}}, "docker.reserved"},
		"bridge name":  {"network", block{"docker": block{"options": block{"com.docker.network.bridge.name": "br9"}}}, "docker.options"},
		"ipam options": {"network", block{"docker": block{"ipam_options": block{"a": "b"}}}, "docker.ipam_options"},
		"ingress":      {"network", block{"docker": block{"ingress": true}}, "docker.ingress"},
		"service":      {"service", block{"image": "some"}, ""},
		"secret":       {"secret", block{"value_wo": "x", "value_wo_version": 1}, ""},
		"config":       {"config", block{"value": "x"}, ""},
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
