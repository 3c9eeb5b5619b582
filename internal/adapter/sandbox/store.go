package sandbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// store is one connection's view of the directory. Other processes may work on the same one.
type store struct {
	dir      string // absolute
	endpoint string
	latency  time.Duration
	faults   []*rule
	logged   bool
	writer   chan struct{} // held by the one goroutine that may take the file lock
	seeds    []seed        // all that the settings name
	pending  atomic.Bool   // some seeds may not be in the directory yet

	machines  *table[vm, *vm]
	networks  *table[segment, *segment]
	disks     *table[volume, *volume]
	images    *table[template, *template]
	snapshots *table[checkpoint, *checkpoint]
	pools     *table[pool, *pool]
	routers   *table[record[platform.Router], *record[platform.Router]]
	publicIPs *table[record[platform.PublicIP], *record[platform.PublicIP]]
	projects  *table[record[platform.Project], *record[platform.Project]]

	tables []interface{ forget() } // of all kinds
}

// identity is the content of sandbox.json.
type identity struct {
	Endpoint string   `json:"endpoint"`
	Seeded   []string `json:"seeded,omitempty"` // seeds that were made once; deleting one by hand is final
}

func newStore(c platform.Config) (*store, error) {
	dir, err := filepath.Abs(c.String("dir"))
	if err != nil {
		return nil, err
	}
	if c.String("dir") == "" {
		return nil, platform.As(platform.ErrInvalid, errors.New("the setting dir is empty"))
	}
	faults, err := parseFaults(c.Strings("faults"))
	if err != nil {
		return nil, err
	}
	s := &store{dir: dir, latency: c.Duration("latency"), faults: faults, logged: c.Bool("count_calls"), writer: make(chan struct{}, 1)}
	who, err := s.identity()
	if err != nil {
		return nil, err
	}
	s.endpoint = who.Endpoint
	if s.seeds, err = parseSeeds(c.Strings("seed"), s.endpoint); err != nil {
		return nil, err
	}
	s.pending.Store(len(s.unseeded(who)) > 0)
	s.machines = newTable[vm](s, "machine")
	s.networks = newTable[segment](s, "network")
	s.disks = newTable[volume](s, "disk")
	s.images = newTable[template](s, "image")
	s.snapshots = newTable[checkpoint](s, "snapshot")
	s.pools = newTable[pool](s, "storage_pool")
	s.routers = newTable[record[platform.Router]](s, "router")
	s.publicIPs = newTable[record[platform.PublicIP]](s, "public_ip")
	s.projects = newTable[record[platform.Project]](s, "project")
	return s, nil
}

// identity reads sandbox.json. What it will say once the directory is made follows from the host and the path, so
// that all who look before agree.
func (s *store) identity() (identity, error) {
	path := filepath.Join(s.dir, "sandbox.json")
	b, err := os.ReadFile(path) // #nosec G304 -- the user names the directory
	if errors.Is(err, fs.ErrNotExist) {
		host, _ := os.Hostname() // only one more ingredient
		sum := sha256.Sum256([]byte("sandbox\n" + host + "\n" + s.dir))
		return identity{Endpoint: uuid(sum[:16])}, nil
	}
	if err != nil {
		return identity{}, platform.As(platform.ErrUnreachable, err)
	}
	var who identity
	if err := json.Unmarshal(b, &who); err != nil || who.Endpoint == "" {
		return identity{}, fmt.Errorf("%s does not say which sandbox this is: restore its endpoint, or remove the file to make it a new platform (%w)", path, errors.Join(err, errors.New("no endpoint")))
	}
	return who, nil
}

func (s *store) file(kind, id string) string { return filepath.Join(s.dir, kind, id+".json") }

// write is one file of a change; without a body it is a removal.
type write struct {
	Kind string          `json:"kind"`
	ID   string          `json:"id"`
	Body json.RawMessage `json:"body,omitempty"`
}

// change is what one writer is about to do. It happens altogether or not at all.
type change struct {
	*store
	writes []write
	brief  bool // it need not outlive a crash of the system: what follows will
}

func (c *change) put(kind, id string, v any) error {
	b, err := json.Marshal(v)
	c.writes = append(c.writes, write{kind, id, b})
	return err
}

func (c *change) remove(kind, id string) { c.writes = append(c.writes, write{Kind: kind, ID: id}) }

// change runs f as the only writer and then does what f asked for.
func (s *store) change(ctx context.Context, f func(c *change) error) error {
	if err := os.MkdirAll(s.dir, 0o750); err != nil {
		return platform.As(platform.ErrUnreachable, err)
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	defer s.forget()
	if err := errors.Join(s.replay(), s.plant(ctx)); err != nil {
		return err
	}
	c := &change{store: s}
	if err := f(c); err != nil {
		return err
	}
	return s.commit(c)
}

// forget drops what the holder of the lock saw.
func (s *store) forget() {
	for _, t := range s.tables {
		t.forget()
	}
}

func (s *store) journal() string { return filepath.Join(s.dir, "journal.json") }

// commit writes one file directly and several of them through the journal.
func (s *store) commit(c *change) error {
	if len(c.writes) < 2 {
		return s.apply(c.writes, c.brief)
	}
	b, err := encode(c.writes)
	if err != nil {
		return err
	}
	if err := writeFile(s.journal(), b); err != nil {
		return err
	}
	if err := s.apply(c.writes, false); err != nil {
		return err
	}
	return removeFile(s.journal())
}

func (s *store) apply(writes []write, brief bool) error {
	for _, w := range writes {
		if w.Body == nil {
			if err := os.MkdirAll(filepath.Join(s.dir, w.Kind), 0o750); err != nil {
				return err
			}
			if err := removeFile(s.file(w.Kind, w.ID)); err != nil {
				return err
			}
			continue
		}
		if err := s.applyOne(w, brief); err != nil {
			return err
		}
	}
	return nil
}

func (s *store) applyOne(w write, brief bool) error {
	put := writeFile
	if brief {
		put = func(path string, b []byte) error { return replaceFile(path, b, unflushed) }
	}
	var b bytes.Buffer
	if err := json.Indent(&b, w.Body, "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	path := s.file(w.Kind, w.ID)
	err := put(path, b.Bytes())
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(path), 0o750); err == nil {
			err = put(path, b.Bytes())
		}
	}
	return err
}

// replay completes the change of a writer that was killed. Only the holder of the lock calls it.
func (s *store) replay() error {
	b, err := os.ReadFile(s.journal())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var writes []write
	if err := json.Unmarshal(b, &writes); err != nil {
		return fmt.Errorf("%s cannot be read, remove it if it was written by hand: %w", s.journal(), err)
	}
	if err := s.apply(writes, false); err != nil {
		return err
	}
	return removeFile(s.journal())
}

// settle waits for a change of several files to end, or completes it. Readers call it before they look.
func (s *store) settle(ctx context.Context) error {
	if _, err := os.Lstat(s.journal()); err != nil {
		return nil
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return s.replay()
}

// unseeded lists the seeds that were never made.
func (s *store) unseeded(who identity) []seed {
	return slices.DeleteFunc(slices.Clone(s.seeds), func(x seed) bool { return slices.Contains(who.Seeded, x.String()) })
}
