package openstack

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"net/url"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// snapshots are images that nova makes of a machine, with snapshots of the volumes beside its local disk. Their stable id
// is the image's UUID.
type snapshots struct{ *session }

var (
	_ platform.Resource[platform.Snapshot] = (*snapshots)(nil)
	_ platform.Lister[platform.Snapshot]   = (*snapshots)(nil)
	_ platform.Finder[platform.Snapshot]   = (*snapshots)(nil)
)

// Properties of images that are made from machines.
const (
	propMachine = ours + "machine"          // id of the machine
	propVolumes = ours + "volume-snapshots" // ids of the snapshots of its volumes, with commas between them
	propBirth   = ours + "birth"
	propText    = "description"
)

// madeOf is the machine that an image was made from, or "".
func (i *glanceImage) madeOf() string {
	if id := i.Properties[propMachine]; id != "" {
		return id
	}
	if i.Properties["image_type"] == "snapshot" {
		return i.Properties["instance_uuid"]
	}
	return ""
}

// snapshot reads one.
func (n *snapshots) snapshot(ctx context.Context, id string) (*glanceImage, error) {
	i, err := n.glanceImage(ctx, id)
	if err == nil && i.madeOf() == "" {
		err = platform.As(platform.ErrNotFound, errors.New("the image of that id is no snapshot of a machine"))
	}
	return i, err
}

// Read fills have.
func (n *snapshots) Read(ctx context.Context, have *platform.Snapshot) error {
	i, err := n.snapshot(ctx, value(have.ID))
	if err != nil {
		return failed("read the snapshot", value(have.ID), err)
	}
	i.fillSnapshot(have)
	return nil
}

// fillSnapshot is the one translation from an image to a snapshot.
func (i *glanceImage) fillSnapshot(have *platform.Snapshot) {
	*have = platform.Snapshot{
		Meta: have.Meta, Name: i.Name, Description: unless("", i.Properties[propText]), MachineID: i.madeOf(), CreatedAt: unless("", i.CreatedAt),
	}
	have.ID = &i.ID
	have.Native = map[string]string{"owner": i.Owner}
	if list := i.volumeSnapshots(); len(list) > 0 {
		have.Native["volume_snapshots"] = strings.Join(list, ",")
	}
}

// List gives the snapshots that belong to the project.
func (n *snapshots) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Snapshot], error] {
	return func(yield func(platform.Entry[platform.Snapshot], error) bool) {
		c, err := n.client(serviceImage)
		if err != nil {
			yield(platform.Entry[platform.Snapshot]{}, err)
			return
		}
		for i, err := range pages[*glanceImage](ctx, c, "images", "images", n.owned(url.Values{"limit": {"1000"}})) {
			if err != nil {
				yield(platform.Entry[platform.Snapshot]{}, failed("list the snapshots of", n.endpoint(), err))
				return
			}
			if i.madeOf() == "" {
				continue
			}
			fill := func(have *platform.Snapshot) error { i.fillSnapshot(have); return nil }
			if !yield(platform.Entry[platform.Snapshot]{ID: i.ID, Name: i.Name, Fill: fill}, nil) {
				return
			}
		}
	}
}

// Find resolves an id, a name, or the id or name of a machine and the name of its snapshot: web-1/before-upgrade.
func (n *snapshots) Find(ctx context.Context, ref string) (string, error) {
	if isUUID(ref) {
		if i, err := n.snapshot(ctx, ref); err == nil {
			return i.ID, nil
		} else if !isNotFound(err) {
			return "", failed("find the snapshot", ref, err)
		}
	}
	found, err := n.named(ctx, ref)
	if machine, name, ok := strings.Cut(ref, "/"); err == nil && len(found) == 0 && ok {
		found, err = n.namedOf(ctx, machine, name)
	}
	if err != nil {
		return "", failed("find the snapshot", ref, err)
	}
	return onlyMatch("snapshot", ref, found, func(i *glanceImage) string { return i.ID })
}

// named lists the project's snapshots of a name.
func (n *snapshots) named(ctx context.Context, name string) ([]*glanceImage, error) {
	list, err := n.glanceImages(ctx, n.owned(url.Values{"name": {name}}))
	return slices.DeleteFunc(list, func(i *glanceImage) bool { return i.madeOf() == "" }), err
}

// namedOf lists the snapshots of a name that one machine has.
func (n *snapshots) namedOf(ctx context.Context, machine, name string) ([]*glanceImage, error) {
	list, err := n.named(ctx, name)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	id, err := newMachines(n.session).Find(ctx, machine)
	return slices.DeleteFunc(list, func(i *glanceImage) bool { return i.madeOf() != id }), err
}

// Update changes name and description.
func (n *snapshots) Update(ctx context.Context, prior, want *platform.Snapshot) error {
	id := value(prior.ID)
	i, err := n.snapshot(ctx, id)
	if err == nil {
		i, err = n.editImage(ctx, id, i.described(prior, want))
	}
	if err != nil {
		return failed("change the snapshot", cmp.Or(want.Name, id), err)
	}
	i.completeSnapshot(want)
	return nil
}

func (i *glanceImage) described(prior, want *platform.Snapshot) []edit {
	var list []edit
	if want.Name != i.Name {
		list = append(list, replaced("name", want.Name))
	}
	is, there := i.Properties[propText]
	switch text, told := goal(want.Description, prior.Description, ""); {
	case told && text == "" && there:
		list = append(list, property("remove", propText, nil))
	case told && text != is:
		list = append(list, property("add", propText, text))
	}
	return list
}

// completeSnapshot fills in what was left open.
func (i *glanceImage) completeSnapshot(want *platform.Snapshot) {
	got := platform.Snapshot{Meta: want.Meta}
	i.fillSnapshot(&got)
	want.ID, want.CreatedAt, want.Native = got.ID, got.CreatedAt, got.Native
}

// Delete removes the image and the snapshots of volumes that belong to it.
func (n *snapshots) Delete(ctx context.Context, have *platform.Snapshot) error {
	id := value(have.ID)
	i, err := n.glanceImage(ctx, id)
	if err == nil && !i.Protected {
		err = n.dropVolumeSnapshots(ctx, i)
	}
	if err == nil {
		err = n.removeImage(ctx, i)
	}
	if isNotFound(err) {
		return nil
	}
	return failed("delete the snapshot", cmp.Or(have.Name, id), err)
}
