// Command bench measures the provider and prints a table: the time and memory of large plans, the size of the binary,
// the time it takes to start. It judges nothing: it fails when something could not be measured, not when a goal is
// missed. It needs Go and a terraform in PATH, runs in a temporary directory and uses no network. What it measures on a real
// libvirt or Docker needs root and make lab; where that is missing it says so and goes on.
//
// VIRT_BENCH_COUNT is the number of machines (1000), VIRT_BENCH_DOMAINS that of libvirt's domains (500),
// VIRT_BENCH_CONTAINERS that of Docker's containers (300), VIRT_BENCH_RUNS how often each measurement is repeated (3),
// VIRT_BENCH_ONLY the one part that is wanted: binary, plans, libvirt or docker.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
)

func main() {
	if err := measure(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func measure() error {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	t := table{}
	for _, setting := range []struct {
		env       string
		n         *int
		otherwise int
	}{
		{"VIRT_BENCH_COUNT", &t.count, 1000},
		{"VIRT_BENCH_DOMAINS", &t.domains, 500},
		{"VIRT_BENCH_CONTAINERS", &t.containers, 300},
		{"VIRT_BENCH_RUNS", &t.runs, 3},
	} {
		var err error
		if *setting.n, err = number(setting.env, setting.otherwise); err != nil {
			return err
		}
	}
	only := os.Getenv("VIRT_BENCH_ONLY")
	if err := isolate(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "virt-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{dir: dir, count: t.count}
	say("building the provider")
	if b.cli, err = b.build(ctx, "wide", "./internal/lab/bench/provider"); err != nil {
		return err
	}
	for _, part := range []struct {
		name string
		run  func(context.Context, *table) error
	}{{"binary", b.binary}, {"plans", b.plans}, {"plans", b.readAhead}, {"libvirt", b.libvirt}, {"docker", b.docker}} {
		if only != "" && only != part.name {
			continue
		}
		if err := part.run(ctx, &t); err != nil {
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
	released, err := b.build(ctx, "released", ".")
	if err != nil {
		return err
	}
	info, err := os.Stat(released.Provider)
	if err != nil {
		return err
	}
	t.add("binary, stripped", megabytes(info.Size()), "≤ 40 MB", "")
	var took []float64
	for range 10 {
		d, err := start(ctx, released.Provider)
		if err != nil {
			return err
		}
		took = append(took, d.Seconds())
	}
	t.add("start until the schema is there", seconds(median(took)), "≤ 0.15 s", "median of 10")
	return nil
}
