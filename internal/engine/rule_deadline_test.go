package engine_test

import (
	"context"
	"fmt"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Rule 11: every call of an adapter ends at its deadline, and what it does afterwards hurts nobody. Time is synctest's.

// hanging is a platform of which single verbs hang.
type hanging struct {
	*cloud
	release chan struct{}
	deaf    bool // does not even react to the end of its context
}

// hang waits as long as it is let, then writes where it should not any more.
func (h *hanging) hang(ctx context.Context, late func()) error {
	if h.deaf {
		<-h.release
		late()
		return nil
	}
	<-ctx.Done()
	return fmt.Errorf("asking the platform: %w", ctx.Err())
}

// spoil is what a call that was left behind does with its copy.
func spoil(m *machine) {
	m.ID, m.Name, m.CPUs = new("spoilt"), "spoilt", new(int64(64))
	if m.Disks != nil {
		m.Disks["spoilt"] = platform.MachineDisk{}
	}
}

// onHanging runs a test with and without ears, in a bubble whose clock runs by itself.
func onHanging(t *testing.T, test func(t *testing.T, h *hanging)) {
	t.Helper()
	for name, deaf := range map[string]bool{"heeds its context": false, "deaf": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &hanging{cloud: newCloud(), release: make(chan struct{}), deaf: deaf}
				test(t, h)
				synctest.Wait()
			})
		})
	}
}

// free lets the hung calls write what they like, and waits until they have.
func (h *hanging) free() {
	close(h.release)
	synctest.Wait()
}

// within demands that an operation ended at its limit, or soon after where the adapter is deaf.
func (h *hanging) within(t *testing.T, begin time.Time, limit time.Duration) {
	t.Helper()
	late := time.Since(begin) - limit
	if late < 0 || late > 10*time.Second || !h.deaf && late > 0 {
		t.Errorf("it took %s, the limit is %s", time.Since(begin), limit)
	}
}

func limits() object {
	return object{"timeouts": object{"create": "1m", "read": "2m", "update": "3m", "delete": "4m"}}
}

func TestHungCreate(t *testing.T) {
	onHanging(t, func(t *testing.T, h *hanging) {
		h.create = func(ctx context.Context, want *machine, made func(string)) error {
			made("vm-1")
			want.Memory = new(platform.TiB)
			return h.hang(ctx, func() { spoil(want); made("vm-9") })
		}
		r := web(t, h.cloud)
		begin := time.Now()
		a, err := r.PlanApply(config(limits(), object{"description": "x"}))
		h.within(t, begin, time.Minute)
		h.free()
		clean(t, err)
		says(t, a.Diags, "", "Cannot create machine", "longer than 1m0s to create the machine", "timeouts block raises the limit")
		equalTo(t, "id", r.State().At("id"), any("vm-1"))
		equalTo(t, "tainted", r.State().Tainted, true)
		equalTo(t, "description", r.State().At("description"), any("x"))
		equalTo(t, "unfinished", r.State().At("cpus"), nil)
		identity(t, r, "dc1", "vm-1")
	})
}

func TestHungCreateOfNothing(t *testing.T) {
	onHanging(t, func(t *testing.T, h *hanging) {
		h.create = func(ctx context.Context, want *machine, _ func(string)) error {
			return h.hang(ctx, func() { spoil(want) })
		}
		r := web(t, h.cloud)
		a, err := r.PlanApply(config(limits()))
		h.free()
		clean(t, err)
		says(t, a.Diags, "", "longer than 1m0s")
		if r.State() != nil {
			t.Error("something is in the state")
		}
	})
}

func TestHungRead(t *testing.T) {
	onHanging(t, func(t *testing.T, h *hanging) {
		r := web(t, h.cloud)
		r.Must(t).Converge(config(limits()))
		h.read = func(ctx context.Context, have *machine) error { return h.hang(ctx, func() { spoil(have) }) }
		begin := time.Now()
		got, err := r.Refresh()
		h.within(t, begin, 2*time.Minute)
		h.free()
		clean(t, err)
		says(t, got.Diags, "", "Cannot read machine", "longer than 2m0s to read the machine")
		equalTo(t, "id", r.State().At("id"), any("vm-1"))
		equalTo(t, "cpus", r.State().At("cpus"), any(int64(1)))
	})
}

