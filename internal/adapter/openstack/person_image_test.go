package openstack_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/openstack"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/platformtest"
)

// imageFixture is what a person does to images.
func (p *person) imageFixture() fixture {
	file := func(n int) func(*platformtest.Bench) any { return func(b *platformtest.Bench) any { return b.File(n) } }
	return fixture{
		Case: platformtest.Case{
			Values: platformtest.Values{
				"source": {Old: file(0), New: file(1), Gone: block{"machine_id": "another"}},
				"machine_id": {
					Old: platformtest.Other("machine", 0), New: platformtest.Other("machine", 1), Without: []string{"source"}, Gone: block{"source": file(0)}, Alone: true,
				},
				"checksum": {
					Old: checksum("content 0"), New: checksum("content 1"), With: block{"source": file(0)}, NewWith: block{"source": file(1)}, Alone: true,
				},
				"openstack.web_download": {Old: true, New: false, With: block{"source": p.website() + "/one.raw", "format": "raw"}, Alone: true},
			},
			Together: 6,
		},
		remove: func(ctx context.Context, id string) error { return p.removed(ctx, "image", "images/"+id) },
		change: p.changeImage,
		twin: func(ctx context.Context, id string) error {
			name, err := p.nameOf(ctx, "image", "images/"+id, "")
			if err != nil {
				return err
			}
			return p.do(ctx, "POST", "image", "images", block{"name": name, "disk_format": "raw", "container_format": "bare"}, nil)
		},
		faults: map[string][]lab.Fault{
			"create":      {{Service: "image", Method: "POST", Path: "/images"}},
			"create half": {{Service: "image", Method: "PATCH", Path: "/images/{id}"}},
			"update":      {{Service: "image", Method: "PATCH", Path: "/images/{id}"}},
			"delete half": {{Service: "image", Method: "DELETE", Path: "/images/{id}"}},
		},
		cannot: map[string]string{
			"path image":                  "images have names and ids and nothing else",
			"fault update image*half-way": "all of an image changes by one request",
		},
	}
}

func checksum(content string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(content))) }

// website serves the content of images.
func (p *person) website() string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/nothing.raw" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, "content of "+r.URL.Path)
	}))
	p.t.Cleanup(server.Close)
	return server.URL
}

// changeImage changes an image or a snapshot, which is one.
func (p *person) changeImage(ctx context.Context, c platformtest.Change) error {
	v := c.Value
	switch c.Attribute {
	case "name", "description":
	case "tags":
		var list []string
		for key, text := range c.Value.(map[string]any) {
			list = append(list, fmt.Sprintf("%s=%v", key, text))
		}
		v = list
	default:
		return platformtest.ErrCannot
	}
	return p.patchImage(ctx, c.ID, block{"op": "add", "path": "/" + c.Attribute, "value": v})
}

func (p *person) patchImage(ctx context.Context, id string, edits ...block) error {
	text, err := json.Marshal(edits)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPatch, p.address("image")+"/images/"+id, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("X-Auth-Token", p.token)
	req.Header.Set("Content-Type", "application/openstack-images-v2.1-json-patch")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(res.Body)
		return &refusal{res.StatusCode, "patch: " + res.Status + " " + string(said)}
	}
	return nil
}
