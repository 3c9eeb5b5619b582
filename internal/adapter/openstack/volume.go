package openstack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// volume is a disk of its own as cinder tells it.
type volume struct {
	cinderVolume
	Encrypted   bool   `json:"encrypted"`
	MultiAttach bool   `json:"multiattach"`
	SnapshotID  string `json:"snapshot_id"`
	SourceID    string `json:"source_volid"`
	Host        string `json:"os-vol-host-attr:host"` // for administrators
	Attached    []struct {
		Server     string `json:"server_id"`
		Attachment string `json:"attachment_id"`
		Host       string `json:"host_name"`
	} `json:"attachments"`
}

// hiddenMetadata lists what cinder shows among the metadata although nobody put it there.
func hiddenMetadata() []string { return []string{"readonly", "attached_mode"} }

// native is what cinder calls a volume and where it lies. What comes and goes with machines is left out.
func (v *volume) native() map[string]string {
	told := map[string]string{
		"zone": v.Zone, "host": v.Host, "snapshot_id": v.SnapshotID, "volume_id": v.SourceID,
		"image_id": v.Image["image_id"], "bootable": v.Bootable,
		"encrypted": strconv.FormatBool(v.Encrypted), "multiattach": strconv.FormatBool(v.MultiAttach),
	}
	for key, text := range told {
		if text == "" {
			delete(told, key)
		}
	}
	return told
}

// stands reports that nothing is being done to a volume.
func (v *volume) stands() bool { return v.Status == "available" || v.Status == "in-use" }

// moves reports that something is being done to a volume, which ends by itself.
func (v *volume) moves() bool {
	return slices.Contains([]string{
		"creating", "downloading", "extending", "retyping", "attaching", "detaching", "reserved", "uploading", "backing-up", "restoring-backup", "maintenance",
	}, v.Status)
}

// volume reads one.
func (d *disks) volume(ctx context.Context, id string) (*volume, error) {
	c, err := d.client(serviceVolume)
	if err != nil {
		return nil, err
	}
	var body struct{ Volume *volume }
	if err := get(ctx, c, "volumes/"+url.PathEscape(id), nil, &body); err != nil {
		return nil, err
	}
	return body.Volume, nil
}

// volumes lists those of the project.
func (d *disks) volumes(ctx context.Context, query url.Values) ([]*volume, error) {
	c, err := d.client(serviceVolume)
	if err != nil {
		return nil, err
	}
	return all[*volume](ctx, c, "volumes/detail", "volumes", query)
}

// await waits until a volume is as done says. One that fails is an error with what the service says of it.
func (d *disks) await(ctx context.Context, id, awaited string, done func(*volume) (bool, error)) error {
	return await(ctx, awaited, func(ctx context.Context) verdict {
		v, err := d.watch.look(ctx, id)
		if err != nil {
			return verdict{err: err}
		}
		finished, err := done(v)
		if finished || err != nil {
			return verdict{done: finished, err: err}
		}
		if strings.HasPrefix(v.Status, "error") {
			return verdict{err: d.volumeFault(ctx, &v.cinderVolume)}
		}
		return verdict{seen: "status " + v.Status + stuckHint(v)}
	})
}

// stuckHint says what is to be done where a status lasts for ever.
func stuckHint(v *volume) string {
	if v.stands() {
		return ""
	}
	return " (if it never ends, an administrator can end it: openstack volume set --state error " + v.ID + ")"
}

// settled waits until nothing is being done to a volume and gives it as it is then, be it broken.
func (d *disks) settled(ctx context.Context, id string) (*volume, error) {
	var found *volume
	err := d.await(ctx, id, "the volume to be left alone", func(v *volume) (bool, error) {
		found = v
		return !v.moves() && v.Status != "deleting", nil
	})
	if err != nil && found != nil && strings.HasPrefix(found.Status, "error") && !isNotFound(err) {
		return found, nil
	}
	return found, err
}

