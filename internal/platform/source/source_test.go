package source_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/source"
)

// written makes a file and gives its path.
func written(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "image.raw")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestOpenFile(t *testing.T) {
	name := written(t, "content")
	for _, from := range []string{name, "file://" + name, "file://localhost" + name} {
		s, err := source.Open(t.Context(), from)
		if err != nil {
			t.Fatalf("open %s: %v", from, err)
		}
		all, err := io.ReadAll(s)
		if err != nil || string(all) != "content" || s.Length != 7 || s.Name != name {
			t.Errorf("%s: %q of %d bytes, called %s: %v", from, all, s.Length, s.Name, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// web serves content at /image; the other paths are named for how they answer.
func web(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/image", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "" {
			t.Errorf("asks for content packed as %s", r.Header.Get("Accept-Encoding"))
		}
		_, _ = io.WriteString(w, "content")
	})
	mux.Handle("/there", http.RedirectHandler("/image", http.StatusFound))
	mux.Handle("/round", http.RedirectHandler("/round", http.StatusFound))
	for path, status := range map[string]int{"/secret": http.StatusForbidden, "/busy": http.StatusTooManyRequests, "/broken": http.StatusBadGateway} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestOpenURL(t *testing.T) {
	at := web(t)
	for _, path := range []string{"/image", "/there"} {
		s, err := source.Open(t.Context(), at+path+"?token=hidden")
		if err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(s)
		if err != nil || string(all) != "content" || s.Length != 7 || s.Name != path[1:] {
			t.Errorf("%s: %q of %d bytes, called %s: %v", path, all, s.Length, s.Name, err)
		}
		_ = s.Close()
	}
}

func TestOpenRefuses(t *testing.T) {
	at := web(t)
	empty := written(t, "")
	for name, c := range map[string]struct {
		from string
		is   error
		says string
	}{
		"no such file":    {empty + ".gone", platform.ErrNotFound, "no such file"},
		"a folder":        {filepath.Dir(empty), platform.ErrInvalid, "is no file"},
		"empty":           {empty, platform.ErrInvalid, "is empty"},
		"another scheme":  {"ftp://user:hidden@example.net/image", platform.ErrInvalid, "neither a file nor an http or https URL"},
		"nothing there":   {at + "/nowhere?token=hidden", platform.ErrNotFound, "404"},
		"for others":      {at + "/secret?token=hidden", platform.ErrUnauthorised, "403"},
		"too busy":        {at + "/busy?token=hidden", platform.ErrThrottled, "429"},
		"broken":          {at + "/broken?token=hidden", nil, "502"},
		"round and round": {at + "/round?token=hidden", nil, "10 times"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := source.Open(t.Context(), c.from)
			if err == nil || !strings.Contains(err.Error(), c.says) || c.is != nil && !errors.Is(err, c.is) {
				t.Fatalf("got %v, want %q, %v", err, c.says, c.is)
			}
			if strings.Contains(err.Error(), "hidden") {
				t.Errorf("%v tells a secret", err)
			}
		})
	}
}

// TestOpenCancelled does not wait for a server that never answers.
func TestOpenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	defer server.Close()
	if _, err := source.Open(ctx, server.URL); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
