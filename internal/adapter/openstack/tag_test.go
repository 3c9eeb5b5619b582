package openstack

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTagsThereAndBack(t *testing.T) {
	tags := map[string]string{"role": "web", "plain": "", "eq": "a=b"}
	list := tagList(tags, markUnfinished, markKey+"eth0")
	if diff := cmp.Diff([]string{"eq=a=b", "plain", "role=web", markKey + "eth0", markUnfinished}, list); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(tags, tagMap(list)); diff != "" {
		t.Error(diff)
	}
	if got := markedKey(list); got != "eth0" {
		t.Errorf("the key is %q", got)
	}
	if diff := cmp.Diff([]string{markKey + "eth0", markUnfinished}, marksOf(list)); diff != "" {
		t.Error(diff)
	}
}

func TestCheckTags(t *testing.T) {
	for name, c := range map[string]struct {
		tags map[string]string
		says string
	}{
		"fits":             {map[string]string{"role": "web"}, ""},
		"too long":         {map[string]string{"role": strings.Repeat("w", 60)}, "60 characters"},
		"a forbidden sign": {map[string]string{"url": "a/b"}, "none of the characters /,"},
		"a key with =":     {map[string]string{"a=b": "c"}, "cannot contain ="},
		"ours":             {map[string]string{ours + "x": "c"}, "the provider's own"},
	} {
		t.Run(name, func(t *testing.T) {
			err := checkTags(c.tags, 60, "/,")
			if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), "tags.")) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}