func TestHungUpdate(t *testing.T) {
	onHanging(t, func(t *testing.T, h *hanging) {
		r := web(t, h.cloud)
		r.Must(t).Converge(config(limits(), object{"disks": object{"a": object{"size": "1GiB"}}}))
		h.update = func(ctx context.Context, prior, want *machine) error {
			half := clone(want)
			half.CPUs = prior.CPUs
			if err := h.honestUpdate(ctx, prior, half); err != nil {
				return err
			}
			want.Disks["b"] = half.Disks["b"]
			return h.hang(ctx, func() { spoil(want); spoil(prior) })
		}
		after := config(limits(), object{"cpus": 4, "description": "x", "disks": object{"a": object{"size": "1GiB"}, "b": object{"size": "1GiB"}}})
		begin := time.Now()
		a, err := r.PlanApply(after)
		h.within(t, begin, 3*time.Minute)
		h.free()
		clean(t, err)
		says(t, a.Diags.Errors(), "", "Cannot update machine", "longer than 3m0s to update the machine")
		equalTo(t, "id", r.State().At("id"), any("vm-1"))
		equalTo(t, "done", r.State().At("description"), any("x"))
		equalTo(t, "not done", r.State().At("cpus"), any(int64(1)))
		equalTo(t, "spoilt", r.State().At("disks", "spoilt"), nil)
	})
}

func TestHungDelete(t *testing.T) {
	onHanging(t, func(t *testing.T, h *hanging) {
		r := web(t, h.cloud)
		r.Must(t).Converge(config(limits()))
		h.remove = func(ctx context.Context, have *machine) error { return h.hang(ctx, func() { spoil(have) }) }
		begin := time.Now()
		a, err := r.Destroy()
		h.within(t, begin, 4*time.Minute)
		h.free()
		clean(t, err)
		says(t, a.Diags, "", "Cannot delete machine", "longer than 4m0s to delete the machine")
		equalTo(t, "id", r.State().At("id"), any("vm-1"))
	})
}

func TestHungPlan(t *testing.T) {
	onHanging(t, func(t *testing.T, h *hanging) {
		r := web(t, h.cloud)
		r.Must(t).Converge(config(limits()))
		h.plan = func(ctx context.Context, p *platform.Plan[machine]) error {
			return h.hang(ctx, func() { spoil(p.Want); p.Changed("cpus"); p.Soften(platform.ClassLive, "cpus"); p.Recompute("cpus") })
		}
		begin := time.Now()
		p, err := r.Plan(config(limits(), object{"cpus": 2}))
		h.within(t, begin, 2*time.Minute)
		h.free()
		clean(t, err)
		says(t, p.Diags, "", "Cannot plan machine", "longer than 2m0s to plan the machine")
	})
}

func TestHungOpenAndFind(t *testing.T) {
	onHanging(t, func(t *testing.T, h *hanging) {
		h.find = func(ctx context.Context, _ string) (string, error) { return "vm-9", h.hang(ctx, func() {}) }
		i, err := web(t, h.cloud).Import("dc1/web")
		clean(t, err)
		says(t, i.Diags, "", "Cannot import machine", "longer than 5m0s to find the machine")
		h.open = func(ctx context.Context, _ platform.Config) (*platform.Conn, error) {
			return h.conn(), h.hang(ctx, func() {})
		}
		r := web(t, h.cloud)
		begin := time.Now()
		p, err := r.Plan(config())
		h.within(t, begin, 2*time.Minute)
		clean(t, err)
		says(t, p.Diags, "platform", "longer than 2m0s to connect")
		h.free()
		refused(t, r, config(), "platform", "longer than 2m0s to connect")
	})
}

