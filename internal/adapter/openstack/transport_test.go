package openstack

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func TestTransportTriesAgain(t *testing.T) {
	fail := func(status int, header ...string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			if len(header) > 0 {
				w.Header().Set("Retry-After", header[0])
			}
			w.WriteHeader(status)
		}
	}
	cut := func(w http.ResponseWriter) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = c.Close()
		}
	}
	for name, c := range map[string]struct {
		method, path string
		answers      []func(http.ResponseWriter) // before 200
		sent, status int
	}{
		"a GET that fails":                    {"GET", "/", []func(http.ResponseWriter){fail(503), fail(500)}, 3, 200},
		"a GET that always fails":             {"GET", "/", []func(http.ResponseWriter){fail(503), fail(503), fail(503), fail(503)}, 3, 503},
		"a DELETE whose connection breaks":    {"DELETE", "/", []func(http.ResponseWriter){cut}, 2, 200},
		"a PUT with a body":                   {"PUT", "/", []func(http.ResponseWriter){fail(502)}, 2, 200},
		"a POST never":                        {"POST", "/", []func(http.ResponseWriter){fail(503)}, 1, 503},
		"a PATCH never":                       {"PATCH", "/", []func(http.ResponseWriter){fail(503)}, 1, 503},
		"a POST for a token":                  {"POST", "/v3/auth/tokens", []func(http.ResponseWriter){fail(503)}, 2, 200},
		"a POST that has to wait":             {"POST", "/", []func(http.ResponseWriter){fail(429, "0.01"), fail(429, "0.01"), fail(429, "0.01"), fail(429, "0.01")}, 5, 200},
		"a POST that an old service puts off": {"POST", "/", []func(http.ResponseWriter){fail(413, "0.01")}, 2, 200},
		"a used-up quota":                     {"POST", "/", []func(http.ResponseWriter){fail(413, "0")}, 1, 413},
		"too long to wait":                    {"GET", "/", []func(http.ResponseWriter){fail(429, "3600")}, 1, 429},
		"what is wrong":                       {"GET", "/", []func(http.ResponseWriter){fail(404)}, 1, 404},
		"what is not there":                   {"GET", "/", []func(http.ResponseWriter){fail(501)}, 1, 501},
	} {
		t.Run(name, func(t *testing.T) {
			var sent atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				n := int(sent.Add(1))
				if b, err := io.ReadAll(r.Body); err == nil && string(b) != "body" {
					t.Errorf("the body is %q", b)
				}
				if n <= len(c.answers) {
					c.answers[n-1](w)
				}
			}))
			t.Cleanup(server.Close)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			status := exchange(ctx, t, server.URL+c.path, c.method)
			if int(sent.Load()) != c.sent || status != c.status {
				t.Errorf("sent %d times, got %d; want %d and %d", sent.Load(), status, c.sent, c.status)
			}
		})
	}
}

func exchange(ctx context.Context, t *testing.T, address, method string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &transport{next: http.DefaultTransport, timeout: time.Minute, breath: time.Millisecond}}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	drain(res.Body)
	return res.StatusCode
}

func TestTransportBoundsOneRequest(t *testing.T) {
	stop := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(stop) })
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = (&transport{next: http.DefaultTransport, timeout: 50 * time.Millisecond}).RoundTrip(r)
	if !errors.Is(err, platform.ErrTimeout) || !strings.Contains(err.Error(), "api_timeout") {
		t.Errorf("got %v", err)
	}
}
