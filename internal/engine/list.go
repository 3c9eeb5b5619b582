package engine

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	listschema "github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// List is the list resource of a kind, for terraform query.
type List[T any, P Object[T]] struct{ *Resource[T, P] }

// NewList makes the list resource of a kind.
func NewList[T any, P Object[T]](k *Compiled[T, P]) List[T, P] { return List[T, P]{NewResource(k)} }

// ListResourceConfigSchema lets the user pick the platform.
func (l List[T, P]) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = listschema.Schema{Attributes: map[string]listschema.Attribute{
		"platform": listschema.StringAttribute{Optional: true, Description: "Name of the platform block; may be left out when there is only one."},
	}}
}

// List streams what the platform has.
func (l List[T, P]) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	report := reporter{root: l.root, summary: "Cannot list " + l.Name}
	s, lister, err := l.lister(ctx, req)
	if err != nil {
		var diags diag.Diagnostics
		report.add(&diags, err)
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = func(push func(list.ListResult) bool) {
		var count int64
		for entry, err := range lister.List(ctx) {
			result := req.NewListResult(ctx)
			result.DisplayName = entry.Name
			if err == nil {
				err = l.describe(ctx, s, entry, req.IncludeResource, &result)
			}
			report.add(&result.Diagnostics, err)
			if count++; !push(result) || err != nil || req.Limit > 0 && count >= req.Limit {
				return
			}
		}
	}
}

func (l List[T, P]) lister(ctx context.Context, req list.ListRequest) (*site[T], platform.Lister[T], error) {
	var name *string
	if diags := req.Config.GetAttribute(ctx, path.Root("platform"), &name); diags.HasError() {
		return nil, nil, fmt.Errorf("the list's configuration cannot be read: %v", diags)
	}
	if sole, ok := l.hub.Sole(); ok && name == nil {
		name = &sole
	}
	if name == nil && l.hub != nil && !l.hub.Unknown {
		return nil, nil, platform.At(fmt.Errorf("which platform? The provider has several; write one of %s", l.hub.Names()), "platform")
	}
	s, err := l.open(ctx, word(name))
	if err != nil {
		return nil, nil, err
	}
	lister, ok := s.adapter.(platform.Lister[T])
	if !ok {
		return nil, nil, platform.As(platform.ErrUnsupported, fmt.Errorf("%s cannot list every %s", s.conn.Driver.Title, l.Name))
	}
	return s, lister, nil
}

// describe fills one result: its identity, and what an import would read when that is asked for.
func (l List[T, P]) describe(ctx context.Context, s *site[T], entry platform.Entry[T], full bool, result *list.ListResult) error {
	result.Diagnostics.Append(identify(ctx, result.Identity, s.conn.Name, entry.ID)...)
	if !full {
		return nil
	}
	t := P(new(T))
	t.Base().ID, t.Base().Platform = &entry.ID, &s.conn.Name
	if err := entry.Fill(t); err != nil {
		return err
	}
	seen, err := l.encode(t)
	if err != nil {
		return err
	}
	seen = seenTags(l.root, l.root.null(), seen, l.hub.DefaultTags)
	result.Resource.Raw = s.observe(l.root, with(with(l.blankState(), "id", get(seen, "id")), "platform", get(seen, "platform")), seen, true)
	return nil
}

var _ list.ListResourceWithConfigure = List[platform.Machine, *platform.Machine]{}
