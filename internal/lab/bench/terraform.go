package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// bench is a directory for everything, and the provider that the CLI is to use.
type bench struct {
	dir   string
	count int
}

// usage is what one run has taken. CPU is that of the CLI and the provider together.
type usage struct {
	wall, cpu time.Duration
	provider  stats
}

// stats is what the bench's provider notes of itself.
type stats struct {
	PeakBytes int64
	HeapBytes uint64
	Seconds   float64
}

// workspace makes a directory with one configuration.
func (b *bench) workspace(name, config string) (string, error) {
	dir := filepath.Join(b.dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	return dir, os.WriteFile(filepath.Join(dir, "main.tf"), []byte(config), 0o600)
}

// terraform runs one command in a workspace and fails unless it ends with one of the codes.
func (b *bench) terraform(ctx context.Context, dir string, codes []int, args ...string) (usage, error) {
	noted := filepath.Join(dir, "stats.json")
	if err := os.Remove(noted); err != nil && !errors.Is(err, os.ErrNotExist) {
		return usage{}, err
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, "terraform", append(args, "-no-color", "-input=false")...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &out
	cmd.Env = append(b.environment(), "VIRT_BENCH_STATS="+noted)
	start := time.Now()
	err := cmd.Run()
	u := usage{wall: time.Since(start)}
	if cmd.ProcessState == nil || !slices.Contains(codes, cmd.ProcessState.ExitCode()) {
		return u, fmt.Errorf("terraform %s in %s: %w\n%s", strings.Join(args, " "), dir, errors.Join(err, ctx.Err()), tail(out.String()))
	}
	u.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	text, err := os.ReadFile(noted)
	if errors.Is(err, os.ErrNotExist) {
		return u, nil // no provider took part
	}
	return u, errors.Join(err, json.Unmarshal(text, &u.provider))
}

// environment is the caller's without what would reach the CLI or the provider by it.
func (b *bench) environment() []string {
	env := slices.DeleteFunc(os.Environ(), func(e string) bool {
		return strings.HasPrefix(e, "TF_") || strings.HasPrefix(e, "VIRT_") || strings.HasPrefix(e, "GOGC=") || strings.HasPrefix(e, "GOMEMLIMIT=")
	})
	return append(env, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_CLI_CONFIG_FILE="+b.cliConfig())
}

func (b *bench) cliConfig() string { return filepath.Join(b.dir, "terraform.rc") }

// override tells the CLI to take the provider from dir, so that nothing is installed.
func (b *bench) override(dir string) error {
	config := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"terraform-virt/virt\" = %q\n  }\n}\n", dir)
	return os.WriteFile(b.cliConfig(), []byte(config), 0o600)
}

// build compiles a package of this module as a release does, and returns the file's size.
func (b *bench) build(ctx context.Context, pkg, into string) (int64, error) {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w -X main.version=bench", "-o", into, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
	}
	info, err := os.Stat(into)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func tail(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}
