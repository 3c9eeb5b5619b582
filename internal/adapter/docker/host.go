package docker

import (
	"context"
	"errors"
	"iter"
	"maps"

	"github.com/moby/moby/api/types/swarm"
	"github.com/moby/moby/api/types/system"
	"github.com/moby/moby/client"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// hosts are the nodes of the engine's swarm when it manages one, else its own host alone. The stable id is the node's in
// the swarm, else the engine's.
type hosts struct{ *session }

var (
	_ platform.Reader[platform.Host] = (*hosts)(nil)
	_ platform.Lister[platform.Host] = (*hosts)(nil)
	_ platform.Finder[platform.Host] = (*hosts)(nil)
)

// Read fills have: of the engine's own host what the engine tells, of another node what the swarm does.
func (k *hosts) Read(ctx context.Context, have *platform.Host) error {
	info, err := k.ask(ctx)
	if err != nil {
		return failed("read the host", value(have.ID), err)
	}
	if !info.Swarm.ControlAvailable {
		if value(have.ID) != ownHost(info) {
			return noHost(value(have.ID))
		}
		fillHost(have, info, k.product())
		return nil
	}
	brief, cancel := k.brief(ctx)
	defer cancel()
	got, err := k.client.NodeInspect(brief, value(have.ID), client.NodeInspectOptions{})
	if err != nil {
		return failed("read the host", value(have.ID), err)
	}
	fillNode(have, got.Node, info)
	return nil
}

// ask asks the engine anew: it may have joined a swarm meanwhile.
func (k *hosts) ask(ctx context.Context) (system.Info, error) {
	ctx, cancel := k.brief(ctx)
	defer cancel()
	got, err := k.client.Info(ctx, client.InfoOptions{})
	if err == nil && got.Info.ID == "" || k.podman {
		got.Info.ID = k.info.ID
	}
	return got.Info, err
}

// ownHost is the id of the engine's own host.
func ownHost(i system.Info) string {
	if i.Swarm.NodeID != "" {
		return i.Swarm.NodeID
	}
	return i.ID
}

// List gives every node: two requests at most.
func (k *hosts) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Host], error] {
	return func(yield func(platform.Entry[platform.Host], error) bool) {
		info, err := k.ask(ctx)
		if err != nil {
			yield(platform.Entry[platform.Host]{}, failed("list the hosts of", k.route.where(), err))
			return
		}
		if !info.Swarm.ControlAvailable {
			fill := func(have *platform.Host) error { fillHost(have, info, k.product()); return nil }
			yield(platform.Entry[platform.Host]{ID: ownHost(info), Name: info.Name, Fill: fill}, nil)
			return
		}
		brief, cancel := k.brief(ctx)
		defer cancel()
		got, err := k.client.NodeList(brief, client.NodeListOptions{})
		if err != nil {
			yield(platform.Entry[platform.Host]{}, failed("list the nodes of the swarm of", k.route.where(), err))
			return
		}
		for _, n := range got.Items {
			fill := func(have *platform.Host) error { fillNode(have, n, info); return nil }
			if !yield(platform.Entry[platform.Host]{ID: n.ID, Name: n.Description.Hostname, Fill: fill}, nil) {
				return
			}
		}
	}
}

// Find resolves an id, or a host name.
func (k *hosts) Find(ctx context.Context, ref string) (string, error) {
	var named []string
	for host, err := range k.List(ctx) {
		switch {
		case err != nil:
			return "", err
		case host.ID == ref:
			return ref, nil
		case host.Name == ref:
			named = append(named, host.ID)
		}
	}
	switch len(named) {
	case 0:
		return "", noHost(ref)
	case 1:
		return named[0], nil
	}
	return "", &platform.AmbiguousError{Ref: ref, Matches: named}
}

func noHost(ref string) error {
	return failed("find the host", ref, platform.As(platform.ErrNotFound, errors.New("it is neither the engine's host nor a node of a swarm that it manages")))
}

// fillHost fills in what the engine tells of its own host.
func fillHost(have *platform.Host, i system.Info, product string) {
	have.ID, have.Name = new(ownHost(i)), i.Name
	have.CPUs, have.Memory = new(int64(i.NCPU)), new(platform.Size(i.MemTotal))
	have.Architecture, have.Version = new(architecture(i.Architecture)), new(product+" "+i.ServerVersion)
	have.Native = filled(map[string]string{"os": i.OSType})
	tellOwn(have, i)
}

// tellOwn adds what an engine tells of its own host alone.
func tellOwn(have *platform.Host, i system.Info) {
	maps.Copy(have.Native, filled(map[string]string{
		"engine_id": i.ID, "storage_driver": i.Driver, "operating_system": i.OperatingSystem, "kernel": i.KernelVersion,
		"cgroup_version": i.CgroupVersion, "root": i.DockerRootDir,
	}))
}

// fillNode fills in what the swarm tells of a node.
func fillNode(have *platform.Host, n swarm.Node, own system.Info) {
	d := n.Description
	have.ID, have.Name = &n.ID, d.Hostname
	have.CPUs, have.Memory = new(d.Resources.NanoCPUs/1e9), new(platform.Size(d.Resources.MemoryBytes))
	have.Architecture, have.Version = new(architecture(d.Platform.Architecture)), new("Docker "+d.Engine.EngineVersion)
	have.Native = filled(map[string]string{
		"os": d.Platform.OS, "role": string(n.Spec.Role), "availability": string(n.Spec.Availability),
		"state": string(n.Status.State), "address": n.Status.Addr,
	})
	if n.ManagerStatus != nil {
		have.Native["reachability"] = string(n.ManagerStatus.Reachability)
		have.Native["leader"] = "false"
		if n.ManagerStatus.Leader {
			have.Native["leader"] = "true"
		}
	}
	if n.ID == own.Swarm.NodeID {
		tellOwn(have, own)
	}
}

// architecture is the kernel's word for what some engines say in Go's.
func architecture(text string) string {
	switch text {
	case "amd64":
		return "x86_64"
	case "arm64":
		return "aarch64"
	}
	return text
}

// filled is m without what has no value.
func filled(m map[string]string) map[string]string {
	for key, v := range m {
		if v == "" {
			delete(m, key)
		}
	}
	return m
}
