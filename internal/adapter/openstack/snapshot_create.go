package openstack

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Create makes the image, and at the same moment snapshots of the volumes that nova does not take with it: those that are
// attached to a machine with a local disk.
func (n *snapshots) Create(ctx context.Context, want *platform.Snapshot, made func(id string)) error {
	sv, err := n.portrayed(ctx, want.MachineID)
	if err != nil {
		return platform.At(err, "machine_id")
	}
	if err := n.imageNameFree(ctx, want.Name); err != nil {
		return failed("take the snapshot", want.Name, err)
	}
	id, err := n.shoot(ctx, sv, want.Name)
	if err != nil {
		return failed("take the snapshot", want.Name, err)
	}
	made(id)
	want.ID = &id
	i, err := n.develop(ctx, id, sv, want)
	if err != nil {
		return failed("take the snapshot", want.Name, err)
	}
	i.completeSnapshot(want)
	return nil
}

// develop makes what belongs to the image, and waits for everything.
func (n *snapshots) develop(ctx context.Context, id string, sv *server, want *platform.Snapshot) (*glanceImage, error) {
	var volumes []string
	if sv.image() != "" {
		for _, v := range sv.Volumes {
			snapshot, err := n.shootVolume(ctx, id, v.ID, want.Name)
			if err != nil {
				return nil, failed("take a snapshot of the volume", v.ID, err)
			}
			volumes = append(volumes, snapshot)
		}
	}
	i, err := n.imageActive(ctx, id, sv.Name)
	if err != nil {
		return nil, err
	}
	for _, snapshot := range volumes {
		if err := n.volumeSnapshotIs(ctx, snapshot, "available"); err != nil {
			return nil, failed("take the snapshot of the volume", snapshot, err)
		}
	}
	edits := append(i.described(want, want), i.settledMarks()...)
	if len(volumes) > 0 {
		edits = append(edits, property("add", propVolumes, strings.Join(volumes, ",")))
	}
	return n.editImage(ctx, id, edits)
}

// settledMarks takes away what says that an image is being made.
func (i *glanceImage) settledMarks() []edit {
	var list []edit
	for _, name := range []string{markUnfinished, propBirth} {
		if i.Properties[name] != "" {
			list = append(list, property("remove", name, nil))
		}
	}
	return list
}

// capture makes an image from a machine.
func (g *images) capture(ctx context.Context, want *platform.Image, made func(id string)) (*glanceImage, error) {
	sv, err := g.portrayed(ctx, *want.MachineID)
	if err != nil {
		return nil, platform.At(err, "machine_id")
	}
	id, err := g.shoot(ctx, sv, want.Name)
	if err != nil {
		return nil, err
	}
	made(id)
	want.ID = &id
	i, err := g.imageActive(ctx, id, sv.Name)
	if err != nil {
		return nil, err
	}
	none := &platform.Image{Labels: platform.Labels{Tags: map[string]string{}}}
	edits := append(i.edits(want, none), i.settledMarks()...)
	return g.editImage(ctx, id, append(edits, i.retagged(none.Tags, want.Tags)...))
}

// portrayed reads the machine that an image is to be made of.
func (s *session) portrayed(ctx context.Context, id string) (*server, error) {
	c, err := s.client(serviceCompute)
	if err != nil {
		return nil, err
	}
	var body struct{ Server *server }
	if err := get(ctx, c, "servers/"+url.PathEscape(id), nil, &body); err != nil {
		return nil, failed("find the machine", id, err)
	}
	return body.Server, nil
}

// shoot has nova make an image of a server. It is asked again while the server is busy with something else. Of several
// who ask at the same moment nova fails all but one with an internal error, and leaves their images behind, for which
// nothing happens any more.
func (s *session) shoot(ctx context.Context, sv *server, name string) (string, error) {
	c, err := s.atLeast(ctx, serviceCompute, "2.45", "images of machines")
	if err != nil {
		return "", err
	}
	birth := strings.TrimPrefix(newBirth(), markBirth)
	order := wrapped("createImage", map[string]any{"name": name, "metadata": map[string]string{
		propMachine: sv.ID, propBirth: birth, markUnfinished: "true",
	}})
	var made struct {
		ID string `json:"image_id"`
	}
	err = await(ctx, "the machine "+sv.Name+" to be free for a snapshot", func(ctx context.Context) verdict {
		err := post(ctx, c, "servers/"+sv.ID+"/action", order, &made)
		if text := ""; isConflict(err) {
			if text = plain(err).Error(); strings.Contains(text, "task_state") {
				return verdict{seen: text}
			}
		}
		if found := (&glanceImage{}); unanswered(ctx, err) && s.imageBorn(ctx, name, found, func(i *glanceImage) bool { return i.Properties[propBirth] == birth }) {
			if ctx.Err() == nil && s.abandoned(ctx, sv.ID, found.ID) {
				s.dropImage(ctx, found.ID)
				return verdict{seen: plain(err).Error()}
			}
			made.ID, err = found.ID, nil
		}
		return verdict{done: err == nil, err: err}
	})
	return made.ID, err
}

// abandoned waits until an image of a server is being filled, or nothing is being done to the server that could: twice in
// a row, as nova makes the image a moment before it begins.
func (s *session) abandoned(ctx context.Context, server, image string) bool {
	idle := 0
	err := await(ctx, "the image to be filled", func(ctx context.Context) verdict {
		sv, err := s.portrayed(ctx, server)
		if err != nil {
			return verdict{err: err}
		}
		if idle++; value(sv.Task) != "" {
			idle = 0
		}
		i, err := s.glanceImage(ctx, image)
		if err != nil {
			return verdict{err: err}
		}
		if i.Status != "queued" {
			idle = 0
			return verdict{done: true}
		}
		return verdict{done: idle >= 2}
	})
	return err == nil && idle >= 2
}

// imageActive waits until the image of a machine is whole.
func (s *session) imageActive(ctx context.Context, id, machine string) (*glanceImage, error) {
	var found *glanceImage
	err := await(ctx, "the image of the machine "+machine+" to become active", func(ctx context.Context) verdict {
		i, err := s.glanceImage(ctx, id)
		switch {
		case isNotFound(err):
			return verdict{err: errors.New("the compute service gave it up and deleted the image")}
		case err != nil:
			return verdict{err: err}
		}
		switch found = i; i.Status {
		case "active":
			return verdict{done: true}
		case "queued", "saving", "uploading", "importing":
			return verdict{seen: "status " + i.Status}
		}
		return verdict{err: fmt.Errorf("the image went into the status %s", i.Status)}
	})
	return found, err
}
