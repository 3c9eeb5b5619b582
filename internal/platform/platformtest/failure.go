package platformtest

import (
	"context"
	"strings"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
)

// faultCases are those of calls that fail or are cancelled.
func faultCases() []test {
	return []test{
		{"create fails", (*Bench).createFails},
		{"create fails half-way", (*Bench).createFailsHalfway},
		{"update fails", func(b *Bench) { b.updateFails(false) }},
		{"update fails half-way", func(b *Bench) { b.updateFails(true) }},
		{"delete fails half-way", (*Bench).deleteFails},
		{"create cancelled", func(b *Bench) { b.cancelled("create") }},
		{"update cancelled", func(b *Bench) { b.cancelled("update") }},
		{"delete cancelled", func(b *Bench) { b.cancelled("delete") }},
	}
}

// armed runs do with a provider that meets a fault; it answers false where the backend has no such fault.
func (b *Bench) armed(ctx context.Context, f Fault, do func(core *enginetest.Core)) bool {
	b.t.Helper()
	f.Kind = b.kind.name
	settings, clear, err := b.Backend.Fault(ctx, f)
	if !b.able(f.String(), err) {
		return false
	}
	defer clear()
	if settings == nil {
		settings = b.Config
	}
	do(b.openIn(ctx, connections(b.Driver, settings, connectionName)))
	return true
}

func (b *Bench) background() context.Context { return context.WithoutCancel(b.t.Context()) }

// createFails leaves nothing behind.
func (b *Bench) createFails() {
	cfg := b.minimal()
	b.armed(b.background(), Fault{Verb: "create"}, func(core *enginetest.Core) {
		x := b.resourceIn(core, b.kind.name)
		a, err := x.raw.PlanApply(cfg)
		if err != nil {
			b.t.Fatal(err)
		}
		if !a.Diags.HasErrors() {
			b.t.Fatal("the failure was not reported")
		}
		if x.raw.State() != nil {
			b.t.Errorf("nothing was made, but the state has %s", x.id())
		}
	})
	b.resource().Converge(cfg)
}

// createFailsHalfway leaves a tainted object, which a second creation does not adopt and a destruction removes.
func (b *Bench) createFailsHalfway() {
	cfg := b.full()
	var x thing
	if !b.armed(b.background(), Fault{Verb: "create", Half: true}, func(core *enginetest.Core) {
		x = b.resourceIn(core, b.kind.name)
		a, err := x.raw.PlanApply(cfg)
		if err != nil {
			b.t.Fatal(err)
		}
		if !a.Diags.HasErrors() {
			b.t.Fatal("the failure was not reported")
		}
	}) {
		return
	}
	if s := x.raw.State(); s == nil || !s.Tainted || x.id() == "" {
		b.t.Fatalf("half of it was made, but the state is %+v", s)
	}
	b.exists(cfg, x.id())
	id := x.id()
	y := b.elsewhere(x)
	if p := y.Plan(cfg); p.Action != enginetest.Replace {
		b.t.Errorf("what was made half-way is tainted, but the plan is %q", p.Action)
	}
	y.Destroy()
	x.raw.SetState(nil)
	b.missing(id)
	b.resource().Converge(cfg)
}

// updateFails is repaired by the next apply, which makes nothing twice.
func (b *Bench) updateFails(half bool) {
	cfg := b.full()
	x := b.resource()
	x.Converge(cfg)
	next := b.changed(cfg)
	if !b.armed(b.background(), Fault{Verb: "update", Half: half}, func(core *enginetest.Core) {
		y := b.there(core, x)
		a, err := y.raw.PlanApply(next)
		if err != nil {
			b.t.Fatal(err)
		}
		if !a.Diags.HasErrors() {
			b.t.Fatal("the failure was not reported")
		}
		if s := y.raw.State(); s == nil || s.Tainted {
			b.t.Fatalf("a failed update left the state %+v", s)
		}
		x.raw.SetState(y.raw.State())
	}) {
		return
	}
	b.converges(x, next)
}

