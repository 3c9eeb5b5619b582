package vsphere

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// throttleTries and throttleWait bound the retries of a request that the server refused for load: 0.25 s, 0.5 s,
// 1 s, 2 s, or as long as the server asks for within throttleMost.
const (
	throttleTries = 5
	throttleWait  = 250 * time.Millisecond
	throttleMost  = 15 * time.Second
)

// caller sends API requests: so many at a time, each for so long, again when the server is overloaded, and after a
// new login when the session ended.
type caller struct {
	next    soap.RoundTripper
	session *session
	slots   chan struct{}
	timeout time.Duration
}

// RoundTrip makes caller the client's transport.
func (c *caller) RoundTrip(ctx context.Context, req, res soap.HasFault) error {
	seen := c.session.generation.Load()
	err := c.send(ctx, req, res)
	if !sessionLost(req, res, err) || seen == 0 {
		return err
	}
	if again := c.session.relogin(ctx, seen); again != nil {
		return again
	}
	return c.send(ctx, req, res)
}

// send repeats what the server refused for load.
func (c *caller) send(ctx context.Context, req, res soap.HasFault) error {
	wait := throttleWait
	for try := 1; ; try++ {
		reflect.ValueOf(res).Elem().SetZero() // an earlier answer's fault would be taken for this one's
		err := c.once(ctx, req, res)
		var status *statusError
		if !errors.As(err, &status) || status.code != http.StatusServiceUnavailable && status.code != http.StatusTooManyRequests || try == throttleTries {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(max(wait, min(status.after, throttleMost))):
		}
		wait *= 2
	}
}

// once sends a request within its slot. A long wait for updates takes none.
func (c *caller) once(ctx context.Context, req, res soap.HasFault) error {
	if _, waits := req.(*methods.WaitForUpdatesExBody); !waits {
		select {
		case c.slots <- struct{}{}:
			defer func() { <-c.slots }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if c.timeout <= 0 {
		return c.next.RoundTrip(ctx, req, res)
	}
	bounded, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	err := c.next.RoundTrip(bounded, req, res)
	if err != nil && bounded.Err() != nil && ctx.Err() == nil {
		return platform.As(platform.ErrTimeout, fmt.Errorf("the server did not answer within %s (api_timeout): %w", c.timeout, err))
	}
	return err
}

// sessionLost says whether a request failed because the server knows no session of ours.
func sessionLost(req, res soap.HasFault, err error) bool {
	switch req.(type) {
	case *methods.LoginBody, *methods.LogoutBody, *methods.RetrieveServiceContentBody:
		return false
	}
	if isFault[*types.NotAuthenticated](err) {
		return true
	}
	found, ok := res.(*methods.RetrievePropertiesExBody)
	if err != nil || !ok || found.Res == nil || found.Res.Returnval == nil {
		return false
	}
	for _, o := range found.Res.Returnval.Objects {
		for _, m := range o.MissingSet {
			if _, lost := m.Fault.Fault.(*types.NotAuthenticated); lost {
				return true
			}
		}
	}
	return false
}
