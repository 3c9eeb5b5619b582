package docker

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Create makes a container, puts files into it, starts it and waits until it counts as ready.
func (k *containers) Create(ctx context.Context, want *platform.Container, made func(id string)) error {
	if err := k.volumesExist(ctx, want.Mounts); err != nil {
		return err
	}
	bindNetworks(want.Networks)
	options, err := blueprint(want)
	if err != nil {
		return err
	}
	id, err := k.make(ctx, options)
	if err != nil {
		return err
	}
	want.ID = &id
	made(id)
	defer k.alone(id)()
	if err := k.furnish(ctx, id, want); err != nil {
		return err
	}
	ended, err := k.enter(ctx, id, want, value(want.Power))
	if err != nil {
		return err
	}
	return k.learn(ctx, id, want, !ended && value(want.Power) != platform.PowerOff)
}

// make sends the one request that makes a container. When its answer is lost, the container tells by a label that it
// is the one: names are unique.
func (k *containers) make(ctx context.Context, options client.ContainerCreateOptions) (string, error) {
	answer, err := k.client.ContainerCreate(ctx, options)
	if err == nil {
		for _, text := range answer.Warnings {
			platform.Warn(ctx, errors.New(text))
		}
		return answer.ID, nil
	}
	if errors.Is(failed("", "", err), platform.ErrUnreachable) && ctx.Err() == nil {
		if c, lost := k.regain(ctx, options.Name); lost == nil && c.Config.Labels[labelCreation] == options.Config.Labels[labelCreation] {
			return c.ID, nil
		}
	}
	if isConflict(err) {
		if c, there := k.inspect(ctx, options.Name); there == nil {
			err = &platform.ExistsError{Name: options.Name, ID: c.ID, Unfinished: unfinished(c)}
		}
	}
	return "", k.refused(options, failed("create the container", options.Name, err))
}

// unfinished reports whether a container was made here to run and never did.
func unfinished(c *container.InspectResponse) bool {
	r := recordOf(c.Config.Labels)
	return r.ours && r.starts && c.State.Status == container.StateCreated
}

// regain looks for a container after the connection was lost, for a moment.
func (k *containers) regain(ctx context.Context, name string) (c *container.InspectResponse, err error) {
	for range 5 {
		if c, err = k.inspect(ctx, name); !errors.Is(err, platform.ErrUnreachable) {
			return c, err
		}
		pause(ctx)
	}
	return c, err
}

// refused ties what the engine says of a new container to the attribute it is about.
func (k *containers) refused(options client.ContainerCreateOptions, err error) error {
	switch text := err.Error(); {
	case isNotFound(err) && strings.Contains(text, "No such image"):
		err = &platform.OpError{
			Op: "create the container", On: options.Name, Err: errors.New("the engine has no image " + options.Config.Image),
			Hint: "virt_container_image pulls or builds one",
		}
		return platform.At(platform.As(platform.ErrInvalid, err), "image_id")
	case isNotFound(err): // nothing of ours is gone
		return platform.As(platform.ErrInvalid, errors.New(text))
	}
	return err
}

// blueprint is what the engine is asked for. It gives the elements of want their ids.
func blueprint(want *platform.Container) (client.ContainerCreateOptions, error) {
	set, bindings, err := portMap(want.Ports)
	if err != nil {
		return client.ContainerCreateOptions{}, err
	}
	h := &container.HostConfig{PortBindings: bindings, Mounts: mountList(want.Mounts)}
	c := &container.Config{
		Image: want.ImageID, Entrypoint: want.Entrypoint, Cmd: want.Command, User: value(want.User),
		WorkingDir: value(want.WorkingDir), Hostname: value(want.Hostname), Env: variables(want), Healthcheck: healthConfig(want.HealthCheck),
		ExposedPorts: set, Labels: labelsOf(want, newCreation()),
	}
	if err := applyDocker(want.Docker, c, h); err != nil {
		return client.ContainerCreateOptions{}, err
	}
	h.NanoCPUs, h.Memory = nanoCPUs(want.CPUs), int64(value(want.Memory))
	h.RestartPolicy = restartPolicy(want)
	if d := want.Docker; d != nil {
		h.MemorySwap, h.MemoryReservation, h.CPUShares = int64(value(d.MemorySwap)), int64(value(d.MemoryReservation)), value(d.CPUShares)
		h.CpusetCpus, h.PidsLimit = value(d.CPUSet), d.PIDs
	}
	options := client.ContainerCreateOptions{Name: want.Name, Config: c, HostConfig: h}
	options.NetworkingConfig, err = firstNetwork(want.Networks, h)
	return options, err
}

