package enginetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Must is a [Resource] whose operations fail the test where they return an error
// or the provider refuses.
type Must struct {
	t testing.TB
	r *Resource
}

// Must ties the resource to a test.
func (r *Resource) Must(t testing.TB) Must { return Must{t, r} }

func (m Must) ok(what string, diags Diagnostics, err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatalf("%s: %s: %v\n%s", m.r.address, what, err, diags)
	}
	if diags.HasErrors() {
		m.t.Fatalf("%s: %s: refused:\n%s", m.r.address, what, diags)
	}
}

// Plan is [Resource.Plan].
func (m Must) Plan(config Config, opts ...PlanOption) *Plan {
	m.t.Helper()
	p, err := m.r.Plan(config, opts...)
	m.ok("plan", p.Diags, err)
	return p
}

// Empty plans and fails the test unless there is nothing to do.
func (m Must) Empty(config Config, opts ...PlanOption) *Plan {
	m.t.Helper()
	p := m.Plan(config, opts...)
	if p.Action != NoOp {
		m.t.Fatalf("%s: plan: %s, want no changes (-prior +planned):\n%s", m.r.address, p.Action, cmp.Diff(Plain(p.Prior), Plain(p.Planned)))
	}
	return p
}

// Apply is [Resource.Apply].
func (m Must) Apply(p *Plan) *Applied {
	m.t.Helper()
	a, err := m.r.Apply(p)
	m.ok("apply", a.Diags, err)
	return a
}

// ApplyConfig is [Resource.ApplyConfig].
func (m Must) ApplyConfig(p *Plan, config Config) *Applied {
	m.t.Helper()
	a, err := m.r.ApplyConfig(p, config)
	m.ok("apply", a.Diags, err)
	return a
}

// PlanApply is [Resource.PlanApply].
func (m Must) PlanApply(config Config, opts ...PlanOption) *Applied {
	m.t.Helper()
	a, err := m.r.PlanApply(config, opts...)
	m.ok("plan and apply", a.Diags, err)
	return a
}

// Converge is PlanApply followed by Empty: what was applied must plan clean.
func (m Must) Converge(config Config, opts ...PlanOption) *Applied {
	m.t.Helper()
	a := m.PlanApply(config, opts...)
	m.Empty(config)
	return a
}

// Refresh is [Resource.Refresh].
func (m Must) Refresh() *Refreshed {
	m.t.Helper()
	r, err := m.r.Refresh()
	m.ok("refresh", r.Diags, err)
	return r
}

// Import is [Resource.Import].
func (m Must) Import(id string) *Imported {
	m.t.Helper()
	i, err := m.r.Import(id)
	m.ok("import", i.Diags, err)
	return i
}

// ImportIdentity is [Resource.ImportIdentity].
func (m Must) ImportIdentity(identity Config) *Imported {
	m.t.Helper()
	i, err := m.r.ImportIdentity(identity)
	m.ok("import", i.Diags, err)
	return i
}

// Destroy is [Resource.Destroy].
func (m Must) Destroy() *Applied {
	m.t.Helper()
	a, err := m.r.Destroy()
	m.ok("destroy", a.Diags, err)
	return a
}
