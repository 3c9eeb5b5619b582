package libvirt

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// bootKey stands for the boot disk where the others are named by their keys.
const bootKey = "boot"

// disks plans what happens to the disks: dropped ones leave, kept ones may grow, new ones come in the order of their
// keys behind those that are there.
func (c *change) disks(ctx context.Context) error {
	if err := c.bootDisk(ctx); err != nil {
		return platform.At(err, "boot_disk")
	}
	for _, key := range platform.Keys(c.prior.Disks) {
		was := c.prior.Disks[key]
		now, stays := c.want.Disks[key]
		if !stays || value(now.DiskID) != value(was.DiskID) && value(now.DiskID) != value(was.ID) {
			c.leave(key, value(was.ID), was.DiskID == nil && !stays && value(was.DeleteOnRemove))
		}
	}
	var errs []error
	for _, key := range platform.Keys(c.want.Disks) {
		errs = append(errs, platform.At(c.keepDisk(ctx, key), "disks", key))
	}
	return errors.Join(errs...)
}

// bootDisk makes the boot disk of a new machine, and lets that of another grow.
func (c *change) bootDisk(ctx context.Context) error {
	want := c.want.BootDisk
	if !c.fresh {
		if want == nil || c.prior.BootDisk == nil {
			return nil
		}
		want.ID = c.prior.BootDisk.ID
		unmade, err := c.unmade(ctx, value(want.ID))
		if err != nil || !unmade {
			c.grow(value(want.ID), c.prior.BootDisk.Size, want.Size, "boot_disk", "size")
			return err
		}
		v, err := c.bootVolume(ctx, want)
		c.volumes = append(c.volumes, v)
		return err
	}
	if c.want.ImageID == nil && (want == nil || want.Size == nil) {
		return nil // it starts from a kernel, a CD or the network
	}
	if want == nil {
		want = &platform.BootDisk{}
		c.want.BootDisk = want
	}
	v, err := c.bootVolume(ctx, want)
	if err != nil {
		return err
	}
	c.volumes = append(c.volumes, v)
	want.ID, c.rec.Boot = &v.file, v.file
	c.doc.Devices.Disks = append(c.doc.Devices.Disks, c.device(bootKey, v.file, v.spec.format))
	return nil
}

// bootVolume plans the volume of a boot disk: empty, or from the image.
func (c *change) bootVolume(ctx context.Context, want *platform.BootDisk) (planned, error) {
	v, err := c.plan(ctx, bootKey, want.Storage, want.Type, want.Size)
	v.path = []string{"boot_disk"}
	if err != nil || c.want.ImageID == nil {
		return v, err
	}
	v.spec.source = *c.want.ImageID
	v.spec.linked = v.spec.format == formatQcow2
	if linked := c.own.LinkedClone; linked != nil {
		if *linked && v.spec.format != formatQcow2 {
			err := errors.New("only a qcow2 disk can be a linked clone")
			return v, platform.At(platform.As(platform.ErrInvalid, err), "libvirt", "linked_clone")
		}
		v.spec.linked = *linked
	}
	return v, nil
}

// unmade says whether a volume of the machine's own is not there because its creation was interrupted before that.
func (c *change) unmade(ctx context.Context, file string) (bool, error) {
	if !c.is.rec.Creating || !c.is.rec.owns(file) {
		return false, nil
	}
	_, err := c.s.volume(ctx, file)
	if errors.Is(err, platform.ErrNotFound) {
		return true, nil
	}
	return false, err
}

// plan chooses pool, format and name of a volume for a key.
func (c *change) plan(ctx context.Context, key string, storage, format *string, size *platform.Size) (planned, error) {
	p, err := c.s.pool(ctx, either(value(storage), c.s.config.String(setPool)))
	if err != nil {
		return planned{}, platform.At(err, "storage")
	}
	spec := volumeSpec{pool: p.name, size: value(size), format: value(format)}
	if spec.format == "" {
		spec.format = formatQcow2
		if p.block() {
			spec.format = formatRaw
		}
	}
	for n := 1; ; n++ {
		spec.name = fileName(c.want.Name, key, c.is.id, n) + "." + spec.format
		file := p.file(spec.name)
		if c.fresh {
			return planned{spec: spec, file: file}, nil // nobody else has this UUID
		}
		_, err := c.s.volume(ctx, file)
		if errors.Is(err, platform.ErrNotFound) {
			return planned{spec: spec, file: file}, nil
		}
		if err != nil {
			return planned{}, err
		}
	}
}

