package libvirt

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/beevik/etree"
	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Plan refuses names that cannot be.
func (n *snapshots) Plan(_ context.Context, p *platform.Plan[platform.Snapshot]) error {
	if p.Known("name") && strings.Contains(p.Want.Name, "/") {
		err := fmt.Errorf("a name holds no slash here: %q", p.Want.Name)
		return platform.At(platform.As(platform.ErrInvalid, err), "name")
	}
	return nil
}

// Create takes a snapshot. A running machine goes on; with its memory it stands still until that is written.
func (n *snapshots) Create(ctx context.Context, want *platform.Snapshot, made func(id string)) error {
	d, err := n.s.load(ctx, want.MachineID, false)
	if err != nil {
		return platform.At(err, "machine_id")
	}
	id := d.id + "/" + want.Name
	if _, err := n.s.lookupSnapshot(ctx, id); err == nil {
		return failed("take the snapshot", id, &platform.ExistsError{Name: want.Name, ID: id})
	} else if !isNotFound(err) {
		return err
	}
	text, how, err := n.order(d, want)
	if err != nil {
		return failed("take the snapshot", id, err)
	}
	err = n.s.stream(ctx, func(l *libvirt.Libvirt) error { // as long as the memory takes
		_, err := l.DomainSnapshotCreateXML(d.rpc, text, how)
		return err
	})
	if err != nil && !n.came(ctx, err, id) {
		return failed("take the snapshot", id, err)
	}
	made(id)
	return n.finish(ctx, id, want)
}

