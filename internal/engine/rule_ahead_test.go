package engine_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Rule 10: after some reads of one kind at one endpoint a list serves the rest. Time is synctest's here, so that what a
// read and a list cost is exact.

// fleet is many machines on one platform, in the state of one provider.
type fleet struct {
	*cloud
	hub       *engine.Hub
	core      *enginetest.Core
	resources []*enginetest.Resource
}

// newFleet makes n machines; after k reads a list serves the rest. A read takes 1 s, a list takes as long as it is told.
func newFleet(t *testing.T, n, k int, listing time.Duration) *fleet {
	t.Helper()
	f := &fleet{cloud: newCloud()}
	f.ahead = k
	s := newStage(func() *engine.Hub { f.hub = hubOf(f.cloud); return f.hub })
	f.core = s.core(t)
	for i := range n {
		r := f.core.Resource("virt_machine", fmt.Sprint("m", i))
		r.Must(t).PlanApply(config(object{"name": fmt.Sprint("m", i)}))
		f.resources = append(f.resources, r)
	}
	f.read = func(ctx context.Context, have *machine) error {
		time.Sleep(time.Second)
		return f.honestRead(ctx, have)
	}
	f.list = func(ctx context.Context) iter.Seq2[platform.Entry[machine], error] {
		time.Sleep(listing)
		return f.honestList(ctx)
	}
	if _, err := f.core.Restart(); err != nil {
		t.Fatal(err)
	}
	f.took()
	return f
}

// refresh reads machines, one after the other, and demands these calls.
func (f *fleet) refresh(t *testing.T, want string, which ...int) {
	t.Helper()
	for _, i := range which {
		f.resources[i].Must(t).Refresh()
	}
	f.expect(t, want)
}

func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func TestReadAhead(t *testing.T) {
	cases := map[string]func(t *testing.T){
		"k reads, then one list": func(t *testing.T) {
			newFleet(t, 10, 3, time.Second).refresh(t, "read read read list", upTo(10)...)
		},
		"off by the adapter": func(t *testing.T) {
			newFleet(t, 4, 0, 0).refresh(t, "read read read read", upTo(4)...)
		},
		"off by the user": func(t *testing.T) {
			f := newFleet(t, 4, 2, 0)
			f.hub.NoAhead = true
			f.refresh(t, "read read read read", upTo(4)...)
		},
		"each entry once": func(t *testing.T) {
			newFleet(t, 4, 2, 0).refresh(t, "read read list read", 0, 1, 2, 2)
		},
		"an entry that was not used stays": func(t *testing.T) {
			newFleet(t, 4, 2, 0).refresh(t, "read read list", 0, 1, 2, 0, 1, 3)
		},
		"an import reads by itself": func(t *testing.T) {
			f := newFleet(t, 4, 1, 0)
			f.refresh(t, "read list", 0, 1)
			f.core.Resource("virt_machine", "again").Must(t).Import("vm-1")
			f.expect(t, "find read")
		},
		"a miss is a read": func(t *testing.T) {
			f := newFleet(t, 4, 2, 0)
			delete(f.vms, "vm-7")
			f.refresh(t, "read read list", 0, 1, 2)
			if got := f.resources[3].Must(t).Refresh(); got.State != nil {
				t.Error("found what is gone")
			}
			f.expect(t, "read")
		},
		"one minute at most": func(t *testing.T) {
			f := newFleet(t, 6, 2, 0)
			f.refresh(t, "read read list", 0, 1, 2)
			time.Sleep(61 * time.Second)
			f.refresh(t, "list", 3, 4)
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { synctest.Test(t, c) })
	}
}

func TestReadAheadSeesWhatReadSees(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 3, 1, 0)
		f.vms["vm-5"].CPUs = new(int64(7))
		f.refresh(t, "read list", 0, 2)
		equalTo(t, "cpus", f.resources[2].State().At("cpus"), any(int64(7)))
	})
}

