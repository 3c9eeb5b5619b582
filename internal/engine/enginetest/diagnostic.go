package enginetest

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// Severity of a diagnostic.
type Severity string

// The severities that the protocol knows.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Diagnostic is what the provider said about a request.
type Diagnostic struct {
	Severity Severity
	Summary  string
	Detail   string
	Path     string // the attribute, such as nics["eth0"].network_id; empty for the whole object
}

func (d Diagnostic) String() string {
	out := string(d.Severity) + ": "
	if d.Path != "" {
		out += d.Path + ": "
	}
	out += d.Summary
	if d.Detail != "" {
		out += ": " + d.Detail
	}
	return out
}

// Diagnostics are all that the provider said during one operation, in order.
type Diagnostics []Diagnostic

// HasErrors says whether the provider refused.
func (ds Diagnostics) HasErrors() bool { return len(ds.Errors()) > 0 }

// Errors gives the refusals.
func (ds Diagnostics) Errors() Diagnostics { return ds.only(Error) }

// Warnings gives the rest.
func (ds Diagnostics) Warnings() Diagnostics { return ds.only(Warning) }

func (ds Diagnostics) only(s Severity) Diagnostics {
	var out Diagnostics
	for _, d := range ds {
		if d.Severity == s {
			out = append(out, d)
		}
	}
	return out
}

func (ds Diagnostics) String() string {
	lines := make([]string, len(ds))
	for i, d := range ds {
		lines[i] = d.String()
	}
	return strings.Join(lines, "\n")
}

// take adds the provider's diagnostics to the operation's.
func (o *op) take(in []*tfprotov6.Diagnostic) {
	for _, d := range in {
		out := Diagnostic{Severity: Warning, Summary: d.Summary, Detail: d.Detail, Path: attributePath(d.Attribute).String()}
		switch d.Severity {
		case tfprotov6.DiagnosticSeverityError:
			out.Severity = Error
		case tfprotov6.DiagnosticSeverityWarning:
		case tfprotov6.DiagnosticSeverityInvalid:
			o.violate(RuleDiagnostic, nil, "%q has no severity", d.Summary)
		}
		if d.Summary == "" {
			o.violate(RuleDiagnostic, nil, "%s without a summary: %q", out.Severity, d.Detail)
		}
		o.diags = append(o.diags, out)
	}
}
