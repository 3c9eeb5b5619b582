package engine_test

import (
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// tagged is a machine resource of a provider with default tags; the returned function exchanges them.
func tagged(t *testing.T, fake *cloud, defaults map[string]string) (*enginetest.Resource, func(map[string]string)) {
	t.Helper()
	core := newStage(func() *engine.Hub {
		h := hubOf(fake)
		h.DefaultTags = defaults
		return h
	}).core(t)
	return core.Resource("virt_machine", "web"), func(now map[string]string) {
		t.Helper()
		defaults = now
		if _, err := core.Restart(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDefaultTags(t *testing.T) {
	type tags = map[string]string
	cases := map[string]struct {
		defaults tags
		tags     any
		carried  tags
		all      any
	}{
		"none":                     {nil, nil, nil, nil},
		"defaults alone":           {tags{"owner": "web"}, nil, tags{"owner": "web"}, object{"owner": "web"}},
		"both":                     {tags{"owner": "web"}, object{"role": "db"}, tags{"owner": "web", "role": "db"}, object{"owner": "web", "role": "db"}},
		"the user's word counts":   {tags{"owner": "web"}, object{"owner": "me"}, tags{"owner": "me"}, object{"owner": "me"}},
		"said twice":               {tags{"owner": "web"}, object{"owner": "web"}, tags{"owner": "web"}, object{"owner": "web"}},
		"the user's own alone":     {nil, object{"role": "db"}, tags{"role": "db"}, object{"role": "db"}},
		"no tags beside a default": {tags{"owner": "web"}, object{}, tags{"owner": "web"}, object{"owner": "web"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newCloud()
			r, _ := tagged(t, fake, c.defaults)
			a := r.Must(t).Converge(config(object{"tags": c.tags}))
			equalTo(t, "carried", fake.vms["vm-1"].Tags, c.carried)
			equalTo(t, "tags", a.At("tags"), c.tags)
			equalTo(t, "tags_all", a.At("tags_all"), c.all)
			if r.Must(t).Refresh().Changed {
				t.Error("the refresh found something else")
			}
		})
	}
}

func TestChangedDefaultTagsShow(t *testing.T) {
	type tags = map[string]string
	cases := map[string]struct {
		tags    any
		after   tags
		carried tags
	}{
		"changed":                       {object{"role": "db"}, tags{"owner": "ops"}, tags{"owner": "ops", "role": "db"}},
		"added":                         {object{"role": "db"}, tags{"owner": "web", "site": "x"}, tags{"owner": "web", "site": "x", "role": "db"}},
		"removed":                       {object{"role": "db"}, nil, tags{"role": "db"}},
		"changed, nothing of the user":  {nil, tags{"owner": "ops"}, tags{"owner": "ops"}},
		"changed under the user's word": {object{"owner": "me"}, tags{"owner": "ops", "site": "x"}, tags{"owner": "me", "site": "x"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newCloud()
			r, change := tagged(t, fake, tags{"owner": "web"})
			cfg := config(object{"tags": c.tags})
			r.Must(t).Converge(cfg)
			change(c.after)
			p := r.Must(t).Plan(cfg)
			equalTo(t, "action", p.Action, enginetest.Update)
			r.Must(t).Apply(p)
			equalTo(t, "carried", fake.vms["vm-1"].Tags, c.carried)
			r.Must(t).Empty(cfg)
		})
	}
}

func TestTagsChangedByHandShow(t *testing.T) {
	type tags = map[string]string
	cases := map[string]struct {
		tags   any
		byHand func(tags)
		action enginetest.Action
	}{
		"the user's one removed":    {object{"role": "db"}, func(m tags) { delete(m, "role") }, enginetest.Update},
		"the user's one changed":    {object{"role": "db"}, func(m tags) { m["role"] = "x" }, enginetest.Update},
		"the default removed":       {object{"role": "db"}, func(m tags) { delete(m, "owner") }, enginetest.Update},
		"the default changed":       {object{"role": "db"}, func(m tags) { m["owner"] = "x" }, enginetest.Update},
		"one added beside managed":  {object{"role": "db"}, func(m tags) { m["more"] = "x" }, enginetest.Update},
		"the default alone removed": {nil, func(m tags) { delete(m, "owner") }, enginetest.Update},
		"one added, not managed":    {nil, func(m tags) { m["more"] = "x" }, enginetest.NoOp},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newCloud()
			r, _ := tagged(t, fake, tags{"owner": "web"})
			cfg := config(object{"tags": c.tags})
			r.Must(t).Converge(cfg)
			before := clone(fake.vms["vm-1"]).Tags
			c.byHand(fake.vms["vm-1"].Tags)
			p := r.Must(t).Plan(cfg)
			equalTo(t, "action", p.Action, c.action)
			r.Must(t).Apply(p)
			if c.action == enginetest.Update {
				equalTo(t, "put right", fake.vms["vm-1"].Tags, before)
			}
			r.Must(t).Empty(cfg)
		})
	}
}

func TestRemovedTagsAreReset(t *testing.T) {
	fake := newCloud()
	r, _ := tagged(t, fake, map[string]string{"owner": "web"})
	r.Must(t).Converge(config(object{"tags": object{"role": "db"}}))
	r.Must(t).Converge(config())
	equalTo(t, "carried", fake.vms["vm-1"].Tags, map[string]string{"owner": "web"})
}

func TestPlatformWithoutTags(t *testing.T) {
	fake := newCloud()
	fake.traits["tags"] = platform.Unsupported("it has no tags; write them into the description")
	r, change := tagged(t, fake, map[string]string{"owner": "web"})
	r.Must(t).Converge(config())
	equalTo(t, "carried", len(fake.vms["vm-1"].Tags), 0)
	change(map[string]string{"owner": "ops"})
	r.Must(t).Empty(config())
	refused(t, r, config(object{"tags": object{"role": "db"}}), "tags", "write them into the description")
}

func TestImportedTags(t *testing.T) {
	fake := newCloud()
	fake.vms["vm-7"] = native("vm-7")
	fake.vms["vm-7"].Tags = map[string]string{"owner": "web"}
	r, _ := tagged(t, fake, map[string]string{"owner": "web"})
	i := r.Must(t).Import("dc1/vm-7")
	equalTo(t, "the default is not the user's", i.At("tags"), nil)
	equalTo(t, "tags_all", i.At("tags_all"), any(object{"owner": "web"}))
}

// TestLastingTags: where other tags mean another object, other default tags do not make one.
func TestLastingTags(t *testing.T) {
	type tags = map[string]string
	for name, c := range map[string]struct {
		tags, after any
		action      enginetest.Action
		carried     tags
	}{
		"the user's stay":     {object{"role": "db"}, object{"role": "db"}, enginetest.NoOp, tags{"owner": "web", "role": "db"}},
		"nothing of the user": {nil, nil, enginetest.NoOp, tags{"owner": "web"}},
		"the user's change":   {object{"role": "db"}, object{"role": "app"}, enginetest.Replace, tags{"owner": "ops", "role": "app"}},
		"the user's word is the default's": {
			object{"role": "db"}, object{"role": "db", "owner": "web"}, enginetest.Replace, tags{"owner": "web", "role": "db"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newCloud()
			fake.traits["tags"] = platform.Replace()
			r, change := tagged(t, fake, tags{"owner": "web"})
			r.Must(t).Converge(config(object{"tags": c.tags}))
			change(tags{"owner": "ops"})
			p := r.Must(t).Plan(config(object{"tags": c.after}))
			equalTo(t, "action", p.Action, c.action)
			a := r.Must(t).Apply(p)
			equalTo(t, "carried", fake.vms[enginetest.Plain(a.State.Value).(object)["id"].(string)].Tags, c.carried)
			r.Must(t).Empty(config(object{"tags": c.after}))
		})
	}
}
