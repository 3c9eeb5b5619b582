package libvirt

import (
	"context"
	"sync"
	"time"

	"github.com/digitalocean/go-libvirt"
)

// pulse is how often something awaited is looked at though no event came: events of a lost connection are lost.
const pulse = 5 * time.Second

// hub tells waiters that something happened to a domain. It follows a connection only while somebody waits.
type hub struct {
	mu       sync.Mutex
	waiters  map[*waiter]bool
	followed *link
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

// watched lists the events that waiters wait for.
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

// follow subscribes to a connection's events when somebody waits and nobody has yet.
func (h *hub) follow(l *link) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if l == nil || h.followed == l || len(h.waiters) == 0 {
		return
	}
	h.followed = l
	for _, id := range awaitedEvents() {
		go h.listen(l, id)
	}
}

// listen hands on one kind of events until the connection ends, and then wakes everybody: something may have happened
// meanwhile.
func (h *hub) listen(l *link, id libvirt.DomainEventID) {
	events, err := l.rpc.SubscribeEvents(context.Background(), id, nil)
	if err != nil {
		return // an old server without this event: the pulse serves
	}
	for e := range events {
		h.tell(domainOf(e))
	}
	h.mu.Lock()
	if h.followed == l {
		h.followed = nil
	}
	h.mu.Unlock()
	h.tell(libvirt.UUID{})
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

// domainOf is whom an event is about; empty is everybody.
func domainOf(event any) libvirt.UUID {
	switch e := event.(type) {
	case *libvirt.DomainEventCallbackLifecycleMsg:
		return e.Msg.Dom.UUID
	case *libvirt.DomainEventCallbackDeviceRemovedMsg:
		return e.Msg.Dom.UUID
	case *libvirt.DomainEventCallbackDeviceRemovalFailedMsg:
		return e.Dom.UUID
	case *libvirt.DomainEventCallbackAgentLifecycleMsg:
		return e.Dom.UUID
	case *libvirt.DomainEventCallbackBlockJobMsg:
		return e.Msg.Dom.UUID
	}
	return libvirt.UUID{}
}

// await looks until look says that it is done, after every event of the domain and every while. ahead of the first
// look it subscribes, so that nothing is missed.
func (c *client) await(ctx context.Context, domain libvirt.UUID, every time.Duration, look func() (done bool, err error)) error {
	w, leave := c.events.join(domain)
	defer leave()
	c.mu.Lock()
	c.events.follow(c.link)
	c.mu.Unlock()
	for {
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
