// Package provider is the Terraform provider itself: its schema, and the two lists, of kinds and of platforms.
package provider

//go:generate go run ./matrix ../../templates/guides/capabilities.md

import (
	"context"
	"errors"
	"os"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Provider serves the kinds on the platforms. One process has one; Close ends its connections.
type Provider struct {
	version    string
	drivers    []platform.Driver
	kinds      []served
	ephemerals []issued

	mu   sync.Mutex
	hubs []*engine.Hub
}

// New makes the provider with all its platforms.
func New(version string) *Provider { return With(version, Platforms()...) }

// With makes the provider with platforms of the caller's choice, for tests.
func With(version string, drivers ...platform.Driver) *Provider {
	return &Provider{version: version, drivers: drivers, kinds: kinds(), ephemerals: ephemerals()}
}

// Again is another provider with the same platforms and kinds, as another process has it, and no connections.
func (p *Provider) Again() *Provider {
	return &Provider{version: p.version, drivers: p.drivers, kinds: p.kinds, ephemerals: p.ephemerals}
}

// Close ends all connections. The CLI grants a provider two seconds at the end.
func (p *Provider) Close(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for _, hub := range p.hubs {
		errs = append(errs, hub.Close(ctx))
	}
	p.hubs = nil
	return errors.Join(errs...)
}

// Metadata names the provider.
func (p *Provider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName, resp.Version = "virt", p.version
}

// Configure reads the platform blocks. Nothing connects yet.
func (p *Provider) Configure(_ context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	hub, diags := p.hub(req.Config.Raw, os.LookupEnv)
	resp.Diagnostics.Append(diags...)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hubs = append(p.hubs, hub)
	resp.ResourceData, resp.DataSourceData, resp.ListResourceData, resp.EphemeralResourceData = hub, hub, hub, hub
}

// Resources lists the kinds that are more than data.
func (p *Provider) Resources(context.Context) []func() resource.Resource {
	var all []func() resource.Resource
	for _, k := range p.kinds {
		if k.resource != nil {
			all = append(all, k.resource)
		}
	}
	return all
}

// DataSources lists the kinds as data.
func (p *Provider) DataSources(context.Context) []func() datasource.DataSource {
	var all []func() datasource.DataSource
	for _, k := range p.kinds {
		all = append(all, k.data)
	}
	return all
}

// ListResources lists the kinds for terraform query, those that are more than data.
func (p *Provider) ListResources(context.Context) []func() list.ListResource {
	var all []func() list.ListResource
	for _, k := range p.kinds {
		if k.list != nil {
			all = append(all, k.list)
		}
	}
	return all
}

// EphemeralResources lists the kinds that are handed out and never stored.
func (p *Provider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	var all []func() ephemeral.EphemeralResource
	for _, k := range p.ephemerals {
		all = append(all, k.open)
	}
	return all
}

// Functions lists the provider's functions.
func (p *Provider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{func() function.Function { return bytesFunction{} }}
}

var (
	_ provider.ProviderWithFunctions          = (*Provider)(nil)
	_ provider.ProviderWithListResources      = (*Provider)(nil)
	_ provider.ProviderWithEphemeralResources = (*Provider)(nil)
	_ provider.ProviderWithValidateConfig     = (*Provider)(nil)
)
