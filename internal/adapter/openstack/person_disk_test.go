package openstack_test

import (
	"context"
	"fmt"

	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/openstack"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/platformtest"
)

// disks is what a person does to volumes.
func (p *person) disks() fixture {
	return fixture{
		Case: platformtest.Case{
			Values: platformtest.Values{
				"source_id": {
					Old: platformtest.Other("disk", 0), New: platformtest.Other("disk", 1), Without: []string{"size"}, Gone: block{"size": "1GiB"}, Alone: true,
				},
				"type":                      platformtest.Of("__DEFAULT__", "fast"),
				"openstack.zone":            platformtest.Of("nova", "nova"),
				"openstack.scheduler_hints": platformtest.Of(block{"ct": "1"}, block{"ct": "2"}),
			},
			Together: 6,
		},
		remove: func(ctx context.Context, id string) error { return p.removed(ctx, "volumev3", "volumes/"+id) },
		change: p.changeDisk,
		twin: func(ctx context.Context, id string) error {
			name, err := p.nameOf(ctx, "volumev3", "volumes/"+id, "volume")
			if err == nil {
				_, err = p.made(ctx, "volumev3", "volumes", "volume", block{"name": name, "size": 1})
			}
			return err
		},
		faults: map[string][]lab.Fault{
			"create":      {{Service: "volume", Method: "POST", Path: "/volumes"}},
			"create half": {{Service: "volume", Method: "GET", Path: "/volumes/{id}"}},
			"update":      {{Service: "volume", Method: "POST", Path: "/volumes/{id}/metadata"}},
			"update half": {{Service: "volume", Method: "POST", Path: "/volumes/{id}/action"}},
			"delete half": {{Service: "volume", Method: "DELETE", Path: "/volumes/{id}"}},
		},
		cannot: map[string]string{
			"path disk":                            "volumes have names and ids and nothing else",
			"another value of disk openstack.zone": "the lab has one zone",
		},
	}
}

func (p *person) changeDisk(ctx context.Context, c platformtest.Change) error {
	switch c.Attribute {
	case "name":
		return p.do(ctx, "PUT", "volumev3", "volumes/"+c.ID, block{"volume": block{"name": c.Value}}, nil)
	case "tags":
		return p.do(ctx, "PUT", "volumev3", "volumes/"+c.ID+"/metadata", block{"metadata": c.Value}, nil)
	case "size":
		size, err := platform.ParseSize(fmt.Sprint(c.Value))
		if err != nil {
			return err
		}
		gib := int(size / platform.GiB)
		if err := p.do(ctx, "POST", "volumev3", "volumes/"+c.ID+"/action", block{"os-extend": block{"new_size": gib}}, nil); err != nil {
			return err
		}
		return p.volumeIs(ctx, c.ID, "available", gib)
	}
	return platformtest.ErrCannot
}

// removed deletes something and waits until it is gone.
func (p *person) removed(ctx context.Context, service, path string) error {
	if err := p.do(ctx, "DELETE", service, path, nil, nil); err != nil {
		return err
	}
	return until(ctx, func() (bool, error) {
		err := p.do(ctx, "GET", service, path, nil, nil)
		if gone(err) {
			return true, nil
		}
		return false, err
	})
}

// nameOf is what something is called; key is around it in the answer, or "".
func (p *person) nameOf(ctx context.Context, service, path, key string) (string, error) {
	if key == "" {
		var said struct{ Name string }
		err := p.do(ctx, "GET", service, path, nil, &said)
		return said.Name, err
	}
	said := map[string]struct{ Name string }{}
	err := p.do(ctx, "GET", service, path, nil, &said)
	return said[key].Name, err
}
