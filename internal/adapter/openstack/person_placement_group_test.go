package openstack_test

import (
	"context"

	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/openstack"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/platformtest"
)

// placementGroups is what a person does to server groups.
func (p *person) placementGroups() fixture {
	return fixture{
		Case:   platformtest.Case{Together: 6},
		remove: func(ctx context.Context, id string) error { return p.removed(ctx, "compute", "os-server-groups/"+id) },
		twin: func(ctx context.Context, id string) error {
			name, err := p.nameOf(ctx, "compute", "os-server-groups/"+id, "server_group")
			if err == nil {
				_, err = p.made(ctx, "compute", "os-server-groups", "server_group", block{"name": name, "policy": "affinity"})
			}
			return err
		},
		faults: map[string][]lab.Fault{
			"create":      {{Service: "compute", Method: "POST", Path: "/os-server-groups"}},
			"delete half": {{Service: "compute", Method: "DELETE", Path: "/os-server-groups/{id}"}},
		},
		hangs: map[string][]lab.Fault{
			"create half": {{Service: "compute", Method: "POST", Path: "/os-server-groups"}},
		},
		cannot: map[string]string{
			"path placement_group":                  "server groups have names and ids and nothing else",
			"change placement_group *":              "nothing of a server group changes",
			"fault create placement_group half-way": "a server group is made by one call, which tells all of it",
			"fault update placement_group*":         "nothing of a server group changes in place",
		},
	}
}

// sshKeys is what a person does to key pairs.
func (p *person) sshKeys() fixture {
	return fixture{
		Case:   platformtest.Case{Together: 6, SameID: true},
		remove: func(ctx context.Context, id string) error { return p.removed(ctx, "compute", "os-keypairs/"+id) },
		faults: map[string][]lab.Fault{
			"create":      {{Service: "compute", Method: "POST", Path: "/os-keypairs"}},
			"delete half": {{Service: "compute", Method: "DELETE", Path: "/os-keypairs/{id}"}},
		},
		hangs: map[string][]lab.Fault{
			"create half": {{Service: "compute", Method: "POST", Path: "/os-keypairs"}},
		},
		cannot: map[string]string{
			"path ssh_key":                  "key pairs have names and nothing else",
			"twin ssh_key":                  "names of key pairs are unique",
			"fault create ssh_key half-way": "a key pair is made by one call, which tells all of it",
			"fault update ssh_key*":         "nothing of a key pair changes in place",
		},
	}
}
