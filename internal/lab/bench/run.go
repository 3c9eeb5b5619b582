package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/terraform"
)

// bench is a directory for everything, and the CLI with the provider that it is to use.
type bench struct {
	dir   string
	count int
	cli   *terraform.CLI
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

// isolate takes what would reach the CLI, the provider or a build out of this process's environment.
func isolate() error {
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		foreign := strings.HasPrefix(name, "TF_") || strings.HasPrefix(name, "VIRT_") || strings.HasPrefix(name, "LIBVIRT_")
		if name == "VIRT_BENCH_PROFILE" { // the bench's provider writes its profiles there
			continue
		}
		if foreign || name == "GOGC" || name == "GOMEMLIMIT" {
			if err := os.Unsetenv(name); err != nil {
				return err
			}
		}
	}
	return os.Setenv("CGO_ENABLED", "0")
}

// build compiles a package of this module as a release does.
func (b *bench) build(ctx context.Context, name, pkg string) (*terraform.CLI, error) {
	dir := filepath.Join(b.dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return terraform.Build(ctx, dir, pkg, "-trimpath", "-ldflags", "-s -w -X main.version=bench")
}

// workspace makes a directory with one configuration.
func (b *bench) workspace(name, config string) (*terraform.Workspace, error) {
	dir := filepath.Join(b.dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	w := &terraform.Workspace{CLI: b.cli, Dir: dir, Env: []string{"VIRT_BENCH_STATS=" + filepath.Join(dir, "stats.json")}}
	return w, os.WriteFile(filepath.Join(dir, "main.tf"), []byte(config), 0o600)
}

// run runs one command in a workspace and fails unless it ends with the code.
func run(ctx context.Context, w *terraform.Workspace, code int, args ...string) (usage, error) {
	noted := filepath.Join(w.Dir, "stats.json")
	if err := os.Remove(noted); err != nil && !errors.Is(err, os.ErrNotExist) {
		return usage{}, err
	}
	var out bytes.Buffer
	cmd := w.Command(ctx, append(slices.Clone(args), "-no-color", "-input=false")...)
	cmd.Stdout, cmd.Stderr = &out, &out
	began := time.Now()
	err := cmd.Run()
	u := usage{wall: time.Since(began)}
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != code {
		return u, fmt.Errorf("terraform %s in %s: %w\n%s", strings.Join(args, " "), w.Dir, errors.Join(err, ctx.Err()), tail(out.String()))
	}
	u.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	text, err := os.ReadFile(noted)
	if errors.Is(err, os.ErrNotExist) {
		return u, nil // no provider took part
	}
	return u, errors.Join(err, json.Unmarshal(text, &u.provider))
}

func tail(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}
