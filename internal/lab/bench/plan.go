package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/terraform"
)

// The exit codes of terraform plan -detailed-exitcode.
const (
	nothing = 0
	changes = 2
)

// plans compares plans of machines with plans of as many terraform_data, in turn, so that what else the machine does
// meets both. First all is new, then all is there and nothing has changed.
func (b *bench) plans(ctx context.Context, t *table) error {
	ours, err := b.workspace("machines", machines(b.count, b.box(), "0s", true))
	if err != nil {
		return err
	}
	theirs, err := b.workspace("reference", reference(b.count))
	if err != nil {
		return err
	}
	if err := b.compare(ctx, t, "plan, all new", ours, theirs, changes); err != nil {
		return err
	}
	if err := applied(ctx, ours, theirs); err != nil {
		return err
	}
	return b.compare(ctx, t, "plan, nothing to do", ours, theirs, nothing)
}

// applied applies what the workspaces have.
func applied(ctx context.Context, all ...*terraform.Workspace) error {
	for _, w := range all {
		say("applying %s", filepath.Base(w.Dir))
		if _, err := run(ctx, w, nothing, "apply", "-auto-approve"); err != nil {
			return err
		}
	}
	return nil
}

// box is the sandbox's directory.
func (b *bench) box() string { return filepath.Join(b.dir, "box") }

// compare plans both workspaces in turn and reports the ratio. The plan must end with code.
func (b *bench) compare(ctx context.Context, t *table, what string, ours, theirs *terraform.Workspace, code int) error {
	var mine, other []usage
	for i := range t.runs {
		say("%s, run %d", what, i+1)
		m, err := run(ctx, ours, code, "plan", "-detailed-exitcode")
		if err != nil {
			return err
		}
		o, err := run(ctx, theirs, code, "plan", "-detailed-exitcode")
		if err != nil {
			return err
		}
		mine, other = append(mine, m), append(other, o)
	}
	m, p := medianOf(mine, cpu), medianOf(mine, provider)
	t.add(what, seconds(medianOf(mine, wall)), "", split(m-p, p))
	t.add("  the same in terraform_data", seconds(medianOf(other, wall)), "", split(medianOf(other, cpu), 0))
	t.add("  ratio of time", ratio(medianOf(mine, wall), medianOf(other, wall)), "≤ 2", "")
	t.add("  ratio of CPU", ratio(m, medianOf(other, cpu)), "", fmt.Sprintf("of which the provider %s", ratio(p, medianOf(other, cpu))))
	t.add("  peak memory of the provider", megabytes(medianOf(mine, peak)), "≤ 100 MB per 1,000", "still held at the end: "+megabytes(medianOf(mine, heap)))
	return nil
}

// readAhead plans the same machines on a platform that answers in 20 ms, with and without reading ahead.
func (b *bench) readAhead(ctx context.Context, t *table) error {
	times := map[bool]float64{}
	calls := map[bool]string{}
	for _, on := range []bool{true, false} {
		w, err := b.workspace("machines", machines(b.count, b.box(), "20ms", on))
		if err != nil {
			return err
		}
		var runs []usage
		for i := range t.runs {
			say("read-ahead %t, run %d", on, i+1)
			if err := os.Remove(b.log()); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
			u, err := run(ctx, w, nothing, "plan", "-detailed-exitcode")
			if err != nil {
				return err
			}
			runs = append(runs, u)
		}
		times[on] = medianOf(runs, wall)
		if calls[on], err = b.calls(); err != nil {
			return err
		}
	}
	t.add("plan, every call 20 ms", seconds(times[true]), "", "calls: "+calls[true])
	t.add("  without reading ahead", seconds(times[false]), "", "calls: "+calls[false])
	t.add("  ratio of time", ratio(times[false], times[true]), "", "")
	return nil
}

func (b *bench) log() string { return filepath.Join(b.box(), "calls.log") }

// calls counts the lines of the sandbox's log by verb and kind.
func (b *bench) calls() (string, error) {
	text, err := os.ReadFile(b.log())
	if err != nil {
		return "", err
	}
	count := map[string]int{}
	for line := range bytes.Lines(text) {
		words := strings.Fields(string(line))
		count[strings.Join(words[:min(2, len(words))], " ")]++
	}
	var all []string
	for what, n := range count {
		all = append(all, fmt.Sprintf("%d %s", n, what))
	}
	slices.SortFunc(all, func(x, y string) int {
		return strings.Compare(strings.TrimLeft(x, "0123456789 "), strings.TrimLeft(y, "0123456789 "))
	})
	return strings.Join(all, ", "), nil
}