func TestHungList(t *testing.T) {
	onHanging(t, func(t *testing.T, h *hanging) {
		h.ahead = 1
		core := start(t, h.cloud)
		a, b := core.Resource("virt_machine", "a"), core.Resource("virt_machine", "b")
		a.Must(t).PlanApply(config(limits(), object{"name": "a"}))
		b.Must(t).PlanApply(config(limits(), object{"name": "b"}))
		h.list = func(ctx context.Context) iter.Seq2[platform.Entry[machine], error] {
			return func(yield func(platform.Entry[machine], error) bool) {
				if err := h.hang(ctx, func() {}); err != nil {
					yield(platform.Entry[machine]{}, err)
				}
			}
		}
		l, err := core.List("virt_machine", object{}, enginetest.ListOptions{})
		clean(t, err)
		says(t, l.Diags, "", "Cannot list machine", "longer than 5m0s")
		a.Must(t).Refresh()
		begin := time.Now()
		got, err := b.Refresh() // waits for the list and then reads, or is cut off
		clean(t, err)
		if took := time.Since(begin); took > 2*time.Minute+10*time.Second {
			t.Errorf("it took %s", took)
		}
		if got.Diags.HasErrors() {
			says(t, got.Diags, "", "longer than 2m0s")
		}
		h.free()
		b.Must(t).Refresh()
	})
}

// An adapter that knows what it waited for says so, and the limit is named with it.
func TestTimeoutSaysWhatWasAwaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newCloud()
		fake.create = func(ctx context.Context, _ *machine, made func(string)) error {
			made("vm-1")
			<-ctx.Done()
			return fmt.Errorf("%w (%w)", &platform.TimeoutError{Awaited: "an address in 10.0.0.0/8", Seen: "192.168.0.5"}, ctx.Err())
		}
		a, err := web(t, fake).PlanApply(config(limits()))
		clean(t, err)
		says(t, a.Diags, "", "waiting for an address in 10.0.0.0/8", "last seen: 192.168.0.5", "1m0s", "timeouts block")
	})
}

func TestTimeoutsThatAreNotGiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newCloud()
		var left time.Duration
		fake.create = func(ctx context.Context, want *machine, made func(string)) error {
			deadline, _ := ctx.Deadline()
			left = time.Until(deadline)
			return fake.honestCreate(ctx, want, made)
		}
		web(t, fake).Must(t).PlanApply(config(object{"timeouts": object{"read": "1s"}}))
		equalTo(t, "the kind's own", left, 30*time.Minute)
	})
}

func TestPanics(t *testing.T) {
	words := []string{"panic: boom", "bug in the provider", "TF_LOG"}
	fake := newCloud()
	core := start(t, fake)
	r := core.Resource("virt_machine", "web")

	fake.create = func(_ context.Context, _ *machine, made func(string)) error { made("vm-0"); panic("boom") }
	a, err := core.Resource("virt_machine", "other").PlanApply(config())
	clean(t, err)
	says(t, a.Diags, "", words...)
	equalTo(t, "id", a.State.At("id"), any("vm-0"))

	fake.create = fake.honestCreate
	r.Must(t).Converge(config())
	fake.update = func(context.Context, *machine, *machine) error { panic("boom") }
	a, err = r.PlanApply(config(object{"description": "x"}))
	clean(t, err)
	says(t, a.Diags, "", words...)
	equalTo(t, "description", a.State.At("description"), nil)

	fake.plan = func(context.Context, *platform.Plan[machine]) error { panic("boom") }
	refused(t, r, config(object{"description": "x"}), "", words...)

	fake.remove = func(context.Context, *machine) error { panic("boom") }
	a, err = r.Destroy()
	clean(t, err)
	says(t, a.Diags, "", words...)

	fake.read = func(context.Context, *machine) error { panic("boom") }
	got, err := r.Refresh()
	clean(t, err)
	says(t, got.Diags, "", words...)
	equalTo(t, "id", r.State().At("id"), any("vm-1"))

	fake.find = func(context.Context, string) (string, error) { panic("boom") }
	i, err := core.Resource("virt_machine", "new").Import("dc1/x")
	clean(t, err)
	says(t, i.Diags, "", words...)
	d, err := core.ReadData("virt_machine", object{"name": "x"})
	clean(t, err)
	says(t, d.Diags, "", words...)
}
