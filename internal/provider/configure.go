package provider

import (
	"context"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// entry is one platform block as it is written.
type entry struct {
	name   string
	types  []string // the platform types given in it
	block  tftypes.Value
	values map[string]tftypes.Value
}

// ValidateConfig finds what is wrong whatever the unknown values turn out to be.
func (p *Provider) ValidateConfig(_ context.Context, req provider.ValidateConfigRequest, resp *provider.ValidateConfigResponse) {
	entries, _ := p.entries(req.Config.Raw)
	resp.Diagnostics.Append(p.check(entries)...)
}

// entries reads the platform blocks; false when it is not known yet which there are.
func (p *Provider) entries(config tftypes.Value) ([]entry, bool) {
	list := attribute(config, "platform")
	if !list.IsKnown() {
		return nil, false
	}
	var blocks []tftypes.Value
	_ = list.As(&blocks)
	known := true
	var entries []entry
	for _, b := range blocks {
		e := entry{block: b, values: map[string]tftypes.Value{}}
		_ = b.As(&e.values)
		e.name, known = stringOf(e.values["name"]), known && e.values["name"].IsKnown()
		for _, d := range p.drivers {
			if v := e.values[d.Name]; !v.IsNull() {
				e.types = append(e.types, d.Name)
			}
		}
		entries = append(entries, e)
	}
	return entries, known
}

// check refuses blocks that name no platform type or two, and names that are empty or given twice.
func (p *Provider) check(entries []entry) diag.Diagnostics {
	var diags diag.Diagnostics
	seen := map[string]bool{}
	for i, e := range entries {
		at := path.Root("platform").AtListIndex(i)
		switch {
		case len(e.types) == 0:
			diags.AddAttributeError(at, "No platform type", fmt.Sprintf("The platform %q needs one block that says its type: %s.", e.name, strings.Join(p.driverNames(), ", ")))
		case len(e.types) > 1:
			diags.AddAttributeError(at, "Several platform types", fmt.Sprintf("The platform %q has %s: keep one, and write another platform block for each other one.", e.name, strings.Join(e.types, " and ")))
		}
		if !e.values["name"].IsKnown() {
			continue
		}
		if e.name == "" || strings.Contains(e.name, "/") {
			diags.AddAttributeError(at.AtName("name"), "Invalid platform name", fmt.Sprintf("%q: a name must not be empty or contain a slash, since import ids are <platform>/<id>.", e.name))
		} else if seen[e.name] {
			diags.AddAttributeError(at.AtName("name"), "Platform name used twice", fmt.Sprintf("Two platforms are called %q: resources could not tell them apart.", e.name))
		}
		seen[e.name] = true
	}
	return diags
}

func (p *Provider) driverNames() []string {
	var names []string
	for _, d := range p.drivers {
		names = append(names, d.Name)
	}
	slices.Sort(names)
	return names
}

// hub makes the connections.
func (p *Provider) hub(config tftypes.Value, env func(string) (string, bool)) (*engine.Hub, diag.Diagnostics) {
	hub := &engine.Hub{Connections: map[string]*engine.Connection{}, DefaultTags: stringsOf(attribute(config, "default_tags"))}
	hub.NoAhead = !boolOf(attribute(config, "read_ahead"), true)
	entries, known := p.entries(config)
	if !known || !attribute(config, "default_tags").IsFullyKnown() {
		hub.Unknown = true
		return hub, nil
	}
	diags := p.check(entries)
	if diags.HasError() {
		return hub, diags
	}
	count := map[string]int{}
	for _, e := range entries {
		count[e.types[0]]++
	}
	for _, e := range entries {
		hub.Connections[e.name] = p.connection(e, count[e.types[0]] == 1, env)
	}
	return hub, diags
}

func (p *Provider) connection(e entry, sole bool, env func(string) (string, bool)) *engine.Connection {
	driver := p.drivers[slices.IndexFunc(p.drivers, func(d platform.Driver) bool { return d.Name == e.types[0] })]
	given := map[string]any{}
	for name, v := range object(e.values[driver.Name]) {
		given[name] = plain(v)
	}
	from := platform.Source{Block: driver.Name, Name: e.name, Sole: sole, Env: env}
	return &engine.Connection{
		Name: e.name, Type: driver.Name, Driver: driver, Unknown: !e.block.IsFullyKnown(),
		ReadOnly: boolOf(e.values["read_only"], false), Several: !sole,
		Config: sync.OnceValues(func() (platform.Config, error) { return platform.Resolve(driver.Settings, given, from) }),
		Aliases: map[string]map[string]string{
			"images": stringsOf(e.values["images"]), "networks": stringsOf(e.values["networks"]), "sizes": stringsOf(e.values["sizes"]),
		},
	}
}

// plain turns a setting into what platform.Resolve takes.
func plain(v tftypes.Value) any {
	switch {
	case v.IsNull() || !v.IsFullyKnown():
		return nil
	case v.Type().Is(tftypes.Bool):
		return boolOf(v, false)
	case v.Type().Is(tftypes.Number):
		var f big.Float
		_ = v.As(&f)
		n, _ := f.Int64()
		return n
	case v.Type().Is(tftypes.List{}):
		var l []tftypes.Value
		_ = v.As(&l)
		out := make([]string, len(l))
		for i := range l {
			out[i] = stringOf(l[i])
		}
		return out
	case v.Type().Is(tftypes.Map{}):
		return stringsOf(v)
	}
	return stringOf(v)
}

func attribute(v tftypes.Value, name string) tftypes.Value { return object(v)[name] }

func object(v tftypes.Value) map[string]tftypes.Value {
	m := map[string]tftypes.Value{}
	if v.Type() != nil && v.IsKnown() && !v.IsNull() {
		_ = v.As(&m)
	}
	return m
}

func stringOf(v tftypes.Value) string {
	var s string
	if v.Type() != nil && v.IsKnown() && !v.IsNull() {
		_ = v.As(&s)
	}
	return s
}

func boolOf(v tftypes.Value, absent bool) bool {
	b := absent
	if v.Type() != nil && v.IsKnown() && !v.IsNull() {
		_ = v.As(&b)
	}
	return b
}

func stringsOf(v tftypes.Value) map[string]string {
	out := map[string]string{}
	for key, e := range maps.All(object(v)) {
		out[key] = stringOf(e)
	}
	return out
}
