package vsphere

import (
	"context"
	"errors"
	"fmt"

	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// disks plans what happens to the disks: dropped ones leave, kept ones grow or move, new ones come in the order of
// their keys. The boot disk comes first.
func (c *change) disks(ctx context.Context) error {
	is := disksOf(c.vm)
	errs := []error{c.bootDisk(ctx, is)}
	for _, key := range platform.Keys(c.prior.Disks) {
		c.dropDisk(key, is)
	}
	for _, key := range platform.Keys(c.want.Disks) {
		want, prior := c.want.Disks[key], c.prior.Disks[key]
		found := findDisk(is, prior.ID)
		if found == nil || replaced(prior, want) {
			errs = append(errs, platform.At(c.addDisk(ctx, key, want), "disks", key))
			continue
		}
		want.ID = &found.id
		c.want.Disks[key] = want
		if want.DiskID == nil {
			errs = append(errs, c.keepDisk(ctx, found, want.Size, want.Storage, "disks", key))
		}
	}
	return errors.Join(errs...)
}

// replaced says whether a key stands for another disk now.
func replaced(prior, want platform.MachineDisk) bool {
	return value(prior.DiskID) != value(want.DiskID)
}

func findDisk(disks []disk, id *string) *disk {
	for i := range disks {
		if id != nil && disks[i].id == *id {
			return &disks[i]
		}
	}
	return nil
}

// bootDisk plans the boot disk: the one bound to it, else on a new machine the first of its image, else a new one.
func (c *change) bootDisk(ctx context.Context, is []disk) error {
	want := c.want.BootDisk
	if want == nil && c.fresh && len(is) > 0 {
		c.want.BootDisk = &platform.BootDisk{ID: &is[0].id} // the image's disk is the machine's own, declared or not
		return nil
	}
	if want == nil {
		return nil
	}
	var found *disk
	switch {
	case c.prior.BootDisk != nil:
		found = findDisk(is, c.prior.BootDisk.ID)
	case c.fresh && len(is) > 0:
		found = &is[0]
	}
	if found == nil {
		disk := platform.MachineDisk{Size: want.Size, Type: want.Type, Storage: want.Storage}
		return platform.At(c.addDisk(ctx, "", disk), "boot_disk")
	}
	want.ID = &found.id
	return c.keepDisk(ctx, found, want.Size, want.Storage, "boot_disk")
}

// keepDisk plans the growth and the move of a disk that stays.
func (c *change) keepDisk(ctx context.Context, is *disk, size *platform.Size, storage *string, path ...string) error {
	if size != nil && *size < is.size() {
		err := fmt.Errorf("the disk has %s already: a disk cannot shrink", is.size())
		return platform.At(platform.As(platform.ErrInvalid, err), append(path, "size")...)
	}
	if size != nil && *size > is.size() {
		c.devices.edit(resized(is.device, *size))
	}
	if storage == nil || *storage == is.datastore() || c.fresh {
		return nil // a new machine's disks are put where they belong when it is made
	}
	ds, err := c.s.datastore(ctx, *storage)
	if err != nil {
		return platform.At(err, append(path, "storage")...)
	}
	c.moves = append(c.moves, types.VirtualMachineRelocateSpecDiskLocator{DiskId: is.device.Key, Datastore: ds.ref})
	return nil
}

// dropDisk plans the leaving of a disk whose key was dropped or stands for another disk now.
func (c *change) dropDisk(key string, is []disk) {
	prior := c.prior.Disks[key]
	want, stays := c.want.Disks[key]
	found := findDisk(is, prior.ID)
	if found == nil || stays && !replaced(prior, want) {
		return
	}
	destroy := prior.DiskID == nil && value(prior.DeleteOnRemove)
	c.devices.remove(found.device, destroy)
	if prior.DiskID == nil && !destroy {
		c.detach = append(c.detach, detached{path: []string{"disks", key}, file: found.path})
	}
}

// addDisk plans a new disk or the attaching of one that exists.
func (c *change) addDisk(ctx context.Context, key string, want platform.MachineDisk) error {
	file, first, err := c.diskFile(ctx, want)
	if err != nil {
		return err
	}
	b, unit, ok := c.devices.free(value(blank(c.want.VSphere).SCSIType))
	if !ok {
		return platform.As(platform.ErrInvalid, fmt.Errorf("the machine has no free slot: %d disks are the most", scsiControllers*(scsiUnits-1)))
	}
	made := newDisk(&c.devices, b, unit, file, value(want.Type), value(want.Size))
	operation := types.VirtualDeviceConfigSpecFileOperationCreate
	if want.DiskID != nil {
		made.CapacityInBytes, made.CapacityInKB, operation = 0, 0, ""
		made.VDiskId = first
	}
	c.devices.add(made, operation)
	c.slots[key] = slot{bus: "scsi", num: b.num, unit: unit}
	return nil
}

// diskFile gives the path of a disk's file, as newDisk takes it, and its id where it is a first-class disk.
func (c *change) diskFile(ctx context.Context, want platform.MachineDisk) (file string, first *types.ID, err error) {
	if want.DiskID != nil {
		file, fcd, err := c.s.diskPath(ctx, *want.DiskID)
		if err != nil {
			return "", nil, platform.At(err, "disk_id")
		}
		if fcd != "" {
			first = &types.ID{Id: fcd}
		}
		return file, first, nil
	}
	if want.Size == nil {
		return "", nil, platform.At(platform.As(platform.ErrInvalid, errors.New("a new disk needs a size")), "size")
	}
	if want.Storage == nil {
		return "", nil, nil
	}
	ds, err := c.s.datastore(ctx, *want.Storage)
	if err != nil {
		return "", nil, platform.At(err, "storage")
	}
	return "[" + ds.name + "]", nil, nil
}
