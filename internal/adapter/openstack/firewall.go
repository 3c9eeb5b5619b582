package openstack

import (
	"context"
	"iter"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// firewalls are the project's security groups. Their stable id is neutron's UUID.
type firewalls struct{ *session }

var (
	_ platform.Resource[platform.Firewall] = (*firewalls)(nil)
	_ platform.Lister[platform.Firewall]   = (*firewalls)(nil)
	_ platform.Finder[platform.Firewall]   = (*firewalls)(nil)
	_ platform.Planner[platform.Firewall]  = (*firewalls)(nil)
)

// group is a security group as neutron tells it.
type group struct {
	head
	Stateful *bool   `json:"stateful"`
	Rules    []*rule `json:"security_group_rules"`
}

// rule is a rule of a group, as neutron takes and tells it.
type rule struct {
	ID          string  `json:"id,omitempty"`
	Group       string  `json:"security_group_id"`
	Direction   string  `json:"direction"`
	Family      string  `json:"ethertype"`
	Protocol    *string `json:"protocol"`
	From        *int    `json:"port_range_min"`
	To          *int    `json:"port_range_max"`
	CIDR        *string `json:"remote_ip_prefix"`
	Remote      *string `json:"remote_group_id"`
	Addresses   *string `json:"remote_address_group_id,omitempty"`
	Description string  `json:"description"`
}

// Read fills have: one request.
func (k *firewalls) Read(ctx context.Context, have *platform.Firewall) error {
	got := &group{}
	if err := k.one(ctx, sortGroup(), value(have.ID), got); err != nil {
		return failed("read the security group", value(have.ID), err)
	}
	fillFirewall(have, got)
	return nil
}

// List gives every security group of the project with its rules: one request.
func (k *firewalls) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Firewall], error] {
	return func(yield func(platform.Entry[platform.Firewall], error) bool) {
		client, err := k.neutron()
		if err != nil {
			yield(platform.Entry[platform.Firewall]{}, err)
			return
		}
		for g, err := range pages[*group](ctx, client, "security-groups", "security_groups", k.ownedBy()) {
			if err != nil {
				yield(platform.Entry[platform.Firewall]{}, failed("list the security groups of", k.endpoint(), err))
				return
			}
			fill := func(have *platform.Firewall) error {
				fillFirewall(have, g)
				return nil
			}
			if !yield(platform.Entry[platform.Firewall]{ID: g.ID, Name: g.Name, Fill: fill}, nil) {
				return
			}
		}
	}
}

// Find takes an id or a name.
func (k *firewalls) Find(ctx context.Context, ref string) (string, error) {
	return k.findOwned(ctx, sortGroup(), ref)
}

// fillFirewall fills in what neutron tells of a security group.
func fillFirewall(have *platform.Firewall, g *group) {
	have.ID, have.Name, have.Description, have.Tags = &g.ID, g.Name, g.text(), tagMap(g.Tags)
	keys := g.keyed(have.Rules)
	known := have.Rules != nil
	if have.Rules = nil; known || len(keys) > 0 {
		have.Rules = map[string]platform.FirewallRule{}
	}
	for key, r := range keys {
		have.Rules[key] = r.told(g.spelled(r), known)
	}
	have.Native = map[string]string{"project_id": g.Project}
	if have.OpenStack != nil {
		have.OpenStack = &platform.OpenStackFirewall{Stateful: g.Stateful, DefaultEgress: new(g.letsOut())}
	}
}

// completeFirewall fills what was left open from what was read.
func completeFirewall(want *platform.Firewall, g *group) {
	got := platform.Firewall{Rules: want.Rules}
	fillFirewall(&got, g)
	want.ID, want.Native = got.ID, got.Native
	for key, r := range want.Rules {
		fillOpen(&r.Family, got.Rules[key].Family)
		want.Rules[key] = r
	}
}
