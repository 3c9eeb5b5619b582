package engine_test

import (
	"context"
	"errors"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Rule 8: who an object is, at import and ever after; and what can be said while the provider's configuration is unknown.

func TestImportByIDAndIdentity(t *testing.T) {
	cases := map[string]struct {
		by    func(m enginetest.Must) *enginetest.Imported
		finds string
	}{
		"platform and id":   {func(m enginetest.Must) *enginetest.Imported { return m.Import("dc1/vm-7") }, "vm-7"},
		"platform and path": {func(m enginetest.Must) *enginetest.Imported { return m.Import("dc1/DC0/vm/old") }, "DC0/vm/old"},
		"identity": {func(m enginetest.Must) *enginetest.Imported {
			return m.ImportIdentity(object{"platform": "dc1", "id": "vm-7"})
		}, "vm-7"},
		"a path without name": {func(m enginetest.Must) *enginetest.Imported { return m.Import("DC0/vm/old") }, "DC0/vm/old"},
		"identity alone":      {func(m enginetest.Must) *enginetest.Imported { return m.ImportIdentity(object{"id": "vm-7"}) }, "vm-7"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newCloud()
			fake.vms["vm-7"] = native("vm-7")
			var asked string
			fake.find = func(_ context.Context, ref string) (string, error) {
				asked = ref
				return "vm-7", nil
			}
			r := web(t, fake)
			i := c.by(r.Must(t))
			equalTo(t, "asked for", asked, c.finds)
			equalTo(t, "id", i.At("id"), any("vm-7"))
			equalTo(t, "platform", i.At("platform"), any("dc1"))
			identity(t, r, "dc1", "vm-7")
			fake.expect(t, "find read")
			fake.vms["vm-7"].Name = "renamed"
			r.Must(t).Refresh()
			identity(t, r, "dc1", "vm-7")
		})
	}
}

func TestImportWithSeveralPlatforms(t *testing.T) {
	here := newCloud()
	there := here.second("dc2", "vc-2")
	there.vms["vm-7"] = native("vm-7")
	core := start(t, here, there)
	r := core.Resource("virt_machine", "a")
	equalTo(t, "platform", r.Must(t).Import("dc2/vm-7").At("platform"), any("dc2"))
	here.expect(t, "")
	for _, id := range []string{"vm-7", "dc3/vm-7"} {
		i, err := core.Resource("virt_machine", "b").Import(id)
		clean(t, err)
		says(t, i.Diags, "", "<platform>/<id>", "dc1, dc2")
	}
	i, err := core.Resource("virt_machine", "b").ImportIdentity(object{"id": "vm-7"})
	clean(t, err)
	says(t, i.Diags, "", "dc1, dc2")
	r = core.Resource("virt_machine", "c")
	r.Must(t).ImportIdentity(object{"platform": "dc2", "id": "vm-7"})
	identity(t, r, "dc2", "vm-7")
}

func TestImportRefusals(t *testing.T) {
	missing := platform.As(platform.ErrNotFound, errors.New("nothing is called so"))
	cases := map[string]struct {
		id    string
		find  func(context.Context, string) (string, error)
		words []string
	}{
		"not found": {"dc1/web", func(context.Context, string) (string, error) { return "", missing }, []string{`Cannot import machine "web"`, `no machine "web"`, "nothing is called so"}},
		"several": {"dc1/web", func(context.Context, string) (string, error) {
			return "", &platform.AmbiguousError{Ref: "web", Matches: []string{"/a/web", "/b/web"}}
		}, []string{"/a/web, /b/web"}},
		"found without an id": {"dc1/web", func(context.Context, string) (string, error) { return "", nil }, []string{"without an id", "bug in the provider"}},
		"found and gone":      {"dc1/web", func(context.Context, string) (string, error) { return "vm-9", nil }, []string{"Cannot read machine", "No machine vm-9"}},
		"empty":               {"dc1/", nil, []string{"empty", "<platform>/<id>"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newCloud()
			fake.find = c.find
			r := web(t, fake)
			i, err := r.Import(c.id)
			clean(t, err)
			says(t, i.Diags, "", c.words...)
			if r.State() != nil {
				t.Fatal("something was imported")
			}
		})
	}
}

// plainOnly hides what an adapter offers beyond the four verbs.
type plainOnly struct{ platform.Resource[machine] }

func TestImportWithoutFinder(t *testing.T) {
	fake := newCloud()
	fake.vms["vm-7"] = native("vm-7")
	fake.open = func(context.Context, platform.Config) (*platform.Conn, error) {
		return &platform.Conn{Endpoint: "vc-1", Machines: plainOnly{fake.fake}}, nil
	}
	m := web(t, fake).Must(t)
	m.Import("dc1/vm-7")
	fake.expect(t, "read")
	m.PlanApply(config(object{"description": "x"}))
	fake.expect(t, "read update")
}

// The identity is there even when there is nothing left to read, or reading fails.
func TestIdentityBeforeRead(t *testing.T) {
	fake := newCloud()
	r := web(t, fake)
	r.Must(t).Converge(config())
	fake.read = func(context.Context, *machine) error { return errors.New("down") }
	got, err := r.Refresh()
	clean(t, err)
	says(t, got.Diags, "", `Cannot read machine "web"`, "Down.")
	identity(t, r, "dc1", "vm-1")
	delete(fake.vms, "vm-1")
	fake.read = fake.honestRead
	if got := r.Must(t).Refresh(); got.State != nil {
		t.Fatal("still there")
	}
}

