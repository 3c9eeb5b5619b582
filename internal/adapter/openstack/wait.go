package openstack

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Bounds of the time between two looks at something that is waited for. In between it doubles, so that the looks of all
// who wait fall on one grid.
const (
	firstLook = 200 * time.Millisecond
	lastLook  = 16 * firstLook
)

// sleep waits, or until the context ends.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// verdict is what a look at something that is waited for found.
type verdict struct {
	done bool
	seen string // for the message when the time is up: "status BUILD"
	err  error  // it will not come to pass: the waiting ends
}

// await looks again and again, ever more rarely, until look says that it is done. A deadline that passes is a
// *platform.TimeoutError with what was seen last.
func await(ctx context.Context, awaited string, look func(context.Context) verdict) error {
	var last string
	for start := time.Now(); ; {
		v := look(ctx)
		if v.done || v.err != nil && ctx.Err() == nil {
			return v.err
		}
		if v.seen != "" {
			last = v.seen
		}
		if err := sleep(ctx, untilTick(time.Now(), time.Since(start))); err != nil {
			if errors.Is(err, context.DeadlineExceeded) {
				return &platform.TimeoutError{Awaited: awaited, Seen: last}
			}
			return err
		}
	}
}

// untilTick is the time until the next look, after so long a waiting: on a grid that all who wait share, so that one
// list serves them.
func untilTick(now time.Time, waited time.Duration) time.Duration {
	pause := firstLook
	for pause < lastLook && pause*4 <= waited {
		pause *= 2
	}
	next := now.Truncate(pause).Add(pause)
	if d := next.Sub(now); d >= pause/2 {
		return d
	}
	return next.Add(pause).Sub(now)
}

// poller looks at objects of one kind for all who wait for one: those who ask at the same time share one request.
type poller[T any] struct {
	one  func(ctx context.Context, id string) (T, error)
	many func(ctx context.Context) (map[string]T, error) // everything there is; what it lacks is gone
	life context.Context                                 //nolint:containedctx // of the connection: no single waiter's

	mu      sync.Mutex
	queue   map[string][]chan sight[T]
	running bool
}

type sight[T any] struct {
	object T
	err    error
}

// severalWaiters is from how many objects on one list is cheaper than looking at each.
const severalWaiters = 4

// look gives the present state of the object. It is an error that is ErrNotFound when it is gone.
func (p *poller[T]) look(ctx context.Context, id string) (T, error) {
	c := make(chan sight[T], 1)
	p.mu.Lock()
	if p.queue == nil {
		p.queue = map[string][]chan sight[T]{}
	}
	p.queue[id] = append(p.queue[id], c)
	if !p.running {
		p.running = true
		go p.run()
	}
	p.mu.Unlock()
	select {
	case s := <-c:
		return s.object, s.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// run serves who is queued until nobody is.
func (p *poller[T]) run() {
	for {
		_ = sleep(p.life, 10*time.Millisecond) // who looks at the same tick comes together
		p.mu.Lock()
		queue := p.queue
		p.queue = nil
		if len(queue) == 0 {
			p.running = false
			p.mu.Unlock()
			return
		}
		p.mu.Unlock()
		go p.serve(queue) // one service that hangs must not hold up the others
	}
}

func (p *poller[T]) serve(queue map[string][]chan sight[T]) {
	if len(queue) >= severalWaiters {
		if found, err := p.many(p.life); err == nil {
			for id, waiters := range queue {
				object, ok := found[id]
				s := sight[T]{object: object}
				if !ok {
					s.err = platform.As(platform.ErrNotFound, errors.New("it is gone"))
				}
				tell(waiters, s)
			}
			return
		}
	}
	var group sync.WaitGroup
	for id, waiters := range queue {
		group.Go(func() {
			object, err := p.one(p.life, id)
			tell(waiters, sight[T]{object, err})
		})
	}
	group.Wait()
}

func tell[T any](waiters []chan sight[T], s sight[T]) {
	for _, c := range waiters {
		c <- s
	}
}

// aftercare is how long cleaning up may take where no time is left.
const aftercare = 3 * time.Second

// afterwards bounds what has to be looked at or put right after a failure: briefly where the operation itself is over.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Err() == nil {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(context.WithoutCancel(ctx), aftercare)
}