// converges demands that one more apply makes everything so, once.
func (b *Bench) converges(x thing, cfg Config) {
	b.t.Helper()
	y := b.elsewhere(x)
	p := y.Plan(cfg)
	if p.Action != enginetest.Update && p.Action != enginetest.NoOp {
		b.t.Fatalf("after a failed update the plan is %q because of %v", p.Action, p.RequiresReplace)
	}
	y.Apply(p)
	y.Empty(cfg)
	for _, name := range []string{"unmanaged_disks", "unmanaged_nics"} {
		if left, _ := plain(y.raw.State())[name].(map[string]any); len(left) > 0 {
			b.t.Errorf("something was made twice: %s is %v", name, left)
		}
	}
	x.raw.SetState(y.raw.State())
}

func (b *Bench) deleteFails() {
	x := b.resource()
	x.Converge(b.full())
	id := x.id()
	if !b.armed(b.background(), Fault{Verb: "delete", Half: true}, func(core *enginetest.Core) {
		y := b.there(core, x)
		a, err := y.raw.Destroy()
		if err != nil {
			b.t.Fatal(err)
		}
		if !a.Diags.HasErrors() || y.raw.State() == nil {
			b.t.Fatal("the failure was not reported, or the state forgot the object")
		}
		x.raw.SetState(y.raw.State())
	}) {
		return
	}
	b.elsewhere(x).Destroy()
	x.raw.SetState(nil)
	b.missing(id)
}

// soon is how long a cancelled operation may take to end: a call that does not react is left behind after five seconds.
const soon = 4 * time.Second

// cancelled ends an operation while it hangs in the middle: it ends soon, and the state agrees with the platform.
func (b *Bench) cancelled(verb string) {
	cfg := b.full()
	x := b.resource()
	next := cfg
	if verb != "create" {
		x.Converge(cfg)
	}
	if verb == "update" {
		next = b.changed(cfg)
	}
	ctx, cancel := context.WithCancel(b.background())
	defer cancel()
	if !b.armed(ctx, Fault{Verb: verb, Half: true, Hang: true}, func(core *enginetest.Core) {
		y := b.there(core, x)
		b.interrupt(y, verb, next, cancel)
		x.raw.SetState(y.raw.State())
	}) {
		return
	}
	if b.t.Failed() {
		return
	}
	switch {
	case verb == "update":
		b.converges(x, next)
	case x.raw.State() == nil:
		b.resource().Converge(cfg) // nothing may be in its way
	default:
		id := x.id()
		b.elsewhere(x).Destroy()
		x.raw.SetState(nil)
		b.missing(id)
	}
}

// interrupt begins to apply and cancels.
func (b *Bench) interrupt(y thing, verb string, cfg Config, cancel context.CancelFunc) {
	b.t.Helper()
	var p *enginetest.Plan
	if verb == "delete" {
		var err error
		if p, err = y.raw.PlanDestroy(); err != nil {
			b.t.Fatal(err)
		}
	} else {
		p = y.Plan(cfg)
	}
	done := make(chan *enginetest.Applied, 1)
	go func() {
		a, _ := y.raw.Apply(p) // what broke shows in the state
		done <- a
	}()
	select {
	case a := <-done:
		b.t.Fatalf("%s was to hang, but it ended:\n%s", verb, a.Diags)
	case <-time.After(500 * time.Millisecond):
	}
	cancel()
	began := time.Now()
	a := <-done
	if took := time.Since(began); took > soon {
		b.t.Errorf("it ended %s after it was cancelled", took)
	}
	if !a.Diags.HasErrors() {
		b.t.Errorf("nothing says that it was cancelled")
	}
	if strings.Contains(a.Diags.String(), "left behind") {
		b.t.Errorf("the adapter did not react to the cancellation:\n%s", a.Diags)
	}
}
