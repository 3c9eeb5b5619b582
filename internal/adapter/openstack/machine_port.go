package openstack

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// neutronPort is a port as neutron tells it.
type neutronPort struct {
	ID             string    `json:"id"`
	Name           string    `json:"name"`
	Description    string    `json:"description"`
	NetworkID      string    `json:"network_id"`
	MAC            string    `json:"mac_address"`
	Up             bool      `json:"admin_state_up"`
	IPs            []fixedIP `json:"fixed_ips"`
	SecurityGroups []string  `json:"security_groups"`
	Security       *bool     `json:"port_security_enabled"`
	DeviceID       string    `json:"device_id"`
	CreatedAt      string    `json:"created_at"`
}

type fixedIP struct {
	SubnetID string `json:"subnet_id,omitempty"`
	Address  string `json:"ip_address,omitempty"`
}

// Words of a port's description that say what the user chose of it. Descriptions are what every release keeps, from the
// request that makes a port on.
const (
	choseAddresses = ours + "chose:addresses"
	choseSubnet    = ours + "chose:subnet"
)

// portNote is the description of a port of ours.
func portNote(key string, n platform.NIC, birth string) string {
	words := []string{markKey + url.QueryEscape(key)}
	if len(n.Addresses) > 0 {
		words = append(words, choseAddresses)
	}
	if n.SubnetID != nil {
		words = append(words, choseSubnet)
	}
	if birth != "" {
		words = append(words, birth)
	}
	return strings.Join(words, " ")
}

func (p *neutronPort) says(word string) bool {
	return slices.Contains(strings.Fields(p.Description), word)
}

// key is the user's key that a port of ours was made for, or "".
func (p *neutronPort) key() string {
	key, err := url.QueryUnescape(markedKey(strings.Fields(p.Description)))
	if err != nil {
		return ""
	}
	return key
}

// ports lists ports.
func (s *session) ports(ctx context.Context, query url.Values) ([]*neutronPort, error) {
	c, err := s.client(serviceNetwork)
	if err != nil {
		return nil, err
	}
	query["fields"] = []string{
		"id", "name", "description", "network_id", "mac_address", "admin_state_up", "fixed_ips", "security_groups",
		"port_security_enabled", "device_id", "created_at",
	}
	return all[*neutronPort](ctx, c, "ports", "ports", query)
}

// portsOf lists the ports of a server in the order of their making.
func (m *machines) portsOf(ctx context.Context, id string) ([]*neutronPort, error) {
	list, err := m.ports(ctx, url.Values{"device_id": {id}})
	if err != nil {
		return nil, failed("list the ports of", id, err)
	}
	return portOrder(list), nil
}

