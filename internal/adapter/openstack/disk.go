package openstack

import (
	"context"
	"iter"
	"net/url"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// disks are volumes. Their stable id is the volume's UUID.
type disks struct {
	*session
	watch *poller[*volume]
}

var (
	_ platform.Resource[platform.Disk] = (*disks)(nil)
	_ platform.Lister[platform.Disk]   = (*disks)(nil)
	_ platform.Finder[platform.Disk]   = (*disks)(nil)
	_ platform.Planner[platform.Disk]  = (*disks)(nil)
)

func newDisks(s *session) *disks {
	d := &disks{session: s}
	d.watch = &poller[*volume]{one: d.volume, many: d.volumesByID, life: s.life}
	return d
}

func (d *disks) volumesByID(ctx context.Context) (map[string]*volume, error) {
	list, err := d.volumes(ctx, nil)
	found := make(map[string]*volume, len(list))
	for _, v := range list {
		found[v.ID] = v
	}
	return found, err
}

// Read fills have.
func (d *disks) Read(ctx context.Context, have *platform.Disk) error {
	v, err := d.volume(ctx, value(have.ID))
	if err != nil {
		return failed("read the volume", value(have.ID), err)
	}
	v.fill(have)
	return nil
}

// fill is the one translation from a volume to a disk. What it was made from is in native alone: a volume that was
// imported must not be replaced because nobody wrote its source down.
func (v *volume) fill(have *platform.Disk) {
	*have = platform.Disk{Meta: have.Meta, Name: v.Name, Size: new(v.bytes()), Type: unless("", v.Type)}
	have.ID = &v.ID
	have.Tags = metadataTags(v.Metadata, hiddenMetadata()...)
	have.Native = v.native()
	have.OpenStack = &platform.OpenStackDisk{Zone: unless("", v.Zone)}
}

// complete fills in what was left open.
func (v *volume) complete(want *platform.Disk) {
	want.ID, want.Native = &v.ID, v.native()
	fillOpen(&want.Size, new(v.bytes()))
	fillOpen(&want.Type, unless("", v.Type))
}

// List gives the volumes of the project.
func (d *disks) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Disk], error] {
	return func(yield func(platform.Entry[platform.Disk], error) bool) {
		c, err := d.client(serviceVolume)
		if err != nil {
			yield(platform.Entry[platform.Disk]{}, err)
			return
		}
		for v, err := range pages[*volume](ctx, c, "volumes/detail", "volumes", nil) {
			if err != nil {
				yield(platform.Entry[platform.Disk]{}, failed("list the volumes of", d.endpoint(), err))
				return
			}
			fill := func(have *platform.Disk) error { v.fill(have); return nil }
			if !yield(platform.Entry[platform.Disk]{ID: v.ID, Name: v.Name, Fill: fill}, nil) {
				return
			}
		}
	}
}

// Find resolves an id or a name.
func (d *disks) Find(ctx context.Context, ref string) (string, error) {
	if isUUID(ref) {
		if v, err := d.volume(ctx, ref); err == nil {
			return v.ID, nil
		} else if !isNotFound(err) {
			return "", failed("find the volume", ref, err)
		}
	}
	list, err := d.volumes(ctx, url.Values{"name": {ref}})
	if err != nil {
		return "", failed("find the volume", ref, err)
	}
	return onlyMatch("volume", ref, list, func(v *volume) string { return v.ID })
}
