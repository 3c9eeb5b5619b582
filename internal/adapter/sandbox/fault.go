package sandbox

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// call is one call of the platform's API.
type call struct {
	verb, kind string
	name, id   string // either may be empty
}

// rule is one line of the setting faults, which doc.go describes.
type rule struct {
	text             string
	verb, kind, name string // "any" and "" match all
	effect           string
	half             bool
	number           uint64        // of throttle and error
	delay            time.Duration // of slow
	calls            atomic.Uint64 // that matched so far
}

func parseFaults(texts []string) ([]*rule, error) {
	var rules []*rule
	for _, text := range texts {
		r, err := parseFault(text)
		if err != nil {
			return nil, platform.As(platform.ErrInvalid, fmt.Errorf("fault %q: %w", text, err))
		}
		rules = append(rules, r)
	}
	return rules, nil
}

func parseFault(text string) (*rule, error) {
	target, effect, ok := strings.Cut(text, ":")
	words := strings.Fields(target)
	if !ok || len(words) < 1 || len(words) > 3 {
		return nil, errors.New(`write "<verb> [<kind> [<name>]]: <effect>"`)
	}
	r := &rule{text: strings.TrimSpace(text)}
	for i, into := range []*string{&r.verb, &r.kind, &r.name}[:len(words)] {
		*into = words[i]
	}
	if verbs := []string{"open", "create", "read", "update", "delete", "list", "find", "any"}; !slices.Contains(verbs, r.verb) {
		return nil, fmt.Errorf("the verb is one of %s", strings.Join(verbs, ", "))
	}
	if kinds := slices.Sorted(maps.Keys(ownTraits())); r.kind != "" && !slices.Contains(kinds, r.kind) {
		return nil, fmt.Errorf("the kind is one of %s", strings.Join(kinds, ", "))
	}
	if _, err := path.Match(r.name, ""); err != nil {
		return nil, err
	}
	return r, r.parseEffect(strings.Fields(effect))
}

func (r *rule) parseEffect(words []string) error {
	words = append(words, "", "")
	r.effect = words[0]
	if len(words) > 4 {
		return errors.New("the effect is one or two words")
	}
	var err error
	switch arg := words[1]; r.effect {
	case "fail", "hang":
		if r.half = arg == "half-way"; !r.half && arg != "" {
			err = errors.New("only half-way may follow")
		}
	case "refuse", "deny":
		if arg != "" {
			err = errors.New("nothing may follow")
		}
	case "throttle":
		r.number, err = strconv.ParseUint(arg, 10, 32)
	case "error":
		r.number, err = percentage(arg)
	case "slow":
		r.delay, err = time.ParseDuration(arg)
	default:
		err = errors.New("the effect is one of fail, fail half-way, hang, hang half-way, refuse, deny, throttle <calls>, error <percent>%, slow <duration>")
	}
	return err
}

func percentage(s string) (uint64, error) {
	digits, ok := strings.CutSuffix(s, "%")
	n, err := strconv.ParseUint(digits, 10, 8)
	if !ok || err != nil || n > 100 {
		return 0, errors.New("write a percentage, such as 10%")
	}
	return n, nil
}

func (r *rule) matches(c call) bool {
	if r.verb != "any" && r.verb != c.verb || r.kind != "" && r.kind != c.kind {
		return false
	}
	byName, _ := path.Match(r.name, c.name)
	byID, _ := path.Match(r.name, c.id)
	return r.name == "" || byName || byID
}

// strike is what the rule does to a call: nothing, or an error.
func (r *rule) strike(ctx context.Context) (hit bool, err error) {
	n := r.calls.Add(1)
	told := fmt.Errorf("the sandbox was asked for it by the fault %q", r.text)
	switch r.effect {
	case "fail":
		return true, told
	case "hang":
		<-ctx.Done()
		return true, fmt.Errorf("%w: %w", told, context.Cause(ctx))
	case "refuse":
		return true, platform.As(platform.ErrUnreachable, fmt.Errorf("connection refused: %w", told))
	case "deny":
		return true, platform.As(platform.ErrUnauthorised, fmt.Errorf("permission denied: %w", told))
	case "throttle":
		if n <= r.number {
			return true, platform.As(platform.ErrThrottled, fmt.Errorf("too many requests: %w", told))
		}
	case "error":
		if lot(r.text, n)%100 < r.number {
			return true, told
		}
	case "slow":
		err := sleep(ctx, r.delay)
		return err != nil, err
	}
	return false, nil
}

// lot draws the same number for the n-th call in every run.
func lot(text string, n uint64) uint64 {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%s %d", text, n) // a hash takes everything
	x := h.Sum64()
	x ^= x >> 33 // the low bits of this hash alone are not even
	x *= 0xff51afd7ed558ccd
	return x ^ x>>33
}

// strike applies the rules for a call's beginning, or for its middle.
func (s *store) strike(ctx context.Context, c call, half bool) error {
	for _, r := range s.faults {
		if r.half != half || !r.matches(c) {
			continue
		}
		if hit, err := r.strike(ctx); hit {
			return err
		}
	}
	return nil
}

// faulty reports whether a call goes wrong in its middle, so that it has to be done in two halves.
func (s *store) faulty(c call) bool {
	return slices.ContainsFunc(s.faults, func(r *rule) bool { return r.half && r.matches(c) })
}