func nanoCPUs(cpus *float64) int64 { return int64(math.Round(value(cpus) * perCPU)) }

func restartPolicy(want *platform.Container) container.RestartPolicy {
	p := container.RestartPolicy{Name: container.RestartPolicyMode(value(want.Restart))}
	if want.Docker != nil {
		p.MaximumRetryCount = int(value(want.Docker.RestartRetries))
	}
	return p
}

// variables is the variables, secret ones included.
func variables(want *platform.Container) []string {
	all := maps.Clone(want.Env)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, want.EnvWO)
	return pairs(all, slices.Sorted(maps.Keys(all)))
}

// healthConfig is a check as the engine takes it: its first word says what the others are.
func healthConfig(h *platform.HealthCheck) *container.HealthConfig {
	if h == nil {
		return nil
	}
	test := h.Command
	if len(test) > 0 && !slices.Contains([]string{"CMD", "CMD-SHELL", "NONE"}, test[0]) {
		test = append([]string{"CMD"}, test...)
	}
	return &container.HealthConfig{
		Test: test, Interval: time.Duration(value(h.Interval)), Timeout: time.Duration(value(h.Timeout)),
		StartPeriod: time.Duration(value(h.StartPeriod)), Retries: int(value(h.Retries)),
	}
}

// firstNetwork is the network that a container is made in; every engine takes one. It is named by id: names of networks
// are not unique.
func firstNetwork(networks map[string]platform.ContainerNetwork, h *container.HostConfig) (*network.NetworkingConfig, error) {
	keys := platform.Keys(networks)
	if len(keys) == 0 {
		return nil, nil //nolint:nilnil // the engine's default
	}
	n := networks[keys[0]]
	settings, err := endpoint(n)
	if err != nil {
		return nil, platform.At(err, "networks", keys[0], "addresses")
	}
	h.NetworkMode = container.NetworkMode(n.NetworkID)
	return &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{n.NetworkID: settings}}, nil
}

// furnish completes a container that does not run yet: its further networks and its files.
func (k *containers) furnish(ctx context.Context, id string, want *platform.Container) error {
	if want.Networks != nil && len(want.Networks) == 0 {
		if err := k.disconnect(ctx, id, "bridge"); err != nil {
			return err
		}
	}
	for i, key := range platform.Keys(want.Networks) {
		if i == 0 {
			continue
		}
		if err := k.connect(ctx, id, key, want.Networks[key]); err != nil {
			return err
		}
	}
	return k.upload(ctx, id, want.Files)
}

// learn fills in what the plan left open. A container that was just started must not have died: it may only have ended
// well, where nobody said that it is to run.
func (k *containers) learn(ctx context.Context, id string, want *platform.Container, started bool) error {
	c, err := k.inspect(ctx, id)
	if err != nil {
		return err
	}
	dead := c.State.ExitCode != 0 || c.State.OOMKilled || value(want.Power) != ""
	if started && dead && powerOf(c.State) == platform.PowerOff {
		return k.death(ctx, c, "start the container")
	}
	s, err := k.look(ctx, c, false)
	if err != nil {
		return err
	}
	now := platform.Container{}
	s.fillState(&now)
	if want.Power == nil {
		want.Power = now.Power
	}
	want.ExitCode, want.Addresses, want.Native = now.ExitCode, now.Addresses, now.Native
	for key, p := range s.ports(want.Ports) {
		mine := want.Ports[key]
		if mine.Protocol == nil {
			mine.Protocol = p.Protocol
		}
		if mine.HostPort == nil {
			mine.HostPort = p.HostPort
		}
		want.Ports[key] = mine
	}
	return nil
}
