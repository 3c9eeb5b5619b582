package sandbox

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// TestMain lets the tests start this binary as a further process that works on a sandbox.
func TestMain(m *testing.M) {
	if dir := os.Getenv("SANDBOX_TEST_DIR"); dir != "" {
		if err := worker(dir, os.Getenv("SANDBOX_TEST_JOB")); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// worker makes machines named m0, m1 … and prints what it did.
func worker(dir, job string) error {
	ctx := context.Background()
	c, err := New(nil).Open(ctx, platform.NewConfig(map[string]any{"dir": dir, "seed": []string{"image:os", "network:net"}}))
	if err != nil {
		return err
	}
	fmt.Println("endpoint", c.Endpoint)
	for i := range 30 {
		id := ""
		m := &platform.Machine{Name: fmt.Sprintf("m%d", i), Disks: map[string]platform.MachineDisk{"d": {Size: new(platform.GiB)}}}
		err := c.Machines.Create(ctx, m, func(made string) { id = made; fmt.Println("made", id) })
		if errors.Is(err, platform.ErrExists) {
			continue
		}
		if err != nil {
			return err
		}
		if job == "churn" { // changes of several files
			prior, want := *m, *m
			want.Disks = nil
			if err := c.Machines.Update(ctx, &prior, &want); err != nil {
				return err
			}
			if err := c.Machines.Delete(ctx, m); err != nil {
				return err
			}
		}
	}
	return nil
}

func start(t *testing.T, dir, job string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "SANDBOX_TEST_DIR="+dir, "SANDBOX_TEST_JOB="+job)
	out, err := cmd.StdoutPipe()
	must(t, err)
	cmd.Stderr = os.Stderr
	must(t, cmd.Start())
	return cmd, bufio.NewScanner(out)
}

func TestProcessesAgree(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	var wg sync.WaitGroup
	var made atomic.Int64
	var endpoints sync.Map
	for range 4 {
		cmd, out := start(t, dir, "create")
		wg.Go(func() {
			for out.Scan() {
				if e, ok := strings.CutPrefix(out.Text(), "endpoint "); ok {
					endpoints.Store(e, true)
				} else if strings.HasPrefix(out.Text(), "made ") {
					made.Add(1)
				} else {
					t.Error(out.Text())
				}
			}
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	l := newLab(t, dir, nil)
	count := 0
	endpoints.Range(func(e, _ any) bool { count++; same(t, any(l.Endpoint), e); return true })
	if count != 1 || made.Load() != 30 {
		t.Errorf("%d endpoints, %d machines made", count, made.Load())
	}
	sound(t, l, 30)
	same(t, len(files(t, filepath.Join(dir, "image"))), 1)
}

// sound checks that nothing exists twice: no name, no disk.
func sound(t *testing.T, l *lab, count int) {
	t.Helper()
	ctx, w := warned(t)
	names, uuids := map[string]bool{}, map[string]bool{}
	once := func(seen map[string]bool, key string) {
		if seen[key] {
			t.Errorf("%s exists twice", key)
		}
		seen[key] = true
	}
	must(t, own(t, l).settle(ctx))
	all, err := own(t, l).table.all(ctx)
	must(t, err)
	for _, m := range all {
		once(names, m.Name)
		for _, d := range m.Disks {
			if !d.Volume {
				once(uuids, d.UUID)
			}
		}
	}
	if count >= 0 && len(names) != count {
		t.Errorf("there are %d machines", len(names))
	}
	for e, err := range list(ctx, l.Disks) {
		must(t, err)
		once(uuids, e.ID)
	}
	if left := w.Take(); len(left) > 0 {
		t.Errorf("the store has damage: %v", left)
	}
}

func TestGoroutinesAgree(t *testing.T) {
	l := newLab(t, "", nil)
	vol := l.disk("vol", platform.GiB)
	var wg sync.WaitGroup
	var made, attached atomic.Int64
	for i := range 40 {
		wg.Go(func() {
			m := &platform.Machine{Name: fmt.Sprint("m", i%10), Disks: map[string]platform.MachineDisk{"own": {Size: new(platform.GiB)}}}
			switch err := l.Machines.Create(t.Context(), m, func(string) { made.Add(1) }); {
			case errors.Is(err, platform.ErrExists):
				return
			case err != nil:
				t.Error(err)
				return
			}
			prior, want := bare(m), bare(m)
			prior.Name, want.Name = m.Name, m.Name
			want.Disks["vol"] = platform.MachineDisk{DiskID: vol.ID}
			if err := l.Machines.Update(t.Context(), prior, want); err == nil {
				attached.Add(1)
			} else if !errors.Is(err, platform.ErrConflict) {
				t.Error(err)
			}
			if err := l.Machines.Read(t.Context(), bare(m)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made.Load() != 10 || attached.Load() != 1 {
		t.Errorf("%d machines made, the disk attached %d times", made.Load(), attached.Load())
	}
	sound(t, l, 10)
}

// TestKilledAtAnyMoment kills the worker after a random time, again and again, in the same store.
func TestKilledAtAnyMoment(t *testing.T) {
	dir := t.TempDir()
	rounds := 40
	if testing.Short() {
		rounds = 5
	}
	for range rounds {
		cmd, out := start(t, dir, "churn")
		for out.Scan() {
			if strings.HasPrefix(out.Text(), "made ") {
				break
			}
		}
		time.Sleep(rand.N(15 * time.Millisecond))
		must(t, cmd.Process.Kill())
		_ = cmd.Wait() // it was killed
		l := newLab(t, dir, nil)
		sound(t, l, -1)
		// what a killed creation left is named by the next one
		for e, err := range list(t.Context(), l.Machines) {
			must(t, err)
			var exists *platform.ExistsError
			if err := l.Machines.Create(t.Context(), &platform.Machine{Name: e.Name}, func(string) {}); !errors.As(err, &exists) || exists.ID != e.ID {
				t.Fatalf("the left-over %s is not named: %v", e.Name, err)
			}
		}
	}
	l := newLab(t, dir, nil)
	l.machine(&platform.Machine{Name: "last"})
	if left, _ := filepath.Glob(filepath.Join(dir, "machine", "*"+tempMark+"*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestJournal is what the next one finds after a change of several files was cut short at each of its steps.
func TestJournal(t *testing.T) {
	for _, c := range []struct {
		name    string
		through func(s *store, writes []write) error
	}{
		{"before the first file", func(*store, []write) error { return nil }},
		{"after the first file", func(s *store, w []write) error { return s.apply(w[:1], false) }},
		{"before the journal goes", func(s *store, w []write) error { return s.apply(w, false) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLab(t, "", nil)
			m := l.machine(&platform.Machine{Name: "a", Disks: map[string]platform.MachineDisk{"d": {Size: new(platform.GiB)}}})
			s := own(t, l).store
			ch := &change{store: s}
			n, err := s.machines.get(*m.ID)
			must(t, err)
			d := n.Disks[1]
			n.Disks = n.Disks[:1]
			must(t, own(t, l).keep(t.Context(), ch, n, d, nil))
			must(t, ch.put("machine", n.id, n))
			b, err := encode(ch.writes)
			must(t, err)
			must(t, writeFile(s.journal(), b))
			must(t, c.through(s, ch.writes))

			next := newLab(t, l.dir, nil)
			must(t, next.Disks.Read(t.Context(), &platform.Disk{Meta: platform.Meta{ID: &d.UUID}}))
			if got := next.read(m); len(got.Disks) != 0 {
				t.Errorf("the disk exists twice: %v", got.Disks)
			}
			if _, err := os.Lstat(s.journal()); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the journal is still there: %v", err)
			}
		})
	}
}

func TestDamagedFiles(t *testing.T) {
	l := newLab(t, "", nil)
	good := l.machine(&platform.Machine{Name: "good"})
	torn := l.machine(&platform.Machine{Name: "torn"})
	path := filepath.Join(l.dir, "machine", *torn.ID+".json")
	whole, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(l.dir, "machine", "notes.txt"), nil, 0o600))
	must(t, os.WriteFile(path+tempMark+"x", whole, 0o600))
	for _, c := range []struct{ name, content string }{
		{"empty", ""},
		{"torn", string(whole[:len(whole)/2])},
		{"foreign", "<html>"},
		{"typing mistake", strings.Replace(string(whole), "vcpus", "vcpu", 1)},
		{"no name", strings.Replace(string(whole), "torn", "", 1)},
		{"two objects", string(whole) + string(whole)},
		{"no such state", strings.Replace(string(whole), "running", "walking", 1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			must(t, os.WriteFile(path, []byte(c.content), 0o600))
			for name, err := range map[string]error{
				"read": l.Machines.Read(t.Context(), bare(torn)), "delete": l.Machines.Delete(t.Context(), bare(torn)),
				"update": l.Machines.Update(t.Context(), bare(torn), bare(torn)),
			} {
				if err == nil || errors.Is(err, platform.ErrNotFound) || !strings.Contains(err.Error(), path) {
					t.Errorf("%s: %v", name, err)
				}
			}
			ctx, w := warned(t)
			var names []string
			for e, err := range list(ctx, l.Machines) {
				must(t, err)
				names = append(names, e.Name)
			}
			same(t, names, []string{"good"})
			if left := w.Take(); len(left) != 1 || !strings.Contains(left[0].Err.Error(), path) {
				t.Errorf("the warnings are %v", left)
			}
			l.read(good)
		})
	}
	must(t, os.WriteFile(path, whole, 0o600))
	l.read(torn)
	must(t, os.WriteFile(filepath.Join(l.dir, "sandbox.json"), []byte("{"), 0o600))
	_, err = New(nil).Open(t.Context(), platform.NewConfig(map[string]any{"dir": l.dir}))
	if err == nil || !strings.Contains(err.Error(), "sandbox.json does not say which sandbox this is") {
		t.Errorf("got %v", err)
	}
}

func TestReadingMakesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	seeds := map[string]any{"seed": []string{"image:os", "network:net"}}
	l := newLab(t, dir, seeds)
	id, err := find(t, l.Images, "os")
	must(t, err)
	must(t, l.Images.Read(t.Context(), &platform.Image{Meta: platform.Meta{ID: &id}}))
	fails(t, l.Machines.Read(t.Context(), &platform.Machine{Meta: platform.Meta{ID: new("x")}}), platform.ErrNotFound, "")
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal("reading made the directory")
	}
	l.machine(&platform.Machine{Name: "a", ImageID: &id})
	next := newLab(t, dir, seeds)
	same(t, next.Endpoint, l.Endpoint)
	must(t, next.Images.Delete(t.Context(), &platform.Image{Meta: platform.Meta{ID: &id}}))
	for _, l := range []*lab{l, next, newLab(t, dir, seeds)} { // a seed that was deleted stays so
		fails(t, l.Images.Read(t.Context(), &platform.Image{Meta: platform.Meta{ID: &id}}), platform.ErrNotFound, "")
	}
	later := newLab(t, dir, map[string]any{"seed": []string{"image:os", "image:late"}})
	if _, err := find(t, later.Images, "late"); err != nil {
		t.Error(err)
	}
	moved := dir + "-moved"
	must(t, os.Rename(dir, moved))
	same(t, newLab(t, moved, nil).Endpoint, l.Endpoint)
	if other := newLab(t, t.TempDir(), nil); other.Endpoint == l.Endpoint {
		t.Error("two sandboxes have one endpoint")
	}
}

func TestListEqualsRead(t *testing.T) {
	l := newLab(t, "", nil)
	n := l.network(&platform.Network{Name: "n"})
	vol := l.disk("v", platform.GiB)
	for i := range 50 {
		m := &platform.Machine{Name: fmt.Sprint("m", i), NICs: map[string]platform.NIC{"e": {NetworkID: n.ID}}, Disks: map[string]platform.MachineDisk{"d": {Size: new(platform.GiB)}}}
		if i == 0 {
			m.Disks["v"] = platform.MachineDisk{DiskID: vol.ID}
		}
		l.machine(m)
	}
	count := 0
	for range 2 { // the second list comes from what the first one decoded
		for e, err := range list(t.Context(), l.Machines) {
			must(t, err)
			listed, read := &platform.Machine{}, &platform.Machine{Meta: platform.Meta{ID: &e.ID}}
			must(t, e.Fill(listed))
			must(t, l.Machines.Read(t.Context(), read))
			if d := cmp.Diff(read, listed); d != "" {
				t.Fatal(d)
			}
			listed.Addresses[0], listed.Tags = "changed", map[string]string{} // the caller's own
			count++
		}
	}
	same(t, count, 100)
	addresses := map[string]bool{}
	for e, err := range list(t.Context(), l.Machines) {
		must(t, err)
		m := &platform.Machine{}
		must(t, e.Fill(m))
		addresses[m.Addresses[0]] = true
	}
	same(t, len(addresses), 50)
}

func BenchmarkMachines(b *testing.B) {
	cfg := platform.NewConfig(map[string]any{"dir": b.TempDir()})
	check := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	c, err := New(nil).Open(b.Context(), cfg)
	check(err)
	ids := make([]string, 0, 1000)
	begin := time.Now()
	for i := range 1000 {
		m := &platform.Machine{Name: fmt.Sprint("m", i), NICs: map[string]platform.NIC{"e": {}}, Disks: map[string]platform.MachineDisk{"d": {Size: new(platform.GiB)}}}
		check(c.Machines.Create(b.Context(), m, func(id string) { ids = append(ids, id) }))
	}
	b.Logf("1,000 machines made in %s", time.Since(begin))
	b.Run("read", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			check(c.Machines.Read(b.Context(), &platform.Machine{Meta: platform.Meta{ID: &ids[i%1000]}}))
		}
	})
	b.Run("list 1000", func(b *testing.B) {
		for b.Loop() {
			fresh, err := New(nil).Open(b.Context(), cfg)
			check(err)
			for e, err := range list(b.Context(), fresh.Machines) {
				check(err)
				check(e.Fill(&platform.Machine{}))
			}
		}
	})
}
