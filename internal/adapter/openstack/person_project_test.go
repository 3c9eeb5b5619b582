package openstack_test

import (
	"context"
	"fmt"

	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/openstack"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/platformtest"
)

// projects is what a person does to projects.
func (p *person) projects() fixture {
	return fixture{
		Case: platformtest.Case{
			Values: platformtest.Values{
				"openstack.domain_id": platformtest.Of("default", func(b *platformtest.Bench) any { return p.domain(b.Name()) }),
			},
			Together: 6,
		},
		remove: func(ctx context.Context, id string) error { return p.removed(ctx, "identity", "projects/"+id) },
		change: p.changeProject,
		twin: func(ctx context.Context, id string) error {
			name, err := p.nameOf(ctx, "identity", "projects/"+id, "project")
			if err == nil {
				_, err = p.made(ctx, "identity", "projects", "project", block{"name": name, "domain_id": p.domain("of-" + name)})
			}
			return err
		},
		faults: map[string][]lab.Fault{
			"create":      {{Service: "identity", Method: "POST", Path: "/projects"}},
			"create half": {{Service: "compute", Method: "PUT", Path: "/os-quota-sets/{id}"}},
			"update":      {{Service: "identity", Method: "PATCH", Path: "/projects/{id}"}},
			"update half": {{Service: "compute", Method: "PUT", Path: "/os-quota-sets/{id}"}},
			"delete half": {{Service: "identity", Method: "DELETE", Path: "/projects/{id}"}},
		},
		cannot: map[string]string{"path project": "projects have names and ids and nothing else"},
	}
}

// domain makes a domain that stays.
func (p *person) domain(name string) string {
	id, err := p.made(p.t.Context(), "identity", "domains", "domain", block{"name": name})
	if err != nil {
		p.t.Error(err)
	}
	return id
}

func (p *person) changeProject(ctx context.Context, c platformtest.Change) error {
	v := c.Value
	switch c.Attribute {
	case "name", "description", "enabled":
	case "tags":
		var list []string
		for key, text := range c.Value.(map[string]any) {
			list = append(list, fmt.Sprintf("%s=%v", key, text))
		}
		v = list
	default:
		return platformtest.ErrCannot
	}
	return p.do(ctx, "PATCH", "identity", "projects/"+c.ID, block{"project": block{c.Attribute: v}}, nil)
}
