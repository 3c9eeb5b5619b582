package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/terraform"
)

// outcome is what a command of the CLI must end with.
type outcome int

const (
	succeeds outcome = iota
	empty            // a plan without changes
	changes          // a plan with changes
	refused          // an error
)

// stage is the workspace and the screen that shows what happens in it.
type stage struct {
	*terraform.Workspace
	out *screen
}

// run shows a command and checks its outcome.
func (s *stage) run(ctx context.Context, want outcome, args ...string) error {
	s.out.command(filepath.Base(s.Binary), args)
	var flags []string
	if args[0] == "plan" && want != refused {
		flags = append(flags, "-detailed-exitcode")
	}
	if !s.out.colour {
		flags = append(flags, "-no-color")
	}
	got, err := s.Show(ctx, slices.Insert(slices.Clone(args), 1, flags...)...) // flags come before a plan's file
	if err != nil {
		return err
	}
	if wanted := map[outcome]int{succeeds: 0, empty: 0, changes: 2, refused: 1}[want]; got.Code != wanted {
		return fmt.Errorf("%s ended with exit code %d and not %d", strings.Join(args, " "), got.Code, wanted)
	}
	return nil
}

// change plans with other variables, then applies.
func (s *stage) change(ctx context.Context, vars ...string) error {
	if err := s.run(ctx, changes, append([]string{"plan", "-out=next"}, vars...)...); err != nil {
		return err
	}
	return s.run(ctx, succeeds, "apply", "next")
}
