package openstack

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// seat is a port as one that is in something's way is told.
type seat struct {
	ID     string    `json:"id"`
	Name   string    `json:"name"`
	Owner  string    `json:"device_owner"`
	Device string    `json:"device_id"`
	IPs    []fixedIP `json:"fixed_ips"`
	Tags   []string  `json:"tags"`
}

// String says whose port it is.
func (p seat) String() string {
	switch {
	case strings.HasPrefix(p.Owner, "compute:"):
		return "server " + p.Device
	case strings.HasPrefix(p.Owner, "network:router"), p.Owner == "network:ha_router_replicated_interface":
		return "router " + p.Device
	case p.Owner == "network:floatingip":
		return "floating IP " + p.Device
	case p.Owner == "":
		return "port " + cmp.Or(p.Name, p.ID)
	}
	return strings.TrimPrefix(p.Owner, "network:") + " " + cmp.Or(p.Device, p.ID)
}

// Delete takes a network away with its subnets. Ports of others are in its way.
func (k *networks) Delete(ctx context.Context, have *platform.Network) error {
	id := value(have.ID)
	defer k.alone(id)()
	err := k.drop(ctx, sortNetwork(), id)
	if isConflict(err) {
		return k.used(ctx, "delete the network", have.Name, "", err, "network_id", id)
	}
	return failed("delete the network", have.Name, err)
}

// used adds to a refusal what still uses the subnet, or what a filter of ports finds.
func (s *session) used(ctx context.Context, op, on, subnet string, err error, filter ...string) error {
	query := url.Values{}
	if subnet != "" {
		query.Set("fixed_ips", "subnet_id="+subnet)
	}
	for i := 0; i+1 < len(filter); i += 2 {
		query.Set(filter[i], filter[i+1])
	}
	users, unknown := s.seats(ctx, query)
	if unknown != nil || len(users) == 0 {
		return failed(op, on, err)
	}
	refusal := &platform.OpError{
		Op: op, On: on, Err: fmt.Errorf("%w; used by %s", plain(err), strings.Join(users, ", ")),
		Hint: "Take away first what uses it",
	}
	return platform.As(platform.ErrConflict, refusal)
}

// seats says whose ports a filter finds, without those that go by themselves.
func (s *session) seats(ctx context.Context, query url.Values) ([]string, error) {
	client, err := s.neutron()
	if err != nil {
		return nil, err
	}
	list, err := all[seat](ctx, client, "ports", "ports", query)
	var users []string
	for _, p := range list {
		if p.Owner == "network:dhcp" || p.Owner == "network:distributed" {
			continue
		}
		if who := p.String(); !slices.Contains(users, who) {
			users = append(users, who)
		}
	}
	const most = 10
	if len(users) > most {
		users = append(users[:most], fmt.Sprintf("and %d others", len(users)-most))
	}
	return users, err
}
