package openstack

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// small is a cloud of a few answers: an identity service, and a compute service that takes the last token only.
type small struct {
	*httptest.Server

	mu      sync.Mutex
	tokens  int
	valid   string
	calls   []string
	answers map[string]string // of compute, by path
}

func newSmall(t *testing.T) *small {
	t.Helper()
	s := &small{answers: map[string]string{"/v2.1/": `{"version": {"id": "v2.1", "version": "2.80", "min_version": "2.1"}}`}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// ServeHTTP answers.
func (s *small) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("OpenStack-API-Version"))
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == "/v3/auth/tokens" {
		s.sign(w)
		return
	}
	if r.Header.Get("X-Auth-Token") != s.valid {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	answer, ok := s.answers[r.URL.RequestURI()]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
	}
	_, _ = w.Write([]byte(answer))
}

func (s *small) sign(w http.ResponseWriter) {
	s.tokens++
	s.valid = fmt.Sprint("token", s.tokens)
	w.Header().Set("X-Subject-Token", s.valid)
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(map[string]any{"token": map[string]any{
		"expires_at": "2099-01-01T00:00:00.000000Z",
		"project":    map[string]any{"id": "p1", "name": "web", "domain": map[string]any{"id": "d1"}},
		"user":       map[string]any{"id": "u1", "name": "ops"},
		"catalog": []any{map[string]any{"type": "compute", "endpoints": []any{
			map[string]any{"interface": "public", "region": "north", "region_id": "north", "url": s.URL + "/v2.1"},
		}}},
	}})
}

func (s *small) open(t *testing.T, more map[string]any) *session {
	t.Helper()
	given := map[string]any{"auth_url": s.URL + "/v3", "username": "u", "password": "p", "project_name": "web"}
	maps.Copy(given, more)
	c, err := openSession(t.Context(), platform.NewConfig(given))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.close(t.Context()) })
	return c
}

func TestSessionRenewsItsToken(t *testing.T) {
	cloud := newSmall(t)
	s := cloud.open(t, nil)
	if got := s.endpoint(); got != "north/p1" {
		t.Errorf("the endpoint is %q", got)
	}
	cloud.mu.Lock()
	cloud.valid, cloud.answers["/v2.1/x"] = "another", `{}`
	cloud.mu.Unlock()
	c, err := s.client(serviceCompute)
	if err == nil {
		err = get(t.Context(), c, "x", nil, nil)
	}
	if err != nil || cloud.tokens != 2 {
		t.Errorf("%d tokens, %v", cloud.tokens, err)
	}
}

func TestSessionCannotRenewAToken(t *testing.T) {
	cloud := newSmall(t)
	s := cloud.open(t, map[string]any{"username": "", "password": "", "token": "given"})
	cloud.mu.Lock()
	cloud.valid = "another"
	cloud.mu.Unlock()
	c, err := s.client(serviceCompute)
	if err == nil {
		err = failed("read", "x", get(t.Context(), c, "x", nil, nil))
	}
	if !errors.Is(err, platform.ErrUnauthorised) || !strings.Contains(err.Error(), "cannot be renewed") {
		t.Errorf("got %v", err)
	}
}

func TestSessionNegotiates(t *testing.T) {
	cloud := newSmall(t)
	s := cloud.open(t, nil)
	c, err := s.atLeast(t.Context(), serviceCompute, "2.52", "tags")
	if err != nil || c.Microversion != "2.52" {
		t.Fatal(c, err)
	}
	c, err = s.upTo(t.Context(), serviceCompute, "2.96")
	if err != nil || c.Microversion != "2.80" || !speaks(c, "2.74") || speaks(c, "2.90") {
		t.Fatal(c, err)
	}
	_, err = s.atLeast(t.Context(), serviceCompute, "2.90", "hostname")
	if !errors.Is(err, platform.ErrUnsupported) || !strings.Contains(err.Error(), "2.80 at most") {
		t.Errorf("got %v", err)
	}
	if n := len(cloud.calls); n != 2 {
		t.Errorf("%d calls: %v", n, cloud.calls)
	}
}

func TestSessionLacksAService(t *testing.T) {
	_, err := newSmall(t).open(t, nil).client(serviceVolume)
	if !errors.Is(err, platform.ErrUnsupported) || !strings.Contains(err.Error(), "volumev3") || !strings.Contains(err.Error(), `"north"`) {
		t.Errorf("got %v", err)
	}
}

func TestPagesFollowLinks(t *testing.T) {
	cloud := newSmall(t)
	cloud.answers["/v2.1/things?limit=2"] = `{"things": [1, 2], "things_links": [{"rel": "next", "href": "http://inside:8774/compute/v2.1/things?limit=2&marker=2"}]}`
	cloud.answers["/v2.1/things?limit=2&marker=2"] = `{"things": [3]}`
	c, err := cloud.open(t, nil).client(serviceCompute)
	if err != nil {
		t.Fatal(err)
	}
	list, err := all[int](t.Context(), c, "things", "things", map[string][]string{"limit": {"2"}})
	if err != nil || fmt.Sprint(list) != "[1 2 3]" {
		t.Errorf("got %v, %v", list, err)
	}
}

func TestSignInFails(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"error": {"message": "The request you have made requires authentication."}}`))
	}))
	t.Cleanup(server.Close)
	_, err := openSession(t.Context(), platform.NewConfig(map[string]any{"auth_url": server.URL + "/v3", "username": "u", "password": "secret", "project_name": "web"}))
	if !errors.Is(err, platform.ErrUnauthorised) || !strings.Contains(err.Error(), "username and password") || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}
