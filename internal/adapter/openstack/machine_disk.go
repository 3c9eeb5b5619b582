package openstack

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// changeDisks brings the disks to what is wanted: dropped ones leave, kept ones grow or change their type, new ones come
// in the order of their keys.
func (m *machines) changeDisks(ctx context.Context, s *sighting, prior, want *platform.Machine) error {
	if err := m.changeBoot(ctx, s, want); err != nil {
		return err
	}
	for _, key := range platform.Keys(prior.Disks) {
		if err := m.dropDisk(ctx, s, key, prior, want); err != nil {
			return platform.At(err, "disks", key)
		}
	}
	for _, key := range platform.Keys(want.Disks) {
		if err := m.changeDisk(ctx, s, key, prior, want); err != nil {
			return platform.At(err, "disks", key)
		}
	}
	return m.noteDisks(ctx, s.server, prior, want)
}

// markDisk goes before the id of an attached volume in the metadata of the server, which holds the user's key there: the
// volume belongs to somebody else, and may be attached elsewhere, too.
const markDisk = ours + "disk:"

// diskNotes is that metadata.
func diskNotes(disks map[string]platform.MachineDisk) map[string]string {
	notes := map[string]string{}
	for key, d := range disks {
		if d.DiskID != nil {
			notes[markDisk+strings.ToLower(*d.DiskID)] = key
		}
	}
	return notes
}

// noteDisks brings the notes to what is wanted.
func (m *machines) noteDisks(ctx context.Context, sv *server, prior, want *platform.Machine) error {
	if prior.Disks == nil && want.Disks == nil {
		return nil
	}
	c, err := m.compute(ctx)
	if err != nil {
		return err
	}
	notes := diskNotes(want.Disks)
	for name, key := range sv.Metadata {
		switch now, stays := notes[name]; {
		case now == key:
			delete(notes, name)
		case !stays && strings.HasPrefix(name, markDisk):
			if err := remove(ctx, c, "servers/"+sv.ID+"/metadata/"+url.PathEscape(name)); err != nil {
				return failed("change the metadata of the machine", sv.Name, err)
			}
		}
	}
	if len(notes) == 0 {
		return nil
	}
	return failed("change the metadata of the machine", sv.Name, post(ctx, c, "servers/"+sv.ID+"/metadata", wrapped("metadata", notes), nil))
}

func findVolume(list []*cinderVolume, id *string) *cinderVolume {
	i := slices.IndexFunc(list, func(v *cinderVolume) bool { return id != nil && strings.EqualFold(v.ID, *id) })
	if i < 0 {
		return nil
	}
	return list[i]
}

// changeBoot grows the boot disk, where it is a volume.
func (m *machines) changeBoot(ctx context.Context, s *sighting, want *platform.Machine) error {
	root, b := rootOf(s.server, s.volumes), want.BootDisk
	if b == nil {
		return nil
	}
	if root == nil {
		if b.Size != nil && *b.Size != platform.Size(s.server.Flavor.Disk)*platform.GiB {
			return platform.At(localBoot(), "boot_disk", "size")
		}
		return nil
	}
	return platform.At(m.keepVolume(ctx, root, b.Size, b.Type), "boot_disk")
}

func localBoot() error {
	return platform.As(platform.ErrInvalid, fmt.Errorf("the machine boots from a local disk of its host, whose size the flavor decides: choose another size, or make the machine again with openstack.volume_boot = true"))
}

// keepVolume brings a volume that stays to what is wanted of it.
func (m *machines) keepVolume(ctx context.Context, v *cinderVolume, size *platform.Size, kind *string) error {
	if kind != nil && *kind != v.Type {
		if err := m.retypeVolume(ctx, v, *kind); err != nil {
			return platform.At(failed("change the type of the volume", v.ID, err), "type")
		}
	}
	if size != nil && *size > v.bytes() {
		if err := m.growVolume(ctx, v, *size); err != nil {
			return platform.At(failed("grow the volume", v.ID, err), "size")
		}
	}
	return nil
}

