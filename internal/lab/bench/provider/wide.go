package main

import (
	"context"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/kind"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
	"github.com/terraform-virt/terraform-provider-virt/internal/provider"
)

// machine is a machine with the blocks of platforms that are still to come.
type machine struct {
	platform.Machine

	HyperV     *block `tfsdk:"hyperv" virt:"platform"`
	Azure      *block `tfsdk:"azure" virt:"platform"`
	OpenStack  *block `tfsdk:"openstack" virt:"platform"`
	Docker     *block `tfsdk:"docker" virt:"platform"`
	Kubernetes *block `tfsdk:"kubernetes" virt:"platform"`
	Proxmox    *block `tfsdk:"proxmox" virt:"platform"`
	Nutanix    *block `tfsdk:"nutanix" virt:"platform"`
}

func further() []string {
	return []string{"hyperv", "azure", "openstack", "docker", "kubernetes", "proxmox", "nutanix"}
}

// block is a platform block of the usual size.
type block struct {
	Folder   *string           `tfsdk:"folder"`
	Pool     *string           `tfsdk:"pool"`
	Guest    *string           `tfsdk:"guest"`
	Model    *string           `tfsdk:"model"`
	Policy   *string           `tfsdk:"policy"`
	Version  *int64            `tfsdk:"version"`
	Sockets  *int64            `tfsdk:"sockets"`
	HotAdd   *bool             `tfsdk:"hot_add"`
	NestedHV *bool             `tfsdk:"nested_hv"`
	Extra    map[string]string `tfsdk:"extra"`
}

func blockSchema() schema.Block {
	attrs := map[string]schema.Attribute{
		"version": schema.Int64Attribute{Optional: true}, "sockets": schema.Int64Attribute{Optional: true},
		"hot_add": schema.BoolAttribute{Optional: true}, "nested_hv": schema.BoolAttribute{Optional: true},
		"extra": schema.MapAttribute{Optional: true, ElementType: types.StringType},
	}
	for _, name := range []string{"folder", "pool", "guest", "model", "policy"} {
		attrs[name] = schema.StringAttribute{Optional: true}
	}
	return schema.SingleNestedBlock{Attributes: attrs}
}

// wide is the provider with such machines.
type wide struct {
	*provider.Provider

	machine func() resource.Resource
}

func widen(p *provider.Provider) wide {
	compiled := machineKind().Compile()
	return wide{p, func() resource.Resource { return engine.NewResource(compiled) }}
}

// Resources is the provider's list with the machine exchanged.
func (w wide) Resources(ctx context.Context) []func() resource.Resource {
	all := w.Provider.Resources(ctx)
	i := slices.IndexFunc(all, func(f func() resource.Resource) bool {
		var resp resource.MetadataResponse
		f().Metadata(ctx, resource.MetadataRequest{ProviderTypeName: "virt"}, &resp)
		return resp.TypeName == "virt_machine"
	})
	all[i] = w.machine
	return all
}

func machineKind() engine.Kind[machine, *machine] {
	k := kind.Machine()
	k.Schema.Blocks = maps.Clone(k.Schema.Blocks)
	for _, name := range further() {
		k.Schema.Blocks[name] = blockSchema()
	}
	return engine.Kind[machine, *machine]{
		Name: k.Name, Schema: k.Schema, Timeouts: k.Timeouts, Aliases: k.Aliases,
		Of: func(c *platform.Conn) platform.Resource[machine] {
			if c.Machines == nil {
				return nil
			}
			return adapter{c.Machines}
		},
		Plan: func(p *platform.Plan[machine]) error { return planned(p, k.Plan) },
		Restart: &engine.Restart[machine]{
			Running: func(m *machine) bool { return k.Restart.Running(&m.Machine) },
			Allowed: func(m *machine) *bool { return k.Restart.Allowed(&m.Machine) },
			Moment:  k.Restart.Moment,
		},
	}
}
