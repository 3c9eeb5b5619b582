package libvirt

import (
	"context"
	"errors"
	"fmt"

	"github.com/digitalocean/go-libvirt"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// undefineAll takes along what belongs to a definition alone.
const undefineAll = libvirt.DomainUndefineManagedSave | libvirt.DomainUndefineSnapshotsMetadata | libvirt.DomainUndefineNvram |
	libvirt.DomainUndefineCheckpointsMetadata

// Delete removes a machine with its boot disk and its inline disks. Every other disk stays. The volumes go first: what
// is left when that fails is still known to the machine.
func (m *machines) Delete(ctx context.Context, have *platform.Machine) error {
	d, err := m.s.load(ctx, value(have.ID), false)
	if errors.Is(err, platform.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if d.run != nil {
		if err := m.s.cut(ctx, d); err != nil {
			return err
		}
	}
	for _, file := range ownFiles(d, have) {
		if err := m.s.deleteVolume(ctx, file); err != nil {
			return failed("delete the disk", file, err)
		}
	}
	m.tellKept(ctx, d, have)
	return m.undefine(ctx, d)
}

func (m *machines) undefine(ctx context.Context, d *domain) error {
	err := do(ctx, m.s.client, func(l *libvirt.Libvirt) error {
		err := l.DomainUndefineFlags(d.rpc, undefineAll)
		if is(err, libvirt.ErrInvalidArg) { // a driver that keeps nothing of the kind
			return l.DomainUndefineFlags(d.rpc, 0)
		}
		return err
	}, libvirt.ErrNoDomain)
	if is(err, libvirt.ErrNoDomain) {
		return nil // somebody was faster
	}
	return failed("delete the machine", d.doc.Name, err)
}

// ownFiles lists the files that go with a machine: its boot disk, its inline disks, what its guest was told, and what
// snapshots have put on top of these. Of a machine whose creation failed half-way the state knows no disks: then its own
// record counts.
func ownFiles(d *domain, have *platform.Machine) []string {
	own := map[string]bool{}
	if have.BootDisk != nil && have.BootDisk.ID != nil {
		own[*have.BootDisk.ID] = true
	}
	for _, disk := range have.Disks {
		if disk.DiskID == nil && disk.ID != nil {
			own[*disk.ID] = true
		}
	}
	known := func(file string) bool { return own[file] || d.rec.Creating && d.rec.owns(file) }
	var files []string
	for _, disk := range disksOf(d.doc) {
		paths := chain(disk)
		for i, file := range paths {
			if known(file) {
				files = append(files, paths[:i+1]...)
				break
			}
		}
	}
	for _, file := range []string{d.rec.Seed, d.rec.Config} {
		if file != "" {
			files = append(files, file)
		}
	}
	return files
}

// tellKept says where the disks lie that nobody declared.
func (m *machines) tellKept(ctx context.Context, d *domain, have *platform.Machine) {
	declared := map[string]bool{}
	if have.BootDisk != nil {
		declared[value(have.BootDisk.ID)] = true
	}
	for _, disk := range have.Disks {
		declared[value(disk.ID)], declared[value(disk.DiskID)] = true, true
	}
	for _, disk := range disksOf(d.doc) {
		if file := identity(disk, declared); !declared[file] && !d.rec.Creating {
			platform.Warn(ctx, fmt.Errorf("a disk that no configuration declares was detached from %s and kept: it lies at %s", d.doc.Name, file))
		}
	}
}
