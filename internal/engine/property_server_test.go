package engine

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// propFast answers the frequent requests in the framework's place, which spends most of its time on walking schemas.
// What it does for the engine is little: it marks computed values that nobody configured as unknown and passes private
// data on. Some cases of every property run through the framework itself.
type propFast struct {
	tfprotov6.ProviderServer
	r interface {
		resource.Resource
		resource.ResourceWithModifyPlan
	}
	root     *node
	schema   schema.Schema
	identity identityschema.Schema
	private  resource.ReadRequest // holds the framework's private data, of which there is no other way to get one
}

func newPropFast[T any, P Object[T]](ctx context.Context, real tfprotov6.ProviderServer, r *Resource[T, P]) *propFast {
	var id resource.IdentitySchemaResponse
	r.IdentitySchema(ctx, resource.IdentitySchemaRequest{}, &id)
	return &propFast{ProviderServer: real, r: r, root: r.root, schema: r.Kind.Schema, identity: id.IdentitySchema, private: privateData()}
}

// propCatcher is a resource that keeps the request to read it.
type propCatcher struct{ got *resource.ReadRequest }

func (propCatcher) Metadata(_ context.Context, _ resource.MetadataRequest, r *resource.MetadataResponse) {
	r.TypeName = "virt_thing"
}

func (propCatcher) Schema(_ context.Context, _ resource.SchemaRequest, r *resource.SchemaResponse) {
	r.Schema = schema.Schema{Attributes: map[string]schema.Attribute{"id": schema.StringAttribute{Computed: true}}}
}
func (propCatcher) Create(context.Context, resource.CreateRequest, *resource.CreateResponse) {}
func (c propCatcher) Read(_ context.Context, req resource.ReadRequest, _ *resource.ReadResponse) {
	*c.got = req
}
func (propCatcher) Update(context.Context, resource.UpdateRequest, *resource.UpdateResponse) {}
func (propCatcher) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}

var privateData = sync.OnceValue(func() resource.ReadRequest {
	ctx := context.Background()
	var got resource.ReadRequest
	s, err := providerserver.NewProtocol6WithError(propServer{make: func() resource.Resource { return propCatcher{&got} }, hub: &Hub{}})()
	if err != nil {
		panic(err)
	}
	t := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"id": tftypes.String}}
	v, err := tfprotov6.NewDynamicValue(t, tftypes.NewValue(t, map[string]tftypes.Value{"id": tftypes.NewValue(tftypes.String, "x")}))
	if err != nil {
		panic(err)
	}
	if _, err := s.ReadResource(ctx, &tfprotov6.ReadResourceRequest{TypeName: "virt_thing", CurrentState: &v, Private: []byte(`{"virt":"e30="}`)}); err != nil {
		panic(err)
	}
	return got
})

// load puts the private data off the wire into the framework's form.
func (s *propFast) load(ctx context.Context, raw []byte) {
	held := map[string][]byte{}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &held); err != nil {
			panic(err)
		}
	}
	s.private.Private.SetKey(ctx, privateKey, held[privateKey])
}

func (s *propFast) save(ctx context.Context) []byte {
	raw, _ := s.private.Private.GetKey(ctx, privateKey)
	out, err := json.Marshal(map[string][]byte{privateKey: raw})
	if err != nil {
		panic(err)
	}
	return out
}

func (s *propFast) value(v *tfprotov6.DynamicValue) tftypes.Value {
	if v == nil {
		return s.root.null()
	}
	out, err := v.Unmarshal(s.root.typ)
	if err != nil {
		panic(err)
	}
	return out
}

func (s *propFast) wire(v tftypes.Value) *tfprotov6.DynamicValue {
	out, err := tfprotov6.NewDynamicValue(s.root.typ, v)
	if err != nil {
		panic(err)
	}
	return &out
}

func (s *propFast) identified(v *tfprotov6.ResourceIdentityData) *tfsdk.ResourceIdentity {
	t := s.identity.Type().TerraformType(context.Background())
	id := &tfsdk.ResourceIdentity{Schema: s.identity, Raw: tftypes.NewValue(t, nil)}
	if v != nil && v.IdentityData != nil {
		raw, err := v.IdentityData.Unmarshal(t)
		if err != nil {
			panic(err)
		}
		id.Raw = raw
	}
	return id
}

func (s *propFast) identityWire(id *tfsdk.ResourceIdentity) *tfprotov6.ResourceIdentityData {
	out, err := tfprotov6.NewDynamicValue(id.Raw.Type(), id.Raw)
	if err != nil {
		panic(err)
	}
	return &tfprotov6.ResourceIdentityData{IdentityData: &out}
}

// ValidateResourceConfig finds nothing: the configurations of the properties are valid.
func (s *propFast) ValidateResourceConfig(context.Context, *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return &tfprotov6.ValidateResourceConfigResponse{}, nil
}

