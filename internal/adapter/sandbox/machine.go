package sandbox

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

const (
	defaultFirmware  = platform.FirmwareUEFI
	defaultStorage   = "local"
	defaultDiskType  = "thin"
	defaultDiskMiB   = 8 * 1024
	defaultVCPUs     = 1
	defaultMemoryMiB = 1024
)

// machines implements [platform.Resource] for machines.
type machines struct {
	shelf[platform.Machine, *platform.Machine, vm, *vm]
}

func newMachines(s *store, like likeness) *machines {
	m := &machines{}
	m.shelf = newShelf(s.machines, like, m.fillMachine)
	m.bind = bindDevices
	return m
}

// Create makes a machine with its disks and NICs, then starts it unless it is to stay off.
func (s *machines) Create(ctx context.Context, want *platform.Machine, made func(id string)) error {
	n := &vm{
		head: head{Name: want.Name}, VCPUs: defaultVCPUs, MemoryMiB: defaultMemoryMiB,
		Firmware: defaultFirmware, State: stopped, Disks: []vdisk{}, NICs: []vnic{},
	}
	nothing := &platform.Machine{}
	err := s.make(ctx, want, n, made, func(ch *change) error {
		if err := s.table.free(ctx, want.Name, "", nil); err != nil {
			return err
		}
		if err := errors.Join(s.settings(n, nothing, want), s.origin(n, want)); err != nil {
			return err
		}
		return errors.Join(s.setDisks(ctx, ch, n, nothing, want), s.setNICs(ctx, n, nothing, want))
	}, func(*change) error {
		return setPower(n, or(want.Power, platform.PowerOn))
	})
	if err != nil {
		return err
	}
	return s.await(ctx, n, want)
}

// Update changes a machine. A change whose trait says restart stops and starts one that runs.
func (s *machines) Update(ctx context.Context, prior, want *platform.Machine) error {
	restart := s.needsRestart(prior, want)
	n, err := s.revise(ctx, want.Name, want, func(_ *change, n *vm) error {
		if n.State == saved && restart && or(want.Power, platform.PowerSuspended) == platform.PowerSuspended {
			return platform.As(platform.ErrConflict, errors.New("the machine is suspended and this change would lose its memory; power it on or off first"))
		}
		if want.Name != n.Name {
			if err := s.table.free(ctx, want.Name, n.id, nil); err != nil {
				return err
			}
		}
		return s.settings(n, prior, want)
	}, func(ch *change, n *vm) error {
		if err := errors.Join(s.setDisks(ctx, ch, n, prior, want), s.setNICs(ctx, n, prior, want)); err != nil {
			return err
		}
		if n.Guest != nil && restart {
			n.Guest.BootedAt = now()
		}
		if n.Guest != nil && !reflect.DeepEqual(prior.NICs, want.NICs) {
			n.Guest.Addresses = n.addresses()
		}
		power := n.power()
		set(&power, prior.Power, want.Power, platform.PowerOn)
		return setPower(n, power)
	})
	if err != nil {
		return err
	}
	s.complete(ctx, n, want)
	return s.await(ctx, n, want)
}

// Delete removes a machine with its own disks and snapshots. Attached volumes stay where they are, and so does every
// disk that the configuration does not declare.
func (s *machines) Delete(ctx context.Context, have *platform.Machine) error {
	return s.destroy(ctx, have, func(_ *change, n *vm) error {
		n.State, n.Guest = stopped, nil
		n.Disks = slices.DeleteFunc(n.Disks, func(d vdisk) bool { return d.Volume })
		return nil
	}, func(ch *change, n *vm) error {
		declared := map[string]bool{}
		for _, d := range have.Disks {
			declared[deref(d.ID)] = true
		}
		for _, d := range n.Disks {
			if d.Boot || declared[d.UUID] || d.Volume {
				continue
			}
			if err := s.keep(ctx, ch, n, d, platform.Path{"unmanaged_disks", d.Slot}); err != nil {
				return err
			}
		}
		list, err := s.snapshots.held(ctx)
		for _, c := range list {
			if c.Machine == n.id {
				ch.remove("snapshot", c.id)
			}
		}
		return err
	})
}

