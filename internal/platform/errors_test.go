package platform_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func TestErrors(t *testing.T) {
	answer := errors.New("ServerFaultCode: the name 'web' already exists")
	err := error(&platform.OpError{Op: "clone the template", On: "/DC0/vm/debian", Err: platform.As(platform.ErrExists, answer), Hint: "Choose another name"})
	if got, want := err.Error(), "cannot clone the template /DC0/vm/debian: ServerFaultCode: the name 'web' already exists. Choose another name"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if !errors.Is(err, platform.ErrExists) || !errors.Is(err, answer) {
		t.Error("class or answer lost")
	}
	var at *platform.AttrError
	if err := fmt.Errorf("while planning: %w", platform.At(err, "nics", "eth0", "network_id")); !errors.As(err, &at) || at.Path.String() != "nics.eth0.network_id" {
		t.Errorf("attribute lost: %v", err)
	}
	if platform.As(platform.ErrNotFound, nil) != nil || platform.At(nil, "name") != nil {
		t.Error("no error became one")
	}
}

func TestClassOf(t *testing.T) {
	for name, c := range map[string]struct{ err, want error }{
		"nil":             {},
		"none":            {err: errors.New("broken")},
		"end of the time": {err: context.DeadlineExceeded}, // the class says what it means: a platform that is slow, or gone
		"the class":       {err: platform.ErrThrottled, want: platform.ErrThrottled},
		"marked":          {err: platform.As(platform.ErrInvalid, errors.New("broken")), want: platform.ErrInvalid},
		"deep inside": {
			err:  fmt.Errorf("start it: %w", platform.At(&platform.OpError{Op: "start", Err: platform.As(platform.ErrConflict, errors.New("busy"))}, "power")),
			want: platform.ErrConflict,
		},
		"exists":    {err: &platform.ExistsError{Name: "web"}, want: platform.ErrExists},
		"timed out": {err: &platform.TimeoutError{Awaited: "the agent"}, want: platform.ErrTimeout},
		"the second of two": {
			err:  errors.Join(errors.New("broken"), platform.As(platform.ErrUnauthorised, errors.New("no"))),
			want: platform.ErrUnauthorised,
		},
		"the first in order": {
			err:  errors.Join(platform.As(platform.ErrTimeout, errors.New("late")), platform.As(platform.ErrNotFound, errors.New("gone"))),
			want: platform.ErrNotFound,
		},
	} {
		if got := platform.ClassOf(c.err); got != c.want { //nolint:errorlint // the class itself, not one that carries it
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestErrorTexts(t *testing.T) {
	for want, err := range map[string]error{
		`"web" matches 2 objects: /DC0/vm/web, /DC1/vm/web; name one of them in full`: &platform.AmbiguousError{Ref: "web", Matches: []string{"/DC0/vm/web", "/DC1/vm/web"}},
		`"web" exists already: an earlier run was interrupted while it made it`:       &platform.ExistsError{Name: "web", ID: "1", Unfinished: true},
		`timed out waiting for an address in 10.0.0.0/8; last seen: 192.0.2.7`:        &platform.TimeoutError{Awaited: "an address in 10.0.0.0/8", Seen: "192.0.2.7"},
		`timed out waiting for the agent; last seen: nothing`:                         &platform.TimeoutError{Awaited: "the agent"},
	} {
		if err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
	}
}
