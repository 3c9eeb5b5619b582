package sandbox

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// addDisk puts a disk into the first free slot behind the last used one.
func (n *vm) addDisk(d vdisk) {
	next := 0
	for _, other := range n.Disks {
		var used int
		if _, err := fmt.Sscanf(other.Slot, "scsi0-%d", &used); err == nil {
			next = max(next, used+1)
		}
		if d.Boot {
			next = 0
		}
	}
	d.Slot = fmt.Sprintf("scsi0-%d", next)
	if !d.Volume {
		d.Path = fmt.Sprintf("[%s] %s/%s-%s.disk", d.Storage, n.Name, d.Slot, d.UUID[:8])
	}
	n.Disks = append(n.Disks, d)
}

// setDisks brings boot disk and disks from prior to want. Dropped elements go first, so that a volume can change
// places within one update.
func (s *machines) setDisks(ctx context.Context, ch *change, n *vm, prior, want *platform.Machine) error {
	if err := n.setBootDisk(prior.BootDisk, want.BootDisk); err != nil {
		return err
	}
	for _, key := range platform.Keys(prior.Disks) {
		if err := s.dropDisk(ctx, ch, n, key, prior.Disks[key], want.Disks); err != nil {
			return err
		}
	}
	named := map[string]string{}
	for _, key := range platform.Keys(want.Disks) {
		id := deref(want.Disks[key].DiskID)
		if other, twice := named[id]; twice && id != "" {
			return platform.At(platform.As(platform.ErrConflict, fmt.Errorf("disks.%s attaches the same disk", other)), "disks", key, "disk_id")
		}
		named[id] = key
		var err error
		if at := n.diskOf(key, prior.Disks[key], want.Disks[key]); at >= 0 {
			err = n.changeDisk(at, key, prior.Disks[key], want.Disks[key])
		} else {
			err = s.newDisk(ctx, n, key, want.Disks[key])
		}
		if err != nil {
			return atElement(err, "disks", key)
		}
	}
	return nil
}

// diskOf gives the index of the disk that a key means, -1 for a new one: the bound one; the volume it names when that
// is attached already; or the one that carries the key because an update that was cut short made it, which must not
// be made twice.
func (n *vm) diskOf(key string, prior, want platform.MachineDisk) int {
	if at := n.disk(deref(prior.ID)); at >= 0 && want.DiskID == nil && !n.Disks[at].Volume {
		return at
	}
	return slices.IndexFunc(n.Disks, func(d vdisk) bool {
		if want.DiskID != nil {
			return d.Volume && d.UUID == *want.DiskID
		}
		return d.Key == key && !d.Volume && !d.Boot
	})
}

func (n *vm) setBootDisk(prior, want *platform.BootDisk) error {
	at := slices.IndexFunc(n.Disks, func(d vdisk) bool { return d.Boot })
	if at < 0 || want == nil {
		return nil
	}
	p := or(prior, platform.BootDisk{})
	if err := n.Disks[at].resize(p.Size, want.Size); err != nil {
		return platform.At(err, "boot_disk", "size")
	}
	set(&n.Disks[at].Type, p.Type, want.Type, defaultDiskType)
	set(&n.Disks[at].Storage, p.Storage, want.Storage, defaultStorage)
	return nil
}

// resize grows a disk. It judges by what is there: somebody may have grown it meanwhile.
func (d *vdisk) resize(prior, want *platform.Size) error {
	if want == nil || prior != nil && *prior == *want {
		return nil
	}
	if mib(*want) < 1 {
		return platform.As(platform.ErrInvalid, errors.New("a disk needs a size"))
	}
	if mib(*want) < d.MiB {
		return platform.As(platform.ErrInvalid, fmt.Errorf("the disk has %s and cannot shrink to %s", size(d.MiB), want))
	}
	d.MiB = mib(*want)
	return nil
}

