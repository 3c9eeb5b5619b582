package engine_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Rule 9: connections open when they are first used, once, and close at the end.

// counting makes a platform count how often it is opened.
func counting(fake *cloud, err error) *atomic.Int32 {
	var opens atomic.Int32
	fake.open = func(context.Context, platform.Config) (*platform.Conn, error) {
		opens.Add(1)
		time.Sleep(time.Millisecond) // so that simultaneous attempts would meet
		return fake.conn(), err
	}
	return &opens
}

func TestOpensLazilyAndOnce(t *testing.T) {
	fake, idle := newCloud(), newCloud().second("dc2", "vc-2")
	opens, idles := counting(fake, nil), counting(idle, nil)
	core := start(t, fake, idle)
	equalTo(t, "after the configuration", opens.Load(), int32(0))
	if _, err := core.Validate("virt_machine", config()); err != nil {
		t.Fatal(err)
	}
	equalTo(t, "after validation", opens.Load(), int32(0))
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			name := fmt.Sprint("web", i)
			if _, err := core.Resource("virt_machine", name).PlanApply(config(object{"platform": "dc1", "name": name})); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	equalTo(t, "opened", opens.Load(), int32(1))
	equalTo(t, "opened though never used", idles.Load(), int32(0))
	equalTo(t, "machines", len(fake.vms), 8)
}

func TestFailedOpenIsRemembered(t *testing.T) {
	fake := newCloud()
	opens := counting(fake, platform.As(platform.ErrUnauthorised, errors.New("wrong password: check VSPHERE_PASSWORD")))
	core := start(t, fake)
	for i := range 3 {
		p, err := core.Resource("virt_machine", fmt.Sprint(i)).Plan(config())
		clean(t, err)
		says(t, p.Diags, "platform", `Platform "dc1" (Fake vsphere)`, "wrong password", "VSPHERE_PASSWORD")
	}
	equalTo(t, "attempts", opens.Load(), int32(1))
}

func TestOpenThatFailsInside(t *testing.T) {
	cases := map[string]struct {
		open func(context.Context, platform.Config) (*platform.Conn, error)
		says string
	}{
		"panic":         {func(context.Context, platform.Config) (*platform.Conn, error) { panic("boom") }, "panic: boom"},
		"no connection": {func(context.Context, platform.Config) (*platform.Conn, error) { return nil, nil }, "without a connection"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newCloud()
			fake.open = c.open
			refused(t, web(t, fake), config(), "platform", c.says, "bug in the provider")
		})
	}
}

func TestPlatformWithoutTheKind(t *testing.T) {
	fake := newCloud()
	core := start(t, fake)
	p, err := core.Resource("virt_image", "i").Plan(object{"name": "i"})
	clean(t, err)
	says(t, p.Diags, "platform", "Fake vsphere has no image", `platform "dc1" offers: machine`)
}

// What a platform lacks by its type is refused before it can be reached.
func TestUnknownPlatformWithoutTheKind(t *testing.T) {
	fake := newCloud()
	fake.unknown = true
	p, err := start(t, fake).Resource("virt_image", "i").Plan(object{"name": "i"})
	clean(t, err)
	says(t, p.Diags, "platform", "Fake vsphere has no image")
	fake.expect(t, "")
}

func TestCloseEndsWhatWasOpened(t *testing.T) {
	fake, idle := newCloud(), newCloud().second("dc2", "vc-2")
	var closed []string
	fake.close = func(context.Context) error { closed = append(closed, "dc1"); return errors.New("logout failed") }
	idle.close = func(context.Context) error { closed = append(closed, "dc2"); return nil }
	s := newStage(func() *engine.Hub { return hubOf(fake, idle) })
	s.core(t).Resource("virt_machine", "web").Must(t).PlanApply(config(object{"platform": "dc1"}))
	err := s.hub.Close(t.Context())
	equalTo(t, "closed", closed, []string{"dc1"})
	if err == nil || err.Error() != `platform "dc1": logout failed` {
		t.Fatalf("said %v", err)
	}
}

func TestCloseIsBounded(t *testing.T) {
	for name, closing := range map[string]func(release chan struct{}) error{
		"hangs":  func(release chan struct{}) error { <-release; return nil },
		"panics": func(chan struct{}) error { panic("boom") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				fake := newCloud()
				fake.close = func(context.Context) error { return closing(release) }
				s := newStage(func() *engine.Hub { return hubOf(fake) })
				s.core(t).Resource("virt_machine", "web").Must(t).PlanApply(config())
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				begin := time.Now()
				if err := s.hub.Close(ctx); err == nil {
					t.Error("no error")
				}
				if took := time.Since(begin); took > 2*time.Second {
					t.Errorf("took %s", took)
				}
				close(release)
			})
		})
	}
}

// A platform that does not answer keeps nobody else waiting.
func TestHungOpenHindersNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, hung := newCloud(), newCloud().second("dc2", "vc-2")
		hung.open = func(ctx context.Context, _ platform.Config) (*platform.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		s := newStage(func() *engine.Hub { return hubOf(fake, hung) })
		core := s.core(t)
		done := make(chan *enginetest.Plan)
		begin := time.Now()
		go func() {
			p, _ := core.Resource("virt_machine", "slow").Plan(config(object{"platform": "dc2"}))
			done <- p
		}()
		synctest.Wait()
		core.Resource("virt_machine", "web").Must(t).PlanApply(config(object{"platform": "dc1"}))
		if err := s.hub.Close(t.Context()); err != nil {
			t.Error(err)
		}
		equalTo(t, "waited", time.Since(begin), time.Duration(0))
		p := <-done
		says(t, p.Diags, "platform", `"dc2"`, "longer than 2m0s to connect")
	})
}
