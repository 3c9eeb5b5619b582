package openstack

import (
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Our own marks on native objects: tags, or metadata and properties of the same name. Users never see them.
const (
	ours = "terraform-virt:"
	// markUnfinished is there while an object is being made, and cleared as the last step.
	markUnfinished = ours + "unfinished"
	// markKey goes before the user's key of an element: of a port, a subnet, a volume.
	markKey = ours + "key:"
	// markBirth goes before a random word that tells a creation from all others, when its answer is lost.
	markBirth = ours + "birth:"
)

// newBirth is a mark for one creation.
func newBirth() string { return markBirth + strings.ToLower(rand.Text()[:16]) }

// tagList writes tags as the list that services with tag lists keep: key=value, or the key alone where there is no
// value. Further marks of ours follow. It is sorted.
func tagList(tags map[string]string, marks ...string) []string {
	list := make([]string, 0, len(tags)+len(marks))
	for key, v := range tags {
		if v == "" {
			list = append(list, key)
		} else {
			list = append(list, key+"="+v)
		}
	}
	list = append(list, marks...)
	slices.Sort(list)
	return list
}

// tagMap reads a list of tags, without our marks. It is never nil.
func tagMap(list []string) map[string]string {
	tags := map[string]string{}
	for _, text := range list {
		if strings.HasPrefix(text, ours) {
			continue
		}
		key, v, _ := strings.Cut(text, "=")
		tags[key] = v
	}
	return tags
}

// marksOf lists the marks of ours in a list of tags.
func marksOf(list []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(text string) bool { return !strings.HasPrefix(text, ours) })
}

// markedKey is the user's key of an element that its tags hold, or "".
func markedKey(list []string) string {
	for _, text := range list {
		if key, ok := strings.CutPrefix(text, markKey); ok {
			return key
		}
	}
	return ""
}

// metadataTags reads tags from metadata, without our marks and what hidden names. It is never nil.
func metadataTags(metadata map[string]string, hidden ...string) map[string]string {
	tags := maps.Clone(metadata)
	if tags == nil {
		tags = map[string]string{}
	}
	maps.DeleteFunc(tags, func(key, _ string) bool { return strings.HasPrefix(key, ours) || slices.Contains(hidden, key) })
	return tags
}

// checkTags refuses tags that a list cannot keep: longer than longest as key=value, with one of the characters that the
// service forbids, or a key with the sign that ends it. Each error stands on its tag.
func checkTags(tags map[string]string, longest int, forbidden string) error {
	var errs []error
	for _, key := range platform.Keys(tags) {
		text := key + "=" + tags[key]
		switch {
		case strings.HasPrefix(key, ours):
			errs = append(errs, tagError(key, "keys that begin with %s are the provider's own", ours))
		case strings.Contains(key, "="):
			errs = append(errs, tagError(key, "a key cannot contain =, because OpenStack keeps the tag as key=value"))
		case key == "":
			errs = append(errs, tagError(key, "a key cannot be empty"))
		case utf8.RuneCountInString(text) > longest:
			errs = append(errs, tagError(key, "OpenStack keeps it as %q, and %d characters are the most there", text, longest))
		case forbidden != "" && strings.ContainsAny(text, forbidden):
			errs = append(errs, tagError(key, "OpenStack keeps it as %q, where none of the characters %s may be", text, forbidden))
		}
	}
	return errors.Join(errs...)
}

func tagError(key, text string, args ...any) error {
	return platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("the tag does not fit: "+text, args...)), "tags", key)
}