// dropDisk takes a disk off whose key was dropped or stands for another one now.
func (m *machines) dropDisk(ctx context.Context, s *sighting, key string, prior, want *platform.Machine) error {
	was := prior.Disks[key]
	now, stays := want.Disks[key]
	if stays && value(was.DiskID) == value(now.DiskID) {
		return nil
	}
	v := findVolume(s.volumes, was.ID)
	if v == nil {
		return nil
	}
	if err := m.detachVolume(ctx, s.server, v.ID); err != nil {
		return err
	}
	s.volumes = slices.DeleteFunc(s.volumes, func(o *cinderVolume) bool { return o == v })
	switch {
	case was.DiskID != nil:
		return nil
	case value(was.DeleteOnRemove):
		return m.dropVolume(ctx, v.ID)
	}
	platform.Warn(ctx, fmt.Errorf("the disk was detached and kept: it is the volume %s %s", v.ID, v.Name), "disks", key)
	return failed("let go of the volume", v.ID, m.ownVolume(ctx, v.ID, key, ""))
}

// changeDisk brings one disk to what is wanted, or attaches it.
func (m *machines) changeDisk(ctx context.Context, s *sighting, key string, prior, want *platform.Machine) error {
	d, was := want.Disks[key], prior.Disks[key]
	id := was.ID
	if value(was.DiskID) != value(d.DiskID) || id == nil {
		id = d.DiskID
	}
	v := findVolume(s.volumes, id)
	if v == nil {
		var err error
		if v, err = m.addDisk(ctx, s.server, key, d); err != nil {
			return err
		}
	} else if d.DiskID == nil {
		if err := m.keepVolume(ctx, v, d.Size, d.Type); err != nil {
			return err
		}
	}
	d.ID = &v.ID
	want.Disks[key] = d
	return nil
}

// addDisk attaches a disk, an inline one after it was made. One that an interrupted change made is used.
func (m *machines) addDisk(ctx context.Context, sv *server, key string, d platform.MachineDisk) (*cinderVolume, error) {
	if d.DiskID != nil {
		return &cinderVolume{ID: *d.DiskID}, platform.At(m.attachVolume(ctx, sv, *d.DiskID), "disk_id")
	}
	left, err := m.ownVolumes(ctx, elementName(sv.Name, key), sv.ID)
	if err != nil {
		return nil, failed("look for the volume of", sv.Name, err)
	}
	var v *cinderVolume
	for _, o := range left {
		if o.Status == "available" && o.Metadata[metaKey] == key {
			v = o
		}
	}
	if v == nil {
		id, err := m.makeVolume(ctx, sv.Name, key, sv.ID, d)
		if err != nil {
			return nil, err
		}
		v = &cinderVolume{ID: id}
		err = m.awaitVolume(ctx, id, "the volume to be available", func(v *cinderVolume) bool { return v.Status == "available" })
		if err != nil {
			return nil, failed("make the volume", elementName(sv.Name, key), err)
		}
	} else if err := m.keepVolume(ctx, v, d.Size, d.Type); err != nil {
		return nil, err
	}
	return v, m.attachVolume(ctx, sv, v.ID)
}

// attachVolume attaches a volume and waits.
func (m *machines) attachVolume(ctx context.Context, sv *server, id string) error {
	defer m.alone(id)()
	c, err := m.compute(ctx)
	if err != nil {
		return err
	}
	with := wrapped("volumeAttachment", map[string]any{"volumeId": id, "delete_on_termination": false})
	err = begun(ctx, post(ctx, c, "servers/"+sv.ID+"/os-volume_attachments", with, nil), func(ctx context.Context) bool {
		v, look := m.cinderVolume(ctx, id)
		return look == nil && v.Status != "available" || look == nil && attachedTo(v, sv.ID)
	})
	if err != nil {
		return failed("attach the volume", id, err)
	}
	err = m.awaitVolume(ctx, id, "the volume to be attached", func(v *cinderVolume) bool {
		return v.Status == "in-use" && attachedTo(v, sv.ID)
	})
	return failed("attach the volume", id, err)
}

// detachVolume detaches a volume and waits.
func (m *machines) detachVolume(ctx context.Context, sv *server, id string) error {
	defer m.alone(id)()
	c, err := m.compute(ctx)
	if err != nil {
		return err
	}
	if err := remove(ctx, c, "servers/"+sv.ID+"/os-volume_attachments/"+url.PathEscape(id)); err != nil {
		return failed("detach the volume", id, err)
	}
	err = m.awaitVolume(ctx, id, "the volume to be detached", func(v *cinderVolume) bool {
		return v.Status == "available" || v.Status == "in-use" && !attachedTo(v, sv.ID)
	})
	if isNotFound(err) {
		return nil
	}
	return failed("detach the volume", id, err)
}

func attachedTo(v *cinderVolume, server string) bool {
	for _, a := range v.Attachments {
		if a.Server == server {
			return true
		}
	}
	return false
}
