package openstack

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// glanceImage is an image as glance tells it: its properties lie flat among its fields.
type glanceImage struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Status      string   `json:"status"` // queued, saving, uploading, importing, active, deactivated …
	Format      string   `json:"disk_format"`
	Container   string   `json:"container_format"`
	Size        int64    `json:"size"`         // bytes of the file
	VirtualSize int64    `json:"virtual_size"` // bytes of the disk; 0 where glance does not know
	MinDisk     int64    `json:"min_disk"`     // GiB
	MinRAM      int64    `json:"min_ram"`      // MiB
	Visibility  string   `json:"visibility"`
	Protected   bool     `json:"protected"`
	Hidden      bool     `json:"os_hidden"`
	Tags        []string `json:"tags"`
	CreatedAt   string   `json:"created_at"`
	Owner       string   `json:"owner"`
	HashAlgo    string   `json:"os_hash_algo"`
	HashValue   string   `json:"os_hash_value"`

	Properties map[string]string `json:"-"`
}

// imageFields lists what is no property of an image although it looks like one.
func imageFields() []string {
	return []string{
		"id", "name", "status", "disk_format", "container_format", "size", "virtual_size", "min_disk", "min_ram", "visibility", "protected",
		"os_hidden", "tags", "created_at", "updated_at", "owner", "checksum", "os_hash_algo", "os_hash_value", "self", "file", "schema",
		"direct_url", "locations", "stores", "location", "deleted", "deleted_at",
	}
}

// UnmarshalJSON tells fields from properties.
func (i *glanceImage) UnmarshalJSON(text []byte) error {
	type plainImage glanceImage
	var whole map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(text, (*plainImage)(i)), json.Unmarshal(text, &whole)); err != nil {
		return err
	}
	i.Properties = map[string]string{}
	for key, raw := range whole {
		var v string
		if !slices.Contains(imageFields(), key) && json.Unmarshal(raw, &v) == nil {
			i.Properties[key] = v
		}
	}
	return nil
}

// bytes is the size of the disk that the image makes.
func (i *glanceImage) bytes() platform.Size { return platform.Size(max(i.Size, i.VirtualSize)) }

// unfinished reports an image that is not whole yet, or that our mark says so of.
func (i *glanceImage) unfinished() bool {
	return slices.Contains(i.Tags, markUnfinished) || i.Properties[markUnfinished] != "" || slices.Contains([]string{"queued", "saving", "uploading", "importing"}, i.Status)
}

// glanceImage reads one.
func (s *session) glanceImage(ctx context.Context, id string) (*glanceImage, error) {
	c, err := s.client(serviceImage)
	if err != nil {
		return nil, err
	}
	i := &glanceImage{}
	return i, get(ctx, c, "images/"+url.PathEscape(id), nil, i)
}

// glanceImages lists images.
func (s *session) glanceImages(ctx context.Context, query url.Values) ([]*glanceImage, error) {
	c, err := s.client(serviceImage)
	if err != nil {
		return nil, err
	}
	return all[*glanceImage](ctx, c, "images", "images", query)
}

// owned narrows a list to what the project owns, where a project is worked in: administrators see everybody's.
func (s *session) owned(query url.Values) url.Values {
	query = maps.Clone(query)
	if query == nil {
		query = url.Values{}
	}
	if s.project != "" {
		query.Set("owner", s.project)
	}
	return query
}

// imageNameFree refuses a name that an image of the project has, be it hidden.
func (s *session) imageNameFree(ctx context.Context, name string) error {
	for _, hidden := range []string{"false", "true"} {
		list, err := s.glanceImages(ctx, s.owned(url.Values{"name": {name}, "os_hidden": {hidden}}))
		if err != nil {
			return err
		}
		if len(list) > 0 {
			return &platform.ExistsError{Name: name, ID: list[0].ID, Unfinished: list[0].unfinished()}
		}
	}
	return nil
}

// edit is one step of a change of an image.
type edit struct {
	Op    string `json:"op"` // add, replace, remove
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// MarshalJSON leaves the value out where there is none.
func (e edit) MarshalJSON() ([]byte, error) {
	m := map[string]any{"op": e.Op, "path": e.Path}
	if e.Op != "remove" {
		m["value"] = e.Value
	}
	return json.Marshal(m)
}

func replaced(field string, v any) edit { return edit{"replace", "/" + field, v} }

// property is the change of a property, whose name may hold any character.
func property(op, name string, v any) edit {
	return edit{op, "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name), v}
}

// editImage changes an image by one request, and gives it as it is then. Doing it twice fails, so it is sent once.
func (s *session) editImage(ctx context.Context, id string, edits []edit) (*glanceImage, error) {
	c, err := s.client(serviceImage)
	if err != nil {
		return nil, err
	}
	if len(edits) == 0 {
		return s.glanceImage(ctx, id)
	}
	res, err := c.Request(ctx, http.MethodPatch, c.ServiceURL("images", id), &gophercloud.RequestOpts{ //nolint:bodyclose // decode does
		JSONBody: edits, KeepResponseBody: true, OkCodes: []int{http.StatusOK},
		MoreHeaders: map[string]string{"Content-Type": "application/openstack-images-v2.1-json-patch"},
	})
	i := &glanceImage{}
	return i, decode(res, err, i)
}

// dropImage deletes an image that may be in the way, once something has failed.
func (s *session) dropImage(ctx context.Context, id string) {
	late, cancel := afterwards(ctx)
	defer cancel()
	if c, err := s.client(serviceImage); err == nil {
		_ = remove(late, c, "images/"+id) // what failed is told, and the object is in the state
	}
}