// fileName names a volume so that it tells its machine and its key and collides with nothing.
func fileName(machine, key, uuid string, n int) string {
	clean := regexp.MustCompile(`[^A-Za-z0-9+_.-]+`)
	name := strings.TrimLeft(clean.ReplaceAllString(machine+"-"+key, "-"), ".-")
	if len(name) > 100 {
		name = name[:100]
	}
	name += "-" + uuid[:8]
	if n > 1 {
		name += fmt.Sprintf("-%d", n)
	}
	return name
}

// device is a new disk behind those that are there.
func (c *change) device(key, file, format string) libvirtxml.DomainDisk {
	bus := c.bus()
	d := libvirtxml.DomainDisk{
		Device: deviceDisk,
		Driver: &libvirtxml.DomainDiskDriver{Name: "qemu", Type: format, Discard: "unmap"},
		Source: pathSource(file),
		Target: &libvirtxml.DomainDiskTarget{Dev: nextTarget(bus, c.doc, c.is.run), Bus: bus},
	}
	if regexp.MustCompile(`^[A-Za-z0-9_.+-]{1,20}$`).MatchString(key) {
		d.Serial = key // the guest finds it under this name in /dev/disk/by-id
	}
	if bus == "scsi" {
		c.addSCSI()
	}
	return d
}

// bus is what the machine's disks are on: as configured, as the disks that it has, else virtio.
func (c *change) bus() string {
	if c.own.DiskBus != nil {
		return *c.own.DiskBus
	}
	if disks := disksOf(c.doc); len(disks) > 0 && disks[0].Target.Bus != "" {
		return disks[0].Target.Bus
	}
	return "virtio"
}

func (c *change) addSCSI() {
	for _, controller := range c.doc.Devices.Controllers {
		if controller.Type == "scsi" {
			return
		}
	}
	c.doc.Devices.Controllers = append(c.doc.Devices.Controllers, libvirtxml.DomainController{Type: "scsi", Model: "virtio-scsi"})
}

// grow plans a larger size.
func (c *change) grow(file string, was, want *platform.Size, at ...string) {
	if want == nil || was != nil && *was >= *want {
		return
	}
	c.growing = append(c.growing, growth{file, *want, at})
	c.live("grow a disk", at, func(ctx context.Context) error {
		device := findDisk(c.is.run, file)
		if device == nil {
			return c.s.growVolume(ctx, file, *want)
		}
		return do(ctx, c.s.client, func(l *libvirt.Libvirt) error {
			return l.DomainBlockResize(c.is.rpc, device.Target.Dev, uint64(*want), libvirt.DomainBlockResizeBytes) //nolint:gosec // never negative
		})
	})
}

// leave detaches a disk.
func (c *change) leave(key, file string, destroy bool) {
	inDoc, inRun := findDisk(c.doc, file), findDisk(c.is.run, file)
	delete(c.rec.Disks, key)
	if inDoc == nil && inRun == nil {
		return
	}
	c.leaving = append(c.leaving, departure{key, file, destroy})
	dropDisk(c.doc, file)
	c.live("detach a disk", []string{"disks", key}, func(ctx context.Context) error { return c.unplugDisk(ctx, file) })
}

// unplugDisk takes a disk off the running domain and its definition.
func (c *change) unplugDisk(ctx context.Context, file string) error {
	device, where := findDisk(c.is.run, file), affects(findDisk(c.is.doc, file) != nil, findDisk(c.is.run, file) != nil)
	if device == nil {
		device = findDisk(c.is.doc, file)
	}
	if device == nil {
		return nil
	}
	text, err := device.Marshal()
	if err != nil {
		return err
	}
	if err := c.unplug(ctx, text, where); err != nil {
		return err
	}
	return c.awaitRelease(ctx, "the disk "+file, func(run *libvirtxml.Domain) bool { return findDisk(run, file) == nil })
}

// unplug asks for a device to be detached; that it is gone already is fine.
func (c *change) unplug(ctx context.Context, text string, where uint32) error {
	err := do(ctx, c.s.client, func(l *libvirt.Libvirt) error { return l.DomainDetachDeviceFlags(c.is.rpc, text, where) }, libvirt.ErrDeviceMissing)
	if is(err, libvirt.ErrDeviceMissing) {
		return nil
	}
	return err
}

// releaseLimit is how long a guest may take to let a device go.
const releaseLimit = 30 * time.Second

// awaitRelease waits until a running guest has let go of a device: only it can.
func (c *change) awaitRelease(ctx context.Context, what string, gone func(run *libvirtxml.Domain) bool) error {
	if c.is.run == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, releaseLimit)
	defer cancel()
	err := c.s.await(ctx, c.is.rpc.UUID, pulse, func() (bool, error) {
		run, err := c.s.document(ctx, c.is.rpc, 0)
		if err != nil {
			return false, err
		}
		return gone(run), nil
	})
	if errors.Is(err, context.DeadlineExceeded) {
		return &platform.TimeoutError{Awaited: "the guest to release " + what, Seen: "it still has it; a guest that does not run an operating system releases nothing: switch the machine off first"}
	}
	return err
}

