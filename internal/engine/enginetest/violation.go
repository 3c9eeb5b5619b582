package enginetest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Rule names something that core demands of providers.
type Rule string

// The rules, with the words that core's own messages use where it has some.
const (
	RuleCrash           Rule = "the provider must answer"                         // a panic, an RPC error, no response
	RuleSchema          Rule = "invalid provider schema"                          // core refuses to work with the provider
	RuleConform         Rule = "value does not conform to the schema"             // cannot be decoded as the schema's type
	RuleInvalidPlan     Rule = "provider produced invalid plan"                   // the plan contradicts the configuration
	RuleFinalPlan       Rule = "provider produced inconsistent final plan"        // the second plan does not refine the first
	RuleResult          Rule = "provider produced inconsistent result"            // the new state contradicts the plan
	RuleUnknownState    Rule = "state contains unknown values"                    // after apply, read, import, move, upgrade
	RuleWriteOnly       Rule = "write-only attribute has a value"                 // in a plan or a state
	RuleReplacePath     Rule = "requires replacement on a path that is not there" // neither in the prior state nor in the plan
	RuleDestroyPlan     Rule = "planned a non-null destroy value"
	RuleDestroyResult   Rule = "object is still there after destroy"
	RuleNullResult      Rule = "null object after create or update"
	RuleNullBlock       Rule = "null instead of an empty collection of blocks"
	RuleLegacy          Rule = "legacy type system"                 // core tolerates it; this package does not
	RuleDeferred        Rule = "unexpected deferral"                // deferred though the client does not support it
	RuleIdentity        Rule = "provider produced invalid identity" // unknown, undeclared or missing
	RuleIdentityChange  Rule = "identity changed"                   // between reads, or from plan to result
	RuleImport          Rule = "invalid import result"
	RuleData            Rule = "invalid data source result"
	RuleEphemeral       Rule = "invalid ephemeral resource result"
	RuleList            Rule = "invalid list result"
	RuleFunction        Rule = "invalid function result"
	RuleDiagnostic      Rule = "invalid diagnostic" // neither error nor warning, or without a summary
	RuleUnsupportedMove Rule = "move across types is not supported"
)

// Violation is one breach of one of core's rules by the provider.
type Violation struct {
	Rule    Rule
	Step    string // the request during which it was found, such as "plan" or "apply"
	Address string // the resource, data source, ephemeral resource or function
	Path    string // the attribute, such as nics["eth0"].network_id; empty for the whole object
	Detail  string
}

func (v *Violation) Error() string {
	parts := []string{v.Address, v.Step, string(v.Rule), v.Path, v.Detail}
	kept := parts[:0]
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, ": ")
}

// Violations gives all violations inside an error of this package.
func Violations(err error) []*Violation {
	if err == nil {
		return nil
	}
	if v, ok := err.(*Violation); ok { //nolint:errorlint // this walk takes the tree apart itself
		return []*Violation{v}
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var out []*Violation
		for _, e := range many.Unwrap() {
			out = append(out, Violations(e)...)
		}
		return out
	}
	return Violations(errors.Unwrap(err))
}

// Breaks says whether an error of this package contains a breach of the rule.
func Breaks(err error, rule Rule) bool {
	for _, v := range Violations(err) {
		if v.Rule == rule {
			return true
		}
	}
	return false
}

// ConfigError is a configuration that core rejects before any provider sees it,
// or that contradicts an earlier one where it must only fill in unknown values.
type ConfigError struct {
	Path   string
	Detail string
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("configuration: %s: %s", e.Path, e.Detail)
}

// findings collects what a check of values finds.
type findings struct {
	list []finding
}

type finding struct {
	at     *path
	detail string
}

func (f *findings) add(at *path, format string, args ...any) {
	f.list = append(f.list, finding{at, fmt.Sprintf(format, args...)})
}

// show renders a value for a message.
func show(v tftypes.Value) string {
	return fmt.Sprintf("%#v", Plain(v))
}