// What makes an object cannot be observed later: given after an import it is taken as it is, changed it is a replacement.
func TestImportAdoptsWhatCannotBeSeen(t *testing.T) {
	fake := newCloud()
	fake.vms["vm-7"] = native("vm-7")
	m := web(t, fake).Must(t)
	m.Import("dc1/vm-7")
	with := func(image string) enginetest.Config {
		return config(object{
			"name": "old", "image_id": image, "description": "by hand", "tags": object{"a": "b"},
			"disks": object{"slot-d1": object{"size": "5GiB"}}, "nics": object{"slot-n1": object{"network_id": "net"}},
		})
	}
	first, second := with("i1"), with("i2")
	p := m.Plan(first)
	equalTo(t, "given after an import", p.Action, enginetest.Update)
	m.Apply(p)
	m.Empty(first)
	equalTo(t, "changed", m.Plan(second).Action, enginetest.Replace)

	other := newCloud()
	m = web(t, other).Must(t)
	m.Converge(config())
	equalTo(t, "given later to what we made", m.Plan(config(object{"image_id": "i"})).Action, enginetest.Replace)
}

// unknown is a stage whose configuration becomes unknown.
func unknown(t *testing.T, fake *cloud, make func() *engine.Hub) (*enginetest.Core, *enginetest.Resource) {
	t.Helper()
	hub := func() *engine.Hub { return hubOf(fake) }
	core := newStage(func() *engine.Hub { return hub() }).core(t)
	r := core.Resource("virt_machine", "web")
	r.Must(t).Converge(config(object{"platform": "dc1"}))
	hub = make
	if _, err := core.Restart(); err != nil {
		t.Fatal(err)
	}
	fake.took()
	return core, r
}

func TestUnknownConfiguration(t *testing.T) {
	fake := newCloud()
	for name, hub := range map[string]func() *engine.Hub{
		"of the provider": func() *engine.Hub { return &engine.Hub{Unknown: true} },
		"of the platform": func() *engine.Hub { fake.unknown = true; return hubOf(fake) },
	} {
		t.Run(name, func(t *testing.T) {
			fake = newCloud()
			core, r := unknown(t, fake, hub)
			got := r.Must(t).Refresh()
			says(t, got.Diags, "", "Not refreshed", `"web"`, "not known yet")
			equalTo(t, "changed", got.Changed, false)
			identity(t, r, "dc1", "vm-1")

			p := r.Must(t).Plan(config(object{"platform": "dc1"}))
			equalTo(t, "nothing to do", p.Action, enginetest.NoOp)
			p = r.Must(t).Plan(config(object{"platform": "dc1", "description": "x"}))
			equalTo(t, "action", p.Action, enginetest.Update)
			equalTo(t, "id", p.At("id"), any("vm-1"))
			equalTo(t, "promised", p.At("native"), any(enginetest.Unknown))
			fresh := core.Resource("virt_machine", "new").Must(t).Plan(config(object{"platform": "dc1", "name": "new"}))
			equalTo(t, "creation", fresh.Action, enginetest.Create)

			i, err := core.Resource("virt_machine", "old").Import("dc1/vm-1")
			clean(t, err)
			mentions(t, i.Diags, "", "not known yet", "apply first")
			d, err := core.ReadData("virt_machine", object{"platform": "dc1", "name": "web"})
			clean(t, err)
			mentions(t, d.Diags, "", "not known yet", "apply first")
			fake.expect(t, "")
		})
	}
}

// What was promised while the configuration was unknown holds once it is known.
func TestUnknownConfigurationBecomesKnown(t *testing.T) {
	for name, after := range map[string]object{"in place": {"description": "x"}, "restart": {"cpus": 4}, "refused": {"cpus": 99}, "element": {"disks": object{"a": object{"size": "1GiB"}}}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newCloud()
			now := &engine.Hub{Unknown: true}
			core, r := unknown(t, fake, func() *engine.Hub { return now })
			cfg := config(object{"platform": "dc1"}, after)
			p := r.Must(t).Plan(cfg)
			now = hubOf(fake)
			if _, err := core.Restart(); err != nil {
				t.Fatal(err)
			}
			a, err := r.Apply(p)
			clean(t, err)
			if name == "refused" {
				says(t, a.Diags.Errors(), "cpus", "more than the largest")
				return
			}
			equalTo(t, "errors", len(a.Diags.Errors()), 0)
			r.Must(t).Empty(cfg)
		})
	}
}

// The platform's type is known even while its settings are not, and with it what it can do.
func TestCapabilitiesWhileSettingsAreUnknown(t *testing.T) {
	fake := newCloud()
	core, r := unknown(t, fake, func() *engine.Hub { fake.unknown = true; return hubOf(fake) })
	refused(t, r, config(object{"platform": "dc1", "cpus": 99}), "cpus", "more than the largest")
	refused(t, core.Resource("virt_machine", "new"), config(object{"network_data": "x"}), "network_data", "made from nics")
	equalTo(t, "action", r.Must(t).Plan(config(object{"platform": "dc1", "image_id": "i"})).Action, enginetest.Replace)
	fake.expect(t, "")
}