// action does something to a volume and waits until it is as done says. A volume that stands again otherwise is one on
// which the service gave up.
func (d *disks) action(ctx context.Context, id, name string, with any, at, awaited string, done func(*volume) bool) error {
	c, err := d.client(serviceVolume)
	if at != "" {
		c, err = d.atLeast(ctx, serviceVolume, at, "it while the volume is attached to a machine")
	}
	if err != nil {
		return err
	}
	if err := post(ctx, c, "volumes/"+id+"/action", wrapped(name, with), nil); err != nil {
		return err
	}
	return d.await(ctx, id, awaited, func(v *volume) (bool, error) {
		if v.stands() && !done(v) {
			return false, d.gaveUp(ctx, v)
		}
		return v.stands(), nil
	})
}

func (d *disks) gaveUp(ctx context.Context, v *volume) error {
	text := d.volumeFault(ctx, &v.cinderVolume).Error()
	if _, why, told := strings.Cut(text, ": "); told {
		return errors.New("the service gave it up: " + why)
	}
	return errors.New("the service gave it up and does not say why: no back end may offer it")
}

// detach takes a volume off everything that it is attached to, and waits.
func (d *disks) detach(ctx context.Context, v *volume) error {
	for _, a := range v.Attached {
		if err := d.detachFrom(ctx, v.ID, a.Server, a.Attachment); err != nil {
			return failed("detach the volume from the machine "+a.Server, v.Name, err)
		}
	}
	return d.await(ctx, v.ID, "the volume to be detached", func(v *volume) (bool, error) {
		return len(v.Attached) == 0 && !v.moves() || strings.HasPrefix(v.Status, "error"), nil
	})
}

func (d *disks) detachFrom(ctx context.Context, id, server, attachment string) error {
	if server != "" {
		c, err := d.client(serviceCompute)
		if err != nil {
			return err
		}
		err = d.unhook(ctx, func() error {
			return call(ctx, c, http.MethodDelete, "servers/"+server+"/os-volume_attachments/"+id, nil, nil)
		})
		if err == nil || !isNotFound(err) {
			return err
		}
	}
	// The machine is gone, or the volume serves no machine: only cinder knows of it.
	c, err := d.atLeast(ctx, serviceVolume, "3.27", "detaching a volume that no machine knows of")
	if err != nil {
		return err
	}
	if v, err := d.volume(ctx, id); err != nil || len(v.Attached) == 0 {
		return err
	}
	return remove(ctx, c, "attachments/"+attachment)
}

// unhook asks nova again while the machine is busy with something else.
func (d *disks) unhook(ctx context.Context, try func() error) error {
	return await(ctx, "the machine to let the volume go", func(context.Context) verdict {
		err := try()
		if isConflict(err) && strings.Contains(plain(err).Error(), "task_state") {
			return verdict{seen: plain(err).Error()}
		}
		return verdict{done: err == nil, err: err}
	})
}

// dependents names the snapshots that keep a volume from being deleted.
func (d *disks) dependents(ctx context.Context, id string) string {
	c, err := d.client(serviceVolume)
	if err != nil {
		return ""
	}
	list, err := all[struct{ ID, Name string }](ctx, c, "snapshots", "snapshots", url.Values{"volume_id": {id}})
	if err != nil {
		return ""
	}
	var names []string
	for _, s := range list {
		names = append(names, fmt.Sprintf("%s (%s)", s.Name, s.ID))
	}
	return strings.Join(names, ", ")
}

// checkMetadata refuses tags that metadata of volumes cannot keep.
func checkMetadata(tags map[string]string) error {
	const signs = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_:. /"
	var errs []error
	for _, key := range platform.Keys(tags) {
		switch {
		case strings.HasPrefix(key, ours):
			errs = append(errs, tagError(key, "keys that begin with %s are the provider's own", ours))
		case slices.Contains(hiddenMetadata(), key):
			errs = append(errs, tagError(key, "OpenStack uses the key %q itself", key))
		case key == "" || strings.Trim(key, signs) != "":
			errs = append(errs, tagError(key, "keys consist of letters, digits, spaces and the characters - _ : . /"))
		case len(key) > 255 || len([]rune(tags[key])) > 255:
			errs = append(errs, tagError(key, "255 characters are the most for key and value"))
		}
	}
	return errors.Join(errs...)
}
