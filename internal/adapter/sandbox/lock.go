package sandbox

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// lock waits until this is the only writer among all processes. Goroutines of one connection queue up first, so that
// at most one of them polls the file. Closing the file gives the lock back.
func (s *store) lock(ctx context.Context) (unlock func(), err error) {
	select {
	case s.writer <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for the lock of %s: %w", s.dir, context.Cause(ctx))
	}
	f, err := s.lockFile(ctx)
	if err != nil {
		<-s.writer
		return nil, err
	}
	return func() {
		_ = f.Close() // nothing was written to it
		<-s.writer
	}, nil
}

func (s *store) lockFile(ctx context.Context) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(s.dir, ".lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for wait := time.Millisecond / 2; ; wait = min(2*wait, 10*time.Millisecond) {
		free, err := tryLock(f)
		if err == nil && free {
			return f, nil
		}
		if err == nil {
			err = sleep(ctx, wait)
		}
		if err != nil {
			_ = f.Close() // the lock was not taken
			return nil, fmt.Errorf("waiting for the lock of %s: %w", s.dir, err)
		}
	}
}

// sleep waits for d or the context's end, whichever comes first, and returns the reason of the latter.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return context.Cause(ctx)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
