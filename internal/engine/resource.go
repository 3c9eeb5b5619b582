package engine

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Resource is the Terraform resource of a kind. The framework makes one for every request.
type Resource[T any, P Object[T]] struct {
	*Compiled[T, P]
	hub *Hub
}

// NewResource makes the resource of a kind.
func NewResource[T any, P Object[T]](k *Compiled[T, P]) *Resource[T, P] {
	return &Resource[T, P]{Compiled: k}
}

// Metadata names the resource. Its identity may change: a connection can be renamed.
func (r *Resource[T, P]) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + r.Name
	resp.ResourceBehavior.MutableIdentity = true
}

// Schema gives the kind's schema.
func (r *Resource[T, P]) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = r.Kind.Schema
}

// IdentitySchema is the same for every kind.
func (r *Resource[T, P]) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"platform": identityschema.StringAttribute{OptionalForImport: true, Description: "Name of the provider's platform block."},
		"id":       identityschema.StringAttribute{RequiredForImport: true, Description: "The platform's own stable id."},
	}}
}

// Configure takes the hub from the provider.
func (r *Resource[T, P]) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	if hub, ok := req.ProviderData.(*Hub); ok {
		r.hub = hub
	}
}

// site is one kind on one opened connection.
type site[T any] struct {
	*rules
	conn     *Connection
	endpoint string
	reader   platform.Reader[T]
	adapter  platform.Resource[T] // the same with the verbs that change something; nil for a kind that is data only
	ahead    *ahead[T]
}

// open finds the connection that an object names and opens it.
func (r *Resource[T, P]) open(ctx context.Context, name string) (*site[T], error) {
	c, err := r.hub.Get(name)
	if err != nil {
		return nil, err
	}
	opened, err := c.Open(ctx)
	if err != nil {
		return nil, err
	}
	rules, err := c.rulesOf(r.Name, r.root)
	if err != nil {
		return nil, err
	}
	reader := r.reader(opened)
	if reader == nil {
		return nil, c.lacking(r.Name)
	}
	adapter, _ := reader.(platform.Resource[T])
	a, ok := c.aheads.Load(r.Name)
	if !ok {
		a, _ = c.aheads.LoadOrStore(r.Name, &ahead[T]{after: c.Driver.Ahead})
	}
	return &site[T]{rules, c, opened.Endpoint, reader, adapter, a.(*ahead[T])}, nil //nolint:forcetypeassert // stored above
}

// openFor opens the connection of an object that exists, and refuses to look for it at another endpoint.
func (r *Resource[T, P]) openFor(ctx context.Context, name string, p private) (*site[T], error) {
	s, err := r.open(ctx, name)
	if err != nil || p.Endpoint == "" || p.Endpoint == s.endpoint {
		return s, err
	}
	return nil, platform.At(platform.As(platform.ErrInvalid, fmt.Errorf(
		"platform %q now leads to another endpoint (%s) than the one this %s was made on (%s). Point the platform back to it, give the new endpoint another name, or remove the resource from the state",
		name, s.endpoint, r.Name, p.Endpoint)), "platform")
}

// prepare makes a private copy of a value for an adapter: secrets in, other platforms' blocks out, default tags merged,
// aliases translated.
func (r *Resource[T, P]) prepare(s *site[T], v tftypes.Value) (P, error) {
	v = s.strip(v)
	for attr, table := range r.Aliases {
		if name := get(v, attr); given(name) {
			v = with(v, attr, tftypes.NewValue(tftypes.String, s.conn.alias(table, text(name))))
		}
	}
	t, err := r.decode(v)
	if err != nil {
		return nil, fmt.Errorf("the values of this %s cannot be read: %w", r.Name, err)
	}
	if tagged, ok := any(t).(platform.Tagged); ok {
		tagged.TagSet().Tags = tagged.TagSet().TagsAll
	}
	return t, nil
}

// identify fills in the identity.
func identify(ctx context.Context, id *tfsdk.ResourceIdentity, name, native string) diag.Diagnostics {
	if id == nil {
		return nil
	}
	d := id.SetAttribute(ctx, path.Root("platform"), name)
	d.Append(id.SetAttribute(ctx, path.Root("id"), native)...)
	return d
}

var (
	_ resource.ResourceWithConfigure    = (*Resource[platform.Machine, *platform.Machine])(nil)
	_ resource.ResourceWithModifyPlan   = (*Resource[platform.Machine, *platform.Machine])(nil)
	_ resource.ResourceWithImportState  = (*Resource[platform.Machine, *platform.Machine])(nil)
	_ resource.ResourceWithIdentity     = (*Resource[platform.Machine, *platform.Machine])(nil)
	_ resource.ResourceWithUpgradeState = (*Resource[platform.Machine, *platform.Machine])(nil)
)
