package enginetest_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	dschema "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	lschema "github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	pschema "github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
)

// world is the remote side of the test provider: objects by id.
type world struct {
	mu      sync.Mutex
	next    int
	objects map[string]tftypes.Value
	down    bool // creation fails half-way
}

func (w *world) set(id string, v tftypes.Value) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.objects[id] = v
}

func (w *world) get(id string) (tftypes.Value, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	v, ok := w.objects[id]
	return v, ok
}

func (w *world) newID() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next++
	return fmt.Sprintf("id-%d", w.next)
}

// twist changes a server before it is used, to make it misbehave.
type twist func(tfprotov6.ProviderServer) tfprotov6.ProviderServer

func newCore(t testing.TB, twists ...any) (*enginetest.Core, *world) {
	t.Helper()
	w := &world{objects: map[string]tftypes.Value{}}
	var opts []enginetest.Option
	factory := providerserver.NewProtocol6WithError(&thingProvider{w})
	for _, x := range twists {
		switch x := x.(type) {
		case enginetest.Option:
			opts = append(opts, x)
		case twist:
			good := factory
			factory = func() (tfprotov6.ProviderServer, error) {
				s, err := good()
				return x(s), err
			}
		}
	}
	config := enginetest.Config{"platform": []any{map[string]any{"name": "a"}, map[string]any{"name": "b"}}}
	return enginetest.New(t, factory, config, opts...), w
}

type thingProvider struct{ world *world }

func (p *thingProvider) Metadata(_ context.Context, _ provider.MetadataRequest, r *provider.MetadataResponse) {
	r.TypeName = "test"
}

func (p *thingProvider) Schema(_ context.Context, _ provider.SchemaRequest, r *provider.SchemaResponse) {
	r.Schema = pschema.Schema{Blocks: map[string]pschema.Block{
		"platform": pschema.ListNestedBlock{NestedObject: pschema.NestedBlockObject{
			Attributes: map[string]pschema.Attribute{"name": pschema.StringAttribute{Required: true}},
		}},
	}}
}

func (p *thingProvider) Configure(_ context.Context, req provider.ConfigureRequest, r *provider.ConfigureResponse) {
	var platforms []struct {
		Name string `tfsdk:"name"`
	}
	r.Diagnostics.Append(req.Config.GetAttribute(context.Background(), path.Root("platform"), &platforms)...)
	if len(platforms) == 0 {
		r.Diagnostics.AddAttributeError(path.Root("platform"), "No platform", "Add one.")
	}
}

func (p *thingProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return &thing{p.world} }}
}

func (p *thingProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{func() datasource.DataSource { return &thingData{p.world} }}
}

func (p *thingProvider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{func() list.ListResource { return &thingList{p.world} }}
}

func (p *thingProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{func() function.Function { return shout{} }}
}

type thing struct{ world *world }

func (*thing) Metadata(_ context.Context, _ resource.MetadataRequest, r *resource.MetadataResponse) {
	r.TypeName = "test_thing"
}

func (*thing) Schema(_ context.Context, _ resource.SchemaRequest, r *resource.SchemaResponse) {
	keep := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	r.Schema = schema.Schema{
		Version: 1,
		Attributes: map[string]schema.Attribute{
			"id":     schema.StringAttribute{Computed: true, PlanModifiers: keep},
			"name":   schema.StringAttribute{Required: true},
			"size":   schema.Int64Attribute{Optional: true, Computed: true},
			"image":  schema.StringAttribute{Optional: true, PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()}},
			"tags":   schema.MapAttribute{Optional: true, ElementType: types.StringType},
			"roles":  schema.SetAttribute{Optional: true, ElementType: types.StringType},
			"secret": schema.StringAttribute{Optional: true, WriteOnly: true},
			"boot": schema.SingleNestedAttribute{Optional: true, Computed: true, Attributes: map[string]schema.Attribute{
				"size": schema.Int64Attribute{Optional: true, Computed: true},
				"path": schema.StringAttribute{Computed: true},
			}},
			"nics": schema.MapNestedAttribute{Optional: true, NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"network": schema.StringAttribute{Required: true},
				"mac":     schema.StringAttribute{Computed: true, PlanModifiers: keep},
			}}},
		},
		Blocks: map[string]schema.Block{
			"login": schema.SingleNestedBlock{Attributes: map[string]schema.Attribute{"user": schema.StringAttribute{Optional: true}}},
			"port": schema.ListNestedBlock{NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
				"number": schema.Int64Attribute{Required: true},
				"key":    schema.StringAttribute{Computed: true},
			}}},
		},
	}
}

func (*thing) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, r *resource.IdentitySchemaResponse) {
	r.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"id": identityschema.StringAttribute{RequiredForImport: true},
	}}
}

// UpgradeState knows version 0, which called the name label.
func (*thing) UpgradeState(context.Context) map[int64]resource.StateUpgrader {
	return map[int64]resource.StateUpgrader{0: {StateUpgrader: func(ctx context.Context, req resource.UpgradeStateRequest, r *resource.UpgradeStateResponse) {
		json := strings.Replace(string(req.RawState.JSON), `"label"`, `"name"`, 1)
		json = strings.TrimSuffix(json, "}") + `,"size":1,"image":null,"tags":null,"roles":null,"secret":null,"boot":null,"nics":null,"login":null,"port":[]}`
		r.DynamicValue = &tfprotov6.DynamicValue{JSON: []byte(json)}
	}}}
}

