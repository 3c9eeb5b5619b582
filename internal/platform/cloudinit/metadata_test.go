package cloudinit

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func TestMetadata(t *testing.T) {
	m := &platform.Machine{Hostname: new("web"), Metadata: map[string]string{
		"role": "a \"b\" \\ ü😀\x7f\u2028\n", "yes": "x", "a b": "1", "1": "2", "": "e", "k:": "'", "- x": "# y", " spaces ": " z ", "long-key_2": "",
	}}
	file := MetadataFile(Metadata(m, "0b7e8a34"))
	for _, line := range []string{"instance-id: \"0b7e8a34\"\n", "local-hostname: \"web\"\n", "\"yes\": \"x\"\n", "long-key_2: \"\"\n"} {
		if !strings.Contains(file, line) {
			t.Errorf("%q lacks %q", file, line)
		}
	}
	have := &platform.Machine{}
	FillMetadata(have, ParseMetadata(file))
	if diff := cmp.Diff(m, have); diff != "" {
		t.Error(diff)
	}
}

func TestParseMetadata(t *testing.T) {
	tests := map[string]struct {
		file string
		want map[string]string
	}{
		"nothing": {"", map[string]string{}},
		"plain":   {"---\n# a comment\ninstance-id: iid-1 # ours\r\nlocal-hostname : web\n", map[string]string{"instance-id": "iid-1", "local-hostname": "web"}},
		"quoted":  {"a: 'it''s'\n\"b c\": \"d\\te\"\n", map[string]string{"a": "it's", "b c": "d\te"}},
		"nested":  {"keys:\n  - a: b\nlist: [1]\nmap: {a: b}\ntext: |\n  a: b\nempty:\n- c: d\ne: \"f\n", map[string]string{}},
		"JSON":    {`{"instance-id": "i", "keys": ["k"], "n": 1}`, map[string]string{"instance-id": "i"}},
		"binary":  {"\x00\xff: \"\n'\n\"\n:\n: \n", map[string]string{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, ParseMetadata(tt.file)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// FuzzParseMetadata reads what anybody may have written, and reads back what it spells of that itself.
func FuzzParseMetadata(f *testing.F) {
	f.Add("instance-id: \"i\"\n\"a b\": 'c'\n")
	f.Add(`{"a": "b"}`)
	f.Fuzz(func(t *testing.T, file string) {
		meta := ParseMetadata(file)
		if diff := cmp.Diff(meta, ParseMetadata(MetadataFile(meta))); diff != "" {
			t.Error(diff)
		}
	})
}
