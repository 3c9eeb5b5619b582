package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// containerPlan is a planned change of a container.
type containerPlan = platform.Plan[platform.Container]

// Plan refuses what cannot be, names what a change alters, and lowers the cost of what is so already: what is managed
// from now on is no reason for another container where it does not change anything.
func (k *containers) Plan(ctx context.Context, p *containerPlan) error {
	if err := errors.Join(checkContainer(p), k.checkServer(p)); err != nil {
		return err
	}
	if p.Prior == nil {
		return nil
	}
	if p.Changed("power") || p.Changed("networks") { // the ports that the engine chose are bound to both
		p.Recompute("ports", "*", "host_port")
	}
	for key := range p.Want.Networks {
		if p.Changed("networks", key, "network_id") {
			p.Recompute("networks", key, "id")
		}
	}
	return errors.Join(k.checkMemory(ctx, p), k.adopt(ctx, p))
}

// checkContainer refuses what no engine can do.
func checkContainer(p *containerPlan) error {
	var errs []error
	refuse := func(why string, path ...string) {
		errs = append(errs, platform.At(platform.As(platform.ErrInvalid, errors.New(why)), path...))
	}
	w := p.Want
	if p.Known("name") && !isName(w.Name) {
		refuse(fmt.Sprintf("%q is no name of a container: write letters, digits, and after the first one also _ . and -; two at least", w.Name), "name")
	}
	if c := w.CPUs; p.Known("cpus") && c != nil && math.Round(*c*perCPU)/perCPU != *c {
		refuse("write at most nine digits behind the point", "cpus")
	}
	for _, key := range platform.Keys(w.Networks) {
		checkNetwork(p, key, refuse)
	}
	for _, key := range platform.Keys(w.Mounts) {
		if v := w.Mounts[key].VolumeID; v != nil && strings.HasPrefix(*v, "/") {
			refuse("this is a path: host_path takes it", "mounts", key, "volume_id")
		}
	}
	if d := w.Docker; d != nil {
		checkDocker(p, d, refuse)
	}
	return errors.Join(errs...)
}

// isName reports whether engines take a name.
func isName(name string) bool {
	const inner = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.-"
	return len(name) > 1 && strings.Trim(name, inner) == "" && !strings.ContainsAny(name[:1], "_.-")
}

func checkNetwork(p *containerPlan, key string, refuse func(string, ...string)) {
	n := p.Want.Networks[key]
	if p.Known("networks", key, "network_id") && !isNetworkID(n.NetworkID) {
		refuse(fmt.Sprintf("%q is no id of a network: write that of a virt_network, or look its name up by data.virt_network", n.NetworkID), "networks", key, "network_id")
	}
	if !p.Known("networks", key, "addresses") {
		return
	}
	if err := checkAddresses(n.Addresses); err != nil {
		refuse(err.Error(), "networks", key, "addresses")
	}
}

// isNetworkID reports whether a text is what engines give networks: 64 hexadecimal digits, or 25 letters of a swarm.
func isNetworkID(id string) bool {
	return len(id) == 64 && hexadecimal(id) || len(id) == 25 && strings.Trim(id, "0123456789abcdefghijklmnopqrstuvwxyz") == ""
}

