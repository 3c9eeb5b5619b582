package docker

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/moby/moby/api/types/volume"
	"github.com/moby/moby/client"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// volumes are the volumes of an engine. Their stable id is the name. Nothing of a volume changes in place.
type volumes struct{ *session }

var (
	_ platform.Resource[platform.Volume] = (*volumes)(nil)
	_ platform.Lister[platform.Volume]   = (*volumes)(nil)
	_ platform.Finder[platform.Volume]   = (*volumes)(nil)
	_ platform.Planner[platform.Volume]  = (*volumes)(nil)
)

// Create makes a volume. The engine answers with the one that is there when there is one of the name: it is looked for
// first, and our mark tells whether it was made by this call.
func (k *volumes) Create(ctx context.Context, want *platform.Volume, made func(string)) error {
	defer k.alone("volume " + want.Name)()
	switch _, err := k.inspect(ctx, want.Name); {
	case err == nil:
		return failed("create the volume", want.Name, &platform.ExistsError{Name: want.Name, ID: want.Name})
	case !isNotFound(err):
		return failed("create the volume", want.Name, err)
	}
	creation := newCreation()
	got, err := k.order(ctx, want, creation)
	if err != nil {
		return failed("create the volume", want.Name, err)
	}
	if got.Labels[labelCreation] != creation {
		return failed("create the volume", want.Name, &platform.ExistsError{Name: want.Name, ID: want.Name})
	}
	made(want.Name)
	after := *want
	fillVolume(&after, got)
	want.ID, want.Native = after.ID, after.Native
	return failed("create the volume", want.Name, ctx.Err())
}

// order asks the engine for a volume. Where no answer came, it is looked for: it may be there.
func (k *volumes) order(ctx context.Context, want *platform.Volume, creation string) (volume.Volume, error) {
	brief, cancel := k.brief(ctx)
	defer cancel()
	o := client.VolumeCreateOptions{Name: want.Name, Labels: labelled(want.Tags, map[string]string{labelCreation: creation})}
	if want.Docker != nil {
		o.Driver, o.DriverOpts = value(want.Docker.Driver), want.Docker.Options
	}
	got, err := k.client.VolumeCreate(brief, o)
	if err == nil || engineClass(err) != nil {
		return got.Volume, err
	}
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if there, gone := k.inspect(after, want.Name); gone == nil && there.Labels[labelCreation] == creation {
		return there, nil
	}
	return volume.Volume{}, err
}

func (k *volumes) inspect(ctx context.Context, name string) (volume.Volume, error) {
	ctx, cancel := k.brief(ctx)
	defer cancel()
	got, err := k.client.VolumeInspect(ctx, name, client.VolumeInspectOptions{})
	return got.Volume, err
}

// Read fills have: one request.
func (k *volumes) Read(ctx context.Context, have *platform.Volume) error {
	got, err := k.inspect(ctx, value(have.ID))
	if err != nil {
		return failed("read the volume", value(have.ID), err)
	}
	fillVolume(have, got)
	return nil
}

// Plan says what a replacement means, since every change is one.
func (k *volumes) Plan(_ context.Context, p *platform.Plan[platform.Volume]) error {
	if p.Prior != nil {
		p.Warn("Nothing of a Docker volume changes: it is deleted with its data, and the new one is empty")
	}
	return nil
}

// Update has nothing to do: every change is a replacement.
func (k *volumes) Update(context.Context, *platform.Volume, *platform.Volume) error { return nil }

// Delete takes a volume away, unless a container uses it: then it says which.
func (k *volumes) Delete(ctx context.Context, have *platform.Volume) error {
	ctx, cancel := k.brief(ctx)
	defer cancel()
	name := value(have.ID)
	_, err := k.client.VolumeRemove(ctx, name, client.VolumeRemoveOptions{})
	if err == nil || isNotFound(err) {
		return nil
	}
	if users := k.users(ctx, name); users != "" {
		op := &platform.OpError{Op: "delete the volume", On: name, Err: fmt.Errorf("these containers use it: %s", users), Hint: "Take them away first, or their mount of it"}
		return platform.As(platform.ErrConflict, op)
	}
	return failed("delete the volume", name, err)
}

// users are the names of the containers that use a volume; empty when nobody can tell.
func (k *volumes) users(ctx context.Context, name string) string {
	got, err := k.client.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: client.Filters{}.Add("volume", name)})
	if err != nil {
		return ""
	}
	var names []string
	for _, c := range got.Items {
		for _, m := range c.Mounts { // the filter takes beginnings of names, too
			if m.Name == name && len(c.Names) > 0 {
				names = append(names, strings.TrimPrefix(c.Names[0], "/"))
			}
		}
	}
	return strings.Join(names, ", ")
}

// List gives every volume: one request.
func (k *volumes) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Volume], error] {
	return func(yield func(platform.Entry[platform.Volume], error) bool) {
		brief, cancel := k.brief(ctx)
		defer cancel()
		got, err := k.client.VolumeList(brief, client.VolumeListOptions{})
		if err != nil {
			yield(platform.Entry[platform.Volume]{}, failed("list the volumes of", k.route.where(), err))
			return
		}
		for _, v := range got.Items {
			fill := func(have *platform.Volume) error { fillVolume(have, v); return nil }
			if !yield(platform.Entry[platform.Volume]{ID: v.Name, Name: v.Name, Fill: fill}, nil) {
				return
			}
		}
	}
}

// Find resolves a name, which is the id.
func (k *volumes) Find(ctx context.Context, ref string) (string, error) {
	if _, err := k.inspect(ctx, ref); isNotFound(err) {
		err := platform.As(platform.ErrNotFound, errors.New("the engine has no such volume"))
		return "", failed("find the volume", ref, err)
	} else if err != nil {
		return "", failed("find the volume", ref, err)
	}
	return ref, nil
}

// fillVolume fills in what the engine tells of a volume.
func fillVolume(have *platform.Volume, v volume.Volume) {
	have.ID, have.Name, have.Tags = &v.Name, v.Name, tagsOf(v.Labels, nil)
	have.Native = map[string]string{"driver": v.Driver, "scope": v.Scope, "mountpoint": v.Mountpoint}
	if v.CreatedAt != "" {
		have.Native["created"] = v.CreatedAt
	}
	if have.Docker != nil {
		have.Docker = &platform.DockerVolume{Driver: &v.Driver, Options: only(v.Options, have.Docker.Options)}
	}
}
