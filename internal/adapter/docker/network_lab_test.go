package docker_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/adapter/docker"
	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/docker"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// linked opens a connection without the provider.
func linked(t *testing.T, given map[string]any) *platform.Conn {
	t.Helper()
	d := docker.New()
	config, err := platform.Resolve(d.Settings, given, platform.Source{Env: func(string) (string, bool) { return "", false }})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := d.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// TestNetworkOnce makes networks of one name from several connections at a time: there is one, and the others say so.
func TestNetworkOnce(t *testing.T) {
	e := lab.Serve(t, lab.Options{})
	for round := range 5 {
		name := fmt.Sprintf("round-%d", round)
		var all sync.WaitGroup
		errs := make([]error, 6)
		for i := range errs {
			conn := linked(t, settings(t, e, nil))
			all.Go(func() { errs[i] = conn.Networks.Create(t.Context(), &platform.Network{Name: name}, func(string) {}) })
		}
		all.Wait()
		there := strings.Fields(lab.CLI(t, e, "network", "ls", "--quiet", "--filter", "name=^"+name+"$"))
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
			} else if !errors.Is(err, platform.ErrExists) {
				t.Error(err)
			}
		}
		if len(there) != made || made > 1 {
			t.Errorf("%d creations succeeded, there are the networks %v", made, there)
		}
	}
}

// TestLostAnswers creates while the answer does not come: what was made is found, and made once.
func TestLostAnswers(t *testing.T) {
	e := lab.Serve(t, lab.Options{})
	for name, c := range map[string]struct {
		fault  lab.Fault
		cancel bool
		make   func(ctx context.Context, c *platform.Conn, made func(string)) error
		list   []string
	}{
		"network": {
			fault: lab.Fault{Method: "POST", Path: "/networks/create", Lose: true, Times: 1},
			make: func(ctx context.Context, c *platform.Conn, made func(string)) error {
				return c.Networks.Create(ctx, &platform.Network{Name: "lost"}, made)
			},
			list: []string{"network", "ls", "--quiet", "--no-trunc", "--filter", "name=^lost$"},
		},
		"volume": {
			fault: lab.Fault{Method: "POST", Path: "/volumes/create", Lose: true, Times: 1},
			make: func(ctx context.Context, c *platform.Conn, made func(string)) error {
				return c.Volumes.Create(ctx, &platform.Volume{Name: "lost"}, made)
			},
			list: []string{"volume", "ls", "--quiet", "--filter", "name=lost"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			proxy := lab.StartProxy(t, e)
			conn := linked(t, settings(t, e, map[string]any{"host": proxy.Host()}))
			proxy.Inject(c.fault)
			var ids []string
			err := c.make(t.Context(), conn, func(id string) { ids = append(ids, id) })
			there := strings.Fields(lab.CLI(t, e, c.list...))
			if err != nil || len(ids) != 1 || len(there) != 1 || ids[0] != there[0] {
				t.Errorf("made %v, there is %v: %v", ids, there, err)
			}
			if err := c.make(t.Context(), conn, func(string) { t.Error("made again") }); !errors.Is(err, platform.ErrExists) {
				t.Errorf("the second one: %v", err)
			}
		})
	}
}

// TestPodmanEndpoint connects twice to an engine that tells another id each time: it is one endpoint all the same.
func TestPodmanEndpoint(t *testing.T) {
	e := lab.StartPodman(t)
	first, second := linked(t, settings(t, e, nil)), linked(t, settings(t, e, nil))
	if first.Endpoint != second.Endpoint || first.Endpoint == "" {
		t.Errorf("one engine is %q and %q", first.Endpoint, second.Endpoint)
	}
}
