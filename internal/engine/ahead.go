package engine

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// aheadFor is how long what a list saw may be used: a process may live long.
const aheadFor = time.Minute

// ahead serves many reads of one kind on one connection from one list. Each entry is given out once: who reads an
// object twice wants to know how it is now.
type ahead[T any] struct {
	after  int // reads before the first list; 0 switches it off
	mu     sync.Mutex
	flight singleflight.Group

	reads   int // since the last write
	writes  int // generation: a list that began before a write is worth nothing after it
	loaded  bool
	entries map[string]platform.Entry[T]
	until   time.Time

	// A list pays when it serves more reads than it cost. cost and single are measured, in time.
	cost   time.Duration // of the last list
	single time.Duration // of the last single read
	spared time.Duration // single reads that lists have saved
	spent  time.Duration // lists have cost
}

// take gives out the listed entry of an object; false means that the caller has to read by itself.
func (a *ahead[T]) take(ctx context.Context, l platform.Lister[T], id string) (platform.Entry[T], bool) {
	a.mu.Lock()
	a.reads++
	if a.loaded && time.Now().After(a.until) {
		a.loaded, a.entries = false, nil
	}
	if a.after == 0 || a.reads <= a.after || a.wasteful() {
		a.mu.Unlock()
		return platform.Entry[T]{}, false
	}
	if !a.loaded {
		generation := a.writes
		a.mu.Unlock()
		_, _, _ = a.flight.Do("list", func() (any, error) { a.load(ctx, l, generation); return nil, nil })
		a.mu.Lock()
	}
	defer a.mu.Unlock()
	e, ok := a.entries[id]
	if ok {
		delete(a.entries, id)
		a.spared += a.single
	}
	return e, ok
}

// wasteful reports that lists have cost more than they saved and than they could still save on the next one: on a
// platform with a million foreign objects, reading ours one by one is cheaper.
func (a *ahead[T]) wasteful() bool {
	return !a.loaded && a.spent > 0 && a.spent > a.spared+a.single*time.Duration(a.reads)
}

func (a *ahead[T]) load(ctx context.Context, l platform.Lister[T], generation int) {
	a.mu.Lock()
	done := a.loaded
	a.mu.Unlock()
	if done {
		return
	}
	start := time.Now()
	listed := make(chan map[string]platform.Entry[T], 1) // not a variable: a call left behind must not share one
	// The list serves many requests, so the end of the one that started it must not end it.
	err := call(context.WithoutCancel(ctx), 2*time.Minute, "list", func(ctx context.Context) error {
		list := map[string]platform.Entry[T]{}
		for e, err := range l.List(ctx) {
			if err != nil {
				return err
			}
			list[e.ID] = e
		}
		listed <- list
		return nil
	})
	var got map[string]platform.Entry[T] // stays empty after an error: everyone then reads one by one
	if err == nil {
		got = <-listed
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cost = time.Since(start)
	a.spent += a.cost
	if a.writes == generation {
		a.entries, a.loaded, a.until = got, true, time.Now().Add(aheadFor)
	}
}

// measured notes what a single read took.
func (a *ahead[T]) measured(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.single = d
}

// drop forgets everything, before and after each write.
func (a *ahead[T]) drop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.writes++
	a.reads, a.loaded, a.entries = 0, false, nil
}
