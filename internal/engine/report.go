package engine

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// reporter turns an adapter's errors into diagnostics on the attributes that they name.
type reporter struct {
	root    *node
	summary string // "Cannot create machine \"web-1\""
	// importID says how to import what is in the way: "virt_machine" and "dc1".
	typeName, platform string
}

func (r reporter) add(diags *diag.Diagnostics, err error) {
	for _, e := range each(err) {
		text := r.text(e)
		if at, ok := errors.AsType[*platform.AttrError](e); ok {
			diags.AddAttributeError(r.root.spell(at.Path), r.summary, text)
			continue
		}
		diags.AddError(r.summary, text)
	}
}

// each takes apart what errors.Join put together; nothing is in a nil error.
func each(err error) []error {
	_, one := err.(interface{ Class() error })
	joined, ok := err.(interface{ Unwrap() []error })
	switch {
	case err == nil:
		return nil
	case !ok || one:
		return []error{err}
	}
	var list []error
	for _, e := range joined.Unwrap() {
		list = append(list, each(e)...)
	}
	return list
}

// text is the error with what to do next where its class alone says that.
func (r reporter) text(err error) string {
	text := sentence(message(err))
	var exists *platform.ExistsError
	switch {
	case errors.As(err, &exists) && exists.ID != "":
		return fmt.Sprintf("%s Nothing was changed. To manage it with this resource, import it: terraform import <address of this %s> '%s/%s'. Otherwise choose another name or remove it.",
			text, r.typeName, r.platform, exists.ID)
	case errors.Is(err, platform.ErrThrottled):
		return text + " The platform asks for fewer requests: run again later or with a lower -parallelism."
	}
	return text
}

// message leaves out the attribute's path where the diagnostic shows it anyway.
func message(err error) string {
	var at *platform.AttrError
	if errors.As(err, &at) && err.Error() == at.Error() {
		return at.Err.Error()
	}
	return err.Error()
}

func sentence(s string) string {
	if s == "" {
		return s
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if strings.HasSuffix(s, ".") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}

// warn shows what adapters and planners had to say.
func (r reporter) warn(diags *diag.Diagnostics, summary string, warnings []platform.AttrError) {
	for _, w := range warnings {
		if len(w.Path) == 0 {
			diags.AddWarning(summary, sentence(w.Err.Error()))
			continue
		}
		diags.AddAttributeWarning(r.root.spell(w.Path), summary, sentence(w.Err.Error()))
	}
}
