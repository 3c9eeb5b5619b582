package docker

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/distribution/reference"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/api/types/swarm"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// fillService tells a service. have says which elements and which variables are managed. On an import that is all, but
// for what the docker tool writes where nobody said anything.
func fillService(have *platform.Service, s swarm.Service, importing bool) {
	r, task := recordOf(s.Spec.Labels), s.Spec.TaskTemplate
	c := task.ContainerSpec
	if c == nil { // a plugin
		c = &swarm.ContainerSpec{}
	}
	have.ID, have.Name, have.Tags = &s.ID, s.Spec.Name, tagsOf(s.Spec.Labels, nil)
	have.Image = r.said("image", []string{c.Image}, plainImages)[0]
	have.Native = described(s.Meta, map[string]string{"image": c.Image})
	have.Entrypoint, have.Command = c.Command, c.Args
	have.User, have.WorkingDir = unless("", c.User), unless("", c.Dir)
	fillEnv(have, c, r, importing)
	fillNumbers(have, s)
	fillResources(have, task.Resources)
	fillHealth(have, c, r)
	have.Update = filledUpdate(s.Spec.UpdateConfig, importing)
	fillPorts(have, s, &r, importing)
	fillMounts(have, c, &r, importing)
	have.Secrets = filledFiles(have.Secrets, fileParts(secretFiles(c), r.keys["secrets"]), importing,
		func(s platform.ServiceSecret) *string { return s.ID }, func(s platform.ServiceSecret) platform.ServiceSecret { return s })
	have.Configs = filledFiles(have.Configs, fileParts(configFiles(c), r.keys["configs"]), importing,
		func(s platform.ServiceConfig) *string { return s.ID }, asConfig)
	if have.Docker != nil {
		fillOwn(have.Docker, s.Spec, c, r)
	}
}

// plainImages spells references in one way, without the digest that the engine found for a tag.
func plainImages(list []string) []string {
	var out []string
	for _, text := range list {
		named, err := reference.ParseNormalizedNamed(text)
		if err != nil {
			return list
		}
		if tagged, ok := named.(reference.NamedTagged); ok {
			named, _ = reference.WithTag(reference.TrimNamed(named), tagged.Tag()) // it was one
		} else if _, pinned := named.(reference.Digested); !pinned {
			named = reference.TagNameOnly(named)
		}
		out = append(out, named.String())
	}
	return out
}

// fillEnv tells the variables that are managed; on an import all but those whose values no state may hold.
func fillEnv(have *platform.Service, c *swarm.ContainerSpec, r record, importing bool) {
	env := paired(c.Env)
	if importing {
		for _, name := range r.secrets {
			delete(env, name)
		}
		have.Env = env
		return
	}
	have.Env = only(env, have.Env)
}

// fillNumbers tells how many there are to be, and how many run.
func fillNumbers(have *platform.Service, s swarm.Service) {
	count := func(n *uint64) *int64 {
		if n == nil {
			return nil
		}
		return new(int64(*n)) //nolint:gosec // a number of containers
	}
	have.Replicas, have.Completions = nil, nil
	switch m := s.Spec.Mode; {
	case m.Global != nil:
		have.Mode = new(platform.ServiceGlobal)
	case m.GlobalJob != nil:
		have.Mode = new(platform.ServiceGlobalJob)
	case m.ReplicatedJob != nil:
		have.Mode, have.Replicas, have.Completions = new(platform.ServiceReplicatedJob), count(m.ReplicatedJob.MaxConcurrent), count(m.ReplicatedJob.TotalCompletions)
	case m.Replicated != nil:
		have.Mode, have.Replicas = new(platform.ServiceReplicated), count(m.Replicated.Replicas)
	}
	if s.ServiceStatus != nil {
		have.Running = count(&s.ServiceStatus.RunningTasks)
	}
}

func fillResources(have *platform.Service, r *swarm.ResourceRequirements) {
	cpus := func(nano int64) *float64 { return unless(0, float64(nano)/1e9) }
	size := func(n int64) *platform.Size { return unless(0, platform.Size(n)) }
	have.CPUs, have.Memory, have.ReservedCPUs, have.ReservedMemory = nil, nil, nil, nil
	if r != nil && r.Limits != nil {
		have.CPUs, have.Memory = cpus(r.Limits.NanoCPUs), size(r.Limits.MemoryBytes)
	}
	if r != nil && r.Reservations != nil {
		have.ReservedCPUs, have.ReservedMemory = cpus(r.Reservations.NanoCPUs), size(r.Reservations.MemoryBytes)
	}
}

