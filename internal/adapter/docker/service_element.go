package docker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/api/types/swarm"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// The engine has no ids for a service's ports, mounts and files. Ours are the user's first keys, kept in labelKeys by
// what tells the elements apart: the mark.

// part is one element of a service as the engine has it.
type part[N any] struct {
	native     N
	mark, weak string // weak: what still tells it after somebody changed it; may be empty
	slot       string // what it is called when nobody gave it a key
	id         string
}

// identify gives every part its id: that of its mark, else that of its weaker mark which nobody else has, else its slot.
func identify[N any](parts []part[N], ids map[string]string) []part[N] {
	taken, free := map[string]bool{}, map[string]string{}
	for i, p := range parts {
		if id := ids[p.mark]; id != "" && !taken[id] {
			parts[i].id, taken[id] = id, true
		}
	}
	for mark, id := range ids {
		if weak, _, _ := strings.Cut(mark, " "); !taken[id] {
			free[weak] = id
		}
	}
	for i, p := range parts {
		if id := free[p.weak]; p.id == "" && p.weak != "" && id != "" && !taken[id] {
			parts[i].id, taken[id] = id, true
		}
	}
	for i, p := range parts {
		for id := p.slot; parts[i].id == ""; id += "-2" {
			if !taken[id] {
				parts[i].id, taken[id] = id, true
			}
		}
	}
	return parts
}

// merge puts the wanted elements in place of those that were wanted before; parts that nobody declared stay. make gets
// the part that an element was until now, or nil. bind notes an element's id.
func merge[E, N any](r *record, attribute string, parts []part[N], prior, want map[string]E, id func(E) *string,
	make func(key string, e E, old *N) (N, string), bind func(key, id string),
) []N {
	if prior == nil && want == nil {
		out := []N{}
		for _, p := range parts {
			out = append(out, p.native)
		}
		return out
	}
	was, taken := map[string]bool{}, map[string]bool{}
	for _, e := range prior {
		was[value(id(e))] = true
	}
	for _, e := range want {
		taken[value(id(e))] = true
	}
	marks, out := map[string]string{}, []N{}
	for _, p := range parts {
		if !was[p.id] && !taken[p.id] {
			out, taken[p.id] = append(out, p.native), true
			if r.keys[attribute][p.mark] != "" {
				marks[p.mark] = p.id
			}
		}
	}
	for _, key := range placed(parts, want, id) {
		own := freeID(value(id(want[key])), key, taken)
		taken[own] = true
		var old *N
		if i := slices.IndexFunc(parts, func(p part[N]) bool { return p.id == own }); i >= 0 {
			old = &parts[i].native
		}
		n, mark := make(key, want[key], old)
		out, marks[mark] = append(out, n), own
		bind(key, own)
	}
	if r.keys[attribute] = marks; len(marks) == 0 {
		delete(r.keys, attribute)
	}
	return out
}

// placed is the keys in the order of what is there; new ones follow in their natural order.
func placed[E, N any](parts []part[N], want map[string]E, id func(E) *string) []string {
	place := func(key string) int {
		own := value(id(want[key]))
		if i := slices.IndexFunc(parts, func(p part[N]) bool { return own != "" && p.id == own }); i >= 0 {
			return i
		}
		return len(parts)
	}
	return slices.SortedStableFunc(slices.Values(platform.Keys(want)), func(a, b string) int { return place(a) - place(b) })
}

// freeID is the id that an element has, else its key, told apart from those there are.
func freeID(own, key string, taken map[string]bool) string {
	if own != "" {
		return own
	}
	for taken[key] {
		key += "-2"
	}
	return key
}

func portMark(p swarm.PortConfig) string {
	return fmt.Sprintf("%d/%s %s %d", p.TargetPort, p.Protocol, p.PublishMode, p.PublishedPort)
}

func portParts(spec *swarm.EndpointSpec, r *record) []part[swarm.PortConfig] {
	if spec == nil {
		return nil
	}
	var parts []part[swarm.PortConfig]
	for _, p := range spec.Ports {
		weak := fmt.Sprintf("%d/%s", p.TargetPort, p.Protocol)
		parts = append(parts, part[swarm.PortConfig]{native: p, mark: portMark(p), weak: weak, slot: strings.ReplaceAll(weak, "/", "-")})
	}
	return identify(parts, r.keys["ports"])
}

