package docker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/image"
	"github.com/moby/moby/client"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Create pulls or builds the image and gives it its names. It never takes over a name that is there.
func (k *containerImages) Create(ctx context.Context, want *platform.ContainerImage, made func(string)) error {
	if want.Build != nil && want.Digest != nil {
		return platform.At(platform.As(platform.ErrInvalid, errors.New("an image that is built here has no digest to be pulled by: leave it out")), "digest")
	}
	name, err := parseName(want.Name)
	if err != nil {
		return platform.At(err, "name")
	}
	defer k.alone("image " + name.String())()
	got, err := k.named(ctx, want.Name)
	if err == nil {
		return failed("make the image", want.Name, &platform.ExistsError{Name: want.Name, ID: got.ID})
	}
	if !isNotFound(err) {
		return err
	}
	id := ""
	if want.Build != nil {
		id, err = k.build(ctx, want)
	} else {
		id, err = k.pull(ctx, want)
	}
	if err != nil {
		return err
	}
	made(id)
	if err := k.giveNames(ctx, id, append([]string{want.Name}, want.References...)); err != nil {
		return err
	}
	return k.complete(ctx, id, want)
}

// complete fills in what was left open.
func (k *containerImages) complete(ctx context.Context, id string, want *platform.ContainerImage) error {
	got, err := k.inspect(ctx, id)
	if err != nil {
		return err
	}
	seen := platform.ContainerImage{Meta: want.Meta, Name: want.Name, References: want.References, Digest: want.Digest}
	k.fill(ctx, got, &seen)
	want.ID, want.Size, want.CreatedAt, want.Native = seen.ID, seen.Size, seen.CreatedAt, seen.Native
	if want.OSArch == nil {
		want.OSArch = seen.OSArch
	}
	return nil
}

// giveNames lets names mean this image. One that means another is not taken away from that.
func (k *containerImages) giveNames(ctx context.Context, id string, names []string) error {
	for i, name := range names {
		got, err := k.named(ctx, name)
		switch {
		case err == nil && got.ID == id:
			continue
		case err == nil:
			err = platform.As(platform.ErrConflict, fmt.Errorf("%q means another image already, %s; take that name from it or choose another one", name, got.ID))
			return platform.At(failed("give the image its name", name, err), nameAttribute(i))
		case !isNotFound(err):
			return err
		}
		if err := k.giveName(ctx, id, name); err != nil {
			return platform.At(err, nameAttribute(i))
		}
	}
	return nil
}

// nameAttribute is where the n-th name of an image comes from.
func nameAttribute(n int) string {
	if n == 0 {
		return "name"
	}
	return "references"
}

func (k *containerImages) giveName(ctx context.Context, id, name string) error {
	ctx, cancel := k.brief(ctx)
	defer cancel()
	_, err := k.client.ImageTag(ctx, client.ImageTagOptions{Source: id, Target: name})
	return failed("give the image "+id+" the name", name, err)
}

// Update changes the names. The content is another image's.
func (k *containerImages) Update(ctx context.Context, prior, want *platform.ContainerImage) error {
	id := *want.ID
	if _, err := k.inspect(ctx, id); err != nil {
		return err
	}
	if prior.Name == nameless { // somebody gave the name to another image: the plan said that it is taken back
		if err := k.giveName(ctx, id, want.Name); err != nil {
			return platform.At(err, "name")
		}
	}
	if err := k.giveNames(ctx, id, append([]string{want.Name}, want.References...)); err != nil {
		return err
	}
	var dropped []string
	for _, name := range append([]string{prior.Name}, prior.References...) {
		kept := func(other string) bool { return sameName(name, other) }
		if name != nameless && !kept(want.Name) && !slices.ContainsFunc(want.References, kept) {
			dropped = append(dropped, name)
		}
	}
	if err := k.takeNames(ctx, id, dropped); err != nil {
		return err
	}
	return k.complete(ctx, id, want)
}

// takeNames takes names away from an image, where they mean it.
func (k *containerImages) takeNames(ctx context.Context, id string, names []string) error {
	for _, name := range names {
		got, err := k.named(ctx, name)
		if isNotFound(err) || err == nil && got.ID != id {
			continue
		}
		if err == nil {
			err = k.remove(ctx, name, false)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// remove removes a name, and with the last one the image, or an image by its id.
func (k *containerImages) remove(ctx context.Context, ref string, force bool) error {
	ctx, cancel := k.brief(ctx)
	defer cancel()
	_, err := k.client.ImageRemove(ctx, ref, client.ImageRemoveOptions{PruneChildren: true, Force: force})
	if isNotFound(err) {
		return nil
	}
	return failed("remove the image", ref, err)
}

// Delete takes the names away that are in the state, and with the last one the image. One that containers use stays.
func (k *containerImages) Delete(ctx context.Context, have *platform.ContainerImage) error {
	id := *have.ID
	got, err := k.inspect(ctx, id)
	if isNotFound(err) || err == nil && have.Keep != nil && *have.Keep {
		return nil
	}
	if err != nil {
		return err
	}
	names, others := ownImageNames(got, have)
	if len(names) == 0 && !others {
		names = []string{id}
	}
	for _, name := range names {
		err := k.remove(ctx, name, false)
		if errors.Is(err, platform.ErrConflict) {
			err = k.removeUsed(ctx, id, name, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ownImageNames splits an image's names in those of the state, as the engine spells them, and whether there are others.
func ownImageNames(got image.InspectResponse, have *platform.ContainerImage) (names []string, others bool) {
	for _, tag := range got.RepoTags {
		own := func(name string) bool { return sameName(name, tag) }
		switch {
		case own(have.Name) || slices.ContainsFunc(have.References, own):
			names = append(names, tag)
		case !strings.HasPrefix(tag, nameless):
			others = true
		}
	}
	return names, others
}

// removeUsed deals with an image that containers use: while they all run, the engine lets go of the name and keeps the
// content; otherwise it would lose both, so that both stay.
func (k *containerImages) removeUsed(ctx context.Context, id, name string, conflict error) error {
	running, stopped, err := k.users(ctx, id)
	if err != nil {
		return err
	}
	if len(running)+len(stopped) == 0 {
		return conflict
	}
	if len(stopped) == 0 && name != id {
		err := k.remove(ctx, name, true)
		if err == nil {
			platform.Warn(ctx, fmt.Errorf("the image %s lost its name %s and stays in the engine: it is used by %s", id, name, strings.Join(running, ", ")))
		}
		return err
	}
	platform.Warn(ctx, fmt.Errorf("the image %s (%s) stays in the engine: it is used by %s", name, id, strings.Join(append(running, stopped...), ", ")))
	return nil
}

// users lists the containers that are made of exactly this image.
func (k *containerImages) users(ctx context.Context, id string) (running, stopped []string, err error) {
	ctx, cancel := k.brief(ctx)
	defer cancel()
	list, err := k.client.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: make(client.Filters).Add("ancestor", id)})
	if err != nil {
		return nil, nil, failed("list the containers of the image", id, err)
	}
	for _, c := range list.Items {
		name := c.ID
		if len(c.Names) > 0 {
			name = strings.TrimPrefix(c.Names[0], "/")
		}
		switch {
		case c.ImageID != id:
		case c.State == container.StateRunning || c.State == container.StatePaused || c.State == container.StateRestarting:
			running = append(running, name)
		default:
			stopped = append(stopped, name)
		}
	}
	return running, stopped, nil
}
