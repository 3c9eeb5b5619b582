package docker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Delete takes a network away. Containers of ours are disconnected first: the same apply gives them another network, or
// takes them away, too. Those of others are in its way.
func (k *networks) Delete(ctx context.Context, have *platform.Network) error {
	ctx, cancel := k.brief(ctx)
	defer cancel()
	id := value(have.ID)
	got, err := k.forNetworks.NetworkInspect(ctx, id, client.NetworkInspectOptions{})
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return failed("delete the network", have.Name, err)
	}
	n := got.Network
	if predefined(n.Name) {
		err := invalid("it is the engine's own, which nobody can delete")
		return &platform.OpError{Op: "delete the network", On: n.Name, Err: err, Hint: "Take it out of the state: terraform state rm"}
	}
	if err := k.vacate(ctx, n); err != nil {
		return err
	}
	_, err = k.forNetworks.NetworkRemove(ctx, id, client.NetworkRemoveOptions{})
	if err == nil || isNotFound(err) {
		return nil
	}
	return used(n.Name, err)
}

// used adds who has to go first, where the engine says that somebody uses the network.
func used(name string, err error) error {
	text := err.Error()
	if !strings.Contains(text, "has active endpoints") && !strings.Contains(text, "is in use by") && !strings.Contains(text, "is being used") {
		return failed("delete the network", name, err)
	}
	op := &platform.OpError{Op: "delete the network", On: name, Err: err, Hint: "Take away first what uses it"}
	return platform.As(platform.ErrConflict, op)
}

// predefined reports whether every engine has a network of this name.
func predefined(name string) bool {
	return slices.Contains([]string{"bridge", "host", "none"}, name)
}

// vacate disconnects containers of ours, and refuses when there are others.
func (k *networks) vacate(ctx context.Context, n network.Inspect) error {
	var ours, others []string
	for _, id := range slices.Sorted(maps.Keys(n.Containers)) {
		switch got, err := k.client.ContainerInspect(ctx, id, client.ContainerInspectOptions{}); {
		case isNotFound(err): // it is gone, or the engine's own, such as the end of an overlay network
		case err != nil:
			return failed("read the container", n.Containers[id].Name, err)
		case got.Container.Config != nil && got.Container.Config.Labels[labelOrigin] == origin:
			ours = append(ours, id)
		default:
			others = append(others, n.Containers[id].Name)
		}
	}
	if len(others) > 0 {
		err := platform.As(platform.ErrConflict, fmt.Errorf("these containers are connected to it: %s", strings.Join(others, ", ")))
		return &platform.OpError{Op: "delete the network", On: n.Name, Err: err, Hint: "Disconnect them first: docker network disconnect " + n.Name + " " + others[0]}
	}
	var errs []error
	for _, id := range ours {
		_, err := k.forNetworks.NetworkDisconnect(ctx, n.ID, client.NetworkDisconnectOptions{Container: id, Force: true})
		if !isNotFound(err) {
			errs = append(errs, failed("disconnect the container", n.Containers[id].Name, err))
		}
	}
	return errors.Join(errs...)
}
