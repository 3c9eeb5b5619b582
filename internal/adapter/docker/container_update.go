package docker

import (
	"context"
	"strconv"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Update changes what a container lets change: its name, its limits, its networks and whether it runs.
func (k *containers) Update(ctx context.Context, prior, want *platform.Container) error {
	defer k.alone(*prior.ID)()
	c, err := k.inspect(ctx, *prior.ID)
	if err != nil {
		return err
	}
	if prior.Name != want.Name {
		_, err := k.client.ContainerRename(ctx, c.ID, client.ContainerRenameOptions{NewName: want.Name})
		if err != nil {
			return platform.At(failed("rename the container", prior.Name, err), "name")
		}
	}
	if err := k.limit(ctx, c, prior, want); err != nil {
		return err
	}
	if err := k.bind(ctx, c, prior, want); err != nil {
		return err
	}
	if want.Networks != nil || prior.Networks != nil {
		if err := k.rewire(ctx, c.ID, prior.Networks, want.Networks); err != nil {
			return err
		}
	}
	if prior.Files == nil && unfinished(c) {
		if err := k.upload(ctx, c.ID, want.Files); err != nil {
			return err
		}
	}
	off := powerOf(c.State) == platform.PowerOff
	ended, err := k.turn(ctx, c, want)
	if err != nil {
		return err
	}
	want.ID = prior.ID
	return k.learn(ctx, c.ID, want, off && !ended && value(want.Power) != platform.PowerOff)
}

// bind gives elements that are managed from now on the ids of what is there, which a plan has found to be the same.
func (k *containers) bind(ctx context.Context, c *container.InspectResponse, prior, want *platform.Container) error {
	bindNetworks(want.Networks)
	mountList(want.Mounts)
	if _, _, err := portMap(want.Ports); err != nil {
		return err
	}
	if prior.Networks != nil || len(want.Networks) == 0 {
		return nil
	}
	s, err := k.look(ctx, c, false)
	if err != nil {
		return err
	}
	all, err := k.attached(ctx, s)
	prior.Networks = map[string]platform.ContainerNetwork{}
	for _, a := range all {
		if key := keyOf(want.Networks, a.id); key != "" || a.name == "bridge" { // the default one, which nobody chose
			prior.Networks[a.name] = a.told(c.ID, c.Config.Hostname)
		}
	}
	return err
}

func keyOf(networks map[string]platform.ContainerNetwork, id string) string {
	for key, n := range networks {
		if n.NetworkID == id {
			return key
		}
	}
	return ""
}

// limit changes limits by one request. The engine has no word for taking one back: it is raised to what the host has.
func (k *containers) limit(ctx context.Context, c *container.InspectResponse, prior, want *platform.Container) error {
	var r container.Resources
	h := c.HostConfig
	changed := false
	note := func(differs bool) bool { changed = changed || differs; return differs }
	if note(value(prior.CPUs) != value(want.CPUs)) {
		if r.NanoCPUs = nanoCPUs(want.CPUs); want.CPUs == nil {
			r.NanoCPUs = int64(k.info.NCPU) * perCPU
		}
	}
	was, will := dockerOf(prior), dockerOf(want)
	if note(value(prior.Memory) != value(want.Memory) || value(was.MemorySwap) != value(will.MemorySwap)) {
		r.Memory, r.MemorySwap = k.memory(h, want.Memory, will.MemorySwap)
	}
	if note(value(was.MemoryReservation) != value(will.MemoryReservation)) {
		r.MemoryReservation = int64(orElse(will.MemoryReservation, leastReservation))
	}
	if note(value(was.CPUShares) != value(will.CPUShares)) {
		r.CPUShares = orElse(will.CPUShares, 1024)
	}
	if note(value(was.CPUSet) != value(will.CPUSet)) {
		r.CpusetCpus = orElse(will.CPUSet, "0-"+strconv.Itoa(k.info.NCPU-1))
	}
	if note(value(was.PIDs) != value(will.PIDs)) {
		r.PidsLimit = new(orElse(will.PIDs, -1))
	}
	policy := k.policy(prior, want, note)
	if !changed {
		return nil
	}
	answer, err := k.client.ContainerUpdate(ctx, c.ID, client.ContainerUpdateOptions{Resources: &r, RestartPolicy: policy})
	for _, text := range answer.Warnings {
		platform.Warn(ctx, &platform.OpError{Op: "change every limit of", On: c.Name, Err: errorText(text)})
	}
	return failed("change the limits of the container", c.Name, err)
}

// leastReservation is the smallest that the engine takes, which reserves nothing worth speaking of.
const leastReservation = 6 * platform.MiB

type errorText string

func (e errorText) Error() string { return string(e) }

// memory is the limit with that of memory and swap, which the engine wants to be told together: left out, that is twice
// the memory, as at creation, unless it has no limit. The engine cannot take back a limit of both, either.
func (k *containers) memory(h *container.HostConfig, memory, swap *platform.Size) (limit, both int64) {
	limit = int64(orElse(memory, platform.Size(k.info.MemTotal)))
	switch {
	case swap != nil:
		both = int64(*swap)
	case h.MemorySwap < 0, !k.info.SwapLimit:
		both = -1
	default:
		both = 2 * limit
	}
	return limit, both
}

// policy is when the engine starts the container again, if that changed.
func (k *containers) policy(prior, want *platform.Container, note func(bool) bool) *container.RestartPolicy {
	was, will := restartPolicy(prior), restartPolicy(want)
	if !note(was != will) {
		return nil
	}
	if will.Name == "" {
		will.Name = container.RestartPolicyDisabled
	}
	return &will
}

// dockerOf is the block, or an empty one.
func dockerOf(c *platform.Container) *platform.DockerContainer {
	if c.Docker == nil {
		return &platform.DockerContainer{}
	}
	return c.Docker
}

// orElse is what an attribute says, or a default.
func orElse[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
