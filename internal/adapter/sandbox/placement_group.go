package sandbox

import (
	"context"
	"fmt"
	"slices"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// showMembers lists the machines that name the group.
func showMembers(ctx context.Context, s *store, id string, have *platform.PlacementGroup) {
	list, err := s.machines.all(ctx)
	if err != nil {
		platform.Warn(ctx, fmt.Errorf("the members of the placement group are not known: %w", err), "members")
		return
	}
	have.Members = []string{}
	for _, m := range list {
		if m.Group == id {
			have.Members = append(have.Members, m.id)
		}
	}
	slices.Sort(have.Members)
}
