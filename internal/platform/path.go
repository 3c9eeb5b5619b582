package platform

import "strings"

// Path names an attribute by its tfsdk names and map keys: {"disks", "data", "size"}.
type Path []string

// String spells the path with dots.
func (p Path) String() string { return strings.Join(p, ".") }

// ParsePath reads what String writes; in a pattern a step "*" stands for any key of a map.
func ParsePath(s string) Path { return strings.Split(s, ".") }
