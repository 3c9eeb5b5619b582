// Package kind declares what each kind of thing looks like to the user: schema, descriptions, validators and the rules
// that hold on every platform.
package kind

import (
	"context"
	"fmt"
	"maps"
	"net"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

type (
	attrs  = map[string]schema.Attribute
	blocks = map[string]schema.Block
	size   = engine.Text[platform.Size, *platform.Size]
	mac    = engine.Text[macAddress, *macAddress]
	length = engine.Text[platform.Duration, *platform.Duration]
)

// macAddress is an Ethernet address; upper and lower case mean the same.
type macAddress [6]byte

// UnmarshalText reads six bytes with colons between them; the error says how to write others.
func (m *macAddress) UnmarshalText(b []byte) error {
	parsed, err := net.ParseMAC(string(b))
	switch {
	case err != nil || len(parsed) != len(m):
		return fmt.Errorf("%q is not a MAC address: write six bytes, such as 00:50:56:0a:0b:0c", b)
	case !strings.EqualFold(parsed.String(), string(b)):
		return fmt.Errorf("write the MAC address %q with colons: %s", b, parsed)
	}
	copy(m[:], parsed)
	return nil
}

// base completes a kind's schema with what every kind has.
func base(doc string, a attrs, b blocks) schema.Schema {
	a["id"] = schema.StringAttribute{Computed: true, MarkdownDescription: "The platform's own stable id."}
	a["platform"] = schema.StringAttribute{
		Optional: true, Computed: true,
		MarkdownDescription: "Name of the provider's `platform` block. May be left out when there is only one. A platform at another endpoint is a replacement.",
	}
	all := blocks{"timeouts": timeouts.Block(context.Background(), timeouts.Opts{Create: true, Read: true, Update: true, Delete: true})}
	maps.Copy(all, b)
	return schema.Schema{Attributes: a, Blocks: all, MarkdownDescription: doc}
}

// tagged adds the tags of kinds that carry them.
func tagged(a attrs) attrs {
	a["tags"] = schema.MapAttribute{
		Optional: true, ElementType: types.StringType,
		MarkdownDescription: "Tags, labels or attributes, as the platform calls them. Left out: not managed, except for the provider's `default_tags`.",
	}
	a["tags_all"] = schema.MapAttribute{
		Computed: true, ElementType: types.StringType,
		MarkdownDescription: "All tags of the object, those from the provider's `default_tags` included.",
	}
	return a
}

// The classes of attributes, by who decides them. Required ones are written out.

// owned is the user's alone: left out means not managed, taken out means back to the platform's default.
func owned(doc string, v ...validator.String) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, Validators: v, MarkdownDescription: doc}
}

// kept is what every object has: left out means that the platform chooses and the value is kept.
func kept(doc string, v ...validator.String) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, Computed: true, Validators: v, MarkdownDescription: doc}
}

func keptSize(doc string) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, Computed: true, CustomType: size{}, MarkdownDescription: doc + " A whole number with a binary unit: `512MiB`, `4GiB`."}
}

func keptMAC(doc string) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, Computed: true, CustomType: mac{}, MarkdownDescription: doc}
}

func ownedSize(doc string) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, CustomType: size{}, MarkdownDescription: doc + " A whole number with a binary unit: `512MiB`, `4GiB`."}
}

// secret is write-only: it reaches the platform when the version beside it changes, and no state.
func secret(doc string) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, Sensitive: true, WriteOnly: true, MarkdownDescription: doc}
}

func keptBool(doc string) schema.BoolAttribute {
	return schema.BoolAttribute{Optional: true, Computed: true, MarkdownDescription: doc}
}

func keptInt(doc string, v ...validator.Int64) schema.Int64Attribute {
	return schema.Int64Attribute{Optional: true, Computed: true, Validators: v, MarkdownDescription: doc}
}

func ownedInt(doc string, v ...validator.Int64) schema.Int64Attribute {
	return schema.Int64Attribute{Optional: true, Validators: v, MarkdownDescription: doc}
}

func ownedFloat(doc string, v ...validator.Float64) schema.Float64Attribute {
	return schema.Float64Attribute{Optional: true, Validators: v, MarkdownDescription: doc}
}

// ownedDuration is a length of time; other spellings of the same length are no change.
func ownedDuration(doc string) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, CustomType: length{}, MarkdownDescription: doc + " A number with a unit: `30s`, `1m30s`."}
}

func ownedBool(doc string) schema.BoolAttribute {
	return schema.BoolAttribute{Optional: true, MarkdownDescription: doc}
}

func ownedList(doc string) schema.ListAttribute {
	return schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: doc}
}

func ownedMap(doc string) schema.MapAttribute {
	return schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: doc}
}

// secretMap is a map of write-only values.
func secretMap(doc string) schema.MapAttribute {
	return schema.MapAttribute{Optional: true, Sensitive: true, WriteOnly: true, ElementType: types.StringType, MarkdownDescription: doc}
}

func required(doc string, v ...validator.String) schema.StringAttribute {
	return schema.StringAttribute{Required: true, Validators: v, MarkdownDescription: doc}
}

func computed(doc string) schema.StringAttribute {
	return schema.StringAttribute{Computed: true, MarkdownDescription: doc}
}

func computedSize(doc string) schema.StringAttribute {
	return schema.StringAttribute{Computed: true, CustomType: size{}, MarkdownDescription: doc}
}

func native() schema.MapAttribute {
	return schema.MapAttribute{
		Computed: true, ElementType: types.StringType,
		MarkdownDescription: "What the platform says of the object beyond the shared attributes, such as its managed object id, UUID, path or host.",
	}
}

func name(doc string) schema.StringAttribute {
	return schema.StringAttribute{Required: true, Validators: []validator.String{stringvalidator.LengthAtLeast(1)}, MarkdownDescription: doc}
}

func block(doc string, a attrs) schema.SingleNestedBlock {
	return schema.SingleNestedBlock{Attributes: a, MarkdownDescription: doc}
}