func TestWriteDropsTheList(t *testing.T) {
	writes := map[string]func(t *testing.T, f *fleet){
		"create": func(t *testing.T, f *fleet) {
			f.core.Resource("virt_machine", "new").Must(t).PlanApply(config(object{"name": "new"}))
		},
		"update": func(t *testing.T, f *fleet) {
			r := f.resources[0].Must(t)
			r.Apply(r.Plan(config(object{"name": "m0", "description": "x"}), enginetest.SkipRefresh()))
		},
		"delete": func(t *testing.T, f *fleet) {
			p, err := f.resources[0].PlanDestroy(enginetest.SkipRefresh())
			clean(t, err)
			f.resources[0].Must(t).Apply(p)
		},
		"failed": func(t *testing.T, f *fleet) {
			f.create = func(context.Context, *machine, func(string)) error { return errors.New("no") }
			if _, err := f.core.Resource("virt_machine", "new").PlanApply(config(object{"name": "new"})); err != nil {
				t.Error(err)
			}
		},
	}
	for name, write := range writes {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(t, 6, 2, 0)
				f.refresh(t, "read read list", 1, 2, 3)
				write(t, f)
				f.took()
				f.refresh(t, "read read list", 1, 4, 5)
			})
		})
	}
}

// A list that began before a write is worth nothing after it.
func TestWriteDuringTheList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 4, 1, time.Minute)
		f.refresh(t, "read", 0)
		done := make(chan struct{})
		go func() {
			defer close(done)
			f.resources[1].Must(t).Refresh()
		}()
		time.Sleep(time.Second)
		r := f.resources[2].Must(t)
		r.Apply(r.Plan(config(object{"name": "m2", "description": "x"}), enginetest.SkipRefresh()))
		<-done
		f.expect(t, "list plan plan update read")
		f.refresh(t, "read", 2)
	})
}

// A write at the same endpoint under another name drops the list too.
func TestWriteUnderAnotherName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 4, 1, 0)
		other := f.second("alias", f.endpoint)
		f.hub.Connections["alias"] = other.connection()
		f.refresh(t, "read list", 0, 1)
		f.core.Resource("virt_machine", "new").Must(t).PlanApply(config(object{"name": "new", "platform": "alias"}))
		f.took()
		f.refresh(t, "read", 2)
	})
}

func TestFailedListFallsBack(t *testing.T) {
	fails := map[string]func(yield func(platform.Entry[machine], error) bool){
		"error": func(yield func(platform.Entry[machine], error) bool) {
			yield(platform.Entry[machine]{}, errors.New("not allowed"))
		},
		"panic": func(func(platform.Entry[machine], error) bool) { panic("boom") },
	}
	for name, fail := range fails {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(t, 5, 2, 0)
				f.list = func(context.Context) iter.Seq2[platform.Entry[machine], error] { return fail }
				f.refresh(t, "read read list read read read", upTo(5)...)
			})
		})
	}
}

// On a platform full of foreign objects reading ours one by one is cheaper.
func TestReadAheadStopsWhenWasteful(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 6, 2, 40*time.Second) // each list costs as much as 40 reads
		f.refresh(t, "read read list", upTo(6)...)
		time.Sleep(2 * time.Minute)
		// The list has saved four reads of the forty that it cost; six were asked for. Thirty more have to be.
		f.refresh(t, strings.TrimSpace(strings.Repeat("read ", 29)), make([]int, 29)...)
		f.refresh(t, "list", 0)
	})
}

func TestReadAheadInParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 30, 5, time.Second)
		var wait sync.WaitGroup
		for _, r := range f.resources {
			wait.Go(func() {
				if got, err := r.Refresh(); err != nil || got.Changed || got.Diags.HasErrors() {
					t.Errorf("%v %v", err, got.Diags)
				}
			})
		}
		wait.Wait()
		equalTo(t, "lists", f.count("list"), 1)
		equalTo(t, "reads", f.count("read"), 5)
	})
}
