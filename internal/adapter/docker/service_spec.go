package docker

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/swarm"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// cloned is a deep copy of a specification.
func cloned(spec swarm.ServiceSpec) (swarm.ServiceSpec, error) {
	var out swarm.ServiceSpec
	text, err := json.Marshal(spec)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	return out, err
}

// compose writes into a specification what is wanted, and takes back what was wanted before. Everything else stays.
func (k *services) compose(ctx context.Context, spec *swarm.ServiceSpec, prior, want *platform.Service) error {
	spec.Name = want.Name
	r := recordOf(spec.Labels)
	if r.spelled == nil {
		r.spelled = map[string][]string{}
	}
	if r.keys == nil {
		r.keys = map[string]map[string]string{}
	}
	task := &spec.TaskTemplate
	if task.ContainerSpec == nil {
		task.ContainerSpec = &swarm.ContainerSpec{}
	}
	if want.Image != prior.Image {
		task.ContainerSpec.Image = want.Image
		r.spelled["image"] = []string{want.Image}
	}
	composeMode(spec, want)
	composeContainer(task.ContainerSpec, &r, prior, want)
	composeResources(task, prior, want)
	composeUpdate(&spec.UpdateConfig, prior.Update, want.Update)
	composePorts(spec, &r, prior, want)
	composeMounts(task.ContainerSpec, &r, prior, want)
	err := errors.Join(k.composeSecrets(ctx, task.ContainerSpec, &r, prior, want), k.composeConfigs(ctx, task.ContainerSpec, &r, prior, want))
	if want.Docker != nil || prior.Docker != nil {
		was, now := value(prior.Docker), value(want.Docker)
		err = errors.Join(err, composeOwn(spec, &r, &was, &now))
		composeUpdate(&spec.RollbackConfig, was.Rollback, now.Rollback)
	}
	spec.Labels = relabelled(spec.Labels, want.Tags, prior.Tags)
	recordIn(spec.Labels, r)
	return err
}

// recordIn writes a record into labels.
func recordIn(labels map[string]string, r record) {
	spelled, _ := json.Marshal(r.spelled) // lists of text
	for label, text := range map[string]string{labelKeys: elementKeys(r.keys).label(), labelSpelled: string(spelled), labelSecret: strings.Join(r.secrets, ",")} {
		if labels[label] = text; text == "" || text == "{}" || text == "null" {
			delete(labels, label)
		}
	}
}

// put writes what is wanted, and none in place of what was wanted before; what is in neither is left alone.
func put[T, P any](to *T, prior, want *P, none T, as func(P) T) {
	switch {
	case want != nil:
		*to = as(*want)
	case prior != nil:
		*to = none
	}
}

func same[T any](v T) T { return v }

// putList is put for a list.
func putList[T any](to *[]T, prior, want []string, as func(string) T) {
	switch {
	case want != nil:
		*to = nil
		for _, text := range want {
			*to = append(*to, as(text))
		}
	case prior != nil:
		*to = nil
	}
}

// putMap is put for a map.
func putMap(to *map[string]string, prior, want map[string]string) {
	if want != nil || prior != nil {
		*to = want
	}
}

func composeMode(spec *swarm.ServiceSpec, want *platform.Service) {
	count := func(n *int64) *uint64 {
		if n == nil {
			return nil
		}
		return new(uint64(*n)) //nolint:gosec // not negative by its validator
	}
	m := &spec.Mode
	if *m == (swarm.ServiceMode{}) {
		switch value(want.Mode) {
		case platform.ServiceGlobal:
			m.Global = &swarm.GlobalService{}
		case platform.ServiceGlobalJob:
			m.GlobalJob = &swarm.GlobalJob{}
		case platform.ServiceReplicatedJob:
			m.ReplicatedJob = &swarm.ReplicatedJob{}
		default:
			m.Replicated = &swarm.ReplicatedService{Replicas: new(uint64(1))}
		}
	}
	if m.Replicated != nil && want.Replicas != nil {
		m.Replicated.Replicas = count(want.Replicas)
	}
	if m.ReplicatedJob != nil {
		m.ReplicatedJob.MaxConcurrent, m.ReplicatedJob.TotalCompletions = count(want.Replicas), count(want.Completions)
	}
	if (m.ReplicatedJob != nil || m.GlobalJob != nil) && spec.TaskTemplate.RestartPolicy == nil {
		spec.TaskTemplate.RestartPolicy = &swarm.RestartPolicy{Condition: swarm.RestartPolicyConditionOnFailure} // the engine's default is refused
	}
}

