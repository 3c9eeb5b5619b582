package enginetest_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
)

func full() enginetest.Config {
	return enginetest.Config{
		"name": "web", "image": "debian", "secret": "hush", "tags": map[string]string{"role": "web"},
		"roles": []string{"b", "a", "b"},
		"nics":  map[string]any{"eth0": map[string]any{"network": "lan"}},
		"login": map[string]any{"user": "ops"},
		"port":  []any{map[string]any{"number": 80}, map[string]any{"number": "443"}},
	}
}

func TestLifeOfAnObject(t *testing.T) {
	core, w := newCore(t)
	r := core.Resource("test_thing", "web")
	m := r.Must(t)

	p := m.Plan(full())
	if p.Action != enginetest.Create || p.At("id") != any(enginetest.Unknown) || p.At("nics", "eth0", "mac") != any(enginetest.Unknown) {
		t.Fatalf("plan: %s %v", p.Action, enginetest.Plain(p.Planned))
	}
	a := m.Apply(p)
	want := map[string]any{
		"id": "id-1", "name": "web", "size": int64(7), "image": "debian", "secret": nil,
		"tags": map[string]any{"role": "web"}, "roles": []any{"b", "a"},
		"boot":  map[string]any{"size": int64(7), "path": "made"},
		"nics":  map[string]any{"eth0": map[string]any{"network": "lan", "mac": "made"}},
		"login": map[string]any{"user": "ops"},
		"port":  []any{map[string]any{"number": int64(80), "key": "made"}, map[string]any{"number": int64(443), "key": "made"}},
	}
	if d := cmp.Diff(want, enginetest.Plain(a.State.Value)); d != "" {
		t.Fatal(d)
	}
	if a.State.Private == nil || enginetest.At(a.State.Identity, "id") != "id-1" || a.State.SchemaVersion != 1 {
		t.Fatalf("private, identity or version were lost: %+v", a.State)
	}
	m.Empty(full())
	if _, err := core.Restart(); err != nil {
		t.Fatal(err)
	}

	config := full()
	config["size"] = 9
	if p := m.Plan(config); p.Action != enginetest.Update || p.At("id") != "id-1" {
		t.Fatalf("plan: %s", p.Action)
	}
	m.Converge(config)

	config["image"] = "alpine"
	p = m.Plan(config)
	if d := cmp.Diff([]string{"image"}, p.RequiresReplace); p.Action != enginetest.Replace || d != "" {
		t.Fatalf("plan: %s %s", p.Action, d)
	}
	if p.At("id") != any(enginetest.Unknown) || enginetest.At(p.Prior, "id") != "id-1" {
		t.Fatalf("a replacement plans a new object: %v", p.At("id"))
	}
	if a := m.Apply(p); a.At("id") != "id-2" || len(w.objects) != 1 {
		t.Fatalf("replaced: %v", a.At())
	}
	config["image"] = "arch"
	if a := m.PlanApply(config, enginetest.CreateBeforeDestroy()); a.At("id") != "id-3" || len(w.objects) != 1 {
		t.Fatalf("replaced: %v", a.At())
	}
	if a := m.PlanApply(config, enginetest.ForceReplace()); a.At("id") != "id-4" {
		t.Fatalf("replaced: %v", a.At())
	}
	m.Empty(config)
	if m.Destroy(); r.State() != nil || len(w.objects) != 0 {
		t.Fatal("destroyed, but still there")
	}
	m.Destroy() // nothing to do
}

func TestConfigKnownDuringApply(t *testing.T) {
	core, _ := newCore(t)
	r := core.Resource("test_thing", "web")
	config := full()
	config["name"], config["tags"] = enginetest.Unknown, map[string]any{"role": enginetest.Unknown}
	p := r.Must(t).Plan(config)
	if _, err := r.Apply(p); err == nil {
		t.Fatal("applied with unknown values")
	}
	other := full()
	other["size"] = 1
	var bad *enginetest.ConfigError
	if _, err := r.ApplyConfig(p, other); !errors.As(err, &bad) || bad.Path != "size" {
		t.Fatalf("another configuration: %v", err)
	}
	if a := r.Must(t).ApplyConfig(p, full()); a.At("name") != "web" || a.Plan.At("name") != "web" {
		t.Fatalf("applied: %v", a.At())
	}

	config = full()
	config["size"] = enginetest.Unknown
	p = r.Must(t).Plan(config)
	config["size"] = 7 // what it was: the update becomes nothing
	if a := r.Must(t).ApplyConfig(p, config); p.Action != enginetest.Update || a.Plan.Action == enginetest.Replace {
		t.Fatalf("%s became %s", p.Action, a.Plan.Action)
	}
}