// PlanResourceChange does what the framework does before and after ModifyPlan.
func (s *propFast) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	s.load(ctx, req.PriorPrivate)
	config, prior, plan := s.value(req.Config), s.value(req.PriorState), s.value(req.ProposedNewState)
	if plan = noSecrets(s.root, plan); !plan.IsNull() && !plan.Equal(prior) {
		plan = opened(s.root, plan, config, false)
	}
	in := resource.ModifyPlanRequest{
		Config: tfsdk.Config{Schema: s.schema, Raw: config}, Plan: tfsdk.Plan{Schema: s.schema, Raw: plan},
		State: tfsdk.State{Schema: s.schema, Raw: prior}, Private: s.private.Private,
	}
	out := resource.ModifyPlanResponse{Plan: in.Plan, Private: s.private.Private}
	s.r.ModifyPlan(ctx, in, &out)
	resp := &tfprotov6.PlanResourceChangeResponse{
		PlannedState: s.wire(out.Plan.Raw), PlannedPrivate: s.save(ctx), Diagnostics: protocol(out.Diagnostics), PlannedIdentity: req.PriorIdentity,
	}
	for _, p := range out.RequiresReplace {
		resp.RequiresReplace = append(resp.RequiresReplace, protocolPath(p))
	}
	return resp, nil
}

// ApplyResourceChange calls Create, Update or Delete.
func (s *propFast) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	s.load(ctx, req.PlannedPrivate)
	config, prior, plan := s.value(req.Config), s.value(req.PriorState), s.value(req.PlannedState)
	id := s.identified(req.PlannedIdentity)
	state := tfsdk.State{Schema: s.schema, Raw: prior}
	var diags diag.Diagnostics
	switch {
	case prior.IsNull():
		out := resource.CreateResponse{State: state, Identity: id, Private: s.private.Private}
		s.r.Create(ctx, resource.CreateRequest{Config: tfsdk.Config{Schema: s.schema, Raw: config}, Plan: tfsdk.Plan{Schema: s.schema, Raw: plan}}, &out)
		state, diags = out.State, out.Diagnostics
	case plan.IsNull():
		out := resource.DeleteResponse{State: state, Private: s.private.Private}
		s.r.Delete(ctx, resource.DeleteRequest{State: state, Private: s.private.Private}, &out)
		if diags = out.Diagnostics; !diags.HasError() {
			state.Raw = s.root.null()
		}
	default:
		out := resource.UpdateResponse{State: state, Identity: id, Private: s.private.Private}
		s.r.Update(ctx, resource.UpdateRequest{Config: tfsdk.Config{Schema: s.schema, Raw: config}, Plan: tfsdk.Plan{Schema: s.schema, Raw: plan}, State: state, Private: s.private.Private}, &out)
		state, diags = out.State, out.Diagnostics
	}
	return &tfprotov6.ApplyResourceChangeResponse{NewState: s.wire(state.Raw), Private: s.save(ctx), Diagnostics: protocol(diags), NewIdentity: s.identityWire(id)}, nil
}

// ReadResource calls Read.
func (s *propFast) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	s.load(ctx, req.Private)
	state := tfsdk.State{Schema: s.schema, Raw: s.value(req.CurrentState)}
	id := s.identified(req.CurrentIdentity)
	out := resource.ReadResponse{State: state, Identity: id, Private: s.private.Private}
	s.r.Read(ctx, resource.ReadRequest{State: state, Private: s.private.Private, Identity: id}, &out)
	return &tfprotov6.ReadResourceResponse{NewState: s.wire(out.State.Raw), Private: s.save(ctx), Diagnostics: protocol(out.Diagnostics), NewIdentity: s.identityWire(id)}, nil
}

func noSecrets(n *node, v tftypes.Value) tftypes.Value {
	return n.each(v, func(c *node, _ string, e tftypes.Value) tftypes.Value {
		if c.writeOnly {
			return c.null()
		}
		return noSecrets(c, e)
	})
}

// opened makes computed values unknown that are null in the configuration, as the framework does. Below something that
// has no children the configuration is taken for that itself.
func opened(n *node, plan, config tftypes.Value, attribute bool) tftypes.Value {
	plan = n.each(plan, func(c *node, key string, v tftypes.Value) tftypes.Value {
		cfg := config
		if given(config) && get(config, key).Type() != nil {
			cfg = get(config, key)
		}
		return opened(c, v, cfg, n.elem == nil && !c.block)
	})
	if attribute && n.computed && config.IsNull() {
		return n.unknown()
	}
	return plan
}

func protocol(diags diag.Diagnostics) []*tfprotov6.Diagnostic {
	var out []*tfprotov6.Diagnostic
	for _, d := range diags {
		p := &tfprotov6.Diagnostic{Severity: tfprotov6.DiagnosticSeverityWarning, Summary: d.Summary(), Detail: d.Detail()}
		if d.Severity() == diag.SeverityError {
			p.Severity = tfprotov6.DiagnosticSeverityError
		}
		if at, ok := d.(diag.DiagnosticWithPath); ok {
			p.Attribute = protocolPath(at.Path())
		}
		out = append(out, p)
	}
	return out
}

func protocolPath(p path.Path) *tftypes.AttributePath {
	var steps []tftypes.AttributePathStep
	for _, s := range p.Steps() {
		switch s := s.(type) {
		case path.PathStepAttributeName:
			steps = append(steps, tftypes.AttributeName(string(s)))
		case path.PathStepElementKeyString:
			steps = append(steps, tftypes.ElementKeyString(string(s)))
		}
	}
	return tftypes.NewAttributePathWithSteps(steps)
}