// filled replaces what is unknown by something known.
func filled(v tftypes.Value, id string) (tftypes.Value, error) {
	return tftypes.Transform(v, func(at *tftypes.AttributePath, v tftypes.Value) (tftypes.Value, error) {
		if v.IsKnown() {
			return v, nil
		}
		switch {
		case at.Equal(tftypes.NewAttributePath().WithAttributeName("id")):
			return tftypes.NewValue(v.Type(), id), nil
		case v.Type().Is(tftypes.String):
			return tftypes.NewValue(v.Type(), "made"), nil
		case v.Type().Is(tftypes.Number):
			return tftypes.NewValue(v.Type(), 7), nil
		}
		return tftypes.NewValue(v.Type(), map[string]tftypes.Value{
			"size": tftypes.NewValue(tftypes.Number, 7), "path": tftypes.NewValue(tftypes.String, "made"),
		}), nil
	})
}

func (r *thing) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	id := r.world.newID()
	v, err := filled(req.Plan.Raw, id)
	if err != nil {
		resp.Diagnostics.AddError("filling", err.Error())
		return
	}
	r.world.set(id, v)
	resp.State.Raw = v
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("id"), id)...)
	resp.Diagnostics.Append(resp.Private.SetKey(ctx, "made", []byte(`"yes"`))...)
	if r.world.down {
		resp.Diagnostics.AddAttributeError(path.Root("nics").AtMapKey("eth0").AtName("network"), "Half-way", "The network is down.")
	}
}

func (r *thing) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var id string
	resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("id"), &id)...)
	v, ok := r.world.get(id)
	if !ok {
		resp.State.RemoveResource(ctx)
		return
	}
	resp.State.Raw = v
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("id"), id)...)
}

func (r *thing) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var id string
	resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("id"), &id)...)
	v, err := filled(req.Plan.Raw, id)
	if err != nil {
		resp.Diagnostics.AddError("filling", err.Error())
		return
	}
	r.world.set(id, v)
	resp.State.Raw = v
}

func (r *thing) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var id string
	resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("id"), &id)...)
	r.world.mu.Lock()
	defer r.world.mu.Unlock()
	delete(r.world.objects, id)
}

func (*thing) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	resource.ImportStatePassthroughWithIdentity(ctx, path.Root("id"), path.Root("id"), req, resp)
}

// MoveState takes over anything with an id.
func (*thing) MoveState(context.Context) []resource.StateMover {
	return []resource.StateMover{{
		SourceSchema: &schema.Schema{Attributes: map[string]schema.Attribute{"id": schema.StringAttribute{Computed: true}}},
		StateMover: func(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
			if req.SourceTypeName != "other_thing" || req.SourceState == nil {
				return
			}
			var id string
			resp.Diagnostics.Append(req.SourceState.GetAttribute(ctx, path.Root("id"), &id)...)
			resp.Diagnostics.Append(resp.TargetState.SetAttribute(ctx, path.Root("id"), id)...)
			resp.Diagnostics.Append(resp.TargetState.SetAttribute(ctx, path.Root("port"), []struct {
				Number int64  `tfsdk:"number"`
				Key    string `tfsdk:"key"`
			}{})...)
		},
	}}
}

type thingData struct{ world *world }

func (*thingData) Metadata(_ context.Context, _ datasource.MetadataRequest, r *datasource.MetadataResponse) {
	r.TypeName = "test_thing"
}

func (*thingData) Schema(_ context.Context, _ datasource.SchemaRequest, r *datasource.SchemaResponse) {
	r.Schema = dschema.Schema{Attributes: map[string]dschema.Attribute{
		"name": dschema.StringAttribute{Required: true}, "id": dschema.StringAttribute{Computed: true},
	}}
}

func (d *thingData) Read(ctx context.Context, req datasource.ReadRequest, r *datasource.ReadResponse) {
	var name string
	r.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("name"), &name)...)
	for id, v := range d.world.objects {
		if enginetest.At(v, "name") == name {
			r.State.Raw = req.Config.Raw
			r.Diagnostics.Append(r.State.SetAttribute(ctx, path.Root("id"), id)...)
			return
		}
	}
	r.Diagnostics.AddAttributeError(path.Root("name"), "Not found", name)
}

type thingList struct{ world *world }

func (*thingList) Metadata(_ context.Context, _ resource.MetadataRequest, r *resource.MetadataResponse) {
	r.TypeName = "test_thing"
}

func (*thingList) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, r *list.ListResourceSchemaResponse) {
	r.Schema = lschema.Schema{Attributes: map[string]lschema.Attribute{"prefix": lschema.StringAttribute{Optional: true}}}
}

func (l *thingList) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	stream.Results = func(yield func(list.ListResult) bool) {
		for _, id := range slices.Sorted(maps.Keys(l.world.objects)) {
			r := req.NewListResult(ctx)
			r.DisplayName = id
			r.Diagnostics.Append(r.Identity.SetAttribute(ctx, path.Root("id"), id)...)
			if req.IncludeResource {
				r.Resource.Raw = l.world.objects[id]
			}
			if !yield(r) {
				return
			}
		}
	}
}

type shout struct{}

func (shout) Metadata(_ context.Context, _ function.MetadataRequest, r *function.MetadataResponse) {
	r.Name = "shout"
}

func (shout) Definition(_ context.Context, _ function.DefinitionRequest, r *function.DefinitionResponse) {
	r.Definition = function.Definition{
		Parameters: []function.Parameter{function.StringParameter{Name: "text"}}, Return: function.StringReturn{},
	}
}

func (shout) Run(ctx context.Context, req function.RunRequest, r *function.RunResponse) {
	var text string
	r.Error = function.ConcatFuncErrors(r.Error, req.Arguments.Get(ctx, &text))
	if text == "" {
		r.Error = function.NewArgumentFuncError(0, "nothing to shout")
		return
	}
	r.Error = function.ConcatFuncErrors(r.Error, r.Result.Set(ctx, strings.ToUpper(text)))
}
