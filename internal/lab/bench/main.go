// Command bench measures the provider and prints a table: the time and memory of large plans, the size of the binary,
// the time it takes to start. It judges nothing: it fails when something could not be measured, not when a goal is
// missed. It needs Go and a terraform in PATH, runs in a temporary directory and uses no network.
//
// VIRT_BENCH_COUNT is the number of machines (1000), VIRT_BENCH_RUNS how often each plan is repeated (3).
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	count, err := number("VIRT_BENCH_COUNT", 1000)
	if err != nil {
		return err
	}
	runs, err := number("VIRT_BENCH_RUNS", 3)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "virt-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{dir: dir, count: count}
	t := table{count: count, runs: runs}
	for _, measure := range []func(context.Context, *table) error{b.binary, b.plans, b.readAhead} {
		if err := measure(ctx, &t); err != nil {
			return err
		}
	}
	return t.print(os.Stdout)
}

func number(env string, otherwise int) (int, error) {
	text := os.Getenv(env)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%s=%q: write a whole number above 0", env, text)
	}
	return n, nil
}

// binary measures the provider as it is released.
func (b *bench) binary(ctx context.Context, t *table) error {
	say("building the provider")
	released := filepath.Join(b.dir, "released", "terraform-provider-virt")
	size, err := b.build(ctx, ".", released)
	if err != nil {
		return err
	}
	t.add("binary, stripped", megabytes(size), "≤ 40 MB", "")
	var took []float64
	for range 10 {
		d, err := start(ctx, released)
		if err != nil {
			return err
		}
		took = append(took, d.Seconds())
	}
	t.add("start until the schema is there", seconds(median(took)), "≤ 0.15 s", "median of 10")
	return nil
}
