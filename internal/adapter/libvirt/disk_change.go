package libvirt

import (
	"context"
	"errors"
	"fmt"

	"github.com/digitalocean/go-libvirt"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Create makes a volume: empty, as a full copy or as a linked clone.
func (d *disks) Create(ctx context.Context, want *platform.Disk, made func(id string)) error {
	p, err := d.s.storage(ctx, want.Storage)
	if err != nil {
		return failed("make the disk", want.Name, platform.At(err, "storage"))
	}
	spec := volumeSpec{pool: p.name, name: want.Name, size: value(want.Size), format: value(want.Type), source: value(want.SourceID)}
	if spec.linked = value(value(want.Libvirt).LinkedClone); spec.linked && spec.source == "" {
		return failed("make the disk", want.Name, platform.At(invalid("a linked clone needs the source_id that it differs from"), "libvirt", "linked_clone"))
	}
	if spec.source == "" && spec.size == 0 {
		return failed("make the disk", want.Name, platform.At(invalid("a new disk needs a size or a source_id"), "size"))
	}
	v, err := d.s.makeVolume(ctx, spec)
	if err != nil {
		announce(err, made)
		return failed("make the disk", want.Name, d.blame(err, want))
	}
	want.ID = &v.key
	made(v.key)
	v.completeDisk(want)
	return failed("make the disk", want.Name, v.exactly(want.Size))
}

// exactly fails where libvirt gave more than was asked for: a volume group hands out whole extents.
func (v *volume) exactly(size *platform.Size) error {
	if size == nil || v.capacity == *size {
		return nil
	}
	return platform.At(invalid("it has %s now: the pool %s hands out space in steps, so write that size", v.capacity, v.pool), "size")
}

// blame ties an error to the attribute that it is about.
func (d *disks) blame(err error, want *platform.Disk) error {
	switch {
	case isNotFound(err) && want.SourceID != nil:
		return platform.At(err, "source_id")
	case errors.Is(err, platform.ErrExists):
		return platform.At(err, "name")
	}
	return err
}

// announce tells the engine of something that a failed creation left.
func announce(err error, made func(id string)) {
	if left := (*leftError)(nil); errors.As(err, &left) {
		made(left.key)
	}
}

// completeDisk fills in what was left open.
func (v *volume) completeDisk(want *platform.Disk) {
	got := platform.Disk{Meta: want.Meta}
	v.fillDisk(&got)
	want.ID, want.Native = got.ID, got.Native
	fillOpen(&want.Size, got.Size)
	fillOpen(&want.Type, got.Type)
	fillOpen(&want.Storage, got.Storage)
}

// Update makes a disk larger; nothing else changes in place.
func (d *disks) Update(ctx context.Context, prior, want *platform.Disk) error {
	id := value(prior.ID)
	if want.Size != nil && (prior.Size == nil || *want.Size != *prior.Size) {
		if err := d.grow(ctx, id, *want.Size); err != nil {
			return failed("grow the disk", id, platform.At(err, "size"))
		}
	}
	v, err := d.s.volume(ctx, id)
	if err != nil {
		return err
	}
	v.completeDisk(want)
	return failed("grow the disk", id, v.exactly(want.Size))
}

// grow enlarges a volume, by the domain that has it open where there is one: the guest sees the new size at once.
func (d *disks) grow(ctx context.Context, file string, to platform.Size) error {
	v, err := d.s.volume(ctx, file)
	if err != nil {
		return err
	}
	if v.capacity > to {
		return invalid("it has %s by now and cannot shrink", v.capacity)
	}
	users, err := d.s.usersOf(ctx, file)
	if err != nil {
		return err
	}
	for _, u := range users {
		device := findDisk(u.run, file)
		if device == nil {
			continue
		}
		if top := sourceOf(device.Source); top != file {
			return platform.As(platform.ErrConflict, fmt.Errorf("%s of the running machine %s lies on top of it: delete that snapshot or clone first", top, u.doc.Name))
		}
		return do(ctx, d.s.client, func(l *libvirt.Libvirt) error {
			return l.DomainBlockResize(u.rpc, device.Target.Dev, uint64(to), libvirt.DomainBlockResizeBytes) //nolint:gosec // never negative
		})
	}
	return d.s.growVolume(ctx, file, to)
}

// Delete detaches the disk from every machine that has it, and removes it.
func (d *disks) Delete(ctx context.Context, have *platform.Disk) error {
	file := value(have.ID)
	if _, err := d.s.volume(ctx, file); err != nil {
		if isNotFound(err) {
			return nil
		}
		return err
	}
	if err := d.s.independent(ctx, file); err != nil {
		return failed("delete the disk", file, err)
	}
	if err := d.s.detachEverywhere(ctx, file); err != nil {
		return failed("delete the disk", file, err)
	}
	return failed("delete the disk", file, d.s.deleteVolume(ctx, file))
}
