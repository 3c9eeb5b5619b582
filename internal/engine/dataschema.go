package engine

import (
	"fmt"

	dataschema "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
)

// dataSchema derives a data source's schema from the resource's: what can be observed is computed, blocks and what is
// Terraform's own matter are left out. Of a kind that is data only, nobody has to say which one where there is only one.
func dataSchema(root *node, s schema.Schema, only bool) dataschema.Schema {
	attrs := map[string]dataschema.Attribute{}
	for name, a := range s.Attributes {
		if n := root.attrs[name]; !n.local && !n.writeOnly && !n.derived {
			attrs[name] = computed(n, a)
		}
	}
	choice := "Either this or name."
	if only {
		choice = "This, name, or neither where there is only one."
	}
	attrs["platform"] = dataschema.StringAttribute{Optional: true, Computed: true, Description: "Name of the provider's platform block; may be left out when there is only one."}
	attrs["id"] = dataschema.StringAttribute{Optional: true, Computed: true, Description: "The platform's own stable id, or another native spelling of it. " + choice}
	attrs["name"] = dataschema.StringAttribute{Optional: true, Computed: true, Description: "Name, path or alias of the object. Several matches are an error that lists them."}
	if root.attrs["created_at"] != nil {
		attrs["most_recent"] = dataschema.BoolAttribute{Optional: true, Description: "Of several matches, take the one created last."}
	}
	return dataschema.Schema{Attributes: attrs, Description: s.Description, MarkdownDescription: s.MarkdownDescription}
}

// computed is an attribute of a data source like that of the resource.
func computed(n *node, a schema.Attribute) dataschema.Attribute {
	doc, md, sensitive := a.GetDescription(), a.GetMarkdownDescription(), a.IsSensitive()
	switch a := a.(type) {
	case schema.StringAttribute:
		return dataschema.StringAttribute{Computed: true, CustomType: a.CustomType, Sensitive: sensitive, Description: doc, MarkdownDescription: md}
	case schema.Int64Attribute:
		return dataschema.Int64Attribute{Computed: true, Sensitive: sensitive, Description: doc, MarkdownDescription: md}
	case schema.Float64Attribute:
		return dataschema.Float64Attribute{Computed: true, Sensitive: sensitive, Description: doc, MarkdownDescription: md}
	case schema.BoolAttribute:
		return dataschema.BoolAttribute{Computed: true, Sensitive: sensitive, Description: doc, MarkdownDescription: md}
	case schema.ListAttribute:
		return dataschema.ListAttribute{Computed: true, ElementType: a.ElementType, Sensitive: sensitive, Description: doc, MarkdownDescription: md}
	case schema.MapAttribute:
		return dataschema.MapAttribute{Computed: true, ElementType: a.ElementType, Sensitive: sensitive, Description: doc, MarkdownDescription: md}
	case schema.SingleNestedAttribute:
		return dataschema.SingleNestedAttribute{Computed: true, Attributes: computedAll(n, a.Attributes), Description: doc, MarkdownDescription: md}
	case schema.MapNestedAttribute:
		return dataschema.MapNestedAttribute{Computed: true, NestedObject: dataschema.NestedAttributeObject{Attributes: computedAll(n.elem, a.NestedObject.Attributes)}, Description: doc, MarkdownDescription: md}
	}
	panic(fmt.Sprintf("engine: %s: no data source attribute for %T", n.path, a))
}

func computedAll(n *node, attrs map[string]schema.Attribute) map[string]dataschema.Attribute {
	out := map[string]dataschema.Attribute{}
	for name, a := range attrs {
		out[name] = computed(n.attrs[name], a)
	}
	return out
}
