package docker

import (
	"context"
	"sync"
	"time"

	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"
)

// watching is the engine's stream of events, shared by all who wait. It runs while somebody does.
type watching struct {
	mu      sync.Mutex
	cancel  context.CancelFunc
	waiters map[chan struct{}]string
}

// changed opens a channel that gets a word whenever something happens to the object with this native id, and whenever
// the stream itself was interrupted, since then anything may have happened. leave ends it.
func (s *session) changed(id string) (words <-chan struct{}, leave func()) {
	w := &s.watching
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiters == nil {
		w.waiters = map[chan struct{}]string{}
	}
	w.waiters[c] = id
	if w.cancel == nil {
		ctx, cancel := context.WithCancel(s.life)
		w.cancel = cancel
		go s.listen(ctx)
	}
	return c, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.waiters, c)
		if len(w.waiters) == 0 && w.cancel != nil {
			w.cancel()
			w.cancel = nil
		}
	}
}

// listen hands events to those who wait, and opens the stream again when it breaks.
func (s *session) listen(ctx context.Context) {
	for ctx.Err() == nil {
		stream := s.client.Events(ctx, client.EventsListOptions{})
		s.watching.tell("")
		for open := true; open; {
			select {
			case m := <-stream.Messages:
				s.watching.tell(append(concerned(m), m.Actor.ID)...)
			case <-stream.Err: //nolint:errcheck // whatever ended it, it is opened again
				open = false
			}
		}
		s.watching.tell("")
		pause(ctx)
	}
}

// concerned lists further objects that an event is about: the container of a network's, the service of a task's.
func concerned(m events.Message) []string {
	var ids []string
	for _, key := range []string{"container", "com.docker.swarm.service.id"} {
		if id := m.Actor.Attributes[key]; id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// tell wakes those who wait for one of the ids; "" is for all.
func (w *watching) tell(ids ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c, wanted := range w.waiters {
		for _, id := range ids {
			if id == "" || id == wanted {
				select {
				case c <- struct{}{}:
				default: // it has a word already
				}
			}
		}
	}
}

// pause keeps a broken stream from being opened without end.
func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(time.Second):
	}
}
