package sandbox

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// seed is an object that is there from the start.
type seed struct{ kind, name, id string }

// String spells the seed as the setting does.
func (s seed) String() string { return s.kind + ":" + s.name }

// parseSeeds reads the setting. Ids follow from the endpoint, so that a plan made before the directory exists names
// what the apply will find.
func parseSeeds(texts []string, endpoint string) ([]seed, error) {
	seeds := make([]seed, 0, len(texts))
	for _, text := range texts {
		kind, name, _ := strings.Cut(text, ":")
		if kind != "image" && kind != "network" || name == "" {
			return nil, platform.As(platform.ErrInvalid, fmt.Errorf("seed %q: write image:<name> or network:<name>", text))
		}
		sum := sha256.Sum256([]byte(endpoint + "\n" + text))
		seeds = append(seeds, seed{kind, name, uuid(sum[:16])})
	}
	return seeds, nil
}

// object is the native form of a seed.
func (s seed) object() any {
	h := head{Name: s.name, Created: time.Unix(0, 0).UTC()}
	if s.kind == "image" {
		return &template{head: h, Format: "qcow2", MiB: 2048}
	}
	return &segment{head: h, Mode: "nat", MTU: defaultMTU}
}

func (s *store) holds(ctx context.Context, x seed) (bool, error) {
	if x.kind == "image" {
		return s.images.holds(ctx, x.name)
	}
	return s.networks.holds(ctx, x.name)
}

// virtual lists the seeds of a kind that are not in the directory yet.
func (s *store) virtual(kind string) ([]seed, error) {
	if !s.pending.Load() {
		return nil, nil
	}
	who, err := s.identity()
	if err != nil {
		return nil, err
	}
	var seeds []seed
	for _, x := range s.unseeded(who) {
		if _, err := os.Lstat(s.file(x.kind, x.id)); x.kind == kind && errors.Is(err, fs.ErrNotExist) {
			seeds = append(seeds, x)
		}
	}
	return seeds, nil
}

// plant makes the directory's identity and the seeds that it lacks. Only the holder of the lock calls it. The
// identity comes last: a writer killed before makes the next one do the same again, with the same ids.
func (s *store) plant(ctx context.Context) error {
	who, err := s.identity()
	if err != nil {
		return err
	}
	if who.Endpoint != s.endpoint {
		return platform.As(platform.ErrConflict, fmt.Errorf("%s was replaced by another sandbox meanwhile", s.dir))
	}
	path := filepath.Join(s.dir, "sandbox.json")
	missing := s.unseeded(who)
	if _, err := os.Lstat(path); err == nil && len(missing) == 0 {
		return nil
	}
	var c change
	for _, x := range missing {
		there, err := s.holds(ctx, x)
		if err == nil && !there {
			err = c.put(x.kind, x.id, x.object())
		}
		if err != nil {
			return err
		}
		who.Seeded = append(who.Seeded, x.String())
	}
	b, err := encode(who)
	if err != nil {
		return err
	}
	if err := errors.Join(s.apply(c.writes, false), writeFile(path, b)); err != nil {
		return err
	}
	s.pending.Store(false)
	return nil
}
