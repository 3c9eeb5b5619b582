package platformtest

import (
	"context"
	"strings"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
)

// connection runs the cases of the connection with the first kind that the platform has.
func (r *run) connection(t *testing.T, all []*subject) {
	var first *subject
	for _, k := range all {
		if _, ok := r.Driver.Traits[k.name]; ok && first == nil && !k.dataOnly {
			first = k
		}
	}
	if first == nil {
		t.Fatal("the driver has traits for no kind")
	}
	cases := []test{
		{"another endpoint", (*Bench).anotherEndpoint},
		{"renamed", (*Bench).renamedConnection},
		{"read only", (*Bench).readOnly},
	}
	for _, c := range r.Refused {
		cases = append(cases, test{"refused/" + c.Name, func(b *Bench) { b.refusedConnection(c) }})
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(r.bench(t, first)) })
	}
	if len(r.Refused) == 0 {
		t.Error("the suite names no settings with which no connection is possible (Refused)")
	}
}

// anotherEndpoint points the connection elsewhere: what the state has is neither gone nor touched.
func (b *Bench) anotherEndpoint() {
	if b.Second == nil {
		b.waive("second endpoint")
		return
	}
	x := b.resource()
	x.Converge(b.minimal())
	y := b.there(b.open(b.Second), x)
	got, err := y.raw.Refresh()
	if err != nil {
		b.t.Fatal(err)
	}
	if !strings.Contains(got.Diags.Errors().String(), "another endpoint") || got.State == nil {
		b.t.Errorf("the platform's name leads elsewhere, but the refresh says:\n%s", got.Diags)
	}
	p, err := y.raw.PlanDestroy(enginetest.SkipRefresh())
	if err != nil || !p.OK() {
		b.t.Fatalf("%v\n%s", err, p.Diags)
	}
	if a, err := y.raw.Apply(p); err != nil || !a.Diags.HasErrors() || y.raw.State() == nil {
		b.t.Errorf("it was deleted at another endpoint: %v\n%s", err, a.Diags)
	}
	b.elsewhere(x).Refresh()
}

// renamedConnection gives the same endpoint another name, which is no change of the object.
func (b *Bench) renamedConnection() {
	cfg := b.minimal()
	x := b.resource()
	cfg["platform"] = connectionName
	x.Converge(cfg)
	core := b.openIn(b.background(), connections(b.Driver, b.Config, connectionName, "again"))
	y := b.there(core, x)
	cfg["platform"] = "again"
	if p := y.Plan(cfg); p.Action != enginetest.Update {
		b.t.Errorf("another name for the same endpoint: the plan is %q", p.Action)
	} else {
		y.Apply(p)
		y.Empty(cfg)
		if x.id() != y.id() {
			b.t.Errorf("the id was %s and is %s", x.id(), y.id())
		}
	}
}

// readOnly refuses what would change something.
func (b *Bench) readOnly() {
	cfg := b.minimal()
	x := b.resource()
	x.Converge(cfg)
	provider := connections(b.Driver, b.Config, connectionName)
	list, _ := provider["platform"].([]any)
	list[0].(Config)["read_only"] = true
	y := b.there(b.openIn(b.background(), provider), x)
	y.Empty(cfg)
	cfg["name"] = b.Name()
	p, err := y.raw.Plan(cfg)
	if err != nil || !strings.Contains(p.Diags.Errors().String(), "read_only") {
		b.t.Errorf("a change on a connection that is read_only: %v\n%s", err, p.Diags)
	}
}

// refusedConnection demands an error that names the connection and says what is wrong.
func (b *Bench) refusedConnection(c Refused) {
	core, diags, err := enginetest.Start(context.WithoutCancel(b.t.Context()), b.factory(), connections(b.Driver, c.Settings, connectionName))
	if err != nil {
		b.t.Fatal(err)
	}
	text := diags.Errors().String()
	if text == "" {
		p, err := core.Resource("virt_"+b.kind.name, "x").Plan(Config{"name": "refused"})
		if err != nil {
			b.t.Fatal(err)
		}
		text = p.Diags.Errors().String()
	}
	if !strings.Contains(text, c.Says) || !strings.Contains(text, connectionName) {
		b.t.Errorf("the error names not both the connection %q and %q:\n%s", connectionName, c.Says, text)
	}
	for name, v := range c.Settings {
		if secret, ok := v.(string); ok && strings.Contains(name, "password") && strings.Contains(text, secret) {
			b.t.Errorf("the error tells the %s", name)
		}
	}
}
