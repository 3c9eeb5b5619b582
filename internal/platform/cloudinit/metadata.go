package cloudinit

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Metadata is what the guest can read about itself: the user's own keys, the instance and the host name. instance is
// the machine's id; it stays the same for as long as the guest shall not start afresh.
func Metadata(m *platform.Machine, instance string) map[string]string {
	meta := map[string]string{}
	maps.Copy(meta, m.Metadata)
	meta[InstanceID] = instance
	if m.Hostname != nil {
		meta[LocalHostname] = *m.Hostname
	}
	return meta
}

// FillMetadata undoes Metadata: it sets the host name and the user's own keys of the machine.
func FillMetadata(have *platform.Machine, meta map[string]string) {
	if name, ok := meta[LocalHostname]; ok {
		have.Hostname = &name
	}
	own := maps.Clone(meta)
	delete(own, InstanceID)
	delete(own, LocalHostname)
	if len(own) > 0 {
		have.Metadata = own
	}
}

// MetadataFile spells metadata as YAML, one key and its quoted value per line, so that the small parsers of small
// distributions read it, too. Equal metadata gives the same text.
func MetadataFile(meta map[string]string) string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(meta)) {
		// Go's quoted strings are YAML's double-quoted ones: every escape that Go writes means the same there.
		b.WriteString(yamlKey(key) + ": " + strconv.Quote(meta[key]) + "\n")
	}
	return b.String()
}

// ParseMetadata undoes MetadataFile. Of a file that others wrote it takes the keys that stand alone on a line with a
// plain or quoted value, and of JSON the texts; what is nested is not ours to interpret and is left out.
func ParseMetadata(file string) map[string]string {
	meta := map[string]string{}
	var object map[string]any
	if json.Unmarshal([]byte(file), &object) == nil {
		for key, v := range object {
			if text, ok := v.(string); ok {
				meta[key] = text
			}
		}
		return meta
	}
	for line := range strings.Lines(file) {
		if key, text, ok := metadataLine(line); ok {
			meta[key] = text
		}
	}
	return meta
}

// metadataLine reads one line of flat YAML: a key and a value, each plain or quoted.
func metadataLine(line string) (key, text string, ok bool) {
	line = strings.TrimRight(line, " \t\r\n")
	if line == "" || strings.ContainsAny(line[:1], " \t#-'[{:") {
		return "", "", false
	}
	var rest string
	if quoted, err := strconv.QuotedPrefix(line); err == nil && line[0] == '"' {
		key, _ = strconv.Unquote(quoted) // QuotedPrefix has seen to it
		rest = line[len(quoted):]
	} else {
		key, rest, _ = strings.Cut(line, ":")
		key, rest = strings.TrimSpace(key), ":"+rest
	}
	text, found := strings.CutPrefix(strings.TrimLeft(rest, " "), ": ")
	text, readable := scalar(strings.TrimSpace(text))
	return key, text, found && readable
}

// scalar reads a value that is plain or quoted. It refuses what has a meaning of its own in YAML.
func scalar(text string) (string, bool) {
	switch {
	case text == "" || strings.ContainsAny(text[:1], "[{|>&*!%@`#"):
		return "", false
	case text[0] == '"':
		plain, err := strconv.Unquote(text)
		return plain, err == nil
	case text[0] == '\'':
		if len(text) < 2 || text[len(text)-1] != '\'' {
			return "", false
		}
		return strings.ReplaceAll(text[1:len(text)-1], "''", "'"), true
	}
	plain, _, _ := strings.Cut(text, " #")
	return strings.TrimSpace(plain), true
}

// yamlKey quotes a key unless it is a plain word that YAML takes for nothing but text.
func yamlKey(key string) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	plain := strings.Trim(key, letters+"0123456789-_") == "" && strings.IndexAny(key, letters) == 0
	if plain && !slices.Contains([]string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}, strings.ToLower(key)) {
		return key
	}
	return strconv.Quote(key)
}
