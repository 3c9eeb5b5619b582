package libvirt

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/libvirt"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// storageHost is a server and a session on it, for one test and its cases.
type storageHost struct {
	*libvirt.Server
	s *session
}

func newStorageHost(t *testing.T) *storageHost {
	t.Helper()
	server := libvirt.Serve(t, libvirt.Options{})
	return &storageHost{server, connect(t, server.URI())}
}

// connect opens a session of its own.
func connect(t *testing.T, uri string) *session {
	t.Helper()
	none := func(string) (string, bool) { return "", false }
	config, err := platform.Resolve(settings(), map[string]any{setURI: uri}, platform.Source{Block: "libvirt", Name: "lab", Env: none})
	if err != nil {
		t.Fatal(err)
	}
	s, err := openSession(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.close(context.WithoutCancel(t.Context())) })
	return s
}

// virsh runs a command that has to succeed.
func (h *storageHost) virsh(t *testing.T, args ...string) string {
	t.Helper()
	out, err := h.Virsh(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// names lists the volumes of a pool, as virsh sees them.
func (h *storageHost) names(t *testing.T, pool string) []string {
	t.Helper()
	var names []string
	for line := range strings.Lines(h.virsh(t, "vol-list", pool)) {
		if fields := strings.Fields(line); len(fields) > 0 {
			names = append(names, fields[0])
		}
	}
	return names
}

// run runs a program that has to succeed.
func (h *storageHost) run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := h.Exec(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// noise is content that cannot be guessed; equal seeds give equal content.
func noise(seed byte, size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// file writes a file of a test.
func file(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func isClass(t *testing.T, err, class error, words ...string) {
	t.Helper()
	if !errors.Is(err, class) {
		t.Errorf("%v; want the class %v", err, class)
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%v; want %q in it", err, word)
		}
	}
}

func content(t *testing.T, path string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s has %d bytes %s; want %d bytes %s", path, len(got), sum(got), len(want), sum(want))
	}
}