func composePorts(spec *swarm.ServiceSpec, r *record, prior, want *platform.Service) {
	if prior.Ports == nil && want.Ports == nil {
		return
	}
	if spec.EndpointSpec == nil {
		spec.EndpointSpec = &swarm.EndpointSpec{}
	}
	spec.EndpointSpec.Ports = merge(r, "ports", portParts(spec.EndpointSpec, r), prior.Ports, want.Ports,
		func(p platform.ServicePort) *string { return p.ID },
		func(key string, p platform.ServicePort, old *swarm.PortConfig) (swarm.PortConfig, string) {
			n := swarm.PortConfig{Protocol: network.TCP, PublishMode: swarm.PortConfigPublishModeIngress}
			if old != nil {
				n = *old
			}
			n.TargetPort = uint32(p.Port) //nolint:gosec // a port by its validator
			put(&n.Protocol, nil, p.Protocol, "", func(s string) network.IPProtocol { return network.IPProtocol(s) })
			put(&n.PublishMode, nil, p.Mode, "", func(s string) swarm.PortConfigPublishMode { return swarm.PortConfigPublishMode(s) })
			chosen := old != nil && old.PublishedPort == 0 && sameNumber(p.Published, prior.Ports[key].Published)
			if !chosen { // a port that the engine chose stays its choice
				n.PublishedPort = uint32(value(p.Published)) //nolint:gosec // a port by its validator
			}
			return n, portMark(n)
		},
		func(key, id string) { p := want.Ports[key]; p.ID = &id; want.Ports[key] = p })
}

func sameNumber(a, b *int64) bool { return a == b || a != nil && b != nil && *a == *b }

func mountParts(c *swarm.ContainerSpec, r *record) []part[mount.Mount] {
	var parts []part[mount.Mount]
	for _, m := range c.Mounts {
		if m.Type == mount.TypeBind || m.Type == mount.TypeTmpfs || m.Type == mount.TypeVolume {
			parts = append(parts, part[mount.Mount]{native: m, mark: m.Target, slot: lastElement(m.Target)})
		}
	}
	return identify(parts, r.keys["mounts"])
}

func composeMounts(c *swarm.ContainerSpec, r *record, prior, want *platform.Service) {
	if prior.Mounts == nil && want.Mounts == nil {
		return
	}
	other := slices.DeleteFunc(slices.Clone(c.Mounts), func(m mount.Mount) bool {
		return m.Type == mount.TypeBind || m.Type == mount.TypeTmpfs || m.Type == mount.TypeVolume
	})
	c.Mounts = append(other, merge(r, "mounts", mountParts(c, r), prior.Mounts, want.Mounts,
		func(m platform.ContainerMount) *string { return m.ID },
		func(key string, m platform.ContainerMount, old *mount.Mount) (mount.Mount, string) {
			n := serviceMount(m)
			if old != nil && old.Type == n.Type && old.Source == n.Source { // what else is said of it stays
				kept := *old
				kept.Target = n.Target
				put(&kept.ReadOnly, prior.Mounts[key].ReadOnly, m.ReadOnly, false, same)
				put(&kept.TmpfsOptions, prior.Mounts[key].Size, m.Size, nil, func(platform.Size) *mount.TmpfsOptions { return n.TmpfsOptions })
				n = kept
			}
			return n, n.Target
		},
		func(key, id string) { m := want.Mounts[key]; m.ID = &id; want.Mounts[key] = m })...)
}

func serviceMount(m platform.ContainerMount) mount.Mount {
	n := mount.Mount{Type: mount.TypeTmpfs, Target: m.Target, ReadOnly: value(m.ReadOnly)}
	switch {
	case m.VolumeID != nil:
		n.Type, n.Source = mount.TypeVolume, *m.VolumeID
	case m.HostPath != nil:
		n.Type, n.Source = mount.TypeBind, *m.HostPath
	case m.Size != nil:
		n.TmpfsOptions = &mount.TmpfsOptions{SizeBytes: int64(*m.Size)}
	}
	return n
}

// file is a secret or a config in a service's containers, whichever it is.
type file struct {
	version, name, target, user, group string
	mode                               os.FileMode
}

// usualMode is the permission of files of which nobody says it.
const usualMode os.FileMode = 0o444

func fileParts(files []file, ids map[string]string) []part[file] {
	var parts []part[file]
	for _, f := range files {
		parts = append(parts, part[file]{native: f, mark: f.target, slot: lastElement(f.target)})
	}
	return identify(parts, ids)
}

func secretFiles(c *swarm.ContainerSpec) []file {
	var files []file
	for _, s := range c.Secrets {
		if s != nil && s.File != nil {
			files = append(files, file{s.SecretID, s.SecretName, s.File.Name, s.File.UID, s.File.GID, s.File.Mode})
		}
	}
	return files
}

