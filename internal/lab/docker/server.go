package docker

import (
	"context"
	"crypto/sha256"
	_ "embed" // the server's source
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// serverSource is the program of every image.
//
//go:embed testserver/main.go
var serverSource string

// TestServer is the path of the program of every image, a static binary that can also be the entry point of an image
// that a test builds by itself (FROM scratch). It is compiled once per source and Go release, into the user's cache.
func TestServer(ctx context.Context) (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(runtime.Version() + serverSource))
	target := filepath.Join(cache, fmt.Sprintf("testserver-%x", sum[:8]))
	if _, err := os.Stat(target); err == nil {
		return target, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(cache, "build")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(serverSource), 0o600); err != nil {
		return "", err
	}
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", "server", "main.go")
	build.Dir = dir
	build.Env = append(slices.DeleteFunc(environment(), func(pair string) bool { return strings.HasPrefix(pair, "GOFLAGS=") }),
		"CGO_ENABLED=0", "GOOS=linux", "GOARCH="+runtime.GOARCH, "GOWORK=off")
	if _, err := output(build); err != nil {
		return "", errors.Join(errors.New("compile the test server"), err)
	}
	return target, os.Rename(filepath.Join(dir, "server"), target)
}
