// Command provider is the provider as it will be with ten platforms, for the benchmark alone: its machines have seven
// further platform blocks. On its way out it notes what it has used.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/provider"
)

// Environment of the program. None of it is known to the real provider.
const (
	statsFile  = "VIRT_BENCH_STATS"   // file for the stats, as JSON
	profileDir = "VIRT_BENCH_PROFILE" // directory for cpu.pprof and heap.pprof
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	stop, err := profile(os.Getenv(profileDir))
	if err != nil {
		return err
	}
	p := widen(provider.New("bench"))
	err = provider.Serve(p, false)
	// The CLI kills a provider two seconds after asking it to stop.
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return errors.Join(err, p.Close(ctx), note(os.Getenv(statsFile)), stop())
}

// note writes what the process has used. The CLI starts several in turn, one to see the schema, one to work; the last
// one is the one that worked.
func note(path string) error {
	if path == "" {
		return nil
	}
	s, err := used()
	if err != nil {
		return err
	}
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o600)
}

// profile starts profiling into dir; "" does nothing. The heap profile shows what is still held at the end.
func profile(dir string) (stop func() error, err error) {
	if dir == "" {
		return func() error { return nil }, nil
	}
	cpu, err := os.Create(filepath.Join(dir, "cpu.pprof"))
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return nil, errors.Join(err, cpu.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		heap, err := os.Create(filepath.Join(dir, "heap.pprof"))
		if err != nil {
			return errors.Join(err, cpu.Close())
		}
		runtime.GC()
		return errors.Join(pprof.WriteHeapProfile(heap), heap.Close(), cpu.Close())
	}, nil
}
