package platform

import (
	"fmt"
	"time"
)

// Duration is a length of time, written as Go does: 30s, 1m30s, 500ms.
type Duration time.Duration

// UnmarshalText reads a duration that is not negative; the error says how to write one.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil || v < 0 {
		return fmt.Errorf("%q is not a duration: write a number with a unit, such as 30s, 1m30s or 500ms", b)
	}
	*d = Duration(v)
	return nil
}

// MarshalText writes the duration.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String writes the duration as Go does: 1m30s.
func (d Duration) String() string { return time.Duration(d).String() }
