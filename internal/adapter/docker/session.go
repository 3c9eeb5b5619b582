package docker

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/moby/moby/api/types/system"
	"github.com/moby/moby/client"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// session is one connection: the client, and what the engine said of itself when it was opened.
type session struct {
	client *client.Client
	route  *route
	config platform.Config
	info   system.Info
	podman bool // Podman's compatible API is at the other end

	// forNetworks is client, or one that understands Podman's networks.
	forNetworks *client.Client

	life     context.Context //nolint:containedctx // of what the connection keeps running
	end      context.CancelFunc
	watching watching // one stream of events for all who wait
	tied     sync.Map // by native id: what the engine cannot change in parallel
}

// parallel bounds how many objects are inspected at a time.
const parallel = 8

// openSession connects and asks who is there.
func openSession(ctx context.Context, c platform.Config) (*session, error) {
	r, err := findRoute(ctx, c)
	if err != nil {
		return nil, err
	}
	options := []client.Opt{client.WithHost(r.dialled()), client.WithHTTPClient(r.http()), client.WithUserAgent("terraform-provider-virt")}
	if v := c.String(setVersion); v != "" {
		options = append(options, client.WithAPIVersion(v))
	}
	cli, err := client.New(options...)
	if err != nil {
		return nil, platform.As(platform.ErrInvalid, &platform.OpError{Op: "use the setting", On: setVersion, Err: err, Hint: "It is a version such as 1.41; left out, the newest that both sides know is taken"})
	}
	s := &session{client: cli, route: r, config: c}
	s.life, s.end = context.WithCancel(context.WithoutCancel(ctx))
	if err := s.greet(ctx); err != nil {
		_ = s.close(ctx)
		return nil, unconnected(r, err)
	}
	return s, nil
}

// greet asks what the engine is: two requests, one of which negotiates the version, and one more of Podman.
func (s *session) greet(ctx context.Context) error {
	ctx, cancel := s.brief(ctx)
	defer cancel()
	answer, err := s.client.Info(ctx, client.InfoOptions{})
	if err != nil {
		return err
	}
	s.info = answer.Info
	s.forNetworks = s.client
	if doubtful(s.info) {
		if s.podman, err = s.isPodman(ctx); err != nil {
			return err
		}
	}
	if s.podman {
		s.info.ID = podmanID(s.info)
		s.forNetworks, err = s.forgivingClient()
	}
	if err == nil && s.info.ID == "" {
		return errors.New("the engine does not say its id")
	}
	return err
}

// brief bounds one ordinary request by the setting api_timeout.
func (s *session) brief(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := s.config.Duration(setTimeout)
	if limit <= 0 {
		limit = 2 * time.Minute
	}
	return context.WithTimeout(ctx, limit)
}

// after bounds what has to be put right at the end: like an ordinary request, but briefly where there is no time left.
func (s *session) after(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Err() == nil {
		return s.brief(ctx)
	}
	return context.WithTimeout(context.WithoutCancel(ctx), grace)
}

// close ends the connection.
func (s *session) close(ctx context.Context) error {
	s.end()
	err := s.client.Close()
	return errors.Join(err, s.route.close(ctx))
}

// alone waits until nobody else changes the object with this native id; the answer lets the next one in.
func (s *session) alone(id string) (release func()) {
	mu, _ := s.tied.LoadOrStore(id, &sync.Mutex{})
	lock := mu.(*sync.Mutex) //nolint:forcetypeassert // stored above
	lock.Lock()
	return lock.Unlock
}
