package sandbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

const defaultImageMiB = 2048

// template is an image as its file has it. Nothing is copied or downloaded.
type template struct {
	head
	Source   string `json:"source,omitempty"`
	Format   string `json:"format"`
	Checksum string `json:"checksum,omitempty"` // sha256:<hex>
	Machine  string `json:"machine,omitempty"`  // id of what it was made from
	MiB      int64  `json:"mib"`
}

func (t *template) check() error {
	if t.MiB < 1 {
		return errors.New("an image needs mib")
	}
	return nil
}

// images implements [platform.Resource] for images.
type images struct {
	shelf[platform.Image, *platform.Image, template, *template]
}

func newImages(s *store, like likeness) *images {
	i := &images{}
	i.shelf = newShelf(s.images, like, i.fillImage)
	return i
}

func (s *images) fillImage(_ context.Context, t *template, have *platform.Image) {
	have.Name, have.Source, have.Format, have.Checksum = t.Name, some(t.Source), some(t.Format), some(t.Checksum)
	have.MachineID, have.Size, have.Tags = some(t.Machine), size(t.MiB), maps.Clone(t.Tags)
	have.CreatedAt = new(t.Created.Format(time.RFC3339Nano))
	have.Native = map[string]string{"file": s.file("image", t.id)}
}

// Create registers an image of a file, a URL or a machine.
func (s *images) Create(ctx context.Context, want *platform.Image, made func(id string)) error {
	t := &template{head: head{Name: want.Name}, MiB: defaultImageMiB}
	return s.make(ctx, want, t, made, func(*change) error {
		if err := s.table.free(ctx, want.Name, "", nil); err != nil {
			return err
		}
		if (want.Source == nil) == (want.MachineID == nil) {
			return platform.As(platform.ErrInvalid, errors.New("an image is made either from source or from machine_id"))
		}
		if err := s.content(t, want); err != nil {
			return err
		}
		return s.settings(t, &platform.Image{}, want)
	}, nil)
}

func (s *images) content(t *template, want *platform.Image) error {
	if want.MachineID != nil {
		m, err := s.machines.get(*want.MachineID)
		if err != nil {
			return platform.At(err, "machine_id")
		}
		t.Machine, t.Format = m.id, or(want.Format, "qcow2")
		if at := slices.IndexFunc(m.Disks, func(d vdisk) bool { return d.Boot }); at >= 0 {
			t.MiB = m.Disks[at].MiB
		}
		return nil
	}
	t.Source, t.Checksum = *want.Source, deref(want.Checksum)
	t.Format = or(want.Format, strings.TrimPrefix(path.Ext(t.Source), "."))
	if t.Format == "" {
		t.Format = "raw"
	}
	if u, err := url.Parse(t.Source); err == nil && u.Host != "" {
		return nil
	}
	return t.measure()
}

// measure takes size and checksum from a local file.
func (t *template) measure() error {
	f, err := os.Open(t.Source)
	if errors.Is(err, fs.ErrNotExist) {
		err = platform.As(platform.ErrNotFound, err)
	}
	if err != nil {
		return platform.At(err, "source")
	}
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	if err = errors.Join(err, f.Close()); err != nil {
		return platform.At(err, "source")
	}
	is := "sha256:" + hex.EncodeToString(sum.Sum(nil))
	if t.Checksum != "" && !strings.EqualFold(t.Checksum, is) {
		return platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("the file %s has %s", t.Source, is)), "checksum")
	}
	t.Checksum, t.MiB = is, max(1, mib(platform.Size(n)))
	return nil
}

func (s *images) settings(t *template, prior, want *platform.Image) error {
	t.Name = want.Name
	setMap(&t.Tags, prior.Tags, want.Tags)
	return setBlock(&t.head, s.like.block, prior, want)
}

// Update renames an image and changes its tags; everything else makes it another image.
func (s *images) Update(ctx context.Context, prior, want *platform.Image) error {
	t, err := s.revise(ctx, want.Name, want, func(_ *change, t *template) error {
		if want.Name != t.Name {
			return s.table.free(ctx, want.Name, t.id, nil)
		}
		return nil
	}, func(_ *change, t *template) error { return s.settings(t, prior, want) })
	if err != nil {
		return err
	}
	s.complete(ctx, t, want)
	return nil
}

// Delete removes an image; machines made from it are copies and stay.
func (s *images) Delete(ctx context.Context, have *platform.Image) error {
	return s.destroy(ctx, have, func(*change, *template) error { return nil }, func(*change, *template) error { return nil })
}
