package libvirt

import (
	"context"
	"sync"
	"time"

	"github.com/digitalocean/go-libvirt"
)

// pulse is how often something awaited is looked at though no event came.
const pulse = 5 * time.Second

// hub tells waiters that something happened to a domain.
type hub struct {
	mu      sync.Mutex
	waiters map[*waiter]bool
}

// waiter is one who waits for a domain.
type waiter struct {
	domain libvirt.UUID
	woken  chan struct{} // holds one wake-up
}

func (w *waiter) wake() {
	select {
	case w.woken <- struct{}{}:
	default:
	}
}

// awaitedEvents lists what waiters wait for. domainOf reads all of them.
func awaitedEvents() []libvirt.DomainEventID {
	return []libvirt.DomainEventID{
		libvirt.DomainEventIDLifecycle, libvirt.DomainEventIDDeviceRemoved, libvirt.DomainEventIDDeviceRemovalFailed,
		libvirt.DomainEventIDAgentLifecycle, libvirt.DomainEventIDBlockJob,
	}
}

// join adds a waiter; leave ends it.
func (h *hub) join(domain libvirt.UUID) (w *waiter, leave func()) {
	w = &waiter{domain, make(chan struct{}, 1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.waiters == nil {
		h.waiters = map[*waiter]bool{}
	}
	h.waiters[w] = true
	return w, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.waiters, w)
	}
}

// tell wakes the waiters of a domain, all of them for the empty one.
func (h *hub) tell(domain libvirt.UUID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.waiters {
		if domain == (libvirt.UUID{}) || w.domain == domain {
			w.wake()
		}
	}
}

// follow makes sure that the connection tells events. Each connection is asked for them once, by the first who waits.
func (c *client) follow(ctx context.Context) {
	l, err := c.take(ctx)
	if err != nil {
		return // looking says it
	}
	defer c.release(l)
	l.listen.Do(func() {
		_, _ = once(ctx, c, func(rpc *libvirt.Libvirt) (none struct{}, _ error) {
			if rpc != l.rpc {
				return none, nil // lost meanwhile: the next round asks its successor
			}
			for _, id := range awaitedEvents() {
				_, _ = rpc.ConnectDomainEventCallbackRegisterAny(int32(id), nil) // an old server lacks some: the pulse serves
			}
			return none, nil
		})
	})
}

// await looks until look says that it is done: after every event of the domain, when the connection is lost, and every
// while. Before the first look it asks for events, so that nothing is missed.
func (c *client) await(ctx context.Context, domain libvirt.UUID, every time.Duration, look func() (done bool, err error)) error {
	w, leave := c.events.join(domain)
	defer leave()
	for {
		c.follow(ctx)
		done, err := look()
		if done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.woken:
		case <-time.After(every):
		}
	}
}
