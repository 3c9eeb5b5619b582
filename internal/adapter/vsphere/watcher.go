package vsphere

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

// The times of the watcher. Requests that come within watchQuiet of each other share one change of the view, at
// most watchLonger after the first; watchPoll is the longest single wait on the server.
const (
	watchQuiet  = 15 * time.Millisecond
	watchLonger = 150 * time.Millisecond
	watchPoll   = 60 // seconds
	watchTries  = 6
)

// errClosed is what awaits get when the connection closes.
var errClosed = errors.New("the connection was closed")

// properties are the watched properties of one object by their path.
type properties map[string]types.AnyType

// watcher awaits changes of tasks and machines for everybody: one goroutine owns one property collector with one
// list view and fans its updates out. The goroutine lives while somebody waits.
type watcher struct {
	feed *feed

	mu      sync.Mutex
	objects map[types.ManagedObjectReference]*watched
	added   []types.ManagedObjectReference // not in the view yet
	stale   []types.ManagedObjectReference // in the view, and nobody waits any more
	waiting int
	running bool
	closed  bool
	wake    chan struct{} // something was added, or the last one left
	ended   chan struct{} // closed when the goroutine ended
	abandon context.CancelFunc
}

// watched is one object of the view and those who wait for it.
type watched struct {
	props   properties
	waiters map[*waiter]struct{}
}

// waiter is one await. done is buffered, so that nobody ever blocks on it.
type waiter struct {
	until func(properties) bool
	done  chan outcome
}

type outcome struct {
	props properties
	err   error
}

func newWatcher(s *session) *watcher {
	return &watcher{feed: &feed{session: s}, objects: map[types.ManagedObjectReference]*watched{}, wake: make(chan struct{}, 1)}
}

// await blocks until the object's properties satisfy until, which must not block, and gives them. Tasks are watched
// for info.state, info.result and info.error, machines for what guestProperties lists.
func (w *watcher) await(ctx context.Context, ref types.ManagedObjectReference, until func(properties) bool) (properties, error) {
	me := &waiter{until: until, done: make(chan outcome, 1)}
	if err := w.join(ctx, ref, me); err != nil {
		return nil, err
	}
	select {
	case got := <-me.done:
		return got.props, got.err
	case <-ctx.Done():
		return w.leave(ref, me), ctx.Err()
	}
}

// join adds a waiter and starts the goroutine where none runs.
func (w *watcher) join(ctx context.Context, ref types.ManagedObjectReference, me *waiter) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return errClosed
	}
	w.waiting++
	o := w.objects[ref]
	if o == nil {
		o = &watched{props: properties{}, waiters: map[*waiter]struct{}{}}
		w.objects[ref] = o
		w.added = append(w.added, ref)
	}
	o.waiters[me] = struct{}{}
	w.stale = without(w.stale, ref)
	if w.running {
		w.settle(ref, o) // what is known is current while somebody listens
	} else {
		w.running, w.ended = true, make(chan struct{})
		running, abandon := context.WithCancel(context.WithoutCancel(ctx))
		w.abandon = abandon
		go w.run(running)
	}
	w.nudge()
	return nil
}

// leave removes a waiter whose context ended and gives what was seen last.
func (w *watcher) leave(ref types.ManagedObjectReference, me *waiter) properties {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.objects[ref]
	if o == nil {
		return nil
	}
	if _, waits := o.waiters[me]; waits {
		w.drop(ref, o, me)
	}
	return maps.Clone(o.props)
}

// settle tells those whose condition holds. It needs the lock.
func (w *watcher) settle(ref types.ManagedObjectReference, o *watched) {
	if len(o.props) == 0 {
		return
	}
	for me := range o.waiters {
		if me.until(o.props) {
			me.done <- outcome{props: maps.Clone(o.props)}
			w.drop(ref, o, me)
		}
	}
}

// drop forgets a waiter. It needs the lock.
func (w *watcher) drop(ref types.ManagedObjectReference, o *watched, me *waiter) {
	delete(o.waiters, me)
	w.waiting--
	if len(o.waiters) == 0 {
		w.stale = append(w.stale, ref)
	}
	if w.waiting == 0 {
		w.nudge()
	}
}

// nudge wakes the goroutine.
func (w *watcher) nudge() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// fail ends every wait, or those for one object.
func (w *watcher) fail(err error, refs ...types.ManagedObjectReference) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if refs == nil {
		for ref := range w.objects {
			refs = append(refs, ref)
		}
	}
	for _, ref := range refs {
		o := w.objects[ref]
		if o == nil {
			continue
		}
		for me := range o.waiters {
			me.done <- outcome{props: maps.Clone(o.props), err: err}
			w.drop(ref, o, me)
		}
	}
}

// close ends all waiting and waits for the goroutine.
func (w *watcher) close(ctx context.Context) {
	w.mu.Lock()
	w.closed = true
	ended, abandon := w.ended, w.abandon
	w.mu.Unlock()
	w.fail(errClosed)
	w.nudge()
	if ended == nil {
		return
	}
	select {
	case <-ended:
	case <-ctx.Done():
		abandon()
	}
}

func without(refs []types.ManagedObjectReference, ref types.ManagedObjectReference) []types.ManagedObjectReference {
	kept := refs[:0]
	for _, r := range refs {
		if r != ref {
			kept = append(kept, r)
		}
	}
	return kept
}
