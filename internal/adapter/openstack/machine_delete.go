package openstack

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Delete removes the server with its boot disk, its inline disks and the ports that were made for it. Every other disk
// is detached and stays.
func (m *machines) Delete(ctx context.Context, have *platform.Machine) error {
	id := value(have.ID)
	s, err := m.rested(ctx, id)
	if err != nil && !isNotFound(err) {
		return err
	}
	if err != nil {
		s = nil
	}
	volumes, ports := m.owned(s, have)
	if s != nil {
		if err := m.orphans(ctx, s.server, volumes, ports); err != nil {
			return err
		}
		if err := m.letGo(ctx, s, volumes); err != nil {
			return err
		}
		if err := m.destroy(ctx, s.server); err != nil {
			return err
		}
	}
	return m.removeOwned(ctx, volumes, ports)
}

// owned lists the ids of the volumes and ports that go with a machine: by its state, and by the marks on them, which
// know of what an interrupted operation could not tell any more.
func (m *machines) owned(s *sighting, have *platform.Machine) (volumes, ports map[string]bool) {
	volumes, ports = map[string]bool{}, map[string]bool{}
	attached := map[string]bool{}
	for _, d := range have.Disks {
		switch {
		case d.DiskID != nil:
			attached[strings.ToLower(*d.DiskID)] = true
		case d.ID != nil:
			volumes[*d.ID] = true
		}
	}
	given := map[string]bool{}
	for _, id := range value(have.OpenStack).Ports {
		given[id] = true
	}
	for _, n := range have.NICs {
		if n.ID != nil && !given[*n.ID] {
			ports[*n.ID] = true
		}
	}
	if s == nil {
		return volumes, ports
	}
	for _, v := range s.volumes {
		if v.Metadata[metaMachine] == s.server.ID || strings.HasPrefix(v.Metadata[metaMachine], making) && !attached[v.ID] {
			volumes[v.ID] = true
		}
	}
	for _, p := range s.ports {
		if p.key() != "" && !given[p.ID] {
			ports[p.ID] = true
		}
	}
	return volumes, ports
}

// orphans adds what was made for a server whose creation never ended and that it does not hold: the service takes ports
// and volumes off a server that it could not start.
func (m *machines) orphans(ctx context.Context, sv *server, volumes, ports map[string]bool) error {
	birth := ""
	for _, tag := range sv.Tags {
		if strings.HasPrefix(tag, markBirth) {
			birth = tag
		}
	}
	if birth == "" {
		return nil
	}
	list, err := m.ports(ctx, url.Values{})
	if err != nil {
		return failed("list the ports of", sv.Name, err)
	}
	for _, p := range list {
		if p.says(birth) {
			ports[p.ID] = true
		}
	}
	for _, owner := range []string{sv.ID, making + birth} {
		found, err := m.ownVolumes(ctx, "", owner)
		if err != nil && !errors.Is(err, platform.ErrUnsupported) { // a cloud without volumes has none
			return failed("list the volumes of", sv.Name, err)
		}
		for _, v := range found {
			volumes[v.ID] = true
		}
	}
	return nil
}

// letGo detaches what is not the machine's own and would go with it, and says where it is.
func (m *machines) letGo(ctx context.Context, s *sighting, own map[string]bool) error {
	sv := s.server
	if sv.Locked {
		if err := m.act(ctx, sv.ID, "unlock", nil); err != nil {
			return failed("unlock the machine", sv.Name, err)
		}
		sv.Locked = false
	}
	root := rootOf(sv, s.volumes)
	for _, v := range s.volumes {
		if own[v.ID] || v == root && perishes(sv, v.ID) {
			continue
		}
		if v != root && perishes(sv, v.ID) {
			if err := m.detachVolume(ctx, sv, v.ID); err != nil {
				return err
			}
		}
		platform.Warn(ctx, fmt.Errorf("the disk was detached and kept: it is the volume %s %s", v.ID, v.Name))
	}
	return nil
}

// perishes reports whether a volume is deleted with the server.
func perishes(sv *server, volume string) bool {
	for _, v := range sv.Volumes {
		if v.ID == volume {
			return v.Delete
		}
	}
	return false
}

// destroy deletes a server and waits until it is gone.
func (m *machines) destroy(ctx context.Context, sv *server) error {
	c, err := m.compute(ctx)
	if err != nil {
		return err
	}
	if err := remove(ctx, c, "servers/"+sv.ID); err != nil {
		return failed("delete the machine", sv.Name, err)
	}
	failedBefore := sv.Status == "ERROR"
	err = await(ctx, "the machine to be gone", func(ctx context.Context) verdict {
		now, err := m.watch.look(ctx, sv.ID)
		switch {
		case isNotFound(err):
			return verdict{done: true}
		case err != nil:
			return verdict{err: err}
		case now.Status == "SOFT_DELETED": // DELETED passes: until it is gone, it still counts for lists and quotas
			return verdict{done: true}
		case now.Status == "ERROR" && value(now.Task) == "" && !failedBefore:
			return verdict{err: m.fault(ctx, now)}
		}
		return verdict{seen: strings.TrimSpace("status " + now.Status + " " + value(now.Task))}
	})
	return failed("delete the machine", sv.Name, err)
}

// removeOwned deletes what goes with a machine. A port that turns out not to be of our making stays.
func (m *machines) removeOwned(ctx context.Context, volumes, ports map[string]bool) error {
	var errs []error
	if len(ports) > 0 {
		query := url.Values{}
		for id := range ports {
			query.Add("id", id)
		}
		list, err := m.ports(ctx, query)
		if err != nil {
			return failed("list the ports of", "the machine", err)
		}
		for _, p := range list {
			if p.key() != "" {
				errs = append(errs, m.dropPort(ctx, p.ID))
			}
		}
	}
	results := make(chan error, len(volumes))
	for id := range volumes {
		go func() { results <- m.dropVolume(ctx, id) }()
	}
	for range volumes {
		errs = append(errs, <-results)
	}
	return errors.Join(errs...)
}
