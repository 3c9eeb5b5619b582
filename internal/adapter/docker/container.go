package docker

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// containers are the containers of an engine. Their native id is the engine's: 64 hexadecimal digits.
type containers struct {
	*session
	images imageDefaults
}

// Read tells how a container is, by one request.
func (k *containers) Read(ctx context.Context, have *platform.Container) error {
	c, err := k.inspect(ctx, value(have.ID))
	if err != nil {
		return err
	}
	return k.tell(ctx, c, have)
}

// inspect asks for one container by its id or name.
func (k *containers) inspect(ctx context.Context, ref string) (*container.InspectResponse, error) {
	ctx, cancel := k.brief(ctx)
	defer cancel()
	answer, err := k.client.ContainerInspect(ctx, ref, client.ContainerInspectOptions{})
	if err != nil {
		return nil, failed("read the container", ref, err)
	}
	return complete(&answer.Container), nil
}

// complete gives an answer the parts that servers may leave out.
func complete(c *container.InspectResponse) *container.InspectResponse {
	c.State = cmp.Or(c.State, &container.State{})
	c.Config = cmp.Or(c.Config, &container.Config{})
	c.HostConfig = cmp.Or(c.HostConfig, &container.HostConfig{})
	c.NetworkSettings = cmp.Or(c.NetworkSettings, &container.NetworkSettings{})
	c.Name = strings.TrimPrefix(c.Name, "/")
	return c
}

// List names every container by one request. What an entry tells is asked for when it is wanted: the list lacks most of
// it, and most containers of an engine are somebody else's.
func (k *containers) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Container], error] {
	return func(yield func(platform.Entry[platform.Container], error) bool) {
		all, err := k.all(ctx, nil)
		if err != nil {
			yield(platform.Entry[platform.Container]{}, err)
			return
		}
		later := context.WithoutCancel(ctx) // entries outlive the call that lists them; each request is bounded
		for _, c := range all {
			fill := func(have *platform.Container) error { return k.Read(later, have) }
			if !yield(platform.Entry[platform.Container]{ID: c.ID, Name: called(c), Fill: fill}, nil) {
				return
			}
		}
	}
}

func (k *containers) all(ctx context.Context, filters client.Filters) ([]container.Summary, error) {
	ctx, cancel := k.brief(ctx)
	defer cancel()
	answer, err := k.client.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: filters})
	return answer.Items, failed("list the containers of", k.route.where(), err)
}

// called is the name of a listed container; links give it further ones, with a slash inside.
func called(c container.Summary) string {
	names := slices.Clone(c.Names)
	slices.SortStableFunc(names, func(a, b string) int { return strings.Count(a, "/") - strings.Count(b, "/") })
	if len(names) == 0 {
		return c.ID
	}
	return strings.TrimPrefix(names[0], "/")
}

// Find takes a name, an id, or the beginning of one. The engine knows them all; only of a beginning that several
// have, the list has to tell which.
func (k *containers) Find(ctx context.Context, ref string) (string, error) {
	c, err := k.inspect(ctx, strings.TrimPrefix(ref, "/"))
	if err == nil {
		return c.ID, nil
	}
	if isNotFound(err) || !hexadecimal(ref) {
		return "", err
	}
	all, listErr := k.all(ctx, nil)
	if listErr != nil {
		return "", errors.Join(err, listErr)
	}
	var matches []string
	for _, c := range all {
		if strings.HasPrefix(c.ID, ref) {
			matches = append(matches, c.ID)
		}
	}
	if len(matches) < 2 {
		return "", err
	}
	return "", &platform.AmbiguousError{Ref: ref, Matches: matches}
}

func hexadecimal(s string) bool { return s != "" && strings.Trim(s, "0123456789abcdef") == "" }

// Delete stops a container as it wants to be stopped and removes it. Nameless volumes stay unless the user said so:
// their data is nobody's but the user's.
func (k *containers) Delete(ctx context.Context, have *platform.Container) error {
	defer k.alone(*have.ID)()
	c, err := k.inspect(ctx, *have.ID)
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := k.stop(ctx, c); err != nil && !isNotFound(err) {
		return err
	}
	volumes := have.Docker != nil && value(have.Docker.RemoveVolumes)
	err = k.remove(ctx, c.ID, volumes)
	if isConflict(err) { // somebody removes it already, as the engine does with one that was run with --rm
		err = k.vanished(ctx, c.ID, err)
	}
	if isNotFound(err) {
		err = nil
	}
	if err == nil && !volumes {
		k.orphans(ctx, c)
	}
	return failed("remove the container", c.Name, err)
}

// remove takes a container away. Its file system may still be busy for a moment, as after a restart of the engine.
func (k *containers) remove(ctx context.Context, id string, volumes bool) error {
	for range 5 {
		_, err := k.client.ContainerRemove(ctx, id, client.ContainerRemoveOptions{RemoveVolumes: volumes})
		if err == nil || !strings.Contains(err.Error(), "resource busy") {
			return err
		}
		pause(ctx)
	}
	_, err := k.client.ContainerRemove(ctx, id, client.ContainerRemoveOptions{RemoveVolumes: volumes, Force: true})
	return err
}

// vanished waits until a container that is being removed is gone.
func (k *containers) vanished(ctx context.Context, id string, refused error) error {
	words, leave := k.changed(id) //nolint:contextcheck // the stream is shared by all who wait
	defer leave()
	for {
		c, err := k.inspect(ctx, id)
		if err != nil {
			return err
		}
		if c.State.Status != container.StateRemoving {
			return refused
		}
		select {
		case <-words:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
