package openstack

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func TestFailed(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		class  error
		says   string
	}{
		"nova": {
			409, `{"conflictingRequest": {"code": 409, "message": "Cannot 'stop' instance x while it is in vm_state building"}}`,
			platform.ErrConflict, "cannot try it: Cannot 'stop' instance x while it is in vm_state building (HTTP 409)",
		},
		"neutron": {
			409, `{"NeutronError": {"type": "IpAddressInUse", "message": "Unable to complete operation. The IP address 1.2.3.4 is in use.", "detail": ""}}`,
			platform.ErrConflict, "The IP address 1.2.3.4 is in use (HTTP 409)",
		},
		"keystone": {404, `{"error": {"code": 404, "message": "Could not find project: x.", "title": "Not Found"}}`, platform.ErrNotFound, "Could not find project: x (HTTP 404)"},
		"placement": {
			400, `{"message": "bad"}`, platform.ErrInvalid, "bad (HTTP 400)",
		},
		"glance": {
			403, "<html>\n <head>\n  <title>403 Forbidden</title>\n </head>\n <body>\n  <h1>403 Forbidden</h1>\n  Image x is protected and cannot be deleted.<br /><br />\n </body>\n</html>",
			platform.ErrUnauthorised, "Image x is protected and cannot be deleted (HTTP 403)",
		},
		"a quota of nova": {
			403, `{"forbidden": {"code": 403, "message": "Quota exceeded for cores: Requested 2, but already used 20 of 20 cores"}}`,
			platform.ErrInvalid, "already used 20 of 20 cores",
		},
		"a quota of neutron": {
			409, `{"NeutronError": {"type": "OverQuota", "message": "Quota exceeded for resources: ['port'].", "detail": ""}}`,
			platform.ErrInvalid, "['port']",
		},
		"a quota of cinder": {
			413, `{"overLimit": {"code": 413, "message": "VolumeLimitExceeded: Maximum number of volumes allowed (1) exceeded for quota 'volumes'.", "retryAfter": "0"}}`,
			platform.ErrInvalid, "allowed (1) exceeded for quota 'volumes'",
		},
		"throttled":   {429, `{"overLimit": {"message": "slow down"}}`, platform.ErrThrottled, "slow down"},
		"the service": {503, `no JSON at all`, platform.ErrUnreachable, "no JSON at all (HTTP 503, request req-1)"},
		"no token":    {401, `{"error": {"message": "The request you have made requires authentication."}}`, platform.ErrUnauthorised, "cannot be renewed"},
		"no body":     {404, ``, platform.ErrNotFound, "Not Found (HTTP 404)"},
	} {
		t.Run(name, func(t *testing.T) {
			err := failed("try", "it", gophercloud.ErrUnexpectedResponseCode{
				Actual: c.status, Body: []byte(c.body), ResponseHeader: http.Header{"X-Openstack-Request-Id": {"req-1"}}, URL: "http://secret",
			})
			if !errors.Is(err, c.class) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v (%v)", err, platform.ClassOf(err))
			}
			if statusOf(err) != c.status {
				t.Errorf("the status is %d", statusOf(err))
			}
		})
	}
}

func TestFailedKeepsWhatIsSaid(t *testing.T) {
	first := failed("stop", "web", errors.New("no"))
	if second := failed("delete", "web", first); !errors.Is(second, first) || second.Error() != first.Error() {
		t.Errorf("got %v", second)
	}
	if failed("x", "y", nil) != nil {
		t.Error("nil is an error")
	}
}
