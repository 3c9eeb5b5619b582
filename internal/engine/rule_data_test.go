package engine_test

import (
	"context"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Data sources find one object by id or name; lists show what there is.

func images() *cloud {
	fake := newCloud()
	image := func(id, name, created string) platform.Image {
		return platform.Image{Meta: platform.Meta{ID: &id}, Name: name, CreatedAt: &created, Labels: platform.Labels{Tags: map[string]string{"a": "b"}}, Size: new(2 * platform.GiB)}
	}
	fake.images = imageShelf(
		image("i-1", "debian-12", "2025-01-01T00:00:00Z"), image("i-2", "rocky", "2025-02-01T00:00:00Z"),
		image("i-3", "rocky", "2025-04-01T00:00:00Z"), image("i-4", "rocky", "2025-03-01T00:00:00Z"),
	)
	fake.aliases = map[string]map[string]string{"images": {"os": "debian-12", "any": "rocky"}}
	return fake
}

func TestDataSource(t *testing.T) {
	cases := map[string]struct {
		config object
		id     string
		want   object
	}{
		"by id":                  {object{"id": "i-1"}, "i-1", object{"name": "debian-12", "size": "2GiB", "tags": object{"a": "b"}, "tags_all": object{"a": "b"}, "platform": "dc1"}},
		"by name":                {object{"name": "debian-12"}, "i-1", object{"name": "debian-12", "created_at": "2025-01-01T00:00:00Z"}},
		"by alias":               {object{"name": "os"}, "i-1", object{"name": "os"}},
		"with the platform":      {object{"name": "os", "platform": "dc1"}, "i-1", object{"platform": "dc1"}},
		"the newest":             {object{"name": "rocky", "most_recent": true}, "i-3", object{"name": "rocky", "most_recent": true}},
		"the newest of an alias": {object{"name": "any", "most_recent": true}, "i-3", object{"name": "any"}},
		"the newest of one":      {object{"name": "os", "most_recent": true}, "i-1", nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := start(t, images()).ReadData("virt_image", c.config)
			clean(t, err)
			equalTo(t, "diagnostics", len(d.Diags), 0)
			equalTo(t, "id", d.At("id"), any(c.id))
			for attr, want := range c.want {
				equalTo(t, attr, d.At(attr), want)
			}
		})
	}
}

func TestDataSourceRefusals(t *testing.T) {
	cases := map[string]struct {
		config object
		path   string
		words  []string
	}{
		"several":       {object{"name": "rocky"}, "", []string{`Cannot find image "rocky"`, "matches 3 objects", "i-2, i-3, i-4"}},
		"several, not":  {object{"name": "rocky", "most_recent": false}, "", []string{"i-2, i-3, i-4"}},
		"none":          {object{"name": "suse"}, "", []string{`platform "dc1" has no image "suse"`}},
		"gone":          {object{"id": "i-9"}, "", []string{`no image "i-9"`}},
		"neither":       {object{}, "", []string{"either the id or the name"}},
		"both":          {object{"id": "i-1", "name": "debian-12"}, "", []string{"either the id or the name"}},
		"wrong place":   {object{"name": "os", "platform": "dc9"}, "platform", []string{`no platform "dc9"`, "dc1"}},
		"unknown alias": {object{"name": "os2"}, "", []string{`no image "os2"`}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := start(t, images()).ReadData("virt_image", c.config)
			clean(t, err)
			says(t, d.Diags, c.path, c.words...)
		})
	}
	core := start(t, images(), newCloud().second("dc2", "vc-2"))
	d, err := core.ReadData("virt_image", object{"name": "os"})
	clean(t, err)
	says(t, d.Diags, "platform", "Which platform", "dc1, dc2")
}

func TestDataSourceOfAMachine(t *testing.T) {
	fake := newCloud()
	fake.vms["vm-7"] = native("vm-7")
	fake.find = func(context.Context, string) (string, error) { return "vm-7", nil }
	d, err := start(t, fake).ReadData("virt_machine", object{"name": "old"})
	clean(t, err)
	equalTo(t, "disk", d.At("disks", "slot-d1", "size"), any("5GiB"))
	equalTo(t, "memory", d.At("memory"), any("1GiB"))
	fake.expect(t, "find read")
}

// A size has the name that the user called it by, as long as that is what it means.
func TestSizeAlias(t *testing.T) {
	fake := newCloud()
	fake.aliases = map[string]map[string]string{"sizes": {"m": "native.medium", "l": "native.large"}}
	core := start(t, fake)
	r := core.Resource("virt_machine", "web")
	a := r.Must(t).Converge(config(object{"size": "m"}))
	equalTo(t, "the adapter's", *fake.vms["vm-1"].Size, "native.medium")
	equalTo(t, "the state's", a.At("size"), any("m"))
	if r.Must(t).Refresh().Changed {
		t.Error("the refresh found something else")
	}
	a = r.Must(t).Converge(config(object{"size": "l"}))
	equalTo(t, "the adapter's", *fake.vms["vm-1"].Size, "native.large")
	equalTo(t, "the state's", a.At("size"), any("l"))

	fake.vms["vm-1"].Size = new("native.medium") // by hand
	equalTo(t, "by hand", r.Must(t).Refresh().State.At("size"), any("native.medium"))
	r.Must(t).Converge(config(object{"size": "l"}))

	fake.aliases["sizes"]["l"] = "native.huge" // means something else from now on
	if _, err := core.Restart(); err != nil {
		t.Fatal(err)
	}
	r.Must(t).Converge(config(object{"size": "l"}))
	equalTo(t, "the adapter's", *fake.vms["vm-1"].Size, "native.huge")
}