func checkDocker(p *containerPlan, d *platform.DockerContainer, refuse func(string, ...string)) {
	if d.NetworkMode != nil && len(p.Want.Networks) > 0 {
		refuse("a container has either networks or a network mode", "docker", "network_mode")
	}
	if t := d.StopTimeout; t != nil && time.Duration(*t)%time.Second != 0 {
		refuse("the engine counts whole seconds", "docker", "stop_timeout")
	}
	if d.MemorySwap != nil && p.Known("memory") && p.Want.Memory == nil {
		refuse("this needs a limit of memory, too", "memory")
	}
	if p.Known("memory") && p.Want.Memory != nil && d.MemorySwap != nil && *d.MemorySwap < *p.Want.Memory {
		refuse(fmt.Sprintf("memory and swap together cannot be less than the memory, %s", p.Want.Memory), "docker", "memory_swap")
	}
	if d.RestartRetries != nil && p.Known("restart") && value(p.Want.Restart) != platform.RestartOnFailure {
		refuse(`it counts with restart = "on-failure" only`, "docker", "restart_retries")
	}
	if !value(d.ReadOnly) {
		return
	}
	for _, file := range platform.Keys(p.Want.Files) {
		path := p.Want.Files[file].Path
		if p.Known("files", file, "path") && !slices.ContainsFunc(platform.Keys(p.Want.Mounts), func(key string) bool {
			return strings.HasPrefix(path, strings.TrimRight(p.Want.Mounts[key].Target, "/")+"/")
		}) {
			refuse("no file can be put into a file system that is read-only", "files", file, "path")
		}
	}
}

// checkServer refuses what this engine lacks. Nothing is ignored.
func (k *containers) checkServer(p *containerPlan) error {
	var errs []error
	refuse := func(why string, path ...string) {
		errs = append(errs, platform.At(platform.As(platform.ErrUnsupported, errors.New(why)), path...))
	}
	w := p.Want
	if w.CPUs != nil && *w.CPUs > float64(k.info.NCPU) {
		refuse(fmt.Sprintf("the engine's host has %d CPUs", k.info.NCPU), "cpus")
	}
	if d := w.Docker; d != nil && d.MemorySwap != nil && !k.info.SwapLimit && !k.podman {
		refuse("the kernel of the engine's host does not limit swap", "docker", "memory_swap")
	}
	if !k.podman {
		return errors.Join(errs...)
	}
	if w.WaitFor != nil && value(w.WaitFor.State) == platform.WaitHealthy {
		refuse("Podman's compatible API does not run health checks by itself: wait for running", "wait_for", "state")
	}
	for _, at := range changedLive() {
		if p.Prior != nil && p.Known(at...) && p.Changed(at...) {
			refuse("Podman's compatible API changes this of no container that is there: destroy it first (terraform destroy -target)", at...)
		}
	}
	return errors.Join(errs...)
}

// changedLive are the attributes that Docker changes by a request which Podman's compatible API lacks.
func changedLive() []platform.Path {
	return []platform.Path{
		{"cpus"},
		{"memory"},
		{"restart"},
		{"docker", "restart_retries"},
		{"docker", "memory_swap"},
		{"docker", "memory_reservation"},
		{"docker", "cpu_shares"},
		{"docker", "cpu_set"},
		{"docker", "pids"},
	}
}

// checkMemory refuses a limit below what a running container uses: it would be killed.
func (k *containers) checkMemory(ctx context.Context, p *containerPlan) error {
	now, want := p.Prior.Memory, p.Want.Memory
	if !p.Known("memory") || want == nil || now != nil && *want >= *now || value(p.Prior.Power) != platform.PowerOn || !p.Changed("memory") {
		return nil
	}
	ctx, cancel := k.brief(ctx)
	defer cancel()
	answer, err := k.client.ContainerStats(ctx, *p.Prior.ID, client.ContainerStatsOptions{})
	if err != nil {
		return nil // the change itself says what is wrong
	}
	defer answer.Body.Close()
	var stats struct {
		Memory struct {
			Usage int64            `json:"usage"`
			Stats map[string]int64 `json:"stats"`
		} `json:"memory_stats"`
	}
	if json.NewDecoder(answer.Body).Decode(&stats) != nil {
		return nil
	}
	used := platform.Size(stats.Memory.Usage - max(stats.Memory.Stats["total_inactive_file"], stats.Memory.Stats["inactive_file"]))
	if used <= *want {
		return nil
	}
	return platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("the container uses %d MiB now: with less it would be killed", used.CeilMiB())), "memory")
}