func fillHealth(have *platform.Service, c *swarm.ContainerSpec, r record) {
	have.HealthCheck = nil
	if h := c.Healthcheck; h != nil {
		have.HealthCheck = &platform.HealthCheck{
			Command:  r.said("health_check.command", strippedCheck(h.Test), strippedCheck),
			Interval: unless(0, platform.Duration(h.Interval)), Timeout: unless(0, platform.Duration(h.Timeout)),
			StartPeriod: unless(0, platform.Duration(h.StartPeriod)), Retries: unless(0, int64(h.Retries)),
		}
	}
}

// filledUpdate tells how a service is updated. On an import it is left out where it is as usual.
func filledUpdate(u *swarm.UpdateConfig, importing bool) *platform.ServiceUpdate {
	if u == nil || importing && *u == usualUpdate() {
		return nil
	}
	ratio, _ := strconv.ParseFloat(strconv.FormatFloat(float64(u.MaxFailureRatio), 'g', -1, 32), 64) // the engine has half as many digits
	told := &platform.ServiceUpdate{
		Parallelism: new(int64(u.Parallelism)), Delay: new(platform.Duration(u.Delay)), //nolint:gosec // a number of containers
		Order: unless("", string(u.Order)), FailureAction: unless("", string(u.FailureAction)),
		Monitor: new(platform.Duration(u.Monitor)), MaxFailureRatio: &ratio,
	}
	if importing {
		usual := usualUpdate()
		told.Delay, told.MaxFailureRatio = unless(0, *told.Delay), unless(0, ratio)
		told.Order, told.FailureAction = other(told.Order, string(usual.Order)), other(told.FailureAction, string(usual.FailureAction))
		told.Monitor = other(told.Monitor, platform.Duration(usual.Monitor))
	}
	return told
}

// filledKeys are the keys of parts by their ids: those that are asked for, on an import the ids themselves.
func filledKeys[E any](asked map[string]E, id func(E) *string, importing bool) func(own string) (string, bool) {
	bound := map[string]string{}
	for key, e := range asked {
		bound[value(id(e))] = key
	}
	return func(own string) (string, bool) {
		key, ok := bound[own]
		if !ok && importing {
			return own, true
		}
		return key, ok
	}
}

func fillPorts(have *platform.Service, s swarm.Service, r *record, importing bool) {
	if have.Ports == nil && !importing {
		return
	}
	keyOf, told := filledKeys(have.Ports, func(p platform.ServicePort) *string { return p.ID }, importing), map[string]platform.ServicePort{}
	for _, p := range portParts(s.Spec.EndpointSpec, r) {
		key, ok := keyOf(p.id)
		if !ok {
			continue
		}
		published := p.native.PublishedPort
		for _, e := range s.Endpoint.Ports { // where the engine chose it
			if published == 0 && e.TargetPort == p.native.TargetPort && e.Protocol == p.native.Protocol && e.PublishMode == p.native.PublishMode {
				published = e.PublishedPort
			}
		}
		told[key] = platform.ServicePort{
			ID: new(p.id), Port: int64(p.native.TargetPort), Published: unless(0, int64(published)),
			Protocol: new(string(orUsual(p.native.Protocol, network.TCP))), Mode: new(string(orUsual(p.native.PublishMode, swarm.PortConfigPublishModeIngress))),
		}
	}
	have.Ports = told
}

func orUsual[T comparable](v, usual T) T {
	var zero T
	if v == zero {
		return usual
	}
	return v
}

func fillMounts(have *platform.Service, c *swarm.ContainerSpec, r *record, importing bool) {
	if have.Mounts == nil && !importing {
		return
	}
	keyOf, told := filledKeys(have.Mounts, func(m platform.ContainerMount) *string { return m.ID }, importing), map[string]platform.ContainerMount{}
	for _, p := range mountParts(c, r) {
		key, ok := keyOf(p.id)
		if !ok {
			continue
		}
		m := platform.ContainerMount{ID: new(p.id), Target: p.native.Target, ReadOnly: &p.native.ReadOnly}
		if importing && !p.native.ReadOnly {
			m.ReadOnly = nil
		}
		switch p.native.Type { //nolint:exhaustive // a service's parts have no other type
		case mount.TypeVolume:
			m.VolumeID = unless("", p.native.Source)
		case mount.TypeBind:
			m.HostPath = &p.native.Source
		case mount.TypeTmpfs:
			if o := p.native.TmpfsOptions; o != nil {
				m.Size = unless(0, platform.Size(o.SizeBytes))
			}
		}
		told[key] = m
	}
	have.Mounts = told
}