func composeContainer(c *swarm.ContainerSpec, r *record, prior, want *platform.Service) {
	putList(&c.Command, prior.Entrypoint, want.Entrypoint, same)
	putList(&c.Args, prior.Command, want.Command, same)
	put(&c.User, prior.User, want.User, "", same)
	put(&c.Dir, prior.WorkingDir, want.WorkingDir, "", same)
	composeEnv(c, r, prior, want)
	if want.HealthCheck == nil {
		if prior.HealthCheck != nil {
			c.Healthcheck = nil
		}
		return
	}
	if c.Healthcheck == nil {
		c.Healthcheck = &container.HealthConfig{}
	}
	h, was, now := c.Healthcheck, value(prior.HealthCheck), *want.HealthCheck
	putList(&h.Test, was.Command, now.Command, same)
	if n := now.Command; len(n) > 0 && !slices.Contains([]string{"CMD", "CMD-SHELL", "NONE"}, n[0]) {
		h.Test = append([]string{"CMD"}, n...)
	}
	respell(r, "health_check.command", was.Command, now.Command)
	put(&h.Interval, was.Interval, now.Interval, 0, seconds)
	put(&h.Timeout, was.Timeout, now.Timeout, 0, seconds)
	put(&h.StartPeriod, was.StartPeriod, now.StartPeriod, 0, seconds)
	put(&h.Retries, was.Retries, now.Retries, 0, func(n int64) int { return int(n) })
}

func seconds(d platform.Duration) time.Duration { return time.Duration(d) }

// respell notes how the user writes a list that the engine writes otherwise.
func respell(r *record, attribute string, prior, want []string) {
	switch {
	case want != nil:
		r.spelled[attribute] = want
	case prior != nil:
		delete(r.spelled, attribute)
	}
}

// composeEnv changes the variables that are managed, by name.
func composeEnv(c *swarm.ContainerSpec, r *record, prior, want *platform.Service) {
	env := paired(c.Env)
	for name := range prior.Env {
		if _, stays := want.Env[name]; !stays {
			delete(env, name)
		}
	}
	maps.Copy(env, want.Env)
	if want.EnvWO != nil || want.EnvWOVersion == nil && prior.EnvWOVersion != nil {
		for _, name := range r.secrets {
			if _, shown := want.Env[name]; !shown {
				delete(env, name)
			}
		}
		maps.Copy(env, want.EnvWO)
		r.secrets = slices.Sorted(maps.Keys(want.EnvWO))
	}
	c.Env = pairs(env, orderedNames(c.Env, env))
}

// orderedNames lists the variables there are: first those that were there, in their order, then the new ones.
func orderedNames(before []string, env map[string]string) []string {
	var names []string
	for _, pair := range before {
		name, _, _ := strings.Cut(pair, "=")
		if _, stays := env[name]; stays && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func composeResources(task *swarm.TaskSpec, prior, want *platform.Service) {
	if task.Resources == nil {
		task.Resources = &swarm.ResourceRequirements{}
	}
	r := task.Resources
	if r.Limits == nil {
		r.Limits = &swarm.Limit{}
	}
	if r.Reservations == nil {
		r.Reservations = &swarm.Resources{}
	}
	put(&r.Limits.NanoCPUs, prior.CPUs, want.CPUs, 0, inNano)
	put(&r.Limits.MemoryBytes, prior.Memory, want.Memory, 0, inBytes)
	put(&r.Reservations.NanoCPUs, prior.ReservedCPUs, want.ReservedCPUs, 0, inNano)
	put(&r.Reservations.MemoryBytes, prior.ReservedMemory, want.ReservedMemory, 0, inBytes)
}

func inNano(cpus float64) int64 { return int64(math.Round(cpus * 1e9)) }

func inBytes(s platform.Size) int64 { return int64(s) }

// usualUpdate is how the engine updates services of which nobody says it.
func usualUpdate() swarm.UpdateConfig {
	return swarm.UpdateConfig{Parallelism: 1, FailureAction: swarm.UpdateFailureActionPause, Monitor: 5 * time.Second, Order: swarm.UpdateOrderStopFirst}
}

func composeUpdate(to **swarm.UpdateConfig, prior, want *platform.ServiceUpdate) {
	if want == nil {
		if prior != nil {
			*to = nil
		}
		return
	}
	usual := usualUpdate()
	if *to == nil {
		*to = new(usual)
	}
	u, was := *to, value(prior)
	put(&u.Parallelism, was.Parallelism, want.Parallelism, usual.Parallelism, func(n int64) uint64 { return uint64(n) }) //nolint:gosec // not negative by its validator
	put(&u.Delay, was.Delay, want.Delay, 0, seconds)
	put(&u.Order, was.Order, want.Order, usual.Order, func(s string) swarm.UpdateOrder { return swarm.UpdateOrder(s) })
	put(&u.FailureAction, was.FailureAction, want.FailureAction, usual.FailureAction, func(s string) swarm.FailureAction { return swarm.FailureAction(s) })
	put(&u.Monitor, was.Monitor, want.Monitor, usual.Monitor, seconds)
	put(&u.MaxFailureRatio, was.MaxFailureRatio, want.MaxFailureRatio, 0, func(f float64) float32 { return float32(f) })
}
