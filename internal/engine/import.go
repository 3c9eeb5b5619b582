package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// ImportState takes "<platform>/<id, name or path>" or the identity, and resolves it to the stable id.
func (r *Resource[T, P]) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	name, ref, err := r.wanted(ctx, req)
	report := reporter{root: r.root, summary: fmt.Sprintf("Cannot import %s %q", r.Name, ref)}
	var s *site[T]
	if err == nil {
		s, err = r.open(ctx, name)
	}
	if errors.Is(err, errNotYet) {
		err = fmt.Errorf("%w: an import needs to look at it; apply first what its configuration depends on", err)
	}
	if err != nil {
		report.add(&resp.Diagnostics, err)
		return
	}
	id, err := r.find(ctx, s, ref)
	if gone(err) {
		err = fmt.Errorf("platform %q has no %s %q: %w", name, r.Name, ref, err)
	}
	if err != nil {
		report.add(&resp.Diagnostics, err)
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("platform"), name)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), id)...)
	resp.Diagnostics.Append(private{Endpoint: s.endpoint, Imported: true, Fresh: true}.save(ctx, resp.Private)...)
	resp.Diagnostics.Append(identify(ctx, resp.Identity, name, id)...)
}

// wanted reads what the user wrote: an identity, or an import id whose platform may be left out when there is only one.
func (r *Resource[T, P]) wanted(ctx context.Context, req resource.ImportStateRequest) (name, ref string, err error) {
	if r.hub == nil || r.hub.Unknown {
		return "", req.ID, errNotYet
	}
	ref = req.ID
	if ref == "" && req.Identity != nil {
		var n, i *string
		diags := req.Identity.GetAttribute(ctx, path.Root("platform"), &n)
		diags.Append(req.Identity.GetAttribute(ctx, path.Root("id"), &i)...)
		if diags.HasError() {
			return "", "", errors.New("the identity needs an id and, with several platforms, a platform")
		}
		name, ref = word(n), word(i)
	} else if before, after, ok := strings.Cut(ref, "/"); ok && r.hub.Connections[before] != nil {
		name, ref = before, after
	}
	if name == "" {
		var ok bool
		if name, ok = r.hub.Sole(); !ok {
			return "", ref, platform.As(platform.ErrInvalid, fmt.Errorf("write the import id as <platform>/<id>; the platforms are %s", r.hub.Names()))
		}
	}
	if ref == "" {
		return name, ref, platform.As(platform.ErrInvalid, errors.New("the import id is empty: write <platform>/<id>"))
	}
	return name, ref, nil
}

// find asks the adapter for the stable id, where it knows other spellings.
func (r *Compiled[T, P]) find(ctx context.Context, s *site[T], ref string) (string, error) {
	finder, ok := s.reader.(platform.Finder[T])
	if !ok {
		return ref, nil
	}
	found := make(chan string, 1)
	err := call(ctx, r.Timeouts.Read, fmt.Sprintf("find the %s", r.Name), func(ctx context.Context) error {
		id, err := finder.Find(ctx, ref)
		if err == nil && id == "" {
			err = fmt.Errorf("the adapter found %q without an id; this is a bug in the provider", ref)
		}
		found <- id
		return err
	})
	if err != nil {
		return "", err
	}
	return <-found, nil
}
