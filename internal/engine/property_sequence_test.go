package engine

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The properties of the engine as a whole, over random kinds on random platforms, through a stand-in for Terraform core
// that refuses what core refuses: a second plan that does not refine the first, a result that differs from the plan.
// VIRT_SEED=<n> runs one case and tells what it does; VIRT_LONG=1 runs many more of them.

// propOp is one thing that happens to an object.
type propOp struct {
	weight int
	do     func(*propCase) error
}

// propCases is how many cases one property runs.
func propCases(normal, long int) int {
	if os.Getenv("VIRT_LONG") == "1" {
		return long
	}
	return normal
}

// TestPropertyRefine: a plan with unknown values, then with any known ones, only refines; the state afterwards is the
// plan completed; and the next plan is empty.
func TestPropertyRefine(t *testing.T) {
	sequences(t, 4, propOp{5, (*propCase).opRefine}, propOp{1, (*propCase).opUpdate})
}

// TestPropertyUpdate: what is configured is so, what is not is left alone, what is taken out is reset, dropped elements
// keep their data, and what the platform does not take is refused on the attribute.
func TestPropertyUpdate(t *testing.T) {
	sequences(t, 5, propOp{4, (*propCase).opUpdate}, propOp{2, (*propCase).opClear}, propOp{2, (*propCase).opSpoil})
}

// TestPropertyDrift: what somebody changed by hand is planned back where it is managed, and is nobody's business where
// it is not.
func TestPropertyDrift(t *testing.T) {
	sequences(t, 5, propOp{4, (*propCase).opDrift}, propOp{1, (*propCase).opUpdate}, propOp{1, (*propCase).opDestroy})
}

// TestPropertyImport: the generated configuration plans clean, one written by hand deletes nothing.
func TestPropertyImport(t *testing.T) {
	sequences(t, 5, propOp{2, (*propCase).opImport}, propOp{3, (*propCase).opImportHand}, propOp{2, (*propCase).opUpdate},
		propOp{2, (*propCase).opDrift}, propOp{1, (*propCase).opDestroy})
}

// TestPropertyFailure: a change that fails half-way loses no id and no binding, and converges without making anything
// twice.
func TestPropertyFailure(t *testing.T) {
	sequences(t, 4, propOp{4, (*propCase).opFail}, propOp{1, (*propCase).opUpdate}, propOp{1, (*propCase).opImportHand})
}

// TestPropertyMove: another name of the same endpoint touches nothing, another endpoint is a replacement.
func TestPropertyMove(t *testing.T) {
	sequences(t, 4, propOp{2, (*propCase).opRename}, propOp{2, (*propCase).opMove}, propOp{1, (*propCase).opUpdate}, propOp{1, (*propCase).opImport})
}

// TestPropertyEverything mixes all of it.
func TestPropertyEverything(t *testing.T) {
	sequences(t, 6, propOp{3, (*propCase).opRefine}, propOp{3, (*propCase).opUpdate}, propOp{1, (*propCase).opClear}, propOp{1, (*propCase).opSpoil},
		propOp{2, (*propCase).opDrift}, propOp{2, (*propCase).opFail}, propOp{1, (*propCase).opImport}, propOp{1, (*propCase).opImportHand},
		propOp{1, (*propCase).opRename}, propOp{1, (*propCase).opMove}, propOp{1, (*propCase).opDestroy})
}

// sequences runs random cases of a few operations each on the kinds in turn.
func sequences(t *testing.T, length int, ops ...propOp) {
	t.Helper()
	cases := propCases(60, 2000)
	if one, err := strconv.ParseUint(os.Getenv("VIRT_SEED"), 10, 64); err == nil {
		log, err := runCase(t.Context(), one, length, ops)
		t.Logf("seed %d:\n%s\n%v", one, strings.Join(log, "\n"), err)
		return
	}
	start := time.Now()
	failed := 0
	for seed := range uint64(cases) {
		if _, err := runCase(t.Context(), seed, length, ops); err != nil {
			n, log, err := shrink(t.Context(), seed, length, ops, err)
			t.Errorf("seed %d, %d operations:\n%s\n%v", seed, n, strings.Join(log, "\n"), err)
			if failed++; failed == 3 {
				return
			}
		}
	}
	t.Logf("%d cases of %d operations in %s", cases, length, time.Since(start).Round(time.Millisecond))
}

// shrink finds the shortest beginning of a case that fails.
func shrink(ctx context.Context, seed uint64, length int, ops []propOp, last error) (int, []string, error) {
	for n := range length {
		if log, err := runCase(ctx, seed, n, ops); err != nil {
			return n, log, err
		}
	}
	log, _ := runCase(ctx, seed, length, ops)
	return length, log, last
}

func runCase(ctx context.Context, seed uint64, length int, ops []propOp) (log []string, err error) {
	c, err := drawCase(ctx, seed)
	if err != nil {
		return nil, err
	}
	defer func() {
		if r := recover(); r != nil && os.Getenv("VIRT_SEED") == "" {
			log, err = c.log, fmt.Errorf("panic: %v", r)
		} else if r != nil {
			panic(r)
		}
	}()
	if err := c.opCreate(); err != nil {
		return c.log, fmt.Errorf("create: %w", err)
	}
	total := 0
	for _, op := range ops {
		total += op.weight
	}
	for range length {
		at := c.rng.IntN(total)
		for _, op := range ops {
			if at -= op.weight; at >= 0 {
				continue
			}
			if err := op.do(c); err != nil {
				return c.log, err
			}
			break
		}
	}
	return c.log, nil
}

// drawCase takes the kinds in turn; the wide one is dear.
func drawCase(ctx context.Context, seed uint64) (*propCase, error) {
	switch seed % 5 {
	case 0:
		return newPropCase[propWide](ctx, seed)
	case 1, 2:
		return newPropCase[propElements](ctx, seed)
	}
	return newPropCase[propLeaves](ctx, seed)
}
