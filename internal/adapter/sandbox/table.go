package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// head is what the native form of every kind has.
type head struct {
	Name     string            `json:"name"`
	Creating bool              `json:"creating,omitempty"` // its creation has not ended
	Kept     bool              `json:"kept,omitempty"`     // it was left behind on purpose: another of its name takes its place
	Created  time.Time         `json:"created,omitzero"`
	Tags     map[string]string `json:"tags,omitempty"`
	// Blocks holds the options of the platforms that the sandbox was like, by block and attribute.
	Blocks map[string]map[string]json.RawMessage `json:"blocks,omitempty"`

	id string // the file's name
}

func (h *head) header() *head { return h }

// native is a pointer to the native form of a kind.
type native[N any] interface {
	*N
	header() *head
	check() error // what is wrong with a file written by hand
}

// table is the objects of one kind.
type table[N any, P native[N]] struct {
	store *store
	kind  string

	mu    sync.Mutex
	known map[string]*cached[N] // by file name, what was decoded last

	seen []P // what the holder of the lock found; nil when it has not looked yet
}

// cached is a decoded file; it is shared and never changed.
type cached[N any] struct {
	info   fs.FileInfo
	object *N
	err    error
}

// newTable adds a kind's objects to the store.
func newTable[N any, P native[N]](s *store, kind string) *table[N, P] {
	t := &table[N, P]{store: s, kind: kind}
	s.tables = append(s.tables, t)
	return t
}

// path is where an object lies. Ids come from states and people: only plain file names lead anywhere.
func (t *table[N, P]) path(id string) (string, error) {
	if id == "" || id != filepath.Base(id) || strings.HasPrefix(id, ".") || isTemp(id) {
		return "", t.missing(id)
	}
	return t.store.file(t.kind, id), nil
}

func (t *table[N, P]) missing(id string) error {
	return platform.As(platform.ErrNotFound, fmt.Errorf("there is no %s with the id %q", t.kind, id))
}

// get reads one object. The caller owns it.
func (t *table[N, P]) get(id string) (P, error) {
	path, err := t.path(id)
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path) // #nosec G304 -- inside the user's directory
	if errors.Is(err, fs.ErrNotExist) {
		return t.getSeed(id)
	}
	if err != nil {
		return nil, platform.As(platform.ErrUnreachable, err)
	}
	return t.decode(path, b)
}

func (t *table[N, P]) getSeed(id string) (P, error) {
	seeds, err := t.store.virtual(t.kind)
	if err != nil {
		return nil, err
	}
	for _, x := range seeds {
		if n, ok := x.object().(P); ok && x.id == id {
			n.header().id = id
			return n, nil
		}
	}
	return nil, t.missing(id)
}

// decode is strict: a field that is no field is a typing mistake of somebody who edits the file.
func (t *table[N, P]) decode(path string, b []byte) (P, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	n := P(new(N))
	err := d.Decode(n)
	if err == nil && d.More() {
		err = errors.New("something follows the object")
	}
	if err == nil && n.header().Name == "" {
		err = errors.New("it has no name")
	}
	if err == nil {
		err = n.check()
	}
	if err != nil {
		return nil, platform.As(platform.ErrInvalid, fmt.Errorf("the file %s cannot be understood: %w; repair or remove it", path, err))
	}
	n.header().id = strings.TrimSuffix(filepath.Base(path), ".json")
	return n, nil
}

// all gives every object for reading only, seeds that are not in the directory yet included. What cannot be read is
// left out with a warning.
func (t *table[N, P]) all(ctx context.Context) ([]P, error) {
	list, err := t.present(ctx)
	if err != nil {
		return nil, err
	}
	return t.withSeeds(list)
}

// held is all for the holder of the lock: nobody else writes, so that looking once is enough. It removes what killed
// writers left.
func (t *table[N, P]) held(ctx context.Context) ([]P, error) {
	if t.seen != nil {
		return t.seen, nil
	}
	list, err := t.all(ctx)
	if err != nil {
		return nil, err
	}
	left, _ := filepath.Glob(filepath.Join(t.store.dir, t.kind, "*"+tempMark+"*"))
	for _, path := range left {
		_ = os.Remove(path) // it harms nobody where it is
	}
	t.seen = list
	return list, nil
}

// forget makes the next holder of the lock look for itself.
func (t *table[N, P]) forget() { t.seen = nil }

// present gives what the directory has, in the order of the ids.
func (t *table[N, P]) present(ctx context.Context) ([]P, error) {
	entries, err := os.ReadDir(filepath.Join(t.store.dir, t.kind))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, platform.As(platform.ErrUnreachable, err)
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		return e.IsDir() || filepath.Ext(e.Name()) != ".json" || isTemp(e.Name()) || strings.HasPrefix(e.Name(), ".")
	})
	list := make([]P, 0, len(entries))
	for _, c := range t.refresh(entries) {
		if c.err != nil && !errors.Is(c.err, fs.ErrNotExist) {
			platform.Warn(ctx, fmt.Errorf("left out of the list of %ss: %w", t.kind, c.err))
		}
		if c.err == nil {
			list = append(list, P(c.object))
		}
	}
	return list, nil
}

// holds reports whether the directory has an object of this name.
func (t *table[N, P]) holds(ctx context.Context, name string) (bool, error) {
	list, err := t.present(ctx)
	return slices.ContainsFunc(list, func(n P) bool { return n.header().Name == name }), err
}

func (t *table[N, P]) withSeeds(list []P) ([]P, error) {
	seeds, err := t.store.virtual(t.kind)
	for _, x := range seeds {
		taken := slices.ContainsFunc(list, func(n P) bool { return n.header().Name == x.name })
		if n, ok := x.object().(P); ok && !taken {
			n.header().id = x.id
			list = append(list, n)
		}
	}
	return list, err
}

// refresh decodes the files that are new or changed, several at a time.
func (t *table[N, P]) refresh(entries []fs.DirEntry) []*cached[N] {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := make([]*cached[N], len(entries))
	var wg sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), 1+len(entries)/16)
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(entries); i += workers {
				now[i] = t.revisit(entries[i])
			}
		})
	}
	wg.Wait()
	t.known = make(map[string]*cached[N], len(entries))
	for i, e := range entries {
		t.known[e.Name()] = now[i]
	}
	return now
}

// revisit takes what was decoded before when the file is still the same one.
func (t *table[N, P]) revisit(e fs.DirEntry) *cached[N] {
	info, err := e.Info()
	if err != nil {
		return &cached[N]{err: err}
	}
	if c := t.known[e.Name()]; c != nil && c.info != nil && os.SameFile(c.info, info) && c.info.ModTime().Equal(info.ModTime()) && c.info.Size() == info.Size() {
		return c
	}
	path := filepath.Join(t.store.dir, t.kind, e.Name())
	b, err := os.ReadFile(path) // #nosec G304 -- inside the user's directory
	if err != nil {
		return &cached[N]{err: err}
	}
	n, err := t.decode(path, b)
	return &cached[N]{info, (*N)(n), err}
}

// free refuses a name that another object has already. Only the holder of the lock can rely on it. same says which
// objects share one name space; nil means all of the kind.
func (t *table[N, P]) free(ctx context.Context, name, self string, same func(n P) bool) error {
	list, err := t.held(ctx)
	if err != nil {
		return err
	}
	for _, n := range list {
		h := n.header()
		if h.Name == name && h.id != self && (same == nil || same(n)) {
			return &platform.ExistsError{Name: name, ID: h.id, Unfinished: h.Creating}
		}
	}
	return nil
}
