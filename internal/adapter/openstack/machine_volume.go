package openstack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Metadata of the volumes that machines have made inline.
const (
	metaKey     = ours + "key"     // the user's key
	metaMachine = ours + "machine" // the id of the machine, or making and the birth mark while there is none yet
	making      = "making:"
)

// cinderVolume is a volume as cinder tells it.
type cinderVolume struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Size        int64             `json:"size"` // GiB
	Status      string            `json:"status"`
	Type        string            `json:"volume_type"`
	Zone        string            `json:"availability_zone"`
	Bootable    string            `json:"bootable"`
	Metadata    map[string]string `json:"metadata"`
	Image       map[string]string `json:"volume_image_metadata"`
	Attachments []struct {
		Server string `json:"server_id"`
		Device string `json:"device"`
	} `json:"attachments"`
}

func (v *cinderVolume) bytes() platform.Size { return platform.Size(v.Size) * platform.GiB }

// device is where it is attached to a server: /dev/vdb; "" where nobody says so.
func (v *cinderVolume) device(server string) string {
	for _, a := range v.Attachments {
		if a.Server == server {
			return a.Device
		}
	}
	return ""
}

// volume reads one.
func (s *session) cinderVolume(ctx context.Context, id string) (*cinderVolume, error) {
	c, err := s.client(serviceVolume)
	if err != nil {
		return nil, err
	}
	var body struct{ Volume *cinderVolume }
	if err := get(ctx, c, "volumes/"+url.PathEscape(id), nil, &body); err != nil {
		return nil, err
	}
	return body.Volume, nil
}

// cinderVolumes lists those of the project in detail.
func (s *session) cinderVolumes(ctx context.Context, query url.Values) ([]*cinderVolume, error) {
	c, err := s.client(serviceVolume)
	if err != nil {
		return nil, err
	}
	return all[*cinderVolume](ctx, c, "volumes/detail", "volumes", query)
}

// fewVolumes is up to how many volumes are read singly rather than by a list of all.
const fewVolumes = 4

// volumesOf reads the volumes of a server, in the order of their devices. One that is gone meanwhile is left out.
func (m *machines) volumesOf(ctx context.Context, sv *server) ([]*cinderVolume, error) {
	var list []*cinderVolume
	if len(sv.Volumes) > fewVolumes {
		everything, err := m.cinderVolumes(ctx, nil)
		if err != nil {
			return nil, failed("list the volumes of", sv.Name, err)
		}
		for _, v := range everything {
			if sv.attached(v.ID) {
				list = append(list, v)
			}
		}
		return inOrder(list, sv.ID), nil
	}
	found, errs := make([]*cinderVolume, len(sv.Volumes)), make([]error, len(sv.Volumes))
	var group sync.WaitGroup
	for i, a := range sv.Volumes {
		group.Go(func() {
			if found[i], errs[i] = m.cinderVolume(ctx, a.ID); isNotFound(errs[i]) {
				errs[i] = nil
			}
		})
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, failed("read the volumes of", sv.Name, err)
	}
	return inOrder(slices.DeleteFunc(found, func(v *cinderVolume) bool { return v == nil }), sv.ID), nil
}

