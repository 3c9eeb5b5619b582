package docker_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/docker"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/platformtest"
)

// person works on an engine with the docker tool.
type person struct {
	t      *testing.T
	engine *lab.Engine
	serial atomic.Int64
	images [2]string // ids of two images of the test server: lab/server:one and lab/server:two
	ranges *ranges   // for networks
	depot  *depot    // a registry
}

// fixture is one kind of thing: its case, and what a person does to it. A hook that is nil is something that nobody can;
// then cannot says why, as the suite's Cannot does.
type fixture struct {
	platformtest.Case
	remove func(ctx context.Context, id string) error
	change func(ctx context.Context, c platformtest.Change) error
	slots  func(ctx context.Context, id, what string) ([]string, error)
	twin   func(ctx context.Context, id string) error
	// faults is the calls that fail, by what shall fail: "create", "create half", "update half". Status, Message and
	// Hang are set by the person. hangs is the same for operations that hang, where they are other calls.
	faults, hangs map[string][]lab.Fault
	cannot        map[string]string
	given         []string // ids of those that are there already
}

// fixtures lists what a person knows of, one line for each kind.
func (p *person) fixtures() map[string]fixture {
	return map[string]fixture{
		"container": p.containers(),
		"network":   p.networks(),
		"volume":    p.volumes(),
		"host":      {},

		"service": p.services(),
		"secret":  p.secrets(),
		"config":  p.configs(),

		"container_image":     p.containerImages(),
		"registry_image":      p.registryImages(),
		"registry_repository": p.registryRepositories(),
	}
}

func newPerson(t *testing.T, e *lab.Engine) *person {
	t.Helper()
	p := &person{t: t, engine: e, depot: newDepot(t, e), ranges: &ranges{of: map[*platformtest.Bench]int{}}}
	for i, tag := range []string{"one", "two"} {
		p.images[i] = lab.Image(t, e, "lab/server:"+tag, lab.ImageOptions{Files: map[string]string{"tag": tag}})
	}
	return p
}

// docker runs one command.
func (p *person) docker(ctx context.Context, args ...string) error {
	_, err := p.engine.Docker(ctx, args...)
	return err
}

// shown is what docker inspect tells by a template.
func (p *person) shown(ctx context.Context, kind, id, template string) (string, error) {
	text, err := p.engine.Docker(ctx, kind, "inspect", "--format", template, id)
	return strings.TrimSpace(text), err
}

// Remove takes an object away.
func (p *person) Remove(ctx context.Context, kind, id string) error {
	if do := p.fixtures()[kind].remove; do != nil {
		return do(ctx, id)
	}
	return platformtest.ErrCannot
}

// Change changes one thing.
func (p *person) Change(ctx context.Context, c platformtest.Change) error {
	if do := p.fixtures()[c.Kind].change; do != nil {
		return do(ctx, c)
	}
	return platformtest.ErrCannot
}

// Slots lists the elements of a map in their order.
func (p *person) Slots(ctx context.Context, kind, id, what string) ([]string, error) {
	if do := p.fixtures()[kind].slots; do != nil {
		return do(ctx, id, what)
	}
	return nil, platformtest.ErrCannot
}

// Twin makes another object of the same name.
func (p *person) Twin(ctx context.Context, kind, id string) error {
	if do := p.fixtures()[kind].twin; do != nil {
		return do(ctx, id)
	}
	return platformtest.ErrCannot
}

// Attach is about machines.
func (p *person) Attach(context.Context, string, string) error { return platformtest.ErrCannot }

// Detach is about machines.
func (p *person) Detach(context.Context, string, string, string) error { return platformtest.ErrCannot }

// Kept is about disks.
func (p *person) Kept(context.Context, string) (bool, error) { return false, platformtest.ErrCannot }

// Fault gives the settings of a connection through a proxy of its own, which lets the calls fail.
func (p *person) Fault(_ context.Context, f platformtest.Fault) (map[string]any, func(), error) {
	what := f.Verb
	if f.Half {
		what += " half"
	}
	own := p.fixtures()[f.Kind]
	list, ok := own.faults[what]
	if f.Hang {
		if other, hangs := own.hangs[what]; hangs {
			list, ok = other, hangs
		}
	}
	if !ok {
		return nil, nil, platformtest.ErrCannot
	}
	proxy := lab.StartProxy(p.t, p.engine)
	for _, fault := range list {
		fault.Hang = f.Hang
		if !f.Hang && fault.Message == "" && !fault.Lose && !fault.Cut {
			fault.Message = "no space left on device"
		}
		proxy.Inject(fault)
	}
	return settings(p.t, p.engine, map[string]any{"host": proxy.Host()}), proxy.Clear, nil
}
