package openstack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Update changes what differs from what is there: the cheap things first.
func (d *disks) Update(ctx context.Context, prior, want *platform.Disk) error {
	id := value(prior.ID)
	v, err := d.settled(ctx, id)
	if err == nil {
		err = d.apply(ctx, v, prior, want)
	}
	if err == nil {
		v, err = d.volume(ctx, id)
	}
	if err != nil {
		return failed("change the volume", cmp.Or(want.Name, id), err)
	}
	v.complete(want)
	return nil
}

func (d *disks) apply(ctx context.Context, v *volume, prior, want *platform.Disk) error {
	c, err := d.client(serviceVolume)
	if err != nil {
		return err
	}
	if want.Name != v.Name {
		if err := put(ctx, c, "volumes/"+v.ID, wrapped("volume", map[string]any{"name": want.Name}), nil); err != nil {
			return platform.At(failed("rename the volume", v.Name, err), "name")
		}
	}
	if err := d.retag(ctx, v, prior.Tags, want.Tags); err != nil {
		return platform.At(failed("tag the volume", v.Name, err), "tags")
	}
	if want.Size != nil && *want.Size > v.bytes() {
		if err := d.grow(ctx, v, *want.Size); err != nil {
			return platform.At(failed("enlarge the volume", v.Name, err), "size")
		}
	}
	if kind := value(want.Type); kind != "" && kind != v.Type {
		if err := d.retype(ctx, v, kind, want.OpenStack); err != nil {
			return platform.At(failed("change the type of the volume", v.Name, err), "type")
		}
	}
	return nil
}

// retag makes the tags so. What is nil in want and was not before is taken away; marks of ours stay.
func (d *disks) retag(ctx context.Context, v *volume, prior, want map[string]string) error {
	if prior == nil && want == nil {
		return nil
	}
	c, err := d.client(serviceVolume)
	if err != nil {
		return err
	}
	has, add := metadataTags(v.Metadata, hiddenMetadata()...), map[string]string{}
	for key, text := range want {
		if old, there := has[key]; !there || old != text {
			add[key] = text
		}
	}
	if len(add) > 0 {
		if err := post(ctx, c, "volumes/"+v.ID+"/metadata", wrapped("metadata", add), nil); err != nil {
			return err
		}
	}
	for _, key := range platform.Keys(has) {
		_, stays := want[key]
		if _, managed := prior[key]; stays || want == nil && !managed {
			continue
		}
		if err := remove(ctx, c, "volumes/"+v.ID+"/metadata/"+url.PathEscape(key)); err != nil {
			return err
		}
	}
	return nil
}

func (d *disks) grow(ctx context.Context, v *volume, to platform.Size) error {
	gib, at := int64(to/platform.GiB), ""
	if len(v.Attached) > 0 {
		at = "3.42"
	}
	return d.action(ctx, v.ID, "os-extend", map[string]any{"new_size": gib}, at, fmt.Sprintf("the volume to have %s", to),
		func(v *volume) bool { return v.Size >= gib })
}

// retype may move the data to another back end, unless the user forbids it.
func (d *disks) retype(ctx context.Context, v *volume, to string, own *platform.OpenStackDisk) error {
	policy := cmp.Or(value(value(own).MigrationPolicy), "on-demand")
	return d.action(ctx, v.ID, "os-retype", map[string]any{"new_type": to, "migration_policy": policy}, "", "the volume to be of the type "+to,
		func(v *volume) bool { return v.Type == to })
}

// Delete removes a volume; one that is attached is detached first.
func (d *disks) Delete(ctx context.Context, have *platform.Disk) error {
	id := value(have.ID)
	v, err := d.settled(ctx, id)
	if err == nil && len(v.Attached) > 0 {
		err = d.detach(ctx, v)
	}
	if err == nil {
		err = d.drop(ctx, v)
	}
	if isNotFound(err) {
		return nil
	}
	return failed("delete the volume", cmp.Or(have.Name, id), err)
}

func (d *disks) drop(ctx context.Context, v *volume) error {
	c, err := d.client(serviceVolume)
	if err != nil {
		return err
	}
	err = remove(ctx, c, "volumes/"+v.ID)
	if statusOf(err) == http.StatusBadRequest {
		if list := d.dependents(ctx, v.ID); list != "" {
			return platform.As(platform.ErrConflict, &platform.OpError{
				Op: "delete the volume", On: v.Name, Err: errors.New("it has snapshots: " + list), Hint: "Delete them first",
			})
		}
	}
	if err != nil {
		return err
	}
	return d.await(ctx, v.ID, "the volume to be gone", func(*volume) (bool, error) { return false, nil })
}
