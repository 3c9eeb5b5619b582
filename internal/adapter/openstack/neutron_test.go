package openstack

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/gophercloud/gophercloud/v2"
)

// unhurried is neutron with floating IPs alone: it makes one a while after its client has left.
type unhurried struct {
	leave context.CancelFunc

	mu   sync.Mutex
	made []map[string]any
}

// ServeHTTP answers.
func (u *unhurried) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		var body map[string]map[string]any
		_ = json.NewDecoder(r.Body).Decode(&body) // what is missing fails the test
		u.leave()
		time.Sleep(2 * firstLook)
		body["floatingip"]["id"] = "made"
		u.mu.Lock()
		u.made = append(u.made, body["floatingip"])
		u.mu.Unlock()
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	answer := map[string]any{"floatingips": append([]map[string]any{}, u.made...)}
	if r.URL.Path == "/floatingips/made" {
		answer = map[string]any{"floatingip": u.made[0]}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // the client is gone
}

func TestWhoLeavesFindsWhatIsMadeAfterwards(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	server := httptest.NewServer(&unhurried{leave: cancel})
	t.Cleanup(server.Close)
	client := &gophercloud.ServiceClient{ProviderClient: &gophercloud.ProviderClient{}, Endpoint: server.URL + "/"}
	s := &session{services: map[service]*endpoint{serviceNetwork: {client: client}}}
	var got floating
	if err := s.make(ctx, sortFloating(), map[string]any{}, &got); err != nil || got.ID != "made" {
		t.Errorf("it knows of %q, %v", got.ID, err)
	}
}