// affects are the flags for what is in the definition, in what runs, or in both.
func affects(inDoc, inRun bool) uint32 {
	var where uint32
	if inDoc {
		where |= uint32(libvirt.DomainAffectConfig)
	}
	if inRun {
		where |= uint32(libvirt.DomainAffectLive)
	}
	return where
}

// keepDisk plans one declared disk: it is there and may grow, or it is attached, or made first.
func (c *change) keepDisk(ctx context.Context, key string) error {
	want, was := c.want.Disks[key], c.prior.Disks[key]
	file := ""
	switch {
	case want.DiskID != nil:
		file = *want.DiskID
	case was.DiskID == nil && was.ID != nil:
		file = *was.ID
	case was.DiskID == nil: // bound a moment ago, in this change
		file = value(want.ID)
	}
	defer func() {
		want.ID = &file
		c.want.Disks[key] = want
		c.rec.Disks[key] = recordedDisk{Path: file, Attached: want.DiskID != nil}
	}()
	inDoc, inRun := findDisk(c.doc, file), findDisk(c.is.run, file)
	if inDoc != nil && (inRun != nil || c.is.run == nil) {
		return c.stayDisk(ctx, key, file, was, want)
	}
	var err error
	if file, err = c.back(ctx, key, file, want); err != nil {
		return err
	}
	return c.plug(ctx, key, file, want)
}

// stayDisk plans a disk that is attached already: it may grow, and is made where an interrupted creation did not.
func (c *change) stayDisk(ctx context.Context, key, file string, was, want platform.MachineDisk) error {
	if want.DiskID != nil {
		return nil
	}
	unmade, err := c.unmade(ctx, file)
	if err != nil || !unmade {
		c.grow(file, was.Size, want.Size, "disks", key, "size")
		return err
	}
	v, err := c.plan(ctx, key, want.Storage, want.Type, want.Size)
	v.path = []string{"disks", key}
	c.volumes = append(c.volumes, v)
	return err
}

// back finds the volume of a disk that is not attached: that of disk_id; that which the record knows, when somebody took
// the disk off by hand; else a new one.
func (c *change) back(ctx context.Context, key, file string, want platform.MachineDisk) (string, error) {
	if want.DiskID != nil {
		if _, err := c.s.volume(ctx, file); err != nil {
			return file, platform.At(err, "disk_id")
		}
		return file, platform.At(c.s.unused(ctx, file, c.is.id), "disk_id")
	}
	if known := c.rec.Disks[key]; known.Path != "" && !known.Attached {
		if _, err := c.s.volume(ctx, known.Path); err == nil && c.s.unused(ctx, known.Path, c.is.id) == nil {
			return known.Path, nil
		}
	}
	v, err := c.plan(ctx, key, want.Storage, want.Type, want.Size)
	if err != nil {
		return "", err
	}
	v.path = []string{"disks", key}
	c.volumes = append(c.volumes, v)
	return v.file, nil
}

// plug attaches a volume.
func (c *change) plug(ctx context.Context, key, file string, want platform.MachineDisk) error {
	format := value(want.Type)
	for _, v := range c.volumes {
		if v.file == file {
			format = v.spec.format
		}
	}
	if want.DiskID != nil || format == "" {
		v, err := c.s.volume(ctx, file)
		if err != nil {
			return err
		}
		format = v.format
	}
	var device libvirtxml.DomainDisk
	missing := affects(true, c.is.run != nil)
	if there := findDisk(c.doc, file); there != nil {
		device, missing = *there, uint32(libvirt.DomainAffectLive)
	} else {
		device = c.device(key, file, format)
		c.doc.Devices.Disks = append(c.doc.Devices.Disks, device)
		if running := findDisk(c.is.run, file); running != nil {
			missing = uint32(libvirt.DomainAffectConfig)
		}
	}
	text, err := device.Marshal()
	if err != nil {
		return err
	}
	c.live("attach a disk", []string{"disks", key}, func(ctx context.Context) error {
		return do(ctx, c.s.client, func(l *libvirt.Libvirt) error { return l.DomainAttachDeviceFlags(c.is.rpc, text, missing) })
	})
	return nil
}

// unused refuses a disk that another machine has.
func (s *session) unused(ctx context.Context, file, but string) error {
	users, err := s.usersOf(ctx, file)
	if err != nil {
		return err
	}
	for _, u := range users {
		if u.id != but {
			err := fmt.Errorf("the machine %s has the disk %s already", u.doc.Name, path.Base(file))
			return platform.As(platform.ErrConflict, err)
		}
	}
	return nil
}
