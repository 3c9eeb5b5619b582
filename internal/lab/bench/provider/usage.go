package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stats is what a process has used.
type stats struct {
	PeakBytes int64   // most memory that it ever held
	HeapBytes uint64  // live at the end
	Seconds   float64 // of CPU
}

func used() (stats, error) {
	var mem runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&mem)
	peak, err := peak()
	if err != nil {
		return stats{}, err
	}
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return stats{}, fmt.Errorf("reading the CPU time: %w", err)
	}
	cpu := time.Duration(use.Utime.Nano() + use.Stime.Nano())
	return stats{PeakBytes: peak, HeapBytes: mem.HeapAlloc, Seconds: cpu.Seconds()}, nil
}

// peak reads VmHWM, which Linux gives in KiB.
func peak() (int64, error) {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("no VmHWM in /proc/self/status")
}