// filledFiles tells secrets, and configs in the words of secrets.
func filledFiles[E any](have map[string]E, parts []part[file], importing bool, id func(E) *string, as func(platform.ServiceSecret) E) map[string]E {
	if have == nil && !importing {
		return nil
	}
	keyOf, told := filledKeys(have, id, importing), map[string]E{}
	for _, p := range parts {
		key, ok := keyOf(p.id)
		if !ok {
			continue
		}
		f := p.native
		s := platform.ServiceSecret{ID: new(p.id), SecretID: f.version, Target: new(f.target), User: &f.user, Group: &f.group, Mode: new(fmt.Sprintf("%04o", f.mode))}
		if importing {
			s.User, s.Group, s.Mode = other(s.User, "0"), other(s.Group, "0"), other(s.Mode, fmt.Sprintf("%04o", usualMode))
		}
		told[key] = as(s)
	}
	return told
}

func asConfig(s platform.ServiceSecret) platform.ServiceConfig {
	return platform.ServiceConfig{ConfigID: s.SecretID, Target: s.Target, User: s.User, Group: s.Group, Mode: s.Mode, ID: s.ID}
}

// fillOwn tells what only Swarm services have.
func fillOwn(d *platform.DockerService, spec swarm.ServiceSpec, c *swarm.ContainerSpec, r record) {
	task := spec.TaskTemplate
	*d = platform.DockerService{
		ContainerLabels: c.Labels, Hostname: unless("", c.Hostname), Sysctls: c.Sysctls, Init: c.Init, ReadOnly: &c.ReadOnly,
		CapAdd: r.said("cap_add", c.CapabilityAdd, plainCaps), CapDrop: r.said("cap_drop", c.CapabilityDrop, plainCaps),
		StopSignal: unless("", c.StopSignal), StopTimeout: told(c.StopGracePeriod), Rollback: filledUpdate(spec.RollbackConfig, false),
	}
	for _, n := range task.Networks {
		d.Networks = append(d.Networks, n.Target)
	}
	if e := spec.EndpointSpec; e != nil {
		d.EndpointMode = unless("", string(e.Mode))
	}
	if p := task.Placement; p != nil {
		d.Constraints, d.MaxPerNode = p.Constraints, unless(0, int64(p.MaxReplicas)) //nolint:gosec // a number of containers
		for _, by := range p.Preferences {
			if by.Spread != nil {
				d.Preferences = append(d.Preferences, "spread="+by.Spread.SpreadDescriptor)
			}
		}
	}
	d.ExtraHosts = filledHosts(c.Hosts)
	if c.DNSConfig != nil {
		for _, a := range c.DNSConfig.Nameservers {
			d.DNS = append(d.DNS, a.String())
		}
		d.DNS = r.said("dns", d.DNS, plainAddresses)
	}
	if l := task.LogDriver; l != nil {
		d.LogDriver, d.LogOptions = unless("", l.Name), l.Options
	}
	if p := task.RestartPolicy; p != nil {
		d.RestartCondition, d.RestartDelay, d.RestartWindow = unless("", string(p.Condition)), told(p.Delay), told(p.Window)
		if p.MaxAttempts != nil {
			d.RestartAttempts = new(int64(*p.MaxAttempts)) //nolint:gosec // a small number
		}
	}
}

func told(d *time.Duration) *platform.Duration {
	if d == nil {
		return nil
	}
	return new(platform.Duration(*d))
}

// plainCaps spells capabilities in one way, in one order.
func plainCaps(list []string) []string {
	var out []string
	for _, text := range list {
		text = strings.ToUpper(text)
		if text != "ALL" && !strings.HasPrefix(text, "CAP_") {
			text = "CAP_" + text
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return out
}

func plainAddresses(list []string) []string {
	var out []string
	for _, text := range list {
		if a, err := netip.ParseAddr(text); err == nil {
			text = a.String()
		}
		out = append(out, text)
	}
	return out
}

// filledHosts reads lines of an address and names.
func filledHosts(lines []string) map[string]string {
	if len(lines) == 0 {
		return nil
	}
	hosts := map[string]string{}
	for _, line := range lines {
		if f := strings.Fields(line); len(f) > 1 {
			for _, name := range f[1:] {
				hosts[name] = f[0]
			}
		}
	}
	return hosts
}
