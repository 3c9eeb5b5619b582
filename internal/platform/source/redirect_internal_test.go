package source

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestRedirect follows a server elsewhere, but never out of TLS.
func TestRedirect(t *testing.T) {
	for name, c := range map[string]struct {
		from, to, says string
	}{
		"to https":      {"https://a.example.net/i", "https://b.example.net/i", ""},
		"from http":     {"http://a.example.net/i", "http://b.example.net/i", ""},
		"out of TLS":    {"https://a.example.net/i", "http://a.example.net/i", "from https to http"},
		"becomes https": {"http://a.example.net/i", "https://a.example.net/i", ""},
	} {
		t.Run(name, func(t *testing.T) {
			to := httptest.NewRequestWithContext(t.Context(), http.MethodGet, c.to, nil)
			via := []*http.Request{httptest.NewRequestWithContext(t.Context(), http.MethodGet, c.from, nil)}
			err := redirect(to, via)
			if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}
