package docker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/client"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// mounts tells the mounts that are asked for by id, which is their target; on an import all that somebody asked for.
func (s *seen) mounts(asked map[string]platform.ContainerMount) map[string]platform.ContainerMount {
	keys := s.keysOf("mounts", asked == nil, idsOf(asked, func(m platform.ContainerMount) *string { return m.ID }))
	if keys == nil {
		return nil
	}
	told := map[string]platform.ContainerMount{}
	for _, m := range s.declaredMounts() {
		slot := lastElement(m.Target)
		if m.Type == mount.TypeVolume {
			slot = m.Source
		}
		if key, ok := keys.of(m.Target, slot); ok {
			told[key] = s.mount(m)
		}
	}
	return told
}

// mount tells one. A mount that may be written to says so only where that is managed.
func (s *seen) mount(m mount.Mount) platform.ContainerMount {
	told := platform.ContainerMount{Target: m.Target, ID: &m.Target}
	if m.ReadOnly || !s.importing {
		told.ReadOnly = &m.ReadOnly
	}
	switch m.Type { //nolint:exhaustive // no other type is declared
	case mount.TypeVolume:
		told.VolumeID = &m.Source
	case mount.TypeBind:
		told.HostPath = &m.Source
	case mount.TypeTmpfs:
		if m.TmpfsOptions != nil {
			told.Size = unless(0, platform.Size(m.TmpfsOptions.SizeBytes))
		}
	}
	return told
}

// declaredMounts lists what was asked for, in the words of whoever asked: by mount, by volume or by tmpfs. Nameless
// volumes are left out, be they the image's or not: nobody can ask for the same one again.
func (s *seen) declaredMounts() []mount.Mount {
	var list []mount.Mount
	for _, m := range s.HostConfig.Mounts {
		if m.Type == mount.TypeBind || m.Type == mount.TypeTmpfs || m.Type == mount.TypeVolume && m.Source != "" {
			list = append(list, m)
		}
	}
	for _, bind := range s.HostConfig.Binds {
		if m, ok := bound(bind); ok {
			list = append(list, m)
		}
	}
	for _, target := range slices.Sorted(maps.Keys(s.HostConfig.Tmpfs)) {
		m := mount.Mount{Type: mount.TypeTmpfs, Target: target, TmpfsOptions: &mount.TmpfsOptions{}}
		for option := range strings.SplitSeq(s.HostConfig.Tmpfs[target], ",") {
			if size, ok := strings.CutPrefix(option, "size="); ok {
				m.TmpfsOptions.SizeBytes = shortSize(size)
			}
			m.ReadOnly = m.ReadOnly || option == "ro"
		}
		list = append(list, m)
	}
	return list
}

// bound reads what the docker tool makes of -v: source:target[:options].
func bound(text string) (mount.Mount, bool) {
	parts := strings.Split(text, ":")
	if len(parts) < 2 {
		return mount.Mount{}, false
	}
	m := mount.Mount{Type: mount.TypeVolume, Source: parts[0], Target: parts[1]}
	if strings.HasPrefix(m.Source, "/") {
		m.Type = mount.TypeBind
	}
	if len(parts) > 2 {
		m.ReadOnly = slices.Contains(strings.Split(parts[2], ","), "ro")
	}
	return m, true
}

// shortSize reads a size as the docker tool takes it: 64m.
func shortSize(text string) int64 {
	digits := strings.TrimRight(strings.ToLower(text), "bkmg")
	n, _ := strconv.ParseInt(digits, 10, 64)
	switch unit := strings.TrimSuffix(strings.ToLower(text[len(digits):]), "b"); unit {
	case "k":
		return n << 10
	case "m":
		return n << 20
	case "g":
		return n << 30
	}
	return n
}

// mountList is what the engine takes. It gives every mount its id.
func mountList(mounts map[string]platform.ContainerMount) []mount.Mount {
	var list []mount.Mount
	for _, key := range platform.Keys(mounts) {
		m := mounts[key]
		target := m.Target
		m.ID = &target
		mounts[key] = m
		out := mount.Mount{Type: mount.TypeTmpfs, Target: m.Target, ReadOnly: value(m.ReadOnly)}
		switch {
		case m.VolumeID != nil:
			out.Type, out.Source = mount.TypeVolume, *m.VolumeID
		case m.HostPath != nil:
			out.Type, out.Source = mount.TypeBind, *m.HostPath
		case m.Size != nil:
			out.TmpfsOptions = &mount.TmpfsOptions{SizeBytes: int64(*m.Size)}
		}
		list = append(list, out)
	}
	return list
}

// volumesExist refuses volumes that are not there: the engine would make empty ones without a word.
func (k *containers) volumesExist(ctx context.Context, mounts map[string]platform.ContainerMount) error {
	var errs []error
	for _, key := range platform.Keys(mounts) {
		if name := mounts[key].VolumeID; name != nil {
			_, err := k.client.VolumeInspect(ctx, *name, client.VolumeInspectOptions{})
			errs = append(errs, platform.At(failed("find the volume", *name, err), "mounts", key, "volume_id"))
		}
	}
	return errors.Join(errs...)
}

// orphans says which nameless volumes a removed container leaves behind.
func (k *containers) orphans(ctx context.Context, c *container.InspectResponse) {
	named := map[string]bool{}
	for _, m := range (&seen{InspectResponse: c}).declaredMounts() {
		named[m.Source] = true
	}
	var left []string
	for _, m := range c.Mounts {
		if m.Type == mount.TypeVolume && !named[m.Name] {
			left = append(left, fmt.Sprintf("%s (it was %s)", m.Name, m.Destination))
		}
	}
	if len(left) > 0 {
		platform.Warn(ctx, fmt.Errorf("the container %q is gone, the nameless volumes that its image asked for are kept with their data: %s. docker volume rm removes them; with docker { remove_volumes = true } they go with the container",
			c.Name, strings.Join(left, ", ")))
	}
}
