package engine_test

import (
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
)

// Rule 6: a platform is where it leads to, not what it is called.

// second is another connection: to the same endpoint it shares everything but the name.
func (c *cloud) second(name, endpoint string) *cloud {
	other := newCloud()
	if endpoint == c.endpoint {
		other.fake, other.vms = c.fake, c.vms
	}
	other.name, other.endpoint = name, endpoint
	return other
}

func TestAnotherEndpointIsAReplacement(t *testing.T) {
	here := newCloud()
	there := here.second("dc2", "vc-2")
	there.next = 40
	r := web(t, here, there)
	m := r.Must(t)
	m.Converge(config(object{"platform": "dc1"}))
	here.took()
	p := m.Plan(config(object{"platform": "dc2"}))
	equalTo(t, "action", p.Action, enginetest.Replace)
	equalTo(t, "because of", p.RequiresReplace, []string{"platform"})
	says(t, p.Diags.Warnings(), "platform", `machine "web" is made anew on platform "dc2"`, `"dc1"`, "data does not move")
	equalTo(t, "planned as a creation", p.At("id"), any(enginetest.Unknown))
	here.expect(t, "read")
	there.expect(t, "plan")
	a := m.Apply(p)
	equalTo(t, "id", a.At("id"), any("vm-41"))
	equalTo(t, "identity", a.State.Identity.String(), identity(t, r, "dc2", "vm-41"))
	here.expect(t, "delete")
	equalTo(t, "machines there", len(there.vms), 1)
	m.Empty(config(object{"platform": "dc2"}))
}

func identity(t *testing.T, r *enginetest.Resource, platform, id string) string {
	t.Helper()
	got := enginetest.Plain(r.State().Identity)
	equalTo(t, "identity", got, any(object{"platform": platform, "id": id}))
	return r.State().Identity.String()
}

func TestAnotherPlatformRefusesAtPlan(t *testing.T) {
	here := newCloud()
	there := here.second("dc2", "vc-2")
	there.typ = "other"
	r := web(t, here, there)
	r.Must(t).Converge(config(object{"platform": "dc1"}))
	refused(t, r, config(object{"platform": "dc2", "cpus": 65}), "cpus", "more than the largest")
	refused(t, r, config(object{"platform": "dc3"}), "platform", `no platform "dc3"`, "dc1, dc2")
}

func TestTheSameEndpointUnderAnotherName(t *testing.T) {
	here := newCloud()
	r := web(t, here, here.second("new", "vc-1"))
	m := r.Must(t)
	m.Converge(config(object{"platform": "dc1"}))
	here.took()
	p := m.Plan(config(object{"platform": "new"}))
	equalTo(t, "action", p.Action, enginetest.Update)
	equalTo(t, "warnings", len(p.Diags), 0)
	equalTo(t, "id", p.At("id"), any("vm-1"))
	m.Apply(p)
	equalTo(t, "changes", here.count("update")+here.count("create")+here.count("delete"), 0)
	identity(t, r, "new", "vm-1")
	m.Empty(config(object{"platform": "new"}))
}

func TestTheSameEndpointUnderAnotherNameAndAChange(t *testing.T) {
	here := newCloud()
	m := web(t, here, here.second("new", "vc-1")).Must(t)
	m.Converge(config(object{"platform": "dc1"}))
	m.Converge(config(object{"platform": "new", "description": "x"}))
	equalTo(t, "description", *here.vms["vm-1"].Description, "x")
}

func TestAnotherEndpointUnderTheSameName(t *testing.T) {
	here := newCloud()
	elsewhere := here.second("dc1", "vc-2")
	now := here
	core := newStage(func() *engine.Hub { return hubOf(now) }).core(t)
	r := core.Resource("virt_machine", "web")
	r.Must(t).Converge(config())
	now = elsewhere
	if _, err := core.Restart(); err != nil {
		t.Fatal(err)
	}
	words := []string{`"dc1"`, "vc-1", "vc-2", "another endpoint", "Point the platform back"}

	got, err := r.Refresh()
	clean(t, err)
	says(t, got.Diags, "platform", append(words, "Cannot read machine")...)
	p, err := r.Plan(config(object{"description": "x"}), enginetest.SkipRefresh())
	clean(t, err)
	says(t, p.Diags, "platform", append(words, "Cannot plan machine")...)
	p, err = r.PlanDestroy(enginetest.SkipRefresh())
	clean(t, err)
	a, err := r.Apply(p)
	clean(t, err)
	says(t, a.Diags, "platform", append(words, "Cannot delete machine")...)
	elsewhere.expect(t, "")
	equalTo(t, "id", r.State().At("id"), any("vm-1"))

	now = here
	if _, err := core.Restart(); err != nil {
		t.Fatal(err)
	}
	r.Must(t).Empty(config())
}

