package platform

import (
	"errors"
	"fmt"
	"strings"
)

// The classes of failure that the engine and its users tell apart. An adapter marks the SDK's error with one of
// them by As, which leaves its text alone.
var (
	ErrNotFound     = errors.New("not found")
	ErrExists       = errors.New("exists already")
	ErrConflict     = errors.New("in use or changed by somebody else")
	ErrThrottled    = errors.New("too many requests")
	ErrUnauthorised = errors.New("not authorised")
	ErrUnsupported  = errors.New("not supported on this platform")
	ErrInvalid      = errors.New("invalid")
	ErrUnreachable  = errors.New("unreachable")
	ErrTimeout      = errors.New("timed out")
)

type classified struct {
	class, err error
}

func (c *classified) Error() string   { return c.err.Error() }
func (c *classified) Unwrap() []error { return []error{c.class, c.err} }

// Class tells one error with its class from a list of errors, which unwraps to several, too.
func (c *classified) Class() error { return c.class }

// As marks err as one of the classes above and keeps its text. A nil error stays nil.
func As(class, err error) error {
	if err == nil {
		return nil
	}
	return &classified{class, err}
}

// ClassOf is the class that err carries, by As or as an error of this package such as ExistsError. Of several, joined or
// wrapped in each other, it is the one that stands first above. It is nil for an error without a class, and for nil.
func ClassOf(err error) error {
	for _, class := range []error{
		ErrNotFound, ErrExists, ErrConflict, ErrThrottled, ErrUnauthorised, ErrUnsupported, ErrInvalid, ErrUnreachable, ErrTimeout,
	} {
		if errors.Is(err, class) {
			return class
		}
	}
	return nil
}

// OpError says what was tried, on what, what the platform answered and what to do next.
type OpError struct {
	Op   string // "clone the template"
	On   string // "/DC0/vm/debian-12"
	Err  error  // the platform's answer
	Hint string // what the user can do; may be empty
}

func (e *OpError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "cannot %s", e.Op)
	if e.On != "" {
		fmt.Fprintf(&b, " %s", e.On)
	}
	fmt.Fprintf(&b, ": %v", e.Err)
	if e.Hint != "" {
		fmt.Fprintf(&b, ". %s", e.Hint)
	}
	return b.String()
}

// Unwrap gives the platform's answer.
func (e *OpError) Unwrap() error { return e.Err }

// AttrError ties an error to an attribute.
type AttrError struct {
	Path Path
	Err  error
}

func (e *AttrError) Error() string { return e.Path.String() + ": " + e.Err.Error() }

// Unwrap gives the error without its attribute.
func (e *AttrError) Unwrap() error { return e.Err }

// At ties an error to the attribute it is about; several are joined by errors.Join. A nil error stays nil.
func At(err error, path ...string) error {
	if err == nil {
		return nil
	}
	return &AttrError{path, err}
}

// AmbiguousError lists what a name matched when it should have matched one object.
type AmbiguousError struct {
	Ref     string
	Matches []string // spelled so that each can be used instead
}

func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("%q matches %d objects: %s; name one of them in full", e.Ref, len(e.Matches), strings.Join(e.Matches, ", "))
}

// ExistsError is a create that met an object of the same name. It never adopts it: it names the import id.
type ExistsError struct {
	Name       string
	ID         string // stable id of what is there
	Unfinished bool   // it carries our mark of a creation that never ended
}

func (e *ExistsError) Error() string {
	if e.Unfinished {
		return fmt.Sprintf("%q exists already: an earlier run was interrupted while it made it", e.Name)
	}
	return fmt.Sprintf("%q exists already", e.Name)
}

// Unwrap makes it an ErrExists.
func (e *ExistsError) Unwrap() error { return ErrExists }

// TimeoutError says what was awaited and what was seen last.
type TimeoutError struct {
	Awaited, Seen string
}

func (e *TimeoutError) Error() string {
	seen := e.Seen
	if seen == "" {
		seen = "nothing"
	}
	return fmt.Sprintf("timed out waiting for %s; last seen: %s", e.Awaited, seen)
}

// Unwrap makes it an ErrTimeout.
func (e *TimeoutError) Unwrap() error { return ErrTimeout }
