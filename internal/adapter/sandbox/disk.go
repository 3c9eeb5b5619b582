package sandbox

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// volume is a disk with a life of its own as its file has it. Which machine has it attached is written there.
type volume struct {
	head
	MiB     int64  `json:"mib"`
	Type    string `json:"type"`
	Storage string `json:"storage"`
	Path    string `json:"path"`
	Source  string `json:"source,omitempty"` // id of what it was copied from
}

func (v *volume) check() error {
	if v.MiB < 1 {
		return errors.New("a disk needs mib")
	}
	return nil
}

// disks implements [platform.Resource] for disks.
type disks struct {
	shelf[platform.Disk, *platform.Disk, volume, *volume]
}

func newDisks(s *store, like likeness) *disks {
	d := &disks{}
	d.shelf = newShelf(s.disks, like, d.fillDisk)
	d.paths = func(v *volume) []string { return []string{v.Path} }
	return d
}

func (s *disks) fillDisk(_ context.Context, v *volume, have *platform.Disk) {
	have.Name, have.Size, have.Type, have.Storage = v.Name, size(v.MiB), some(v.Type), some(v.Storage)
	have.SourceID, have.Tags = some(v.Source), maps.Clone(v.Tags)
	have.Native = map[string]string{"file": s.file("disk", v.id), "path": v.Path}
}

// Create makes an empty disk or a copy.
func (s *disks) Create(ctx context.Context, want *platform.Disk, made func(id string)) error {
	v := &volume{head: head{Name: want.Name}, Type: defaultDiskType, Storage: defaultStorage}
	return s.make(ctx, want, v, made, func(*change) error {
		if err := s.table.free(ctx, want.Name, "", nil); err != nil {
			return err
		}
		if want.SourceID != nil {
			least, err := s.source(*want.SourceID)
			if err != nil {
				return platform.At(err, "source_id")
			}
			v.Source, v.MiB = *want.SourceID, least
		} else if want.Size == nil {
			v.MiB = defaultDiskMiB
		}
		if err := s.settings(v, &platform.Disk{}, want); err != nil {
			return err
		}
		v.Path = fmt.Sprintf("[%s] %s-%s.disk", v.Storage, v.Name, v.id[:8])
		return nil
	}, nil)
}

// source gives the size of what a disk is copied from: a disk, an image or a snapshot.
func (s *disks) source(id string) (int64, error) {
	if v, err := s.disks.get(id); !errors.Is(err, platform.ErrNotFound) {
		return or(v, volume{}).MiB, err
	}
	if t, err := s.images.get(id); !errors.Is(err, platform.ErrNotFound) {
		return or(t, template{}).MiB, err
	}
	c, err := s.snapshots.get(id)
	if errors.Is(err, platform.ErrNotFound) {
		return 0, platform.As(platform.ErrNotFound, fmt.Errorf("there is no disk, image or snapshot with the id %q", id))
	}
	return max(1, or(c, checkpoint{}).MiB), err
}

func (s *disks) settings(v *volume, prior, want *platform.Disk) error {
	v.Name = want.Name
	d := vdisk{MiB: v.MiB}
	if err := d.resize(prior.Size, want.Size); err != nil {
		return platform.At(err, "size")
	}
	v.MiB = d.MiB
	set(&v.Type, prior.Type, want.Type, defaultDiskType)
	set(&v.Storage, prior.Storage, want.Storage, defaultStorage)
	setMap(&v.Tags, prior.Tags, want.Tags)
	return setBlock(&v.head, s.like.block, prior, want)
}

// Update changes a disk, also while it is attached.
func (s *disks) Update(ctx context.Context, prior, want *platform.Disk) error {
	v, err := s.revise(ctx, want.Name, want, func(_ *change, v *volume) error {
		if want.Name != v.Name {
			return s.table.free(ctx, want.Name, v.id, nil)
		}
		return nil
	}, func(_ *change, v *volume) error { return s.settings(v, prior, want) })
	if err != nil {
		return err
	}
	s.complete(ctx, v, want)
	return nil
}

// Delete detaches a disk from the machine that has it and removes it.
func (s *disks) Delete(ctx context.Context, have *platform.Disk) error {
	return s.destroy(ctx, have, func(*change, *volume) error { return nil }, func(ch *change, v *volume) error {
		list, err := s.machines.held(ctx)
		for _, m := range list {
			at := m.disk(v.id)
			if at < 0 {
				continue
			}
			fresh := *m
			fresh.Disks = slices.Delete(slices.Clone(m.Disks), at, at+1)
			if err := ch.put("machine", m.id, &fresh); err != nil {
				return err
			}
		}
		return err
	})
}
