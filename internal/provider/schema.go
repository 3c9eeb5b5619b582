package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Schema is made from the drivers' settings.
func (p *Provider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Machines, networks, disks, images, snapshots and storage pools, the same on every virtualization platform.",
		Attributes: map[string]schema.Attribute{
			"default_tags": schema.MapAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Tags that every object gets that can carry tags.",
			},
			"read_ahead": schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: "`false` refreshes every object by itself instead of many at once from one list. Default `true`.",
			},
		},
		Blocks: map[string]schema.Block{"platform": schema.ListNestedBlock{
			MarkdownDescription: "A connection to one platform. Resources pick it by its name.",
			NestedObject:        schema.NestedBlockObject{Attributes: connectionAttributes(), Blocks: p.driverBlocks()},
		}},
	}
}

// connectionAttributes are what every connection has, whatever its type.
func connectionAttributes() map[string]schema.Attribute {
	aliases := func(what string) schema.MapAttribute {
		return schema.MapAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "What portable names of " + what + " mean on this platform.",
		}
	}
	return map[string]schema.Attribute{
		"name":      schema.StringAttribute{Required: true, MarkdownDescription: "Name by which resources pick this connection."},
		"read_only": schema.BoolAttribute{Optional: true, MarkdownDescription: "`true` refuses every plan that would change something here."},
		"images":    aliases("images"),
		"networks":  aliases("networks"),
		"sizes":     aliases("sizes"),
	}
}

// driverBlocks is one single block per platform type.
func (p *Provider) driverBlocks() map[string]schema.Block {
	blocks := map[string]schema.Block{}
	for _, d := range p.drivers {
		attrs := map[string]schema.Attribute{}
		for _, s := range d.Settings {
			attrs[s.Name] = settingAttribute(s)
		}
		blocks[d.Name] = schema.SingleNestedBlock{MarkdownDescription: d.Title + ". " + d.Doc, Attributes: attrs}
	}
	return blocks
}

// settingAttribute is optional even where the setting is required: it may come from the environment.
func settingAttribute(s platform.Setting) schema.Attribute {
	doc := settingDoc(s)
	switch s.Type {
	case platform.BoolSetting:
		return schema.BoolAttribute{Optional: true, Sensitive: s.Sensitive, MarkdownDescription: doc}
	case platform.IntSetting:
		return schema.Int64Attribute{Optional: true, Sensitive: s.Sensitive, MarkdownDescription: doc}
	case platform.StringsSetting:
		return schema.ListAttribute{Optional: true, ElementType: types.StringType, Sensitive: s.Sensitive, MarkdownDescription: doc}
	case platform.MapSetting:
		return schema.MapAttribute{Optional: true, ElementType: types.StringType, Sensitive: s.Sensitive, MarkdownDescription: doc}
	case platform.StringSetting, platform.DurationSetting:
	}
	return schema.StringAttribute{Optional: true, Sensitive: s.Sensitive, MarkdownDescription: doc}
}

func settingDoc(s platform.Setting) string {
	var doc strings.Builder
	doc.WriteString(s.Doc)
	if s.Required {
		doc.WriteString(" Required.")
	}
	if s.Default != "" {
		doc.WriteString(" Default `" + s.Default + "`.")
	}
	for _, name := range s.Env {
		doc.WriteString(" `" + name + "`.")
	}
	return doc.String()
}
