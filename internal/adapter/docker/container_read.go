package docker

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/moby/api/types/container"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// seen is one look at a container, with what helps to understand it.
type seen struct {
	*container.InspectResponse
	image     *imageDefault
	record    record
	host      hostLimits
	importing bool // what image and daemon filled in is left out: nobody wrote it
	podman    bool
}

// hostLimits is what a host has at most: a container with that limit has none.
type hostLimits struct{ cpus, memory int64 }

// tell fills in all that is known of a container. have says what is managed where that matters.
func (k *containers) tell(ctx context.Context, c *container.InspectResponse, have *platform.Container) error {
	s, err := k.look(ctx, c, platform.Importing(ctx))
	if err != nil {
		return err
	}
	have.Networks, err = k.networksOf(ctx, s, have.Networks)
	if err != nil {
		return err
	}
	s.fill(have)
	return nil
}

func (k *containers) look(ctx context.Context, c *container.InspectResponse, importing bool) (*seen, error) {
	image, err := k.filledBy(ctx, c, importing)
	if err != nil {
		return nil, err
	}
	host := hostLimits{int64(k.info.NCPU), k.info.MemTotal}
	return &seen{InspectResponse: c, image: image, record: recordOf(c.Config.Labels), host: host, importing: importing, podman: k.podman}, nil
}

// fill tells everything but the networks.
func (s *seen) fill(have *platform.Container) {
	c := s.Config
	have.ID, have.Name, have.ImageID = &s.ID, s.Name, c.Image
	have.Hostname, have.User, have.WorkingDir = s.hostname(), s.or(c.User, s.image.user), s.or(c.WorkingDir, s.image.workingDir)
	have.Entrypoint, have.Command = s.command()
	have.Env = s.variables(have.Env)
	have.HealthCheck = s.healthCheck()
	have.Tags = s.tags()
	have.CPUs, have.Memory, have.Restart = s.cpus(), s.memory(), s.restart()
	have.Ports, have.Mounts = s.ports(have.Ports), s.mounts(have.Mounts)
	if have.Docker != nil {
		have.Docker = s.docker()
	}
	s.fillState(have)
}

// fillState tells what changes by itself.
func (s *seen) fillState(have *platform.Container) {
	power, code := powerOf(s.State), int64(s.State.ExitCode)
	have.Power, have.ExitCode, have.Addresses = &power, nil, s.addresses()
	if power == platform.PowerOff && s.State.Status != container.StateCreated {
		have.ExitCode = &code
	}
	have.Native = map[string]string{"image": s.Image, "created_at": s.Created, "network_mode": string(s.HostConfig.NetworkMode)}
}

func powerOf(s *container.State) string {
	switch {
	case s.Paused:
		return platform.PowerSuspended
	case s.Running, s.Restarting:
		return platform.PowerOn
	}
	return platform.PowerOff
}

// or is a text unless nobody wrote it: it is empty or, on an import, what the image says.
func (s *seen) or(text, image string) *string {
	if s.importing && text == image {
		return nil
	}
	return unless("", text)
}

// hostname leaves the engine's own choice out, which is the beginning of the id.
func (s *seen) hostname() *string {
	name := s.Config.Hostname
	shared := s.HostConfig.NetworkMode.IsHost() || s.HostConfig.NetworkMode.IsContainer()
	if s.importing && (strings.HasPrefix(s.ID, name) || shared) {
		return nil
	}
	return unless("", name)
}

// command is what runs. On an import, what the image would fill in is left out: a command only where there is no entry
// point that differs, because with another one the image's command does not count.
func (s *seen) command() (entrypoint, command []string) {
	c, i := s.Config, s.image
	if !s.importing {
		return c.Entrypoint, c.Cmd
	}
	same := slices.Equal(c.Entrypoint, i.entrypoint)
	switch {
	case same && slices.Equal(c.Cmd, i.cmd):
		return nil, nil
	case same && len(c.Cmd) > 0:
		return nil, c.Cmd
	}
	return c.Entrypoint, c.Cmd
}