func TestDriftAndRefresh(t *testing.T) {
	core, w := newCore(t)
	r := core.Resource("test_thing", "web")
	m := r.Must(t)
	m.PlanApply(full())
	v, err := tftypes.Transform(w.objects["id-1"], func(at *tftypes.AttributePath, v tftypes.Value) (tftypes.Value, error) {
		if at.Equal(tftypes.NewAttributePath().WithAttributeName("name")) {
			return tftypes.NewValue(tftypes.String, "changed"), nil
		}
		return v, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.set("id-1", v)
	if p := m.Plan(full()); !p.Drift || p.Action != enginetest.Update || r.State().At("name") != "web" {
		t.Fatalf("plan: drift %v, %s; a plan must leave the state alone", p.Drift, p.Action)
	}
	if p := m.Plan(full(), enginetest.SkipRefresh()); p.Action != enginetest.NoOp {
		t.Fatalf("without refresh: %s", p.Action)
	}
	if f := m.Refresh(); !f.Changed || r.State().At("name") != "changed" {
		t.Fatalf("refreshed: %v", r.State().At("name"))
	}
	delete(w.objects, "id-1")
	if p := m.Plan(full()); p.Action != enginetest.Create || !p.Drift {
		t.Fatalf("gone: %s", p.Action)
	}
	if f := m.Refresh(); !f.Changed || f.State != nil {
		t.Fatal("gone, but still in the state")
	}
}

func TestFailedCreateTaints(t *testing.T) {
	core, w := newCore(t)
	r := core.Resource("test_thing", "web")
	w.down = true
	a, err := r.PlanApply(full())
	if err != nil {
		t.Fatal(err)
	}
	want := enginetest.Diagnostics{{Severity: enginetest.Error, Summary: "Half-way", Detail: "The network is down.", Path: `nics["eth0"].network`}}
	if d := cmp.Diff(want, a.Diags); d != "" {
		t.Fatal(d)
	}
	if !r.State().Tainted || r.State().At("id") != "id-1" {
		t.Fatalf("state: %+v", r.State())
	}
	w.down = false
	if p := r.Must(t).Plan(full()); p.Action != enginetest.Replace || enginetest.At(p.Prior, "id") != "id-1" {
		t.Fatalf("plan: %s", p.Action)
	}
	r.Must(t).Converge(full())
	if len(w.objects) != 1 || r.State().Tainted {
		t.Fatalf("after the replacement: %d objects", len(w.objects))
	}
	w.down = true
	config := full()
	config["image"] = "other"
	if _, err := r.PlanApply(config, enginetest.CreateBeforeDestroy()); err != nil || len(r.Deposed()) != 1 || !r.State().Tainted {
		t.Fatalf("create before destroy that fails: %v, %d deposed", err, len(r.Deposed()))
	}
}

func TestImportListDataFunction(t *testing.T) {
	core, _ := newCore(t)
	core.Resource("test_thing", "web").Must(t).PlanApply(full())
	byID, byIdentity := core.Resource("test_thing", "a"), core.Resource("test_thing", "b")
	if i := byID.Must(t).Import("id-1"); i.At("name") != "web" {
		t.Fatal("imported something else")
	}
	byID.Must(t).Empty(full())
	byIdentity.Must(t).ImportIdentity(enginetest.Config{"id": "id-1"})
	if _, err := byID.Import("id-1"); err == nil {
		t.Fatal("imported over an object")
	}
	if i, err := core.Resource("test_thing", "c").Import("nothing"); err != nil || !i.Diags.HasErrors() {
		t.Fatalf("imported what is not there: %v", err)
	}
	l, err := core.List("test_thing", nil, enginetest.ListOptions{IncludeResource: true})
	if err != nil || len(l.Items) != 1 || enginetest.At(l.Items[0].Resource, "name") != "web" || enginetest.At(l.Items[0].Identity, "id") != "id-1" {
		t.Fatalf("list: %v %+v", err, l)
	}
	d, err := core.ReadData("test_thing", enginetest.Config{"name": "web"})
	if err != nil || d.At("id") != "id-1" {
		t.Fatalf("data: %v %v", err, d)
	}
	d, err = core.ReadData("test_thing", enginetest.Config{"name": enginetest.Unknown})
	if err != nil || !d.Later || d.At("id") != any(enginetest.Unknown) {
		t.Fatalf("data with unknown name: %v %v", err, d.At())
	}
	if d, err := core.ReadData("test_thing", enginetest.Config{"name": "x"}); err != nil || d.Diags.Errors()[0].Path != "name" {
		t.Fatalf("data not found: %v %v", err, d.Diags)
	}
	if got, err := core.CallFunction("shout", "hi"); err != nil || got != "HI" {
		t.Fatalf("function: %v %v", got, err)
	}
	var refused *enginetest.FunctionError
	if _, err := core.CallFunction("shout", ""); !errors.As(err, &refused) || refused.Argument != 0 {
		t.Fatalf("function: %v", err)
	}
}

func TestOldState(t *testing.T) {
	core, _ := newCore(t)
	other := core.Resource("test_thing", "other")
	other.Must(t).PlanApply(enginetest.Config{"name": "web", "size": 1})
	r := core.Resource("test_thing", "web")
	r.Load(enginetest.Stored{JSON: []byte(`{"id":"id-1","label":"web"}`)})
	if p := r.Must(t).Plan(enginetest.Config{"name": "web", "size": 1}, enginetest.SkipRefresh()); p.At("id") != "id-1" || enginetest.At(p.Prior, "name") != "web" {
		t.Fatalf("upgraded: %v", enginetest.Plain(p.Prior))
	}
	r.Load(enginetest.Stored{SchemaVersion: 2, JSON: []byte(`{}`)})
	if _, err := r.Plan(full()); err == nil {
		t.Fatal("planned with the state of a newer provider")
	}
	moved := core.Resource("test_thing", "moved")
	source := enginetest.Source{TypeName: "other_thing", ProviderAddress: "registry.terraform.io/other/other", Stored: enginetest.Stored{JSON: []byte(`{"id":"id-1"}`)}}
	if _, err := moved.MoveFrom(source); err != nil {
		t.Fatal(err)
	}
	moved.Must(t).Empty(enginetest.Config{"name": "web", "size": 1})
	renamed := core.Resource("test_thing", "renamed")
	if _, err := moved.MoveTo(renamed, ""); err != nil || moved.State() != nil || renamed.State() == nil {
		t.Fatalf("moved: %v", err)
	}
}

func TestConfigErrors(t *testing.T) {
	core, _ := newCore(t)
	r := core.Resource("test_thing", "web")
	for name, c := range map[string]struct {
		config enginetest.Config
		path   string
	}{
		"missing":          {enginetest.Config{}, "name"},
		"unknown name":     {enginetest.Config{"name": "x", "nope": 1}, "nope"},
		"inside nested":    {enginetest.Config{"name": "x", "nics": map[string]any{"a": map[string]any{"network": "n", "nope": 1}}}, `nics["a"].nope`},
		"missing in block": {enginetest.Config{"name": "x", "port": []any{map[string]any{}}}, "port[0].number"},
		"wrong type":       {enginetest.Config{"name": []any{}}, "name"},
		"no number":        {enginetest.Config{"name": "x", "size": "large"}, "size"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.Plan(c.config)
			var bad *enginetest.ConfigError
			if !errors.As(err, &bad) || bad.Path != c.path {
				t.Fatalf("got %v, want an error at %s", err, c.path)
			}
		})
	}
	if d, err := core.Validate("test_thing", enginetest.Config{"name": enginetest.Unknown, "id": "x"}); err != nil || d.Errors()[0].Path != "id" {
		t.Fatalf("validate: %v %v", err, d)
	}
}

func TestProviderConfig(t *testing.T) {
	factory := providerserver.NewProtocol6WithError(&thingProvider{&world{}})
	c, diags, err := enginetest.Start(t.Context(), factory, nil)
	if err != nil || !diags.HasErrors() || diags[0].Path != "platform" {
		t.Fatalf("start: %v %v", err, diags)
	}
	if _, err := c.Resource("test_thing", "web").Plan(full()); err == nil {
		t.Fatal("planned without a configured provider")
	}
}

func TestOptions(t *testing.T) {
	core, _ := newCore(t, enginetest.WithoutStateJSON(), enginetest.WithVersion("1.9.0"))
	r := core.Resource("test_thing", "web")
	r.Must(t).Converge(full())
	stored, err := r.State().Store()
	if err != nil {
		t.Fatal(err)
	}
	r.SetState(nil)
	r.Load(stored)
	r.Must(t).Empty(full())
	r.Taint()
	if p := r.Must(t).Plan(full()); p.Action != enginetest.Replace || len(p.RequiresReplace) != 0 {
		t.Fatalf("tainted: %s %v", p.Action, p.RequiresReplace)
	}
	if err := core.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := core.Resource("test_nothing", "web").Plan(full()); err == nil {
		t.Fatal("planned a type that does not exist")
	}
}

func BenchmarkPlanApply(b *testing.B) {
	core, _ := newCore(b, enginetest.WithoutStateJSON())
	for b.Loop() {
		r := core.Resource("test_thing", "web")
		r.Must(b).PlanApply(full())
		r.Must(b).Destroy()
	}
}
