package openstack

import (
	"context"
	"time"
)

// Looks for what a creation without an answer may have made: the service may still be at it.
const (
	looks     = 3
	lookPause = 300 * time.Millisecond
)

// unanswered reports that a request may have been done although it failed: its answer was lost, or nobody waited for it.
func unanswered(ctx context.Context, err error) bool {
	return err != nil && (lost(err) || ctx.Err() != nil && statusOf(err) == 0)
}

// begun forgives the failure of a request without an answer where it shows that it was done. What does not show soon was
// not: nobody should wait for it.
func begun(ctx context.Context, err error, shows func(ctx context.Context) bool) error {
	if lost(err) && sought(ctx, shows) {
		return nil
	}
	return err
}

// sought looks for what a creation without an answer has made, a few times; where the operation is over already, as long
// as the time for cleaning up allows. It reports whether look found it.
func sought(ctx context.Context, look func(ctx context.Context) bool) bool {
	over := ctx.Err() != nil
	late, cancel := afterwards(ctx)
	defer cancel()
	for n := 1; ; n++ {
		if look(late) {
			return true
		}
		if !over && n == looks || sleep(late, lookPause) != nil {
			return false
		}
	}
}