// The endpoint may have changed since the plan was made.
func TestAnotherEndpointAtApply(t *testing.T) {
	here := newCloud()
	core := start(t, here)
	r := core.Resource("virt_machine", "web")
	r.Must(t).Converge(config())
	p := r.Must(t).Plan(config(object{"description": "x"}))
	here.endpoint = "vc-2"
	if _, err := core.Restart(); err != nil {
		t.Fatal(err)
	}
	here.took()
	a, err := r.Apply(p)
	clean(t, err)
	says(t, a.Diags, "platform", "vc-1", "vc-2")
	here.expect(t, "")
}

func TestWhichPlatform(t *testing.T) {
	here := newCloud()
	r := web(t, here)
	equalTo(t, "the only one", r.Must(t).PlanApply(config()).At("platform"), any("dc1"))
	r = web(t, newCloud(), here.second("dc2", "vc-2"))
	refused(t, r, config(), "platform", "Which platform", "dc1, dc2")
	p := r.Must(t).Plan(config(object{"platform": enginetest.Unknown}))
	equalTo(t, "action", p.Action, enginetest.Create)
	r.Must(t).ApplyConfig(p, config(object{"platform": "dc2"}))
}

func TestUnknownPlatformOfAnExistingObject(t *testing.T) {
	here := newCloud()
	there := here.second("dc2", "vc-2")
	m := web(t, here, there).Must(t)
	m.Converge(config(object{"platform": "dc1"}))
	p := m.Plan(config(object{"platform": enginetest.Unknown}))
	equalTo(t, "action", p.Action, enginetest.Replace)
	m.ApplyConfig(p, config(object{"platform": "dc2"}))
	equalTo(t, "machines", []int{len(here.vms), len(there.vms)}, []int{0, 1})
}

func TestReadOnly(t *testing.T) {
	here := newCloud()
	core := start(t, here)
	r := core.Resource("virt_machine", "web")
	r.Must(t).Converge(config())
	here.readOnly = true
	if _, err := core.Restart(); err != nil {
		t.Fatal(err)
	}
	here.took()
	r.Must(t).Empty(config())
	r.Must(t).PlanApply(config(object{"timeouts": object{"read": "1m"}})) // Terraform's own matter
	refused(t, r, config(object{"description": "x"}), "platform", `"dc1" is read_only`)
	refused(t, r, config(object{"image_id": "x"}), "platform", `"dc1" is read_only`)
	refused(t, core.Resource("virt_machine", "new"), config(), "platform", `"dc1" is read_only`)
	p, err := r.PlanDestroy()
	clean(t, err)
	says(t, p.Diags, "platform", "Cannot delete machine", "read_only")
	here.expect(t, "read read read read read")
}

func TestReadOnlyIsNotLeft(t *testing.T) {
	here := newCloud()
	there := here.second("dc2", "vc-2")
	core := start(t, here, there)
	r := core.Resource("virt_machine", "web")
	r.Must(t).Converge(config(object{"platform": "dc1"}))
	p := r.Must(t).Plan(config(object{"platform": "dc2"})) // was made before the setting
	here.readOnly = true
	if _, err := core.Restart(); err != nil {
		t.Fatal(err)
	}
	refused(t, r, config(object{"platform": "dc2"}), "platform", `"dc1" is read_only`)
	here.took()
	a, err := r.Apply(p)
	clean(t, err)
	says(t, a.Diags.Errors(), "platform", `"dc1" is read_only`)
	here.expect(t, "")
	equalTo(t, "machines", []int{len(here.vms), len(there.vms)}, []int{1, 0})
}
