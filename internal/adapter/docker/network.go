package docker

import (
	"context"
	"errors"
	"iter"
	"strings"
	"time"

	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// networks are the networks of an engine and, on a manager, of its swarm. Their stable id is the engine's own. Nothing of
// a network changes in place.
type networks struct{ *session }

var (
	_ platform.Resource[platform.Network] = (*networks)(nil)
	_ platform.Lister[platform.Network]   = (*networks)(nil)
	_ platform.Finder[platform.Network]   = (*networks)(nil)
	_ platform.Planner[platform.Network]  = (*networks)(nil)
)

// Read fills have: one request.
func (k *networks) Read(ctx context.Context, have *platform.Network) error {
	got, err := k.settled(ctx, value(have.ID))
	if err != nil {
		return failed("read the network", value(have.ID), err)
	}
	fillNetwork(have, got)
	return nil
}

// allocating is how long a swarm may take to give a network its driver and addresses.
const allocating = 20 * time.Second

// settled reads a network. That of a swarm has no driver for the moment that it takes the swarm to allocate it.
func (k *networks) settled(ctx context.Context, id string) (network.Network, error) {
	got, err := k.look(ctx, id)
	if err != nil || got.Driver != "" {
		return got, err
	}
	ctx, cancel := context.WithTimeout(ctx, allocating)
	defer cancel()
	words, leave := k.changed(id) //nolint:contextcheck // the stream of events is everybody's
	defer leave()
	for {
		got, err := k.look(ctx, id)
		if err != nil || got.Driver != "" {
			return got, err
		}
		select {
		case <-words:
		case <-ctx.Done():
			return got, &platform.TimeoutError{Awaited: "the swarm to give it a driver and addresses; are its ranges free", Seen: "a network without any"}
		}
	}
}

func (k *networks) look(ctx context.Context, id string) (network.Network, error) {
	ctx, cancel := k.brief(ctx)
	defer cancel()
	got, err := k.forNetworks.NetworkInspect(ctx, id, client.NetworkInspectOptions{})
	return got.Network.Network, err
}

// Update has nothing to do: every change is a replacement.
func (k *networks) Update(context.Context, *platform.Network, *platform.Network) error { return nil }

// List gives every network: one request.
func (k *networks) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Network], error] {
	return func(yield func(platform.Entry[platform.Network], error) bool) {
		all, err := k.all(ctx)
		if err != nil {
			yield(platform.Entry[platform.Network]{}, err)
			return
		}
		for _, n := range all {
			fill := func(have *platform.Network) error {
				if n.Driver == "" { // not allocated yet
					return k.Read(ctx, have)
				}
				fillNetwork(have, n)
				return nil
			}
			if !yield(platform.Entry[platform.Network]{ID: n.ID, Name: n.Name, Fill: fill}, nil) {
				return
			}
		}
	}
}

// all asks for every network.
func (k *networks) all(ctx context.Context) ([]network.Network, error) {
	ctx, cancel := k.brief(ctx)
	defer cancel()
	got, err := k.forNetworks.NetworkList(ctx, client.NetworkListOptions{})
	if err != nil {
		return nil, failed("list the networks of", k.route.where(), err)
	}
	list := make([]network.Network, 0, len(got.Items))
	for _, n := range got.Items {
		list = append(list, n.Network)
	}
	return list, nil
}

// Find resolves as the docker tool does: a whole id, a name, the beginning of an id. Names need not be unique.
func (k *networks) Find(ctx context.Context, ref string) (string, error) {
	all, err := k.all(ctx)
	if err != nil {
		return "", err
	}
	var named, begun []string
	for _, n := range all {
		switch {
		case n.ID == ref:
			return n.ID, nil
		case n.Name == ref:
			named = append(named, n.ID)
		case strings.HasPrefix(n.ID, ref):
			begun = append(begun, n.ID)
		}
	}
	if len(named) == 0 {
		named = begun
	}
	switch len(named) {
	case 0:
		err := platform.As(platform.ErrNotFound, errors.New("the engine has no such network"))
		return "", failed("find the network", ref, err)
	case 1:
		return named[0], nil
	}
	return "", &platform.AmbiguousError{Ref: ref, Matches: named}
}
