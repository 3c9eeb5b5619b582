package openstack_test

import (
	"context"
	"strings"

	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/openstack"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/platformtest"
)

// firewalls is what a person does to security groups.
func (p *person) firewalls() fixture {
	six := block{"rules": block{"one": block{"cidr": nil}}}
	return fixture{
		Case: platformtest.Case{
			Values: platformtest.Values{
				"rules.*.family":      {Old: "ipv4", New: "ipv6", With: six},
				"rules.*.firewall_id": {Old: platformtest.Other("firewall", 0), New: platformtest.Other("firewall", 1), With: block{"rules": block{"one": block{"direction": "ingress"}}}, Alone: true},
				"rules.*.self":        {Old: false, New: true, With: six},
			},
		},
		remove: func(ctx context.Context, id string) error {
			return p.do(ctx, "DELETE", "network", "security-groups/"+id, nil, nil)
		},
		change: p.changeFirewall,
		twin: func(ctx context.Context, id string) error {
			return p.sameName(ctx, "security-groups", "security_group", id)
		},
		faults: map[string][]lab.Fault{
			"create":      {{Service: "network", Method: "POST", Path: "/security-groups"}},
			"create half": {{Service: "network", Method: "POST", Path: "/security-group-rules"}},
			"update":      {{Service: "network", Method: "PUT", Path: "/security-groups/{id}"}},
			"update half": {{Service: "network", Method: "POST", Path: "/security-group-rules"}},
			"delete half": {{Service: "network", Method: "DELETE", Path: "/security-groups/{id}"}},
		},
		cannot: map[string]string{
			"path firewall":                "security groups have ids and names",
			"slots firewall rules":         "rules have no order",
			"change firewall rules.*.cidr": "nobody can change a rule",
		},
	}
}

func (p *person) changeFirewall(ctx context.Context, c platformtest.Change) error {
	if strings.HasPrefix(c.Attribute, "rules.") {
		return platformtest.ErrCannot
	}
	return p.changeNeutron(ctx, "security-groups", "security_group", c)
}
