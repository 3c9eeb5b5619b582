package libvirt

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// snapshots are the snapshots of a connection's domains. Their stable id is <domain UUID>/<name>.
type snapshots struct{ s *session }

var (
	_ platform.Resource[platform.Snapshot] = (*snapshots)(nil)
	_ platform.Lister[platform.Snapshot]   = (*snapshots)(nil)
	_ platform.Finder[platform.Snapshot]   = (*snapshots)(nil)
	_ platform.Planner[platform.Snapshot]  = (*snapshots)(nil)
)

// Where a part of a snapshot lies.
const (
	inFiles  = "external"
	notTaken = "no"
)

// lookupSnapshot finds a snapshot by its id.
func (s *session) lookupSnapshot(ctx context.Context, id string) (libvirt.DomainSnapshot, error) {
	machine, name, ok := strings.Cut(id, "/")
	if !ok {
		return libvirt.DomainSnapshot{}, s.noSnapshot(id)
	}
	dom, err := s.lookup(ctx, machine)
	if isNotFound(err) {
		return libvirt.DomainSnapshot{}, s.noSnapshot(id)
	}
	if err != nil {
		return libvirt.DomainSnapshot{}, err
	}
	snap, err := ask(ctx, s.client, func(l *libvirt.Libvirt) (libvirt.DomainSnapshot, error) {
		return l.DomainSnapshotLookupByName(dom, name, 0)
	})
	if is(err, libvirt.ErrNoDomainSnapshot, libvirt.ErrNoDomain) {
		return snap, s.noSnapshot(id)
	}
	return snap, failed("look up the snapshot", id, err)
}

func (s *session) noSnapshot(id string) error {
	return failed("find the snapshot", id, platform.As(platform.ErrNotFound, fmt.Errorf("%s has no such snapshot; its id is <machine>/<name>", s.uri.where())))
}

// snapshotText is a snapshot's document; secure asks for the passwords in it, as writing it back needs.
func (s *session) snapshotText(ctx context.Context, snap libvirt.DomainSnapshot, secure bool) (string, error) {
	how := uint32(0)
	if secure {
		how = uint32(libvirt.DomainSnapshotXMLSecure)
	}
	return ask(ctx, s.client, func(l *libvirt.Libvirt) (string, error) { return l.DomainSnapshotGetXMLDesc(snap, how) })
}

// Read fills have.
func (n *snapshots) Read(ctx context.Context, have *platform.Snapshot) error {
	snap, err := n.s.lookupSnapshot(ctx, value(have.ID))
	if err != nil {
		return err
	}
	text, err := n.s.snapshotText(ctx, snap, false)
	if is(err, libvirt.ErrNoDomainSnapshot, libvirt.ErrNoDomain) {
		return n.s.noSnapshot(value(have.ID))
	}
	if err != nil {
		return failed("read the snapshot", value(have.ID), err)
	}
	return fillSnapshot(text, spellUUID(snap.Dom.UUID), have)
}

// fillSnapshot sets what a document says.
func fillSnapshot(text, machine string, have *platform.Snapshot) error {
	doc := &libvirtxml.DomainSnapshot{}
	if err := doc.Unmarshal(text); err != nil {
		return failed("read the snapshot", value(have.ID), err)
	}
	id := machine + "/" + doc.Name
	memory := doc.Memory != nil && doc.Memory.Snapshot != notTaken
	have.ID, have.Name, have.MachineID = &id, doc.Name, machine
	have.Description, have.Memory = unless(doc.Description, ""), &memory
	have.CreatedAt = nil
	if seconds, err := strconv.ParseInt(doc.CreationTime, 10, 64); err == nil {
		at := time.Unix(seconds, 0).UTC().Format(time.RFC3339)
		have.CreatedAt = &at
	}
	external := isExternal(doc)
	if have.Libvirt != nil {
		have.Libvirt.External = &external
	}
	have.Native = map[string]string{"state": doc.State, "external": strconv.FormatBool(external)}
	if doc.Parent != nil {
		have.Native["parent"] = doc.Parent.Name
	}
	return nil
}

// isExternal says whether any part of a snapshot lies in a file of its own.
func isExternal(doc *libvirtxml.DomainSnapshot) bool {
	if doc.Memory != nil && doc.Memory.Snapshot == inFiles {
		return true
	}
	if doc.Disks != nil {
		for _, d := range doc.Disks.Disks {
			if d.Snapshot == inFiles {
				return true
			}
		}
	}
	return false
}

// List gives every snapshot of every domain.
func (n *snapshots) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Snapshot], error] {
	return func(yield func(platform.Entry[platform.Snapshot], error) bool) {
		all, err := n.s.allSnapshots(ctx)
		if err != nil {
			yield(platform.Entry[platform.Snapshot]{}, failed("list the snapshots of", n.s.uri.where(), err))
			return
		}
		for _, found := range all {
			machine := spellUUID(found.snap.Dom.UUID)
			fill := func(have *platform.Snapshot) error { return fillSnapshot(found.text, machine, have) }
			if !yield(platform.Entry[platform.Snapshot]{ID: machine + "/" + found.snap.Name, Name: found.snap.Name, Fill: fill}, nil) {
				return
			}
		}
	}
}

type foundSnapshot struct {
	snap libvirt.DomainSnapshot
	text string
}

// allSnapshots reads the snapshots of all domains, several domains at a time.
func (s *session) allSnapshots(ctx context.Context) ([]foundSnapshot, error) {
	domains, err := ask(ctx, s.client, func(l *libvirt.Libvirt) ([]libvirt.Domain, error) {
		list, _, err := l.ConnectListAllDomains(1, libvirt.ConnectListDomainsPersistent|libvirt.ConnectListDomainsHasSnapshot)
		return list, err
	})
	if err != nil {
		return nil, err
	}
	found, errs := make([][]foundSnapshot, len(domains)), make([]error, len(domains))
	each(len(domains), func(i int) { found[i], errs[i] = s.snapshotsOf(ctx, domains[i]) })
	var all []foundSnapshot
	for i := range domains {
		if errs[i] != nil && !is(errs[i], libvirt.ErrNoDomain, libvirt.ErrNoDomainSnapshot) {
			return nil, errs[i]
		}
		all = append(all, found[i]...)
	}
	return all, nil
}

func (s *session) snapshotsOf(ctx context.Context, dom libvirt.Domain) ([]foundSnapshot, error) {
	list, err := ask(ctx, s.client, func(l *libvirt.Libvirt) ([]libvirt.DomainSnapshot, error) {
		list, _, err := l.DomainListAllSnapshots(dom, 1, 0)
		return list, err
	})
	if err != nil {
		return nil, err
	}
	var found []foundSnapshot
	for _, snap := range list {
		text, err := s.snapshotText(ctx, snap, false)
		if err != nil {
			return nil, err
		}
		found = append(found, foundSnapshot{snap, text})
	}
	return found, nil
}

// Find resolves <machine>/<name>, where the machine is a UUID or a name.
func (n *snapshots) Find(ctx context.Context, ref string) (string, error) {
	machine, name, ok := strings.Cut(ref, "/")
	if !ok {
		return "", n.s.noSnapshot(ref)
	}
	id, err := (&machines{n.s}).Find(ctx, machine)
	if isNotFound(err) {
		return "", n.s.noSnapshot(ref)
	}
	if err != nil {
		return "", err
	}
	if _, err := n.s.lookupSnapshot(ctx, id+"/"+name); err != nil {
		return "", err
	}
	return id + "/" + name, nil
}
