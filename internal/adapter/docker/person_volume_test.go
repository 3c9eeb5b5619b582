package docker_test

import (
	"context"

	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/docker"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/platformtest"
)

// volumes is what a person does to volumes.
func (p *person) volumes() fixture {
	return fixture{
		Case:   platformtest.Case{SameID: true, Together: 2},
		remove: func(ctx context.Context, id string) error { return p.docker(ctx, "volume", "rm", id) },
		faults: map[string][]lab.Fault{
			"create":      {{Method: "POST", Path: "/volumes/create"}},
			"delete half": {{Method: "DELETE", Path: "/volumes/{id}"}},
		},
		hangs: map[string][]lab.Fault{
			"create half": {{Method: "POST", Path: "/volumes/create"}},
		},
		cannot: map[string]string{
			"another value of volume docker.driver": "an engine without plugins has one alone",
			"path volume":                           "a volume has a name, which is unique and its id",
			"twin volume":                           "names of volumes are unique",
			"change volume tags":                    "nothing of a volume changes",
			"fault create volume half-way":          "a volume is made by one call, which tells all of it",
			"fault update volume*":                  "nothing of a volume changes in place",
		},
	}
}
