package vsphere

import (
	"context"
	"slices"
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

// run owns the feed while somebody waits. It ends when nobody does and keeps the collector for the next time.
func (w *watcher) run(ctx context.Context) {
	seconds := w.firstWait()
	for failures := 0; w.gather(); {
		err := w.turn(ctx, seconds)
		seconds = watchPoll
		if err == nil {
			failures = 0
			continue
		}
		failures++
		w.restart()
		switch {
		case failures < watchTries && w.feed.lost(err):
		case failures < watchTries && retryable(err):
			time.Sleep(time.Duration(failures) * throttleWait)
		default:
			w.fail(err)
		}
	}
}

// turn brings the view up to date and waits once.
func (w *watcher) turn(ctx context.Context, seconds int32) error {
	if err := w.update(ctx); err != nil {
		return err
	}
	if !w.feed.open {
		w.restart() // something was gone before it could be watched
		return nil
	}
	return w.listen(ctx, seconds)
}

// firstWait is zero, a mere look, when somebody waits for an object that was watched before: what is known of it may
// be old, and no change means that it is not.
func (w *watcher) firstWait() int32 {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range w.objects {
		if len(o.props) > 0 && len(o.waiters) > 0 {
			return 0
		}
	}
	return watchPoll
}

// gather waits for those who come at about the same time. It reports false, and the goroutine ends, when nobody
// waits.
func (w *watcher) gather() bool {
	w.quiet()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting > 0 {
		return true
	}
	w.running = false
	close(w.ended)
	w.ended = nil
	return false
}

// quiet returns when nothing was added for a while.
func (w *watcher) quiet() {
	deadline := time.Now().Add(watchLonger)
	for seen := -1; time.Now().Before(deadline); time.Sleep(watchQuiet) {
		w.mu.Lock()
		n := len(w.added)
		idle := n == seen || n == 0 || w.waiting == 0
		w.mu.Unlock()
		if idle {
			return
		}
		seen = n
	}
}

// restart puts everything that somebody waits for into a new view.
func (w *watcher) restart() {
	w.feed.forget()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.added, w.stale = nil, nil
	for ref, o := range w.objects {
		if len(o.waiters) == 0 {
			delete(w.objects, ref)
			continue
		}
		clear(o.props)
		w.added = append(w.added, ref)
	}
}

// update brings the view up to date.
func (w *watcher) update(ctx context.Context) error {
	w.mu.Lock()
	add, remove := w.added, w.stale
	w.added, w.stale = nil, nil
	remove = slices.DeleteFunc(remove, func(ref types.ManagedObjectReference) bool {
		unknown := slices.Contains(add, ref)
		delete(w.objects, ref)
		return unknown
	})
	add = slices.DeleteFunc(add, func(ref types.ManagedObjectReference) bool { return w.objects[ref] == nil })
	w.mu.Unlock()
	if len(add) == 0 && len(remove) == 0 {
		return nil
	}
	gone, err := w.feed.change(ctx, add, remove)
	for _, ref := range gone {
		w.fail(&taskError{notFound(ref)}, ref)
	}
	return err
}

// answer is how a wait on the server ended.
type answer struct {
	set *types.UpdateSet
	err error
}

// hear takes an answer in.
func (w *watcher) hear(a answer) error {
	if a.err == nil {
		w.feed.advance(a.set)
		w.apply(a.set)
	}
	return a.err
}

// listen waits for one set of updates, and changes the view meanwhile when somebody comes.
func (w *watcher) listen(ctx context.Context, seconds int32) error {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	heard := make(chan answer, 1)
	go func() {
		set, err := w.feed.wait(waiting, seconds)
		heard <- answer{set, err}
	}()
	for {
		select {
		case a := <-heard:
			return w.hear(a)
		case <-w.wake:
			err := error(nil)
			if !w.idle() {
				w.quiet()
				if err = w.update(ctx); err == nil {
					continue
				}
			}
			w.feed.cancel(ctx)
			// A wait that had not reached the server when it was cancelled would last: the request is given up, too.
			late := time.AfterFunc(throttleWait, cancel)
			_ = w.hear(<-heard) // it may have had something to tell before it was cancelled
			late.Stop()
			return err
		}
	}
}

func (w *watcher) idle() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.waiting == 0
}

// apply takes the updates in and tells those whose condition holds.
func (w *watcher) apply(set *types.UpdateSet) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if set != nil {
		for _, filter := range set.FilterSet {
			for _, u := range filter.ObjectSet {
				w.take(u)
			}
		}
	}
	for ref, o := range w.objects {
		w.settle(ref, o)
	}
}

// take takes one object's update in. It needs the lock.
func (w *watcher) take(u types.ObjectUpdate) {
	o := w.objects[u.Obj]
	if o == nil {
		return
	}
	for _, c := range u.ChangeSet {
		if c.Op == types.PropertyChangeOpRemove || c.Op == types.PropertyChangeOpIndirectRemove {
			delete(o.props, c.Name)
		} else {
			o.props[c.Name] = c.Val
		}
	}
	var fault *types.LocalizedMethodFault
	if u.Kind == types.ObjectUpdateKindLeave {
		gone := notFound(u.Obj)
		fault = &gone
	} else if len(u.MissingSet) > 0 {
		fault = &u.MissingSet[0].Fault
	}
	for me := range o.waiters {
		if fault != nil {
			me.done <- outcome{err: &taskError{*fault}}
			w.drop(u.Obj, o, me)
		}
	}
}

func notFound(ref types.ManagedObjectReference) types.LocalizedMethodFault {
	return types.LocalizedMethodFault{Fault: &types.ManagedObjectNotFound{Obj: ref}, LocalizedMessage: "it is gone"}
}
