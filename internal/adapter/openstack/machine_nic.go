package openstack

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// changeNICs brings the adapters to what is wanted: dropped ones leave, kept ones change, those on another network or
// with another MAC address get another port, and new ones come in the order of their keys.
func (m *machines) changeNICs(ctx context.Context, s *sighting, prior, want *platform.Machine) error {
	if err := unknownPorts(want); err != nil {
		return err
	}
	for _, key := range platform.Keys(prior.NICs) {
		p := findPort(s.ports, nil, platform.NIC{ID: prior.NICs[key].ID, MAC: prior.NICs[key].MAC})
		if p == nil {
			continue
		}
		if n, stays := want.NICs[key]; stays && !m.otherPort(ctx, p, n, value(want.OpenStack).Ports[key]) {
			continue
		}
		if err := m.dropNIC(ctx, s.server, p, value(prior.OpenStack).Ports[key] != ""); err != nil {
			return platform.At(err, "nics", key)
		}
		s.ports = slices.DeleteFunc(s.ports, func(o *neutronPort) bool { return o == p })
	}
	for _, key := range nicOrder(want.NICs) {
		if err := m.changeNIC(ctx, s, key, prior, want); err != nil {
			return platform.At(err, "nics", key)
		}
	}
	return nil
}

// otherPort reports whether an adapter cannot keep its port: what it has to have is fixed when a port is made.
func (m *machines) otherPort(ctx context.Context, p *neutronPort, n platform.NIC, given string) bool {
	if given != "" {
		return given != p.ID
	}
	network, err := m.networkOf(ctx, n)
	return err == nil && network != p.NetworkID || n.MAC != nil && !strings.EqualFold(*n.MAC, p.MAC)
}

// changeNIC brings one adapter to what is wanted, or adds it.
func (m *machines) changeNIC(ctx context.Context, s *sighting, key string, prior, want *platform.Machine) error {
	n, was := want.NICs[key], prior.NICs[key]
	given := value(want.OpenStack).Ports[key]
	bound := platform.NIC{ID: was.ID, MAC: was.MAC}
	if given != "" {
		bound = platform.NIC{ID: &given}
	}
	if p := findPort(s.ports, nil, bound); p != nil {
		n.ID = &p.ID
		want.NICs[key] = n
		spec, err := m.difference(ctx, p, key, prior, want)
		if err != nil {
			return err
		}
		return m.editPort(ctx, p.ID, spec)
	}
	id := given
	if id == "" {
		if err := m.sweepPorts(ctx, s.server, key); err != nil {
			return err
		}
		p, err := m.makePort(ctx, s.server.Name, key, newBirth(), n, want.OpenStack)
		if err != nil {
			return err
		}
		id = p.ID
	} else {
		spec, err := m.portSpec(ctx, n, want.OpenStack)
		if err == nil {
			err = m.editPort(ctx, id, spec)
		}
		if err != nil {
			return err
		}
	}
	n.ID = &id
	want.NICs[key] = n
	return m.plug(ctx, s.server, id, given == "")
}