func inOrder(list []*cinderVolume, server string) []*cinderVolume {
	slices.SortStableFunc(list, func(a, b *cinderVolume) int {
		x, y := a.device(server), b.device(server)
		return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// rootOf tells which of a server's volumes it boots from; nil where that is a local disk.
func rootOf(sv *server, volumes []*cinderVolume) *cinderVolume {
	if sv.image() != "" || len(volumes) == 0 {
		return nil
	}
	for _, v := range volumes {
		if strings.HasSuffix(v.device(sv.ID), "da") {
			return v
		}
	}
	return volumes[0]
}

// awaitVolume waits until a volume is as done says. One that fails is an error with what the service says of it.
func (m *machines) awaitVolume(ctx context.Context, id, awaited string, done func(*cinderVolume) bool) error {
	return await(ctx, awaited, func(ctx context.Context) verdict {
		v, err := m.volumeWatch.look(ctx, id)
		switch {
		case err != nil:
			return verdict{err: err}
		case done(v):
			return verdict{done: true}
		case strings.HasPrefix(v.Status, "error"):
			return verdict{err: m.volumeFault(ctx, v)}
		}
		return verdict{seen: "status " + v.Status}
	})
}

// volumeFault is what the service tells its users about a volume that failed.
func (s *session) volumeFault(ctx context.Context, v *cinderVolume) error {
	text := "it went into the status " + v.Status
	if c, err := s.upTo(ctx, serviceVolume, "3.5"); err == nil && speaks(c, "3.3") {
		var body struct {
			Messages []struct {
				Text string `json:"user_message"`
				At   string `json:"created_at"`
			}
		}
		if get(ctx, c, "messages", url.Values{"resource_uuid": {v.ID}}, &body) == nil && len(body.Messages) > 0 {
			last := slices.MaxFunc(body.Messages, func(a, b struct {
				Text string `json:"user_message"`
				At   string `json:"created_at"`
			},
			) int {
				return cmp.Compare(a.At, b.At)
			})
			text += ": " + tidy(last.Text)
		}
	}
	return errors.New(text)
}

// growVolume makes a volume larger, be it attached or not, and waits.
func (m *machines) growVolume(ctx context.Context, v *cinderVolume, to platform.Size) error {
	c, err := m.client(serviceVolume)
	if v.Status == "in-use" {
		c, err = m.atLeast(ctx, serviceVolume, "3.42", "a larger size while the volume is attached")
	}
	if err != nil {
		return err
	}
	gib := int64(to / platform.GiB)
	return m.volumeAction(ctx, c, v, "os-extend", map[string]any{"new_size": gib}, fmt.Sprintf("the volume to have %s", to), func(now *cinderVolume) bool {
		return now.Size >= gib && now.Status == v.Status
	})
}

// retypeVolume gives a volume another type and waits.
func (m *machines) retypeVolume(ctx context.Context, v *cinderVolume, to string) error {
	c, err := m.client(serviceVolume)
	if err != nil {
		return err
	}
	with := map[string]any{"new_type": to, "migration_policy": "on-demand"}
	return m.volumeAction(ctx, c, v, "os-retype", with, "the volume to be of the type "+to, func(now *cinderVolume) bool {
		return now.Type == to && now.Status == v.Status
	})
}

func (m *machines) volumeAction(ctx context.Context, c *gophercloud.ServiceClient, v *cinderVolume, action string, with any, awaited string, done func(*cinderVolume) bool) error {
	if err := post(ctx, c, "volumes/"+v.ID+"/action", wrapped(action, with), nil); err != nil {
		return err
	}
	return m.awaitVolume(ctx, v.ID, awaited, done)
}

// makeVolume makes the volume of an inline disk. It returns its id as soon as there is one.
func (m *machines) makeVolume(ctx context.Context, machine, key, owner string, d platform.MachineDisk) (string, error) {
	c, err := m.client(serviceVolume)
	if err != nil {
		return "", err
	}
	name := elementName(machine, key)
	spec := map[string]any{
		"name": name, "size": int64(value(d.Size) / platform.GiB),
		"metadata": map[string]string{metaKey: key, metaMachine: owner},
	}
	put := func(field, v string) {
		if v != "" {
			spec[field] = v
		}
	}
	put("volume_type", cmp.Or(value(d.Type), m.config.String(setVolumeType)))
	put("availability_zone", m.config.String(setZone))
	var body struct{ Volume cinderVolume }
	err = post(ctx, c, "volumes", wrapped("volume", spec), &body)
	if lost(err) { // it may be there all the same
		if found, look := m.ownVolumes(ctx, name, owner); look == nil && len(found) > 0 {
			return found[0].ID, nil
		}
	}
	return body.Volume.ID, failed("make the volume", name, err)
}

// ownVolumes lists the volumes that were made inline for one machine.
func (m *machines) ownVolumes(ctx context.Context, name, owner string) ([]*cinderVolume, error) {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	query := url.Values{}
	if name != "" {
		query.Set("name", name)
	}
	list, err := m.cinderVolumes(ctx, query)
	return slices.DeleteFunc(list, func(v *cinderVolume) bool {
		return v.Metadata[metaMachine] != owner || name != "" && v.Name != name
	}), err
}

// ownVolume notes in a volume's metadata which machine it belongs to; "" ends that.
func (m *machines) ownVolume(ctx context.Context, id, key, owner string) error {
	c, err := m.client(serviceVolume)
	if err != nil {
		return err
	}
	if owner == "" {
		for _, name := range []string{metaMachine, metaKey} {
			if err := remove(ctx, c, "volumes/"+id+"/metadata/"+url.PathEscape(name)); err != nil {
				return err
			}
		}
		return nil
	}
	return post(ctx, c, "volumes/"+id+"/metadata", wrapped("metadata", map[string]string{metaKey: key, metaMachine: owner}), nil)
}

// dropVolume deletes a volume and waits until it is gone.
func (m *machines) dropVolume(ctx context.Context, id string) error {
	c, err := m.client(serviceVolume)
	if err != nil {
		return err
	}
	err = await(ctx, "the volume "+id+" to be free", func(ctx context.Context) verdict {
		err := remove(ctx, c, "volumes/"+id)
		if statusOf(err) == 400 { // it says that it is still attached or detaching, or on its way
			if v, look := m.cinderVolume(ctx, id); look == nil && slices.Contains([]string{"in-use", "detaching", "creating", "extending", "attaching", "reserved"}, v.Status) {
				return verdict{seen: "status " + v.Status}
			}
		}
		return verdict{done: err == nil, err: err}
	})
	if err != nil {
		return failed("delete the volume", id, err)
	}
	err = m.awaitVolume(ctx, id, "the volume "+id+" to be gone", func(*cinderVolume) bool { return false })
	if isNotFound(err) {
		return nil
	}
	return failed("delete the volume", id, err)
}

// elementName is what a volume or port of a machine is called.
func elementName(machine, key string) string {
	name := machine + ":" + key
	if len(name) > 255 {
		name = name[:255]
	}
	return name
}
