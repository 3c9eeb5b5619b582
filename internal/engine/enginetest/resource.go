package enginetest

import (
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Resource is one resource instance: an address and what the state holds there.
// Its operations must not run in parallel.
type Resource struct {
	core    *Core
	schema  *resourceType // nil when the type does not exist
	address string
	state   *State
	deposed []*State
}

// Resource makes an instance with an empty state. Where the provider has no such
// type, every operation fails.
func (c *Core) Resource(typeName, name string) *Resource {
	return &Resource{core: c, schema: c.resources[typeName], address: typeName + "." + name}
}

// Address is type and name, such as virt_machine.web.
func (r *Resource) Address() string { return r.address }

// State is the object in the state, nil where there is none.
func (r *Resource) State() *State { return r.state }

// Deposed are objects whose replacement failed half-way under
// [CreateBeforeDestroy]. Nothing here destroys them later.
func (r *Resource) Deposed() []*State { return r.deposed }

// SetState replaces the object in the state, with nil for none.
func (r *Resource) SetState(s *State) { r.state = s }

// Load puts an object from a state file into the state; the next operation has
// the provider upgrade it.
func (r *Resource) Load(s Stored) {
	r.state = &State{
		Private: s.Private, Tainted: s.Tainted, SchemaVersion: s.SchemaVersion, IdentityVersion: s.IdentityVersion, stored: &s,
	}
}

// Taint marks the object for replacement, as the command taint does.
func (r *Resource) Taint() {
	if r.state != nil {
		s := *r.state
		s.Tainted = true
		r.state = &s
	}
}

// Refreshed is the outcome of [Resource.Refresh].
type Refreshed struct {
	Diags Diagnostics
	State *State // nil when the object is gone
	// Changed says that the provider found something else than the state had:
	// what Terraform shows as changes made outside of it.
	Changed bool
}

// Refresh reads the object and saves what it finds.
func (r *Resource) Refresh() (*Refreshed, error) {
	o := r.begin("read")
	before := o.upgradeCurrent(r)
	after := o.read(r.schema, before, false)
	out := &Refreshed{Diags: o.diags, State: r.state}
	if !o.failed() {
		out.State, out.Changed = after, before != nil && (after == nil || !equal(before.Value, after.Value))
		r.state = after
	}
	return out, o.err()
}

func (r *Resource) begin(step string) *op {
	o := r.core.begin(step, r.address)
	if r.schema == nil {
		o.fail(errors.New("the provider has no such resource type"))
	}
	return o
}

// upgradeCurrent gives the current object in the current schema.
func (o *op) upgradeCurrent(r *Resource) *State {
	if o.failed() {
		return nil
	}
	return o.upgrade(r.schema, r.state)
}

// read has the provider read an object; nil once it is gone or the op failed.
// After an import the identity may still be completed.
func (o *op) read(rt *resourceType, s *State, imported bool) *State {
	if o.failed() || s == nil {
		return nil
	}
	resp, ok := call(o, "read", o.core.server.ReadResource, &tfprotov6.ReadResourceRequest{
		TypeName: rt.name, CurrentState: o.encode(rt.body.typ, s.Value), Private: s.Private,
		ClientCapabilities: &tfprotov6.ReadResourceClientCapabilities{}, CurrentIdentity: o.encodeIdentity(rt, s.Identity),
	})
	if !ok {
		return nil
	}
	o.take(resp.Diagnostics)
	o.deferral(resp.Deferred)
	out := &State{Private: resp.Private, Tainted: s.Tainted, SchemaVersion: rt.version, IdentityVersion: rt.identityVersion}
	out.Identity = o.decodeIdentity(rt, resp.NewIdentity, false)
	if o.failed() {
		return nil
	}
	if out.Value, ok = o.decode(rt.body.typ, rt.body.hasSets, resp.NewState); ok {
		o.stateRules(rt, out.Value)
	}
	if !imported {
		o.sameIdentity(s.Identity, out.Identity)
	}
	if o.failed() || out.Value.IsNull() {
		return nil
	}
	return out
}

// validate has the provider check a resource's configuration.
func (o *op) validate(server tfprotov6.ProviderServer, rt *resourceType, config *tfprotov6.DynamicValue) bool {
	resp, ok := call(o, "validate", server.ValidateResourceConfig, &tfprotov6.ValidateResourceConfigRequest{
		TypeName: rt.name, Config: config,
		ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true},
	})
	if ok {
		o.take(resp.Diagnostics)
	}
	return !o.failed()
}

// Validate checks a configuration as the command validate does: with a provider
// that was never configured. References to other objects are [Unknown] there.
func (c *Core) Validate(typeName string, config Config) (Diagnostics, error) {
	o := &op{core: c, address: typeName, step: "validate"}
	rt := c.resources[typeName]
	if rt == nil {
		return nil, fmt.Errorf("%s: the provider has no such resource type", typeName)
	}
	v, err := rt.body.config(config)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", typeName, err)
	}
	server, err := c.validator()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", typeName, err)
	}
	o.validate(server, rt, o.encode(rt.body.typ, v))
	return o.diags, o.err()
}

// null is a null value of the resource's type.
func (rt *resourceType) null() tftypes.Value { return tftypes.NewValue(rt.body.typ, nil) }
