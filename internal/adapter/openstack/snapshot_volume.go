package openstack

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// metaSnapshot is the metadata of a volume's snapshot that holds the id of the image it belongs to.
const metaSnapshot = ours + "snapshot"

// cinderSnapshot is the snapshot of a volume as cinder tells it.
type cinderSnapshot struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Status   string            `json:"status"`
	VolumeID string            `json:"volume_id"`
	Metadata map[string]string `json:"metadata"`
}

// volumeSnapshots lists the ids of the snapshots of volumes that an image says belong to it: by our note, or by the one
// that nova makes for machines that boot from a volume.
func (i *glanceImage) volumeSnapshots() []string {
	var list []string
	if noted := i.Properties[propVolumes]; noted != "" {
		list = strings.Split(noted, ",")
	}
	var mapping []struct {
		Snapshot string `json:"snapshot_id"`
	}
	_ = json.Unmarshal([]byte(i.Properties["block_device_mapping"]), &mapping) // there may be none
	for _, m := range mapping {
		if m.Snapshot != "" {
			list = append(list, m.Snapshot)
		}
	}
	return list
}

// shootVolume takes a snapshot of a volume that is in use.
func (n *snapshots) shootVolume(ctx context.Context, image, volume, name string) (string, error) {
	c, err := n.client(serviceVolume)
	if err != nil {
		return "", err
	}
	spec := map[string]any{"volume_id": volume, "name": name, "force": true, "metadata": map[string]string{metaSnapshot: image}}
	var body struct{ Snapshot cinderSnapshot }
	err = post(ctx, c, "snapshots", wrapped("snapshot", spec), &body)
	if unanswered(ctx, err) && sought(ctx, func(ctx context.Context) bool {
		list, look := n.marked(ctx, image)
		at := slices.IndexFunc(list, func(s cinderSnapshot) bool { return s.VolumeID == volume })
		if look != nil || at < 0 {
			return false
		}
		body.Snapshot = list[at]
		return true
	}) {
		err = nil
	}
	return body.Snapshot.ID, err
}

// marked lists the snapshots of volumes that carry the id of an image.
func (s *session) marked(ctx context.Context, image string) ([]cinderSnapshot, error) {
	c, err := s.client(serviceVolume)
	if err != nil {
		return nil, err
	}
	list, err := all[cinderSnapshot](ctx, c, "snapshots/detail", "snapshots", nil)
	return slices.DeleteFunc(list, func(s cinderSnapshot) bool { return s.Metadata[metaSnapshot] != image }), err
}

func (s *session) volumeSnapshot(ctx context.Context, id string) (*cinderSnapshot, error) {
	c, err := s.client(serviceVolume)
	if err != nil {
		return nil, err
	}
	var body struct{ Snapshot cinderSnapshot }
	return &body.Snapshot, get(ctx, c, "snapshots/"+url.PathEscape(id), nil, &body)
}

// volumeSnapshotIs waits for a status; one that is an error ends the waiting.
func (s *session) volumeSnapshotIs(ctx context.Context, id, status string) error {
	return await(ctx, "the snapshot of the volume to be "+status, func(ctx context.Context) verdict {
		v, err := s.volumeSnapshot(ctx, id)
		switch {
		case err != nil:
			return verdict{err: err}
		case v.Status == status:
			return verdict{done: true}
		case strings.HasPrefix(v.Status, "error"):
			return verdict{err: s.volumeFault(ctx, &cinderVolume{ID: id, Status: v.Status})}
		}
		return verdict{seen: "status " + v.Status}
	})
}

// dropVolumeSnapshots deletes the snapshots of volumes that belong to an image, be they noted in it or not yet.
func (s *session) dropVolumeSnapshots(ctx context.Context, i *glanceImage) error {
	ids := i.volumeSnapshots()
	found, err := s.marked(ctx, i.ID)
	if err != nil && (len(ids) > 0 || !errors.Is(err, platform.ErrUnsupported)) {
		return failed("list the snapshots of volumes", i.Name, err)
	}
	for _, v := range found {
		ids = append(ids, v.ID)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	errs := make([]error, 0, len(ids))
	for _, id := range ids {
		errs = append(errs, s.dropVolumeSnapshot(ctx, id))
	}
	return errors.Join(errs...)
}

func (s *session) dropVolumeSnapshot(ctx context.Context, id string) error {
	c, err := s.client(serviceVolume)
	if err != nil {
		return err
	}
	err = await(ctx, "the snapshot of the volume to be deletable", func(ctx context.Context) verdict {
		if v, err := s.volumeSnapshot(ctx, id); err == nil && v.Status == "creating" {
			return verdict{seen: "status " + v.Status}
		}
		return verdict{done: true}
	})
	if err == nil {
		err = remove(ctx, c, "snapshots/"+id)
	}
	if err == nil {
		err = s.volumeSnapshotIs(ctx, id, "gone")
	}
	if isNotFound(err) {
		return nil
	}
	return failed("delete the snapshot of a volume", id, err)
}
