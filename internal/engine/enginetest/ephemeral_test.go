package enginetest_test

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
)

// keys is a provider of one ephemeral resource whose answer a test chooses.
type keys struct {
	open   func(ctx context.Context, resp *ephemeral.OpenResponse)
	closed *int
}

func (keys) Metadata(_ context.Context, _ provider.MetadataRequest, r *provider.MetadataResponse) {
	r.TypeName = "test"
}

func (keys) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse) {}

func (keys) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {}

func (keys) Resources(context.Context) []func() resource.Resource { return nil }

func (keys) DataSources(context.Context) []func() datasource.DataSource { return nil }

func (k keys) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{func() ephemeral.EphemeralResource { return key(k) }}
}

type key keys

func (key) Metadata(_ context.Context, _ ephemeral.MetadataRequest, r *ephemeral.MetadataResponse) {
	r.TypeName = "test_key"
}

func (key) Schema(_ context.Context, _ ephemeral.SchemaRequest, r *ephemeral.SchemaResponse) {
	r.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"door": schema.StringAttribute{Required: true}, "code": schema.StringAttribute{Computed: true},
	}}
}

func (k key) Open(ctx context.Context, _ ephemeral.OpenRequest, r *ephemeral.OpenResponse) {
	k.open(ctx, r)
}

func (k key) Close(context.Context, ephemeral.CloseRequest, *ephemeral.CloseResponse) { *k.closed++ }

func TestOpenEphemeral(t *testing.T) {
	set := func(name string, v any) func(context.Context, *ephemeral.OpenResponse) {
		return func(ctx context.Context, r *ephemeral.OpenResponse) {
			r.Diagnostics.Append(r.Result.SetAttribute(ctx, path.Root(name), v)...)
		}
	}
	cases := map[string]struct {
		open    func(ctx context.Context, r *ephemeral.OpenResponse)
		config  enginetest.Config
		breaks  bool
		refuses bool
		closed  int
		code    any
	}{
		"opened and closed":   {open: set("code", "1"), config: enginetest.Config{"door": "a"}, closed: 1, code: "1"},
		"not before an apply": {open: set("code", "1"), config: enginetest.Config{"door": enginetest.Unknown}, code: enginetest.Unknown},
		"a refusal": {open: func(_ context.Context, r *ephemeral.OpenResponse) {
			r.Diagnostics.AddError("no", "")
		}, config: enginetest.Config{"door": "a"}, refuses: true, code: enginetest.Unknown},
		"an unknown":      {open: set("code", types.StringUnknown()), config: enginetest.Config{"door": "a"}, breaks: true, closed: 1, code: enginetest.Unknown},
		"other than said": {open: set("door", "b"), config: enginetest.Config{"door": "a"}, breaks: true, closed: 1},
		"nothing": {open: func(_ context.Context, r *ephemeral.OpenResponse) {
			r.Result.Raw = tftypes.NewValue(r.Result.Raw.Type(), nil)
		}, config: enginetest.Config{"door": "a"}, breaks: true, closed: 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var closed int
			core := enginetest.New(t, func() (tfprotov6.ProviderServer, error) {
				return providerserver.NewProtocol6WithError(keys{c.open, &closed})()
			}, nil)
			e, err := core.OpenEphemeral("test_key", c.config)
			if got := enginetest.Breaks(err, enginetest.RuleEphemeral); got != c.breaks || (err != nil) != c.breaks {
				t.Errorf("error %v, want a violation: %v", err, c.breaks)
			}
			if e.Diags.HasErrors() != c.refuses || closed != c.closed || e.At("code") != c.code {
				t.Errorf("%s, closed %d times, code %v", e.Diags, closed, e.At("code"))
			}
		})
	}
}
