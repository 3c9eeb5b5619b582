package openstack

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// isUUID reports whether a reference may be an id.
func isUUID(ref string) bool {
	return len(ref) == 36 && strings.Count(ref, "-") == 4 && strings.Trim(ref, "0123456789abcdefABCDEF-") == ""
}

// exactly is a name as nova's filter takes it, which reads it as a regular expression.
func exactly(name string) string { return "^" + regexp.QuoteMeta(name) + "$" }

// onlyMatch is the id of the only object that a reference matches.
func onlyMatch[T any](kind, ref string, list []T, id func(T) string) (string, error) {
	switch len(list) {
	case 0:
		return "", failed("find the "+kind, ref, platform.As(platform.ErrNotFound, fmt.Errorf("the project has no %s of that id or name", kind)))
	case 1:
		return id(list[0]), nil
	}
	e := &platform.AmbiguousError{Ref: ref}
	for _, item := range list {
		e.Matches = append(e.Matches, id(item))
	}
	return "", e
}
