package sandbox

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func TestFaultsHalfWay(t *testing.T) {
	dir := t.TempDir()
	plain := newLab(t, dir, nil)
	kept := plain.machine(&platform.Machine{Name: "kept", Disks: map[string]platform.MachineDisk{"own": {Size: new(platform.GiB)}, "vol": {DiskID: plain.disk("vol", platform.GiB).ID}}})
	l := newLab(t, dir, map[string]any{"faults": []string{"create machine web-*: fail half-way", "update: fail half-way", "delete machine kept: fail half-way"}})
	id := ""
	err := l.Machines.Create(t.Context(), &platform.Machine{Name: "web-1"}, func(made string) { id = made })
	if err == nil || id == "" || !strings.Contains(err.Error(), `"create machine web-*: fail half-way"`) {
		t.Fatalf("got %v, %q", err, id)
	}
	var exists *platform.ExistsError
	err = plain.Machines.Create(t.Context(), &platform.Machine{Name: "web-1"}, func(string) {})
	if !errors.As(err, &exists) || exists.ID != id || !exists.Unfinished {
		t.Fatalf("got %v", err)
	}
	l.machine(&platform.Machine{Name: "other"})

	prior, want := l.read(kept), l.read(kept)
	want.Description, want.Disks = new("x"), nil
	if err := l.Machines.Update(t.Context(), prior, want); err == nil {
		t.Fatal("the update went through")
	}
	if got := l.read(kept); *got.Description != "x" || len(got.Disks) != 2 {
		t.Errorf("not half of it was done: %+v", got)
	}
	if err := l.Machines.Delete(t.Context(), prior); err == nil {
		t.Fatal("the deletion went through")
	}
	if got := l.read(kept); *got.Power != "off" || len(got.Disks) != 1 {
		t.Errorf("not half of it was done: %+v", got)
	}
	must(t, plain.Machines.Delete(t.Context(), prior))
	// an update ends an unfinished creation, for the user took the object over
	unfinished := &platform.Machine{Meta: platform.Meta{ID: &id}}
	plain.update(unfinished, func(w *platform.Machine) { w.Description = new("mine") })
	err = plain.Machines.Create(t.Context(), &platform.Machine{Name: "web-1"}, func(string) {})
	if !errors.As(err, &exists) || exists.Unfinished {
		t.Errorf("got %v", err)
	}
}

func TestFaults(t *testing.T) {
	for _, c := range []struct {
		name, rule string
		class      error
	}{
		{"fail", "read: fail", nil},
		{"by kind", "read machine: fail", nil},
		{"by name", "read machine a*: fail", nil},
		{"any", "any: deny", platform.ErrUnauthorised},
		{"refuse", "read: refuse", platform.ErrUnreachable},
		{"hang", "read: hang", context.DeadlineExceeded},
		{"error", "read: error 100%", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			m := newLab(t, dir, nil).machine(&platform.Machine{Name: "abc"})
			faults := []string{c.rule, "read network: fail", "read machine b*: fail"}
			if c.rule == "any: deny" {
				_, err := New(nil).Open(t.Context(), platform.NewConfig(map[string]any{"dir": dir, "faults": faults}))
				fails(t, err, c.class, "")
				return
			}
			l := newLab(t, dir, map[string]any{"faults": faults})
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			err := l.Machines.Read(ctx, bare(m))
			if err == nil || c.class != nil && !errors.Is(err, c.class) || !strings.Contains(err.Error(), c.rule) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestFaultsThatEnd(t *testing.T) {
	dir := t.TempDir()
	m := newLab(t, dir, nil).machine(&platform.Machine{Name: "a"})
	l := newLab(t, dir, map[string]any{"faults": []string{"read: throttle 3"}})
	for range 3 {
		fails(t, l.Machines.Read(t.Context(), bare(m)), platform.ErrThrottled, "")
	}
	must(t, l.Machines.Read(t.Context(), bare(m)))
	failed := func() (list string) {
		l := newLab(t, dir, map[string]any{"faults": []string{"read: error 20%"}})
		for range 500 {
			list += map[bool]string{true: ".", false: "x"}[l.Machines.Read(t.Context(), bare(m)) == nil]
		}
		return list
	}
	first := failed()
	same(t, failed(), first)
	if n := strings.Count(first, "x"); n < 60 || n > 140 {
		t.Errorf("%d of 500 calls failed, not about 100", n)
	}
}

func TestLatency(t *testing.T) {
	dir := t.TempDir()
	m := newLab(t, dir, nil).machine(&platform.Machine{Name: "a"})
	for _, settings := range []map[string]any{{"latency": 30 * time.Millisecond}, {"faults": []string{"read: slow 30ms"}}} {
		l := newLab(t, dir, settings)
		start := time.Now()
		must(t, l.Machines.Read(t.Context(), bare(m)))
		if took := time.Since(start); took < 30*time.Millisecond {
			t.Errorf("%v: it took %s", settings, took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		fails(t, l.Machines.Read(ctx, bare(m)), context.DeadlineExceeded, "")
		cancel()
	}
}

func TestCallsAreCounted(t *testing.T) {
	l := newLab(t, filepath.Join(t.TempDir(), "new"), map[string]any{"count_calls": true})
	m := l.machine(&platform.Machine{Name: "a b"})
	l.read(m)
	for _, err := range list(t.Context(), l.Machines) {
		must(t, err)
	}
	must(t, l.Machines.Delete(t.Context(), m))
	b, err := os.ReadFile(filepath.Join(l.dir, "calls.log"))
	must(t, err)
	same(t, string(b), "open sandbox\ncreate machine \"a b\"\nread machine \""+*m.ID+"\"\nlist machine\ndelete machine \""+*m.ID+"\"\n")
}
