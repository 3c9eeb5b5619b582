package libvirt

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// images are the volumes that machines are made from; any volume can be one. Their stable id is the volume's path.
type images struct {
	s *session

	mu   sync.Mutex
	sent map[string]*volume // by pool and checksum: what this connection uploaded
}

func newImages(s *session) *images { return &images{s: s, sent: map[string]*volume{}} }

var (
	_ platform.Resource[platform.Image] = (*images)(nil)
	_ platform.Lister[platform.Image]   = (*images)(nil)
	_ platform.Finder[platform.Image]   = (*images)(nil)
)

// Read fills have.
func (i *images) Read(ctx context.Context, have *platform.Image) error {
	v, err := i.s.volume(ctx, value(have.ID))
	if err != nil {
		return err
	}
	v.fillImage(have)
	return nil
}

// fillImage is the one translation from a volume to an image. What it was made from is known to nobody.
func (v *volume) fillImage(have *platform.Image) {
	*have = platform.Image{Meta: have.Meta, Name: v.name, Format: new(v.diskType()), Size: &v.capacity}
	have.ID = &v.key
	if !v.changed.IsZero() {
		have.CreatedAt = new(v.changed.Format(time.RFC3339))
	}
	have.Native = v.native()
	have.Libvirt = &platform.LibvirtImage{Pool: &v.pool}
}

// List gives every volume: which of them are images, only their users know.
func (i *images) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Image], error] {
	return entries(ctx, i.s, (*volume).fillImage)
}

// Find resolves a path, pool/name or a name that is unique.
func (i *images) Find(ctx context.Context, ref string) (string, error) {
	return i.s.findVolume(ctx, "image", ref)
}

// Update has nothing to change in place.
func (i *images) Update(ctx context.Context, prior, want *platform.Image) error {
	v, err := i.s.volume(ctx, value(prior.ID))
	if err == nil {
		v.completeImage(want)
	}
	return err
}

// completeImage fills in what was left open.
func (v *volume) completeImage(want *platform.Image) {
	got := platform.Image{Meta: want.Meta}
	v.fillImage(&got)
	want.ID, want.Native, want.Size, want.CreatedAt = got.ID, got.Native, got.Size, got.CreatedAt
	fillOpen(&want.Format, got.Format)
}

// Delete removes an image that neither a machine nor another volume needs.
func (i *images) Delete(ctx context.Context, have *platform.Image) error {
	file := value(have.ID)
	if _, err := i.s.volume(ctx, file); err != nil {
		if isNotFound(err) {
			return nil
		}
		return err
	}
	err := i.s.independent(ctx, file)
	if err == nil {
		err = i.s.notInUse(ctx, file)
	}
	if err == nil {
		err = i.s.deleteVolume(ctx, file)
	}
	return failed("delete the image", file, err)
}