func (s *machines) needsRestart(prior, want *platform.Machine) bool {
	return slices.ContainsFunc(differences(prior, want), func(d difference) bool {
		return d.class(s.like.traits["machine"]) == platform.ClassRestart
	})
}

// settings is everything of a machine but its devices, origin and power.
func (s *machines) settings(n *vm, prior, want *platform.Machine) error {
	n.Name = want.Name
	set(&n.Description, prior.Description, want.Description, "")
	set(&n.Hostname, prior.Hostname, want.Hostname, "")
	set(&n.Firmware, prior.Firmware, want.Firmware, defaultFirmware)
	set(&n.SecureBoot, prior.SecureBoot, want.SecureBoot, false)
	set(&n.TPM, prior.TPM, want.TPM, false)
	set(&n.Autostart, prior.Autostart, want.Autostart, false)
	setMap(&n.Tags, prior.Tags, want.Tags)
	setMap(&n.Metadata, prior.Metadata, want.Metadata)
	setFingerprint(&n.UserDataSHA256, prior.UserData, want.UserData)
	setFingerprint(&n.NetworkDataSHA256, prior.NetworkData, want.NetworkData)
	from, to := or(prior.Placement, platform.Placement{}), or(want.Placement, platform.Placement{})
	set(&n.Host, from.Host, to.Host, "")
	set(&n.Zone, from.Zone, to.Zone, "")
	set(&n.Group, from.Group, to.Group, "")
	if n.SecureBoot && n.Firmware != platform.FirmwareUEFI {
		return platform.At(platform.As(platform.ErrInvalid, errors.New("secure boot needs the firmware uefi")), "secure_boot")
	}
	return errors.Join(n.setSize(prior, want), n.setLogin(prior.Login, want.Login), setBlock(&n.head, s.like.block, prior, want))
}

func setFingerprint(at *string, prior, want *string) {
	if want != nil || prior != nil {
		*at = fingerprint(deref(want))
	}
}

// setLogin keeps the password's hash alone. A write-only password is there only when its version changed.
func (n *vm) setLogin(prior, want *platform.Login) error {
	if want == nil {
		if prior != nil {
			n.Account = nil
		}
		return nil
	}
	if n.Account == nil {
		n.Account = &account{}
	}
	p := or(prior, platform.Login{})
	set(&n.Account.User, p.User, want.User, "")
	if want.SSHKeys != nil || p.SSHKeys != nil {
		n.Account.SSHKeys = slices.Clone(want.SSHKeys)
	}
	password := want.PasswordWO
	if want.Password != nil && (p.Password == nil || *p.Password != *want.Password) {
		password = want.Password
	}
	if password == nil {
		return nil
	}
	var err error
	n.Account.Password, err = hashed(*password)
	return err
}

// origin checks what the machine is made from and makes its boot disk.
func (s *machines) origin(n *vm, want *platform.Machine) error {
	boot := or(want.BootDisk, platform.BootDisk{})
	d := vdisk{
		UUID: newID(), Boot: true, MiB: defaultDiskMiB,
		Type: or(boot.Type, defaultDiskType), Storage: or(boot.Storage, defaultStorage),
	}
	var least int64
	if want.ImageID != nil {
		image, err := s.images.get(*want.ImageID)
		if err != nil {
			return platform.At(err, "image_id")
		}
		n.Image, least = image.id, image.MiB
		d.MiB = max(d.MiB, least)
	}
	if boot.Size != nil {
		d.MiB = mib(*boot.Size)
	}
	if d.MiB < 1 {
		return platform.At(platform.As(platform.ErrInvalid, errors.New("a disk needs a size")), "boot_disk", "size")
	}
	if d.MiB < least {
		return platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("%s is less than the image's %s", boot.Size, size(least))), "boot_disk", "size")
	}
	n.addDisk(d)
	return nil
}
