package engine_test

import (
	"context"
	"fmt"
	"iter"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// A kind that is data only has a data source and no verbs; where there is one object, nobody has to say which.

// unlisted are hosts by id and name that can be read and found but not listed.
type unlisted map[string]string

func (u unlisted) Read(_ context.Context, have *platform.Host) error {
	name, ok := u[*have.ID]
	if !ok {
		return platform.As(platform.ErrNotFound, fmt.Errorf("no host %s", *have.ID))
	}
	have.Name, have.CPUs, have.Memory = name, new(int64(8)), new(16*platform.GiB)
	return nil
}

func (u unlisted) Find(_ context.Context, ref string) (string, error) {
	for id, name := range u {
		if ref == id || ref == name {
			return id, nil
		}
	}
	return "", platform.As(platform.ErrNotFound, fmt.Errorf("no host called %s", ref))
}

// hosts can be listed, too.
type hosts struct{ unlisted }

func (h hosts) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Host], error] {
	return func(yield func(platform.Entry[platform.Host], error) bool) {
		for id, name := range h.unlisted {
			fill := func(have *platform.Host) error { return h.Read(ctx, have) }
			if !yield(platform.Entry[platform.Host]{ID: id, Name: name, Fill: fill}, nil) {
				return
			}
		}
	}
}

func TestDataOnly(t *testing.T) {
	one, two := hosts{unlisted{"h-1": "kvm1"}}, hosts{unlisted{"h-1": "kvm1", "h-2": "kvm2"}}
	cases := map[string]struct {
		hosts  platform.Reader[platform.Host]
		config object
		id     string
		says   []string
	}{
		"by id":                   {two, object{"id": "h-2"}, "h-2", nil},
		"by name":                 {two, object{"name": "kvm1"}, "h-1", nil},
		"the only one":            {one, object{}, "h-1", nil},
		"which":                   {two, object{}, "", []string{"Cannot find host", "Which host? There are 2", "kvm1 (h-1), kvm2 (h-2)"}},
		"both":                    {two, object{"id": "h-1", "name": "kvm1"}, "", []string{"either the id or the name"}},
		"none at all":             {hosts{}, object{}, "", []string{`platform "dc1" has no host: there is none`}},
		"gone":                    {one, object{"id": "h-9"}, "", []string{`platform "dc1" has no host "h-9"`}},
		"not listed":              {unlisted{"h-1": "kvm1"}, object{}, "", []string{"either the id or the name"}},
		"not listed, by name":     {unlisted{"h-1": "kvm1"}, object{"name": "kvm1"}, "h-1", nil},
		"a platform without them": {nil, object{}, "", []string{"Fake vsphere has no host"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newCloud()
			fake.hosts = c.hosts
			d, err := start(t, fake).ReadData("virt_host", c.config)
			clean(t, err)
			if c.says != nil {
				path := ""
				if c.hosts == nil {
					path = "platform"
				}
				says(t, d.Diags, path, c.says...)
				return
			}
			equalTo(t, "diagnostics", len(d.Diags), 0)
			equalTo(t, "id", d.At("id"), any(c.id))
			equalTo(t, "name", d.At("name"), any(two.unlisted[c.id]))
			equalTo(t, "memory", d.At("memory"), any("16GiB"))
		})
	}
}