// dropDisk takes a disk out of the machine when its key is gone or now means another disk.
func (s *machines) dropDisk(ctx context.Context, ch *change, n *vm, key string, prior platform.MachineDisk, want map[string]platform.MachineDisk) error {
	w, stays := want[key]
	at := n.disk(deref(prior.ID))
	if at < 0 {
		if stays && prior.ID != nil {
			return platform.At(platform.As(platform.ErrConflict, errors.New("the disk was taken away since the plan was made; plan again")), "disks", key)
		}
		return nil
	}
	d := n.Disks[at]
	if stays && (w.DiskID == nil && !d.Volume || w.DiskID != nil && d.Volume && *w.DiskID == d.UUID) {
		return nil
	}
	n.Disks = slices.Delete(n.Disks, at, at+1)
	if d.Volume || deref(prior.DeleteOnRemove) {
		return nil
	}
	return s.keep(ctx, ch, n, d, platform.Path{"disks", key})
}

// keep makes a disk that leaves its machine a volume of its own and says where it lies.
func (s *machines) keep(ctx context.Context, ch *change, n *vm, d vdisk, path platform.Path) error {
	name := n.Name + "-" + d.Slot
	if d.Key != "" {
		name = n.Name + "-" + d.Key
	}
	if s.disks.free(ctx, name, "", nil) != nil {
		name += "-" + d.UUID[:8]
	}
	v := &volume{head: head{Name: name, Created: now()}, MiB: d.MiB, Type: d.Type, Storage: d.Storage, Path: d.Path}
	platform.Warn(ctx, fmt.Errorf("the disk in %s of the machine %q was detached and kept: it is now the disk %q with the id %s at %s", d.Slot, n.Name, name, d.UUID, d.Path), path...)
	return ch.put("disk", d.UUID, v)
}

func (n *vm) changeDisk(at int, key string, prior, want platform.MachineDisk) error {
	d := &n.Disks[at]
	n.claimDisk(key)
	d.Key = key
	if d.Volume {
		if prior.DiskID != nil && want.Size != nil && prior.Size != nil && *want.Size != *prior.Size {
			return platform.At(platform.As(platform.ErrInvalid, errors.New("the size of an attached disk is changed on the disk itself")), "size")
		}
		return nil
	}
	if err := d.resize(prior.Size, want.Size); err != nil {
		return platform.At(err, "size")
	}
	set(&d.Type, prior.Type, want.Type, defaultDiskType)
	set(&d.Storage, prior.Storage, want.Storage, defaultStorage)
	return nil
}

// claimDisk takes a key away from a disk that the configuration no longer calls so.
func (n *vm) claimDisk(key string) {
	for i := range n.Disks {
		if n.Disks[i].Key == key {
			n.Disks[i].Key = ""
		}
	}
}

func (s *machines) newDisk(ctx context.Context, n *vm, key string, want platform.MachineDisk) error {
	n.claimDisk(key)
	if want.DiskID == nil && want.Size != nil && mib(*want.Size) < 1 {
		return platform.At(platform.As(platform.ErrInvalid, errors.New("a disk needs a size")), "size")
	}
	if want.DiskID == nil {
		n.addDisk(vdisk{
			UUID: newID(), Key: key, MiB: mib(or(want.Size, *size(defaultDiskMiB))),
			Type: or(want.Type, defaultDiskType), Storage: or(want.Storage, defaultStorage),
		})
		return nil
	}
	v, err := s.disks.get(*want.DiskID)
	if err != nil {
		return platform.At(err, "disk_id")
	}
	if want.Size != nil && mib(*want.Size) != v.MiB {
		return platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("the disk has %s: its size is changed on the disk itself", size(v.MiB))), "size")
	}
	if user, err := s.attachedTo(ctx, v.id, n.id); err != nil {
		return err
	} else if user != "" {
		return platform.At(platform.As(platform.ErrConflict, fmt.Errorf("the disk %q is attached to the machine %q already", v.Name, user)), "disk_id")
	}
	n.addDisk(vdisk{UUID: v.id, Key: key, Volume: true})
	return nil
}

// attachedTo names the machine, other than the one given, that has a volume attached; "" is none.
func (s *machines) attachedTo(ctx context.Context, volume, but string) (string, error) {
	list, err := s.table.held(ctx)
	for _, m := range list {
		if m.id != but && m.disk(volume) >= 0 {
			return m.Name, nil
		}
	}
	return "", err
}

// atElement puts the path of an element before that of an attribute inside it.
func atElement(err error, path ...string) error {
	if inside, ok := errors.AsType[*platform.AttrError](err); ok {
		return platform.At(inside.Err, append(path, inside.Path...)...)
	}
	return platform.At(err, path...)
}