// came says whether a snapshot is there although its request has failed: the answer was lost, or was too late.
func (n *snapshots) came(ctx context.Context, err error, id string) bool {
	var told libvirt.Error
	if errors.As(err, &told) && !strings.Contains(told.Message, "already exists") {
		return false
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	_, err = n.s.lookupSnapshot(late, id)
	return err == nil
}

// order writes what libvirt is asked for.
func (n *snapshots) order(d *domain, want *platform.Snapshot) (string, uint32, error) {
	runs := d.run != nil
	memory := runs
	if want.Memory != nil {
		memory = *want.Memory
	}
	if memory && !runs {
		err := errors.New("the machine is not running, so that there is no memory to take")
		return "", 0, platform.At(platform.As(platform.ErrConflict, err), "memory")
	}
	doc := &libvirtxml.DomainSnapshot{Name: want.Name, Description: value(want.Description)}
	external, err := n.external(d, want, runs, memory)
	if err != nil {
		return "", 0, err
	}
	var how uint32
	switch {
	case external && memory:
		file := path.Join(path.Dir(sourceOf(disksOf(d.doc)[0].Source)), fileName(d.doc.Name, want.Name, d.id, 1)+".mem")
		doc.Memory = &libvirtxml.DomainSnapshotMemory{Snapshot: inFiles, File: file}
		doc.Disks = outsideDisks(d)
		how |= uint32(libvirt.DomainSnapshotCreateAtomic | libvirt.DomainSnapshotCreateLive)
	case external:
		doc.Disks = outsideDisks(d)
		how |= uint32(libvirt.DomainSnapshotCreateAtomic | libvirt.DomainSnapshotCreateDiskOnly)
	}
	if value(want.Quiesce) {
		if !external || memory {
			err := errors.New("file systems can be brought to rest for a snapshot of the disks of a running machine: set memory = false")
			return "", 0, platform.At(platform.As(platform.ErrInvalid, err), "quiesce")
		}
		how |= uint32(libvirt.DomainSnapshotCreateQuiesce)
	}
	text, err := doc.Marshal()
	return text, how, err
}

// external decides where the snapshot lies, or refuses what cannot be.
func (n *snapshots) external(d *domain, want *platform.Snapshot, runs, memory bool) (bool, error) {
	why := outsideOnly(d, runs, memory)
	var asked *bool
	if want.Libvirt != nil {
		asked = want.Libvirt.External
	}
	if asked == nil {
		return why != "", nil
	}
	if !*asked && why != "" {
		err := fmt.Errorf("a snapshot inside the disks is not possible: %s", why)
		return false, platform.At(platform.As(platform.ErrUnsupported, err), "libvirt", "external")
	}
	if *asked && len(disksOf(d.doc)) == 0 {
		return false, platform.At(platform.As(platform.ErrInvalid, errors.New("the machine has no disk")), "libvirt", "external")
	}
	return *asked, nil
}

// outsideOnly says why a snapshot cannot lie inside the disks; "" is that it can.
func outsideOnly(d *domain, runs, memory bool) string {
	switch {
	case runs && !memory:
		return "of a running machine without its memory"
	case firmwareOf(d.doc) == platform.FirmwareUEFI:
		return "the machine's firmware keeps its variables in another file"
	}
	for _, disk := range disksOf(d.doc) {
		if disk.Driver == nil || disk.Driver.Type != formatQcow2 {
			return "the disk " + disk.Target.Dev + " is not qcow2"
		}
	}
	return ""
}

// outsideDisks asks for a new file on top of every disk.
func outsideDisks(d *domain) *libvirtxml.DomainSnapshotDisks {
	list := &libvirtxml.DomainSnapshotDisks{}
	for _, disk := range disksOf(d.doc) {
		list.Disks = append(list.Disks, libvirtxml.DomainSnapshotDisk{Name: disk.Target.Dev, Snapshot: inFiles})
	}
	return list
}

// Update changes the description: the snapshot is written again as it is, with another text.
func (n *snapshots) Update(ctx context.Context, prior, want *platform.Snapshot) error {
	id := value(prior.ID)
	snap, err := n.s.lookupSnapshot(ctx, id)
	if err != nil {
		return err
	}
	if value(want.Description) != value(prior.Description) {
		if err := n.describe(ctx, snap, value(want.Description)); err != nil {
			return platform.At(failed("describe the snapshot", id, err), "description")
		}
	}
	return n.finish(ctx, id, want)
}

func (n *snapshots) describe(ctx context.Context, snap libvirt.DomainSnapshot, description string) error {
	text, err := n.s.snapshotText(ctx, snap, true)
	if err != nil {
		return err
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromString(text); err != nil {
		return err
	}
	element := doc.Root().SelectElement("description")
	if element == nil {
		element = doc.Root().CreateElement("description")
	}
	element.SetText(description)
	if text, err = doc.WriteToString(); err != nil {
		return err
	}
	current, err := ask(ctx, n.s.client, func(l *libvirt.Libvirt) (int32, error) { return l.DomainSnapshotIsCurrent(snap, 0) })
	if err != nil {
		return err
	}
	how := uint32(libvirt.DomainSnapshotCreateRedefine)
	if current == 1 {
		how |= uint32(libvirt.DomainSnapshotCreateCurrent)
	}
	return do(ctx, n.s.client, func(l *libvirt.Libvirt) error {
		_, err := l.DomainSnapshotCreateXML(snap.Dom, text, how)
		return err
	})
}

// Delete merges a snapshot into what came after it.
func (n *snapshots) Delete(ctx context.Context, have *platform.Snapshot) error {
	snap, err := n.s.lookupSnapshot(ctx, value(have.ID))
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	err = n.s.stream(ctx, func(l *libvirt.Libvirt) error { return l.DomainSnapshotDelete(snap, 0) }) // as long as the merging takes
	if is(err, libvirt.ErrNoDomainSnapshot, libvirt.ErrNoDomain) {
		return nil
	}
	return failed("delete the snapshot", value(have.ID), err)
}

// finish reads the snapshot back and completes want.
func (n *snapshots) finish(ctx context.Context, id string, want *platform.Snapshot) error {
	got := platform.Snapshot{Meta: platform.Meta{ID: &id}}
	if err := n.Read(ctx, &got); err != nil {
		return err
	}
	want.ID = got.ID
	fillOpen(&want.Memory, got.Memory)
	want.CreatedAt, want.Native = got.CreatedAt, got.Native
	return nil
}
