package engine

import (
	"fmt"

	ephemeralschema "github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
)

// ephemeralSchema is a resource's schema as an ephemeral resource has it.
func ephemeralSchema(s schema.Schema) ephemeralschema.Schema {
	return ephemeralschema.Schema{
		Attributes: ephemeralAll(s.Attributes), Blocks: ephemeralBlocks(s.Blocks),
		Description: s.Description, MarkdownDescription: s.MarkdownDescription, DeprecationMessage: s.DeprecationMessage,
	}
}

func ephemeralAll(attrs map[string]schema.Attribute) map[string]ephemeralschema.Attribute {
	out := map[string]ephemeralschema.Attribute{}
	for name, a := range attrs {
		out[name] = ephemeralOne(name, a)
	}
	return out
}

// ephemeralOne is an attribute of an ephemeral resource like that of the resource, with its validators.
func ephemeralOne(name string, a schema.Attribute) ephemeralschema.Attribute {
	doc, md, old := a.GetDescription(), a.GetMarkdownDescription(), a.GetDeprecationMessage()
	required, optional, computed, sensitive := a.IsRequired(), a.IsOptional(), a.IsComputed(), a.IsSensitive()
	switch a := a.(type) {
	case schema.StringAttribute:
		return ephemeralschema.StringAttribute{Required: required, Optional: optional, Computed: computed, Sensitive: sensitive, Description: doc, MarkdownDescription: md, DeprecationMessage: old, CustomType: a.CustomType, Validators: a.Validators}
	case schema.Int64Attribute:
		return ephemeralschema.Int64Attribute{Required: required, Optional: optional, Computed: computed, Sensitive: sensitive, Description: doc, MarkdownDescription: md, DeprecationMessage: old, CustomType: a.CustomType, Validators: a.Validators}
	case schema.Float64Attribute:
		return ephemeralschema.Float64Attribute{Required: required, Optional: optional, Computed: computed, Sensitive: sensitive, Description: doc, MarkdownDescription: md, DeprecationMessage: old, CustomType: a.CustomType, Validators: a.Validators}
	case schema.BoolAttribute:
		return ephemeralschema.BoolAttribute{Required: required, Optional: optional, Computed: computed, Sensitive: sensitive, Description: doc, MarkdownDescription: md, DeprecationMessage: old, CustomType: a.CustomType, Validators: a.Validators}
	case schema.ListAttribute:
		return ephemeralschema.ListAttribute{Required: required, Optional: optional, Computed: computed, Sensitive: sensitive, Description: doc, MarkdownDescription: md, DeprecationMessage: old, CustomType: a.CustomType, Validators: a.Validators, ElementType: a.ElementType}
	case schema.MapAttribute:
		return ephemeralschema.MapAttribute{Required: required, Optional: optional, Computed: computed, Sensitive: sensitive, Description: doc, MarkdownDescription: md, DeprecationMessage: old, CustomType: a.CustomType, Validators: a.Validators, ElementType: a.ElementType}
	case schema.SingleNestedAttribute:
		return ephemeralschema.SingleNestedAttribute{Required: required, Optional: optional, Computed: computed, Sensitive: sensitive, Description: doc, MarkdownDescription: md, DeprecationMessage: old, CustomType: a.CustomType, Validators: a.Validators, Attributes: ephemeralAll(a.Attributes)}
	case schema.MapNestedAttribute:
		nested := ephemeralschema.NestedAttributeObject{Attributes: ephemeralAll(a.NestedObject.Attributes), CustomType: a.NestedObject.CustomType, Validators: a.NestedObject.Validators}
		return ephemeralschema.MapNestedAttribute{Required: required, Optional: optional, Computed: computed, Sensitive: sensitive, Description: doc, MarkdownDescription: md, DeprecationMessage: old, CustomType: a.CustomType, Validators: a.Validators, NestedObject: nested}
	}
	panic(fmt.Sprintf("engine: %s: no ephemeral attribute for %T", name, a))
}

// ephemeralBlocks takes single blocks, the only ones that compile.
func ephemeralBlocks(blocks map[string]schema.Block) map[string]ephemeralschema.Block {
	out := map[string]ephemeralschema.Block{}
	for name, b := range blocks {
		single, ok := b.(schema.SingleNestedBlock)
		if !ok {
			panic(fmt.Sprintf("engine: %s: no ephemeral block for %T", name, b))
		}
		out[name] = ephemeralschema.SingleNestedBlock{
			Attributes: ephemeralAll(single.Attributes), Blocks: ephemeralBlocks(single.Blocks), CustomType: single.CustomType, Validators: single.Validators,
			Description: single.Description, MarkdownDescription: single.MarkdownDescription, DeprecationMessage: single.DeprecationMessage,
		}
	}
	return out
}
