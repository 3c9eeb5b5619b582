package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// grace is how long a call may clean up after its deadline before it is left behind.
const grace = 5 * time.Second

// call runs one call of an adapter under a deadline. A panic becomes an error. A call that does not return even after
// its deadline and some grace is left behind: whatever it still writes to must not be read by the caller, which is why
// adapters work on private copies.
func call(ctx context.Context, limit time.Duration, what string, f func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- guarded(bounded, what, f) }()
	select {
	case err := <-done:
		return explain(bounded, err, what, limit)
	case <-bounded.Done():
	}
	select {
	case err := <-done:
		return explain(bounded, err, what, limit)
	case <-time.After(grace):
		return &abandonedError{explain(bounded, bounded.Err(), what, limit)}
	}
}

// abandonedError is a call that did not return. Its private copy may still be written to.
type abandonedError struct{ err error }

func (e *abandonedError) Error() string {
	return e.err.Error() + " (the platform's client did not even react to the cancellation; it was left behind)"
}
func (e *abandonedError) Unwrap() error { return e.err }

func abandoned(err error) bool {
	var a *abandonedError
	return errors.As(err, &a)
}

func guarded(ctx context.Context, what string, f func(context.Context) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			tflog.Error(ctx, "panic in an adapter", map[string]any{"panic": fmt.Sprint(r), "stack": string(debug.Stack())})
			err = fmt.Errorf("the provider failed inside while it tried to %s (panic: %v); this is a bug in the provider: please report it with the output of TF_LOG=error", what, r)
		}
	}()
	return f(ctx)
}

// explain says of a deadline what was awaited; an adapter that knows better has said so itself.
func explain(ctx context.Context, err error, what string, limit time.Duration) error {
	var timeout *platform.TimeoutError
	switch {
	case errors.As(err, &timeout): // also a little before the deadline, so that there was time to say it
		return fmt.Errorf("%w. The limit was %s; a timeouts block raises it", err, limit)
	case err == nil || !errors.Is(err, context.DeadlineExceeded) || !errors.Is(ctx.Err(), context.DeadlineExceeded):
		return err
	case err.Error() == context.DeadlineExceeded.Error():
		return platform.As(platform.ErrTimeout, fmt.Errorf("it took longer than %s to %s; a timeouts block raises the limit", limit, what))
	}
	return platform.As(platform.ErrTimeout, fmt.Errorf("it took longer than %s to %s (%w); a timeouts block raises the limit", limit, what, err))
}
