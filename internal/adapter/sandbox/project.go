package sandbox

import (
	"context"
	"fmt"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// settleProject puts a project where nobody says another place at the top, which is the sandbox itself.
func settleProject(_ context.Context, s *store, _ string, _, now, _ *platform.Project) error {
	preset(&now.Enabled, true)
	preset(&now.ParentID, s.endpoint)
	if *now.ParentID != s.endpoint && !s.there("project", *now.ParentID) {
		return platform.At(platform.As(platform.ErrNotFound, fmt.Errorf("there is no project with the id %q", *now.ParentID)), "parent_id")
	}
	return nil
}

// projectUnused refuses to delete a project that others lie in.
func projectUnused(ctx context.Context, s *store, id string) error {
	list, err := s.projects.held(ctx)
	if err != nil {
		return err
	}
	var inside []string
	for _, p := range list {
		if deref(p.Attributes.of.ParentID) == id {
			inside = append(inside, p.Name)
		}
	}
	if len(inside) > 0 {
		return platform.As(platform.ErrConflict, fmt.Errorf("the projects %s lie in it", strings.Join(inside, ", ")))
	}
	return nil
}
