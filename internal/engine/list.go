package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

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
		entries, err := l.entries(ctx, lister, req.Limit)
		for _, entry := range entries {
			result := req.NewListResult(ctx)
			result.DisplayName = entry.Name
			err := l.describe(ctx, s, entry, req.IncludeResource, &result)
			if errors.Is(err, platform.ErrNotFound) {
				continue // somebody took it away since it was listed
			}
			report.add(&result.Diagnostics, err)
			if !push(result) || err != nil {
				return
			}
		}
		if err != nil {
			result := req.NewListResult(ctx)
			report.add(&result.Diagnostics, err)
			push(result)
		}
	}
}

// entries takes what the platform lists, up to a limit if that is not 0, and what it listed before an error.
func (k *Compiled[T, P]) entries(ctx context.Context, lister platform.Lister[T], limit int64) ([]platform.Entry[T], error) {
	var mu sync.Mutex // a call left behind may still be adding
	var entries []platform.Entry[T]
	err := call(ctx, k.Timeouts.Read, "list every "+k.Name, func(ctx context.Context) error {
		for entry, err := range lister.List(platform.WithImporting(ctx)) { // it shows what an import would read
			if err != nil {
				return err
			}
			mu.Lock()
			entries = append(entries, entry)
			full := limit > 0 && int64(len(entries)) >= limit
			mu.Unlock()
			if full {
				break
			}
		}
		return nil
	})
	mu.Lock()
	defer mu.Unlock()
	return slices.Clone(entries), err
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
	lister, ok := s.reader.(platform.Lister[T])
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
	err := call(ctx, l.Timeouts.Read, "read the "+l.Name, func(context.Context) error { return entry.Fill(t) })
	if err != nil {
		return err
	}
	seen, err := l.answered(t, entry.ID)
	if err != nil {
		return err
	}
	seen = seenTags(l.root, l.root.null(), seen, l.hub.DefaultTags)
	result.Resource.Raw = s.observe(l.root, with(with(l.blankState(), "id", get(seen, "id")), "platform", get(seen, "platform")), seen, true)
	return nil
}

var _ list.ListResourceWithConfigure = List[platform.Machine, *platform.Machine]{}
