package openstack

import (
	"context"
	"iter"
	"net/url"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// sighting is a server with what belongs to it.
type sighting struct {
	server  *server
	ports   []*neutronPort  // in the order of their making
	volumes []*cinderVolume // in the order of their devices
}

// sight looks at a server and all that belongs to it.
func (m *machines) sight(ctx context.Context, id string) (*sighting, error) {
	sv, err := m.server(ctx, id)
	if err != nil {
		return nil, failed("read the machine", id, err)
	}
	return m.around(ctx, sv)
}

// resizing begins the tasks of a change of the size.
const resizing = "resize_"

// rested looks at a server when its size is not being changed, which an interrupted operation leaves behind: meanwhile
// nova refuses other changes, and tells attached volumes without their devices.
func (m *machines) rested(ctx context.Context, id string) (*sighting, error) {
	s, err := m.sight(ctx, id)
	if err != nil || !strings.HasPrefix(value(s.server.Task), resizing) {
		return s, err
	}
	err = await(ctx, "the change of its size to end", func(ctx context.Context) verdict {
		sv, err := m.server(ctx, id)
		if err != nil {
			return verdict{err: err}
		}
		return verdict{done: !strings.HasPrefix(value(sv.Task), resizing), seen: "status " + sv.Status + " " + value(sv.Task)}
	})
	if err != nil {
		return nil, failed("wait for the machine", s.server.Name, err)
	}
	return m.sight(ctx, id)
}

// around looks at what belongs to a server.
func (m *machines) around(ctx context.Context, sv *server) (*sighting, error) {
	s := &sighting{server: sv}
	var err error
	if s.ports, err = m.portsOf(ctx, sv.ID); err != nil {
		return nil, err
	}
	s.volumes, err = m.volumesOf(ctx, sv)
	return s, err
}

// Read fills have. What an interrupted creation left may still be in the making when it is imported: its ports show when
// it is made, and what does not show would be made again.
func (m *machines) Read(ctx context.Context, have *platform.Machine) error {
	if platform.Importing(ctx) {
		if err := m.built(ctx, value(have.ID)); err != nil {
			return err
		}
	}
	s, err := m.sight(ctx, value(have.ID))
	if err != nil {
		return err
	}
	return m.fill(ctx, s, have)
}

// built waits until a server is no longer in the making, however that ends.
func (m *machines) built(ctx context.Context, id string) error {
	err := await(ctx, "the machine to be made", func(ctx context.Context) verdict {
		sv, err := m.server(ctx, id)
		if err != nil {
			return verdict{err: err}
		}
		return verdict{done: sv.Status != "BUILD", seen: "status " + sv.Status}
	})
	return failed("read the machine", id, err)
}

// List gives every server of the project: one list of servers, one of their groups, one of ports and one of volumes,
// whatever their number.
func (m *machines) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Machine], error] {
	return func(yield func(platform.Entry[platform.Machine], error) bool) {
		list, err := m.everything(ctx)
		if err != nil {
			yield(platform.Entry[platform.Machine]{}, err)
			return
		}
		if err := m.prepare(ctx, list); err != nil {
			yield(platform.Entry[platform.Machine]{}, err)
			return
		}
		for _, s := range list {
			fill := func(have *platform.Machine) error { return m.fill(ctx, s, have) }
			if !yield(platform.Entry[platform.Machine]{ID: s.server.ID, Name: s.server.Name, Fill: fill}, nil) {
				return
			}
		}
	}
}

// prepare asks now for all that filling asks for: it may come when the list is over, and its context with it.
func (m *machines) prepare(ctx context.Context, list []*sighting) error {
	for _, s := range list {
		for _, p := range s.ports {
			if _, err := m.nicOf(ctx, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// everything looks at all servers with what belongs to them.
func (m *machines) everything(ctx context.Context) ([]*sighting, error) {
	servers, err := m.servers(ctx, nil)
	if err != nil {
		return nil, failed("list the machines of", m.region, err)
	}
	query := url.Values{}
	if m.project != "" {
		query.Set("project_id", m.project)
	}
	ports, err := m.ports(ctx, query)
	if err != nil {
		return nil, failed("list the ports of", m.region, err)
	}
	if err := m.grouped(ctx, servers); err != nil {
		return nil, err
	}
	volumes := map[string]*cinderVolume{}
	if anyVolume(servers) {
		list, err := m.cinderVolumes(ctx, nil)
		if err != nil {
			return nil, failed("list the volumes of", m.region, err)
		}
		for _, v := range list {
			volumes[v.ID] = v
		}
	}
	byServer := map[string][]*neutronPort{}
	for _, p := range ports {
		byServer[p.DeviceID] = append(byServer[p.DeviceID], p)
	}
	all := make([]*sighting, 0, len(servers))
	for _, sv := range servers {
		s := &sighting{server: sv, ports: portOrder(byServer[sv.ID])}
		for _, a := range sv.Volumes {
			if v := volumes[a.ID]; v != nil {
				s.volumes = append(s.volumes, v)
			}
		}
		inOrder(s.volumes, sv.ID)
		all = append(all, s)
	}
	return all, nil
}

// grouped tells servers of a list their groups: nova tells them of a single server alone.
func (m *machines) grouped(ctx context.Context, servers []*server) error {
	if len(servers) == 0 {
		return nil
	}
	of := map[string]string{}
	for g, err := range (&placementGroups{m.session}).groups(ctx) {
		if err != nil {
			return err
		}
		for _, member := range g.Members {
			of[member] = g.ID
		}
	}
	for _, sv := range servers {
		if id, ok := of[sv.ID]; ok {
			sv.Groups = []string{id}
		}
	}
	return nil
}

func anyVolume(servers []*server) bool {
	for _, sv := range servers {
		if len(sv.Volumes) > 0 {
			return true
		}
	}
	return false
}
