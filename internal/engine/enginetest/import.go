package enginetest

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Imported is the outcome of an import or a move.
type Imported struct {
	Diags Diagnostics
	// State is the object as it was read after the import, which is what a plan
	// starts from; nil where the import failed.
	State *State
}

// At is the plain form of one part of the object; see the function [At].
func (i *Imported) At(steps ...any) any { return i.State.At(steps...) }

// Import takes an existing object into the state by its import id.
func (r *Resource) Import(id string) (*Imported, error) {
	return r.importState(&tfprotov6.ImportResourceStateRequest{ID: id}, tftypes.Value{})
}

// ImportIdentity takes an existing object into the state by its identity.
func (r *Resource) ImportIdentity(identity Config) (*Imported, error) {
	o := r.begin("import")
	if !o.failed() && r.schema.identity == nil {
		o.fail(errors.New("the resource type has no identity"))
	}
	if o.failed() {
		return &Imported{}, o.err()
	}
	v, err := r.identity(identity)
	if err != nil {
		o.fail(err)
		return &Imported{}, o.err()
	}
	return r.importState(&tfprotov6.ImportResourceStateRequest{Identity: o.encodeIdentity(r.schema, v)}, v)
}

// identity converts an identity as written in an import block.
func (r *Resource) identity(in Config) (tftypes.Value, error) {
	out := make(map[string]tftypes.Value, len(in))
	for _, a := range r.schema.identity.IdentityAttributes {
		v, there := in[a.Name]
		if a.RequiredForImport && !there {
			return tftypes.Value{}, &ConfigError{a.Name, "required for an import by identity, but missing"}
		}
		var err error
		if out[a.Name], err = convert(unwrap(reflect.ValueOf(v)), a.Type, (*path)(nil).attr(a.Name)); err != nil {
			return tftypes.Value{}, err
		}
	}
	for k := range in {
		if _, ok := out[k]; !ok {
			return tftypes.Value{}, &ConfigError{k, "no such attribute in the identity"}
		}
	}
	return tftypes.NewValue(r.schema.identityType, out), nil
}

func (r *Resource) importState(req *tfprotov6.ImportResourceStateRequest, by tftypes.Value) (*Imported, error) {
	o := r.begin("import")
	if r.state != nil {
		o.fail(errors.New("the state has an object at this address already"))
	}
	if o.failed() {
		return &Imported{}, o.err()
	}
	req.TypeName = r.schema.name
	req.ClientCapabilities = &tfprotov6.ImportResourceStateClientCapabilities{}
	s := o.imported(r.schema, req, !by.IsNull())
	got := o.read(r.schema, s, true)
	switch {
	case o.failed():
	case got == nil:
		// Core itself refuses here, so this is a refusal and not a violation.
		o.diags = append(o.diags, Diagnostic{
			Severity: Error, Summary: "Cannot import non-existent remote object",
			Detail: "the provider found no object after the import",
		})
	default:
		o.sameIdentity(by, got.Identity)
		r.state = got
	}
	return &Imported{Diags: o.diags, State: r.state}, o.err()
}

// imported makes the import request and checks what comes back.
func (o *op) imported(rt *resourceType, req *tfprotov6.ImportResourceStateRequest, byIdentity bool) *State {
	resp, ok := call(o, "import", o.core.server.ImportResourceState, req)
	if !ok {
		return nil
	}
	o.take(resp.Diagnostics)
	o.deferral(resp.Deferred)
	if o.failed() {
		return nil
	}
	if len(resp.ImportedResources) != 1 {
		o.violate(RuleImport, nil, "%d objects returned", len(resp.ImportedResources))
		return nil
	}
	in := resp.ImportedResources[0]
	if in.TypeName != rt.name {
		o.violate(RuleImport, nil, "an object of type %q returned", in.TypeName)
		return nil
	}
	out := &State{Private: in.Private, SchemaVersion: rt.version, IdentityVersion: rt.identityVersion}
	out.Identity = o.decodeIdentity(rt, in.Identity, false)
	if byIdentity && out.Identity.IsNull() {
		o.violate(RuleImport, nil, "no identity returned for an import by identity")
	}
	if out.Value, ok = o.decode(rt.body.typ, rt.body.hasSets, in.State); !ok {
		return nil
	}
	o.check(RuleWriteOnly, func(f *findings) { f.writeOnly(rt.body, out.Value, nil) })
	if out.Value.IsNull() {
		o.violate(RuleImport, nil, "an object without a state returned")
	}
	return out
}

// MoveTo moves the object to another resource, as a moved block does. Where the
// types differ the provider converts it; from is the provider address that the
// state names, such as registry.terraform.io/hashicorp/vsphere.
func (r *Resource) MoveTo(to *Resource, from string) (*Imported, error) {
	if r.state == nil {
		return &Imported{}, fmt.Errorf("%s: move: there is no object", r.address)
	}
	if r.core == to.core && r.schema == to.schema {
		to.state, r.state = r.state, nil
		return &Imported{State: to.state}, nil
	}
	stored, err := r.state.Store()
	if err != nil {
		return &Imported{}, fmt.Errorf("%s: move: %w", r.address, err)
	}
	out, err := to.MoveFrom(Source{ProviderAddress: from, TypeName: r.schema.name, Stored: stored})
	if err == nil && !out.Diags.HasErrors() {
		r.state = nil
	}
	return out, err
}

// Source is an object in a state file that another resource type or another
// provider has made.
type Source struct {
	ProviderAddress string // such as registry.terraform.io/hashicorp/vsphere
	TypeName        string
	Stored
}

// MoveFrom takes over an object from another resource type or another provider.
func (r *Resource) MoveFrom(from Source) (*Imported, error) {
	o := r.begin("move")
	if !r.core.canMove {
		o.violate(RuleUnsupportedMove, nil, "the provider does not offer it")
	}
	if o.failed() {
		return &Imported{}, o.err()
	}
	req := &tfprotov6.MoveResourceStateRequest{
		SourceProviderAddress: from.ProviderAddress, SourceTypeName: from.TypeName, SourceSchemaVersion: from.SchemaVersion,
		SourceState: &tfprotov6.RawState{JSON: from.JSON}, SourcePrivate: from.Private, TargetTypeName: r.schema.name,
	}
	if from.Identity != nil {
		req.SourceIdentity = &tfprotov6.RawState{JSON: from.Identity}
		req.SourceIdentitySchemaVersion = from.IdentityVersion
	}
	if s := o.moved(r.schema, req, from.Tainted); !o.failed() {
		r.state = s
	}
	return &Imported{Diags: o.diags, State: r.state}, o.err()
}

func (o *op) moved(rt *resourceType, req *tfprotov6.MoveResourceStateRequest, tainted bool) *State {
	resp, ok := call(o, "move", o.core.server.MoveResourceState, req)
	if !ok {
		return nil
	}
	if o.take(resp.Diagnostics); o.failed() {
		return nil
	}
	out := &State{Private: resp.TargetPrivate, Tainted: tainted, SchemaVersion: rt.version, IdentityVersion: rt.identityVersion}
	out.Identity = o.decodeIdentity(rt, resp.TargetIdentity, false)
	if out.Value, ok = o.decode(rt.body.typ, rt.body.hasSets, resp.TargetState); ok {
		o.stateRules(rt, out.Value)
	}
	if ok && out.Value.IsNull() {
		o.violate(RuleNullResult, nil, "the moved state is null")
	}
	return out
}
