package engine_test

import (
	"context"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// A restart is announced, or refused where the user said so.

func TestRestart(t *testing.T) {
	soften := func(_ context.Context, p *platform.Plan[machine]) error {
		p.Soften(platform.ClassLive, "cpus")
		return nil
	}
	harden := func(_ context.Context, p *platform.Plan[machine]) error {
		p.Soften(platform.ClassReplace, "cpus") // only less is heeded
		return nil
	}
	cases := map[string]struct {
		before, after object
		plan          func(context.Context, *platform.Plan[machine]) error
		names         string // the attributes that the warning names; none where there is no restart
	}{
		"one":                    {nil, object{"cpus": 4}, nil, "cpus"},
		"two":                    {nil, object{"cpus": 4, "memory": "8GiB", "description": "x"}, nil, "cpus, memory"},
		"a new element":          {nil, object{"nics": object{"eth0": object{"network_id": "n"}}}, nil, "nics.eth0"},
		"allowed":                {object{"allow_restart": true}, object{"allow_restart": true, "cpus": 4}, nil, "cpus"},
		"none of it":             {nil, object{"description": "x"}, nil, ""},
		"off":                    {object{"power": "off"}, object{"power": "off", "cpus": 4}, nil, ""},
		"softened":               {nil, object{"cpus": 4}, soften, ""},
		"one of two softened":    {nil, object{"cpus": 4, "memory": "8GiB"}, soften, "memory"},
		"cannot be hardened":     {nil, object{"cpus": 4}, harden, "cpus"},
		"off, forbidden anyway":  {object{"power": "off"}, object{"power": "off", "cpus": 4, "allow_restart": false}, nil, ""},
		"forbidden but not seen": {nil, object{"description": "x", "allow_restart": false}, nil, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newCloud()
			fake.plan = c.plan
			m := web(t, fake).Must(t)
			m.Converge(config(c.before))
			p := m.Plan(config(c.after))
			equalTo(t, "action", p.Action, enginetest.Update)
			equalTo(t, "addresses are known", p.At("addresses") == any(enginetest.Unknown), name == "a new element")
			if c.names == "" {
				equalTo(t, "warnings", len(p.Diags), 0)
				equalTo(t, "booted_at is known", p.At("booted_at") == any(enginetest.Unknown), false)
			} else {
				says(t, p.Diags.Warnings(), "", `machine "web" will be restarted: `+c.names+":", "allow_restart = false")
				equalTo(t, "booted_at", p.At("booted_at"), any(enginetest.Unknown))
			}
			m.Apply(p)
			m.Empty(config(c.after))
		})
	}
}

func TestRestartIsForbidden(t *testing.T) {
	fake := newCloud()
	r := web(t, fake)
	r.Must(t).Converge(config())
	p, err := r.Plan(config(object{"allow_restart": false, "cpus": 4, "memory": "8GiB", "description": "x", "nics": object{"eth0": object{"network_id": "n"}}}))
	clean(t, err)
	equalTo(t, "errors", len(p.Diags), 3)
	for _, path := range []string{"cpus", "memory", `nics["eth0"]`} {
		mentions(t, p.Diags.Errors(), path, "Cannot plan machine", `restart of "web"`, "allow_restart = false forbids")
	}
	r.Must(t).Converge(config(object{"allow_restart": false, "description": "x"}))
}

func TestReplacementIsNoRestart(t *testing.T) {
	fake := newCloud()
	m := web(t, fake).Must(t)
	m.Converge(config())
	p := m.Plan(config(object{"hostname": "h", "cpus": 4, "allow_restart": false}))
	equalTo(t, "action", p.Action, enginetest.Replace)
	equalTo(t, "diagnostics", len(p.Diags), 0)
}

func TestCreationIsNoRestart(t *testing.T) {
	p := web(t, newCloud()).Must(t).Plan(config(object{"cpus": 4, "allow_restart": false}))
	equalTo(t, "diagnostics", len(p.Diags), 0)
}