// sweepPorts removes ports of this adapter that an interrupted change left behind.
func (m *machines) sweepPorts(ctx context.Context, sv *server, key string) error {
	list, err := m.ports(ctx, m.inProject(url.Values{"name": {elementName(sv.Name, key)}}))
	if err != nil {
		return failed("look for ports of", sv.Name, err)
	}
	for _, p := range list {
		if p.DeviceID == "" && p.key() == key {
			if err := m.dropPort(ctx, p.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// plug attaches a port. One that was made for it goes again where that fails.
func (m *machines) plug(ctx context.Context, sv *server, id string, made bool) error {
	c, err := m.compute(ctx)
	if err != nil {
		return err
	}
	err = post(ctx, c, "servers/"+sv.ID+"/os-interface", wrapped("interfaceAttachment", map[string]any{"port_id": id}), nil)
	if lost(err) {
		after, cancel := afterwards(ctx)
		defer cancel()
		if list, look := m.portsOf(after, sv.ID); look == nil && slices.ContainsFunc(list, func(p *neutronPort) bool { return p.ID == id }) {
			return nil
		}
	}
	if err != nil && made {
		after, cancel := afterwards(ctx)
		defer cancel()
		_ = m.dropPort(after, id) // the next change sweeps it otherwise
	}
	return failed("attach the port", id, err)
}

// dropNIC detaches a port, and deletes it where it was made for the adapter.
func (m *machines) dropNIC(ctx context.Context, sv *server, p *neutronPort, given bool) error {
	c, err := m.compute(ctx)
	if err != nil {
		return err
	}
	if err := remove(ctx, c, "servers/"+sv.ID+"/os-interface/"+p.ID); err != nil {
		return failed("detach the port", p.ID, err)
	}
	err = await(ctx, "the port to be detached", func(ctx context.Context) verdict {
		list, err := m.ports(ctx, url.Values{"id": {p.ID}})
		if err != nil {
			return verdict{err: err}
		}
		if len(list) == 0 || list[0].DeviceID != sv.ID {
			return verdict{done: true}
		}
		return verdict{seen: "it belongs to the machine still"}
	})
	if err != nil {
		return failed("detach the port", p.ID, err)
	}
	if p.key() == "" || given {
		return nil
	}
	return m.dropPort(ctx, p.ID)
}

// difference is what to change of a port that stays.
func (m *machines) difference(ctx context.Context, p *neutronPort, key string, prior, want *platform.Machine) (map[string]any, error) {
	n, was := want.NICs[key], prior.NICs[key]
	spec := map[string]any{}
	if n.Connected != nil && *n.Connected != p.Up {
		spec["admin_state_up"] = *n.Connected
	}
	if err := m.differentIPs(ctx, p, n, was, spec); err != nil {
		return nil, err
	}
	if p.key() != "" {
		note := portNote(key, n, "")
		if note != p.Description {
			spec["description"] = note
		}
	}
	secure := p.Security == nil || *p.Security
	if own := want.OpenStack; own != nil && own.PortSecurity != nil {
		secure = *own.PortSecurity
	} else if value(prior.OpenStack).PortSecurity != nil {
		secure = true
	}
	if p.Security != nil && secure != *p.Security {
		spec["port_security_enabled"] = secure
	}
	return spec, m.differentGroups(ctx, p, n, was, secure, spec)
}

// differentIPs changes the addresses where they are not those that are wanted.
func (m *machines) differentIPs(ctx context.Context, p *neutronPort, n, was platform.NIC, spec map[string]any) error {
	ips, err := m.fixedIPs(ctx, n)
	if err != nil || ips == nil {
		return err
	}
	if len(n.Addresses) == 0 {
		in := slices.ContainsFunc(p.IPs, func(ip fixedIP) bool { return ip.SubnetID == *n.SubnetID })
		if in && len(was.Addresses) == 0 {
			return nil
		}
		if !in {
			spec["fixed_ips"] = ips
		}
		return nil
	}
	if len(ips) == len(p.IPs) {
		same := true
		for i := range ips {
			same = same && ips[i].Address == p.IPs[i].Address
		}
		if same {
			return nil
		}
	}
	spec["fixed_ips"] = ips
	return nil
}

// differentGroups changes the security groups; what is no longer wanted goes back to the project's default group.
func (m *machines) differentGroups(ctx context.Context, p *neutronPort, n, was platform.NIC, secure bool, spec map[string]any) error {
	groups := slices.Sorted(slices.Values(n.FirewallIDs))
	switch {
	case !secure && len(groups) == 0:
		if len(p.SecurityGroups) > 0 {
			spec["security_groups"] = []string{}
		}
		return nil
	case len(groups) == 0 && (was.FirewallIDs != nil || spec["port_security_enabled"] == true):
		group, err := m.defaultGroup(ctx, m.project)
		if err != nil {
			return err
		}
		groups = []string{group}
	case len(groups) == 0:
		return nil
	}
	if !slices.Equal(groups, slices.Sorted(slices.Values(p.SecurityGroups))) {
		spec["security_groups"] = groups
	}
	return nil
}
