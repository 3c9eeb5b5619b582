package platform_test

import (
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
