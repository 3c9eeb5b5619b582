package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// begin is what every call of the platform starts with: it is counted, takes its time, and may go wrong.
func (s *store) begin(ctx context.Context, c call) error {
	if err := s.count(c); err != nil {
		return err
	}
	if err := sleep(ctx, s.latency); err != nil {
		return err
	}
	if err := s.strike(ctx, c, false); err != nil {
		return err
	}
	return s.settle(ctx)
}

// count appends the call to calls.log. One small write to a file opened for appending stays whole among processes.
func (s *store) count(c call) error {
	if !s.logged {
		return nil
	}
	if err := os.MkdirAll(s.dir, 0o750); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(s.dir, "calls.log"), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(c.String() + "\n")
	return errors.Join(err, f.Close())
}

// String is the call's line in the log.
func (c call) String() string {
	on := cmp.Or(c.name, c.id)
	if on == "" {
		return c.verb + " " + c.kind
	}
	return fmt.Sprintf("%s %s %q", c.verb, c.kind, on)
}

// failed says which call an error ended.
func (c call) failed(err error) error {
	if err == nil {
		return nil
	}
	on := cmp.Or(c.name, c.id)
	if on != "" {
		on = fmt.Sprintf("%q", on)
	}
	return &platform.OpError{Op: c.verb + " the " + c.kind, On: on, Err: err}
}