func portOrder(list []*neutronPort) []*neutronPort {
	slices.SortFunc(list, func(a, b *neutronPort) int {
		return cmp.Or(cmp.Compare(a.CreatedAt, b.CreatedAt), platform.CompareNatural(a.key(), b.key()), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// subnets remembers where addresses belong: a subnet keeps its range and its network for life.
type subnets struct {
	mu   sync.Mutex
	byID map[string]subnet
}

type subnet struct {
	ID        string `json:"id"`
	NetworkID string `json:"network_id"`
	CIDR      string `json:"cidr"`
}

// subnet finds one; where it is not known yet, all are listed.
func (m *machines) subnet(ctx context.Context, id string) (subnet, error) {
	s := &m.subnetsSeen
	s.mu.Lock()
	defer s.mu.Unlock()
	if found, ok := s.byID[id]; ok {
		return found, nil
	}
	c, err := m.client(serviceNetwork)
	if err != nil {
		return subnet{}, err
	}
	list, err := all[subnet](ctx, c, "subnets", "subnets", url.Values{"fields": {"id", "network_id", "cidr"}})
	if err != nil {
		return subnet{}, failed("list the subnets of", m.region, err)
	}
	if s.byID == nil {
		s.byID = map[string]subnet{}
	}
	for _, n := range list {
		s.byID[n.ID] = n
	}
	found, ok := s.byID[id]
	if !ok {
		found = subnet{ID: id} // of somebody else, or gone: not to be asked for again and again
		s.byID[id] = found
	}
	return found, nil
}

// withPrefix spells an address as users write it: 10.0.0.5/24.
func (n subnet) withPrefix(address string) string {
	p, err := netip.ParsePrefix(n.CIDR)
	if err != nil {
		return address
	}
	return address + "/" + strings.Split(p.String(), "/")[1]
}

// portSpec is what a NIC asks of its port; a field that is not there is left as it is, or as neutron makes it.
func (m *machines) portSpec(ctx context.Context, want platform.NIC, own *platform.OpenStackMachine) (map[string]any, error) {
	spec := map[string]any{}
	ips, err := m.fixedIPs(ctx, want)
	if err != nil {
		return nil, err
	}
	if ips != nil {
		spec["fixed_ips"] = ips
	}
	if want.Connected != nil {
		spec["admin_state_up"] = *want.Connected
	}
	if len(want.FirewallIDs) > 0 {
		spec["security_groups"] = want.FirewallIDs
	}
	if own != nil && own.PortSecurity != nil {
		spec["port_security_enabled"] = *own.PortSecurity
		if !*own.PortSecurity && len(want.FirewallIDs) == 0 {
			spec["security_groups"] = []string{}
		}
	}
	return spec, nil
}

// fixedIPs are the addresses that a NIC asks for, nil for whatever the network gives.
func (m *machines) fixedIPs(ctx context.Context, want platform.NIC) ([]fixedIP, error) {
	var ips []fixedIP
	for _, text := range want.Addresses {
		address, _, _ := strings.Cut(text, "/")
		ip := fixedIP{Address: address}
		if want.SubnetID != nil {
			n, err := m.subnet(ctx, *want.SubnetID)
			if err != nil {
				return nil, platform.At(err, "subnet_id")
			}
			if p, err := netip.ParsePrefix(n.CIDR); err == nil {
				if a, err := netip.ParseAddr(address); err == nil && p.Contains(a) {
					ip.SubnetID = n.ID
				}
			}
		}
		ips = append(ips, ip)
	}
	if len(ips) == 0 && want.SubnetID != nil {
		ips = []fixedIP{{SubnetID: *want.SubnetID}}
	}
	return ips, nil
}

// networkOf is the network of a NIC: the one it names, or its subnet's.
func (m *machines) networkOf(ctx context.Context, want platform.NIC) (string, error) {
	if want.NetworkID != nil {
		return *want.NetworkID, nil
	}
	if want.SubnetID == nil {
		return "", platform.At(nowhere(), "network_id")
	}
	n, err := m.subnet(ctx, *want.SubnetID)
	if err == nil && n.NetworkID == "" {
		err = platform.As(platform.ErrNotFound, errors.New("there is no subnet "+*want.SubnetID))
	}
	return n.NetworkID, platform.At(err, "subnet_id")
}

// nowhere is the error of a NIC that nothing says the network of.
func nowhere() error {
	return platform.As(platform.ErrInvalid, errors.New("a network adapter needs a network, a subnet or a port: set network_id, subnet_id or openstack.ports"))
}

// makePort makes the port of a NIC.
func (m *machines) makePort(ctx context.Context, machine, key, birth string, want platform.NIC, own *platform.OpenStackMachine) (*neutronPort, error) {
	c, err := m.client(serviceNetwork)
	if err != nil {
		return nil, err
	}
	network, err := m.networkOf(ctx, want)
	if err != nil {
		return nil, err
	}
	spec, err := m.portSpec(ctx, want, own)
	if err != nil {
		return nil, err
	}
	name, note := elementName(machine, key), portNote(key, want, birth)
	spec["network_id"], spec["name"], spec["description"] = network, name, note
	if want.MAC != nil {
		spec["mac_address"] = *want.MAC
	}
	var body struct{ Port *neutronPort }
	err = post(ctx, c, "ports", wrapped("port", spec), &body)
	if lost(err) { // it may be there all the same
		after, cancel := afterwards(ctx)
		defer cancel()
		if found, look := m.ports(after, url.Values{"name": {name}, "description": {note}}); look == nil && len(found) > 0 {
			return found[0], nil
		}
	}
	if err != nil {
		return nil, failed("make the port", name, err)
	}
	return body.Port, nil
}

// editPort changes a port.
func (m *machines) editPort(ctx context.Context, id string, spec map[string]any) error {
	c, err := m.client(serviceNetwork)
	if err != nil || len(spec) == 0 {
		return err
	}
	return failed("change the port", id, put(ctx, c, "ports/"+id, wrapped("port", spec), nil))
}

// dropPort deletes a port.
func (m *machines) dropPort(ctx context.Context, id string) error {
	c, err := m.client(serviceNetwork)
	if err != nil {
		return err
	}
	return failed("delete the port", id, remove(ctx, c, "ports/"+id))
}

// defaultGroup is the security group that every port gets which names none.
func (m *machines) defaultGroup(ctx context.Context, project string) (string, error) {
	m.subnetsSeen.mu.Lock()
	known := m.groups[project]
	m.subnetsSeen.mu.Unlock()
	if known != "" {
		return known, nil
	}
	c, err := m.client(serviceNetwork)
	if err != nil {
		return "", err
	}
	query := url.Values{"name": {"default"}, "fields": {"id", "project_id"}}
	if project != "" {
		query.Set("project_id", project)
	}
	list, err := all[struct{ ID string }](ctx, c, "security-groups", "security_groups", query)
	if err != nil || len(list) == 0 {
		return "", failed("find the security group", "default", err)
	}
	m.subnetsSeen.mu.Lock()
	defer m.subnetsSeen.mu.Unlock()
	if m.groups == nil {
		m.groups = map[string]string{}
	}
	m.groups[project] = list[0].ID
	return list[0].ID, nil
}
