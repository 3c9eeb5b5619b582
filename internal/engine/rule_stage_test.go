package engine_test

import (
	"context"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/kind"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// stage is a provider whose connections a test chooses. It asks for the hub whenever a provider is configured, so
// that a test can change it and restart.
type stage struct {
	hub     *engine.Hub // of the provider that runs
	newHub  func() *engine.Hub
	machine *engine.Compiled[machine, *machine]
	image   *engine.Compiled[platform.Image, *platform.Image]
	host    *engine.Compiled[platform.Host, *platform.Host]

	resources  []func() resource.Resource // a test's own kinds
	data       []func() datasource.DataSource
	ephemerals []func() ephemeral.EphemeralResource
}

func newStage(newHub func() *engine.Hub) *stage {
	return &stage{newHub: newHub, machine: kind.Machine().Compile(), image: kind.Image().Compile(), host: kind.Host().Compile()}
}

func (s *stage) core(t *testing.T, opts ...enginetest.Option) *enginetest.Core {
	t.Helper()
	return enginetest.New(t, func() (tfprotov6.ProviderServer, error) { return providerserver.NewProtocol6WithError(s)() }, nil, opts...)
}

// server is the provider without anybody who asks it, and configured.
func (s *stage) server(t *testing.T) tfprotov6.ProviderServer {
	t.Helper()
	server, err := providerserver.NewProtocol6WithError(s)()
	clean(t, err)
	config, err := tfprotov6.NewDynamicValue(tftypes.Object{}, tftypes.NewValue(tftypes.Object{}, map[string]tftypes.Value{}))
	clean(t, err)
	_, err = server.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{Config: &config})
	clean(t, err)
	return server
}

func (*stage) Metadata(_ context.Context, _ provider.MetadataRequest, r *provider.MetadataResponse) {
	r.TypeName = "virt"
}

func (*stage) Schema(_ context.Context, _ provider.SchemaRequest, r *provider.SchemaResponse) {
	r.Schema = schema.Schema{}
}

func (s *stage) Configure(_ context.Context, _ provider.ConfigureRequest, r *provider.ConfigureResponse) {
	s.hub = s.newHub()
	r.ResourceData, r.DataSourceData, r.ListResourceData, r.EphemeralResourceData = s.hub, s.hub, s.hub, s.hub
}

func (s *stage) Resources(context.Context) []func() resource.Resource {
	return append([]func() resource.Resource{
		func() resource.Resource { return engine.NewResource(s.machine) },
		func() resource.Resource { return engine.NewResource(s.image) },
	}, s.resources...)
}

func (s *stage) DataSources(context.Context) []func() datasource.DataSource {
	return append([]func() datasource.DataSource{
		func() datasource.DataSource { return engine.NewData(s.machine) },
		func() datasource.DataSource { return engine.NewData(s.image) },
		func() datasource.DataSource { return engine.NewData(s.host) },
	}, s.data...)
}

func (s *stage) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{func() list.ListResource { return engine.NewList(s.machine) }}
}

func (s *stage) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return s.ephemerals
}

var (
	_ provider.ProviderWithListResources      = (*stage)(nil)
	_ provider.ProviderWithEphemeralResources = (*stage)(nil)
)

// hubOf makes a hub of platforms.
func hubOf(clouds ...*cloud) *engine.Hub {
	h := &engine.Hub{Connections: map[string]*engine.Connection{}}
	for _, c := range clouds {
		h.Connections[c.name] = c.connection()
	}
	return h
}

// start serves a provider with these platforms.
func start(t *testing.T, clouds ...*cloud) *enginetest.Core {
	t.Helper()
	return newStage(func() *engine.Hub { return hubOf(clouds...) }).core(t, enginetest.WithMutableIdentity())
}

// web is a machine resource in a provider with these platforms.
func web(t *testing.T, clouds ...*cloud) *enginetest.Resource {
	t.Helper()
	return start(t, clouds...).Resource("virt_machine", "web")
}

// config is the smallest configuration of a machine with some more.
func config(more ...object) enginetest.Config {
	c := enginetest.Config{"name": "web"}
	for _, m := range more {
		maps.Copy(c, m)
	}
	return c
}

// refused plans and demands an error whose text has all the words, on the attribute at path.
func refused(t *testing.T, r *enginetest.Resource, c enginetest.Config, path string, words ...string) {
	t.Helper()
	p, err := r.Plan(c)
	if err != nil {
		t.Fatal(err)
	}
	says(t, p.Diags.Errors(), path, words...)
}

// says demands exactly one diagnostic with all the words, on the attribute at path.
func says(t *testing.T, ds enginetest.Diagnostics, path string, words ...string) {
	t.Helper()
	if len(ds) != 1 {
		t.Fatalf("%d diagnostics, want one with %q:\n%s", len(ds), words, ds)
	}
	mentions(t, ds, path, words...)
}

// mentions demands a diagnostic with all the words, on the attribute at path.
func mentions(t *testing.T, ds enginetest.Diagnostics, path string, words ...string) {
	t.Helper()
	for _, d := range ds {
		if d.Path == path && containsAll(d.Summary+": "+d.Detail, words) {
			return
		}
	}
	t.Fatalf("nothing on %q says %q:\n%s", path, words, ds)
}

// containsAll ignores case: a message begins with a capital, whatever it begins with.
func containsAll(text string, words []string) bool {
	text = strings.ToLower(text)
	for _, w := range words {
		if !strings.Contains(text, strings.ToLower(w)) {
			return false
		}
	}
	return true
}

// clean fails on a breach of core's rules; refusals pass.
func clean(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// equalTo compares plain values.
func equalTo(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}