// variables is the variables that are managed: those asked for, else all that neither the image nor a secret made.
func (s *seen) variables(asked map[string]string) map[string]string {
	env := paired(s.Config.Env)
	maps.DeleteFunc(env, func(name, text string) bool {
		if asked != nil {
			_, managed := asked[name]
			return !managed
		}
		was, inherited := s.image.env[name]
		return slices.Contains(s.record.secrets, name) || inherited && was == text || s.podman && podmanSets(name, text, s.Config.Hostname)
	})
	return env
}

// tags are the labels that neither we nor the image made. Those that a configuration has are tags even where the image
// says the same.
func (s *seen) tags() map[string]string {
	tags := tagsOf(s.Config.Labels, s.image.labels)
	for _, name := range s.record.spelled["tags"] {
		if text, ok := s.Config.Labels[name]; ok {
			tags[name] = text
		}
	}
	return tags
}

func (s *seen) cpus() *float64 {
	n := s.HostConfig.NanoCPUs
	if n == 0 || s.importing && n >= s.host.cpus*perCPU {
		return nil
	}
	cpus := float64(n) / perCPU
	return &cpus
}

// perCPU is how finely the engine divides a CPU.
const perCPU = 1_000_000_000

func (s *seen) memory() *platform.Size {
	if m := s.HostConfig.Memory; !s.importing || m < s.host.memory {
		return unless(0, platform.Size(m))
	}
	return nil
}

func (s *seen) restart() *string {
	policy := string(s.HostConfig.RestartPolicy.Name)
	if policy == "" {
		policy = platform.RestartNo
	}
	if s.importing && policy == platform.RestartNo {
		return nil
	}
	return &policy
}

// healthCheck is the command with its times. ["NONE"] is a check, too: that of an image is switched off.
func (s *seen) healthCheck() *platform.HealthCheck {
	h := s.Config.Healthcheck
	if h == nil || s.importing && sameCheck(h, s.image.health) {
		return nil
	}
	check := &platform.HealthCheck{
		Command:  s.record.said("health_check.command", strippedCheck(h.Test), strippedCheck),
		Interval: unless(0, platform.Duration(h.Interval)), Timeout: unless(0, platform.Duration(h.Timeout)),
		StartPeriod: unless(0, platform.Duration(h.StartPeriod)), Retries: unless(0, int64(h.Retries)),
	}
	if i := s.image.health; s.importing && i != nil { // the image fills these in
		if slices.Equal(h.Test, i.Test) {
			check.Command = nil
		}
		check.Interval = other(check.Interval, platform.Duration(i.Interval))
		check.Timeout = other(check.Timeout, platform.Duration(i.Timeout))
		check.StartPeriod = other(check.StartPeriod, platform.Duration(i.StartPeriod))
		check.Retries = other(check.Retries, int64(i.Retries))
	}
	return check
}

// other is a value unless it is the given one.
func other[T comparable](p *T, than T) *T {
	if p != nil && *p == than {
		return nil
	}
	return p
}

func sameCheck(a, b *container.HealthConfig) bool {
	return b != nil && slices.Equal(a.Test, b.Test) && a.Interval == b.Interval && a.Timeout == b.Timeout &&
		a.StartPeriod == b.StartPeriod && a.Retries == b.Retries
}

// strippedCheck is a check as a program with its arguments, which is what the engine calls CMD.
func strippedCheck(test []string) []string {
	if len(test) > 0 && test[0] == "CMD" {
		return test[1:]
	}
	return test
}

// addresses are those on its networks while it runs.
func (s *seen) addresses() []string {
	var list []netip.Addr
	for _, name := range slices.Sorted(maps.Keys(s.NetworkSettings.Networks)) {
		if n := s.NetworkSettings.Networks[name]; n != nil {
			list = append(list, n.IPAddress, n.GlobalIPv6Address)
		}
	}
	texts := []string{}
	for _, a := range list {
		if a.IsValid() && !a.IsLinkLocalUnicast() && !a.IsLoopback() && !a.IsUnspecified() {
			texts = append(texts, a.String())
		}
	}
	return texts
}

// portNumber reads the port of a host; 0 when there is none yet.
func portNumber(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}
