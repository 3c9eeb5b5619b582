package openstack_test

import (
	"context"
	"time"

	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/openstack"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/platformtest"
)

// snapshots is what a person does to snapshots.
func (p *person) snapshots() fixture {
	return fixture{
		Case:   platformtest.Case{Together: 6, Slow: 20 * time.Second},
		remove: func(ctx context.Context, id string) error { return p.removed(ctx, "image", "images/"+id) },
		change: p.changeImage,
		twin: func(ctx context.Context, id string) error {
			var said struct {
				Name    string
				Machine string `json:"terraform-virt:machine"`
			}
			if err := p.do(ctx, "GET", "image", "images/"+id, nil, &said); err != nil {
				return err
			}
			return p.do(ctx, "POST", "image", "images", block{
				"name": said.Name, "disk_format": "raw", "container_format": "bare", "image_type": "snapshot", "instance_uuid": said.Machine,
			}, nil)
		},
		faults: map[string][]lab.Fault{
			"create":      {{Service: "compute", Method: "POST", Path: "/servers/{id}/action"}},
			"create half": {{Service: "image", Method: "PATCH", Path: "/images/{id}"}},
			"update":      {{Service: "image", Method: "PATCH", Path: "/images/{id}"}},
			"delete half": {{Service: "image", Method: "DELETE", Path: "/images/{id}"}},
		},
		cannot: map[string]string{
			"path snapshot":                  "images have names and ids and nothing else",
			"fault update snapshot*half-way": "all of an image changes by one request",
		},
	}
}
