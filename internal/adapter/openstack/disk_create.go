package openstack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// metaBirth is the metadata that tells one creation from all others when its answer is lost.
const metaBirth = ours + "birth"

// Plan refuses a disk of no size, and tags that do not fit.
func (d *disks) Plan(_ context.Context, p *platform.Plan[platform.Disk]) error {
	var errs []error
	if p.Prior == nil && p.Left("size") && p.Left("source_id") {
		err := errors.New("a new disk needs a size, or a source_id that it is copied from")
		errs = append(errs, platform.At(platform.As(platform.ErrInvalid, err), "size"))
	}
	if p.Prior != nil && p.Changed("type") {
		p.Recompute("native") // it may lie elsewhere then
	}
	return errors.Join(append(errs, checkMetadata(p.Want.Tags))...)
}

// Create makes a volume, and waits until it can be used.
func (d *disks) Create(ctx context.Context, want *platform.Disk, made func(id string)) error {
	c, err := d.client(serviceVolume)
	if err != nil {
		return err
	}
	if err := d.nameFree(ctx, want.Name); err != nil {
		return failed("make the volume", want.Name, err)
	}
	body, birth, err := d.order(ctx, want)
	if err != nil {
		return failed("make the volume", want.Name, err)
	}
	var got struct{ Volume volume }
	err = post(ctx, c, "volumes", body, &got)
	if unanswered(ctx, err) && sought(ctx, func(ctx context.Context) bool { return d.born(ctx, want.Name, birth, &got.Volume) }) {
		err = nil
	}
	if err != nil {
		return failed("make the volume", want.Name, blamed(err, want))
	}
	made(got.Volume.ID)
	want.ID = &got.Volume.ID
	return failed("make the volume", want.Name, d.ready(ctx, got.Volume.ID, want))
}

// blamed ties a refusal to what it is about.
func blamed(err error, want *platform.Disk) error {
	text := strings.ToLower(plain(err).Error())
	switch {
	case strings.Contains(text, "volume type") || strings.Contains(text, "volume_type"):
		return platform.At(failed("make the volume", want.Name, err), "type")
	case strings.Contains(text, "availability zone"):
		return platform.At(failed("make the volume", want.Name, err), "openstack", "zone")
	}
	return err
}

// ready waits until a new volume can be used.
func (d *disks) ready(ctx context.Context, id string, want *platform.Disk) error {
	var got *volume
	err := d.await(ctx, id, "the volume "+want.Name+" to become available", func(v *volume) (bool, error) {
		got = v
		return v.stands(), nil
	})
	if err != nil {
		return err
	}
	got.complete(want)
	return nil
}

// born looks for a volume whose creation was not answered.
func (d *disks) born(ctx context.Context, name, birth string, into *volume) bool {
	list, err := d.volumes(ctx, url.Values{"name": {name}})
	n := slices.IndexFunc(list, func(v *volume) bool { return v.Metadata[metaBirth] == birth })
	if err != nil || n < 0 {
		return false
	}
	*into = *list[n]
	return true
}

// nameFree refuses a name that a volume of the project has.
func (d *disks) nameFree(ctx context.Context, name string) error {
	list, err := d.volumes(ctx, url.Values{"name": {name}})
	if err != nil || len(list) == 0 {
		return err
	}
	v := list[0]
	unfinished := v.Metadata[metaBirth] != "" && (v.Status == "creating" || v.Status == "error")
	return &platform.ExistsError{Name: name, ID: v.ID, Unfinished: unfinished}
}

// order writes what cinder is asked for.
func (d *disks) order(ctx context.Context, want *platform.Disk) (body map[string]any, birth string, err error) {
	own := value(want.OpenStack)
	birth = strings.TrimPrefix(newBirth(), markBirth)
	metadata := map[string]string{metaBirth: birth}
	maps.Copy(metadata, want.Tags)
	spec := map[string]any{"name": want.Name, "metadata": metadata}
	if want.Size != nil {
		spec["size"] = int64(*want.Size / platform.GiB)
	}
	if kind := cmp.Or(value(want.Type), d.config.String(setVolumeType)); kind != "" {
		spec["volume_type"] = kind
	}
	zone := value(own.Zone)
	if want.SourceID != nil {
		copied, err := d.source(ctx, *want.SourceID, spec)
		if err != nil {
			return nil, "", platform.At(err, "source_id")
		}
		if copied && zone == "" {
			zone = "-" // where its source is
		}
	}
	if zone = cmp.Or(zone, d.config.String(setZone)); zone != "" && zone != "-" {
		spec["availability_zone"] = zone
	}
	body = wrapped("volume", spec)
	if len(own.SchedulerHints) > 0 {
		body["OS-SCH-HNT:scheduler_hints"] = hints(own.SchedulerHints)
	}
	return body, birth, nil
}

// hints splits values that have several parts.
func hints(given map[string]string) map[string]any {
	out := map[string]any{}
	for key, text := range given {
		if parts := strings.Split(text, ","); len(parts) > 1 {
			for i := range parts {
				parts[i] = strings.TrimSpace(parts[i])
			}
			out[key] = parts
		} else {
			out[key] = text
		}
	}
	return out
}

// source finds out what an id is of, and writes it into the order: an image, a volume or a snapshot of a volume. copied
// reports that it is one of the latter two, which have a place already.
func (d *disks) source(ctx context.Context, id string, spec map[string]any) (copied bool, err error) {
	if v, err := d.volume(ctx, id); err == nil {
		spec["source_volid"] = id
		if spec["size"] == nil {
			spec["size"] = v.Size
		}
		return true, nil
	} else if !isNotFound(err) {
		return false, failed("look up the source", id, err)
	}
	c, err := d.client(serviceVolume)
	if err != nil {
		return false, err
	}
	var snapshot struct{ Snapshot struct{ Size int64 } }
	if err := get(ctx, c, "snapshots/"+url.PathEscape(id), nil, &snapshot); err == nil {
		spec["snapshot_id"] = id
		if spec["size"] == nil {
			spec["size"] = snapshot.Snapshot.Size
		}
		return true, nil
	} else if !isNotFound(err) {
		return false, failed("look up the source", id, err)
	}
	return false, d.sourceImage(ctx, id, spec)
}

// sourceImage is source of an image. The size is the least that it fits into where none is given.
func (d *disks) sourceImage(ctx context.Context, id string, spec map[string]any) error {
	i, err := d.glanceImage(ctx, id)
	if isNotFound(err) || errors.Is(err, platform.ErrUnsupported) {
		return failed("find the source", id, platform.As(platform.ErrNotFound, errors.New("the project has no image, volume or volume snapshot of that id")))
	}
	if err != nil {
		return failed("look up the source", id, err)
	}
	if i.Status != "active" {
		return failed("copy the image", i.Name, platform.As(platform.ErrConflict, fmt.Errorf("its status is %s", i.Status)))
	}
	spec["imageRef"] = id
	if spec["size"] == nil {
		spec["size"] = max(1, i.MinDisk, int64((i.bytes()+platform.GiB-1)/platform.GiB))
	}
	return nil
}