// adopt looks at the container where something is managed that was not: what it is already costs nothing.
func (k *containers) adopt(ctx context.Context, p *containerPlan) error {
	paths := novelties(p)
	if len(paths) == 0 {
		return nil
	}
	c, err := k.inspect(ctx, *p.Prior.ID)
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	is := platform.Container{}
	s, err := k.look(ctx, c, false)
	if err != nil {
		return err
	}
	is.Env, is.Docker = p.Want.Env, &platform.DockerContainer{}
	s.fill(&is)
	for _, path := range paths {
		if p.Known(path...) && reflect.DeepEqual(plainField(&is, path), plainField(p.Want, path)) {
			p.Soften(platform.ClassLive, path...)
		}
	}
	s.importing = true // all elements are told
	k.adoptElements(p, s)
	return k.adoptFiles(ctx, p, c)
}

// novelties lists what is managed from now on and would need another container.
func novelties(p *containerPlan) []platform.Path {
	var list []platform.Path
	add := func(path ...string) {
		if p.Changed(path...) && blankValue(plainField(p.Prior, path)) {
			list = append(list, path)
		}
	}
	for _, name := range []string{"entrypoint", "command", "user", "working_dir", "hostname", "env", "tags", "ports", "mounts", "files"} {
		add(name)
	}
	if h := p.Want.HealthCheck; h != nil {
		for _, name := range namesOf(reflect.TypeOf(*h)) {
			add("health_check", name)
		}
	}
	if d := p.Want.Docker; d != nil {
		for _, name := range namesOf(reflect.TypeOf(*d)) {
			add("docker", name)
		}
	}
	return list
}

// adoptElements finds ports and mounts that are there already.
func (k *containers) adoptElements(p *containerPlan, s *seen) {
	if p.Prior.Ports == nil {
		is := s.ports(nil)
		for key, want := range p.Want.Ports {
			for _, port := range is {
				if port.Port == want.Port && value(port.Protocol) == orElse(want.Protocol, "tcp") && value(port.HostIP) == value(want.HostIP) &&
					(want.HostPort == nil || value(port.HostPort) == *want.HostPort) {
					p.Soften(platform.ClassLive, "ports", key)
				}
			}
		}
	}
	if p.Prior.Mounts != nil {
		return
	}
	is := s.mounts(nil)
	for key, want := range p.Want.Mounts {
		for _, m := range is {
			if m.Target == want.Target && value(m.VolumeID) == value(want.VolumeID) && value(m.HostPath) == value(want.HostPath) &&
				value(m.ReadOnly) == value(want.ReadOnly) && value(m.Size) == value(want.Size) {
				p.Soften(platform.ClassLive, "mounts", key)
			}
		}
	}
}

// adoptFiles finds files that are there already, as after an import. Those that an unfinished container lacks are put
// into it by the update.
func (k *containers) adoptFiles(ctx context.Context, p *containerPlan, c *container.InspectResponse) error {
	if p.Prior.Files != nil {
		return nil
	}
	for key, f := range p.Want.Files {
		if !p.Known("files", key, "content") || !p.Known("files", key, "content_base64") || !p.Known("files", key, "path") {
			continue
		}
		there := unfinished(c)
		if !there {
			var err error
			if there, err = k.holds(ctx, *p.Prior.ID, f); err != nil {
				return err
			}
		}
		if there {
			p.Soften(platform.ClassLive, "files", key)
		}
	}
	return nil
}

// plainField is the field with a path of tfsdk names, or nil where a group around it is nil.
func plainField(c *platform.Container, path platform.Path) any {
	v := reflect.ValueOf(c).Elem()
	for _, name := range path {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return nil
			}
			v = v.Elem()
		}
		for _, f := range reflect.VisibleFields(v.Type()) {
			if f.Tag.Get("tfsdk") == name {
				v = v.FieldByIndex(f.Index)
				break
			}
		}
	}
	return v.Interface()
}

func blankValue(v any) bool { return v == nil || reflect.ValueOf(v).IsZero() }

func namesOf(t reflect.Type) []string {
	var names []string
	for f := range t.Fields() {
		if name := f.Tag.Get("tfsdk"); name != "remove_volumes" {
			names = append(names, name)
		}
	}
	return names
}