func configFiles(c *swarm.ContainerSpec) []file {
	var files []file
	for _, s := range c.Configs {
		if s != nil && s.File != nil {
			files = append(files, file{s.ConfigID, s.ConfigName, s.File.Name, s.File.UID, s.File.GID, s.File.Mode})
		}
	}
	return files
}

func (k *services) composeSecrets(ctx context.Context, c *swarm.ContainerSpec, r *record, prior, want *platform.Service) error {
	if prior.Secrets == nil && want.Secrets == nil {
		return nil
	}
	var errs []error
	files := merge(r, "secrets", fileParts(secretFiles(c), r.keys["secrets"]), prior.Secrets, want.Secrets,
		func(s platform.ServiceSecret) *string { return s.ID },
		func(key string, s platform.ServiceSecret, old *file) (file, string) {
			if s.Target == nil {
				s.Target = &key
				want.Secrets[key] = s
			}
			f, err := k.file(ctx, &secrets{k.session}, s.SecretID, s, prior.Secrets[key], old)
			errs = append(errs, platform.At(err, "secrets", key, "secret_id"))
			return f, f.target
		},
		func(key, id string) { s := want.Secrets[key]; s.ID = &id; want.Secrets[key] = s })
	c.Secrets = nil
	for _, f := range files {
		c.Secrets = append(c.Secrets, &swarm.SecretReference{SecretID: f.version, SecretName: f.name, File: &swarm.SecretReferenceFileTarget{Name: f.target, UID: f.user, GID: f.group, Mode: f.mode}})
	}
	return errors.Join(errs...)
}

func (k *services) composeConfigs(ctx context.Context, c *swarm.ContainerSpec, r *record, prior, want *platform.Service) error {
	if prior.Configs == nil && want.Configs == nil {
		return nil
	}
	var errs []error
	other := slices.DeleteFunc(slices.Clone(c.Configs), func(s *swarm.ConfigReference) bool { return s != nil && s.File != nil })
	files := merge(r, "configs", fileParts(configFiles(c), r.keys["configs"]), prior.Configs, want.Configs,
		func(s platform.ServiceConfig) *string { return s.ID },
		func(key string, s platform.ServiceConfig, old *file) (file, string) {
			if s.Target == nil {
				s.Target = new("/" + key)
				want.Configs[key] = s
			}
			f, err := k.file(ctx, &configs{k.session}, s.ConfigID, asSecret(s), asSecret(prior.Configs[key]), old)
			errs = append(errs, platform.At(err, "configs", key, "config_id"))
			return f, f.target
		},
		func(key, id string) { s := want.Configs[key]; s.ID = &id; want.Configs[key] = s })
	c.Configs = other
	for _, f := range files {
		c.Configs = append(c.Configs, &swarm.ConfigReference{ConfigID: f.version, ConfigName: f.name, File: &swarm.ConfigReferenceFileTarget{Name: f.target, UID: f.user, GID: f.group, Mode: f.mode}})
	}
	return errors.Join(errs...)
}

// asSecret is a config in the words of a secret, which are the same.
func asSecret(c platform.ServiceConfig) platform.ServiceSecret {
	return platform.ServiceSecret{SecretID: c.ConfigID, Target: c.Target, User: c.User, Group: c.Group, Mode: c.Mode, ID: c.ID}
}

// file is what the engine takes for a secret or config with a version id.
func (k *services) file(ctx context.Context, s shelf, id string, want, prior platform.ServiceSecret, old *file) (file, error) {
	f := file{user: "0", group: "0", mode: usualMode}
	if old != nil {
		f = *old
	}
	f.target = *want.Target
	put(&f.user, prior.User, want.User, "0", same)
	put(&f.group, prior.Group, want.Group, "0", same)
	put(&f.mode, prior.Mode, want.Mode, usualMode, func(text string) os.FileMode {
		n, _ := strconv.ParseUint(text, 8, 32) // octal by its validator
		return os.FileMode(n)
	})
	if f.version == id {
		return f, nil
	}
	v, err := s.inspect(ctx, id)
	if err == nil && v.id == id {
		f.version, f.name = v.id, v.name
		return f, nil
	}
	if err != nil && !isNotFound(err) {
		return f, failed("look at the "+s.what(), id, err)
	}
	if list, _ := seriesOf(ctx, s, id); len(list) > 0 || err == nil {
		return f, platform.As(platform.ErrInvalid, fmt.Errorf("%q is the id of a %s, which stands for all its versions: refer to its version_id", id, s.what()))
	}
	return f, platform.As(platform.ErrInvalid, fmt.Errorf("the swarm has no %s with the version_id %q", s.what(), id))
}
