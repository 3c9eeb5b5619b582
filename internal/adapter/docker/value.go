package docker

import "strings"

// value is what a pointer points at, or the zero value.
func value[T any](p *T) (zero T) {
	if p == nil {
		return zero
	}
	return *p
}

// unless is a pointer to v, or nil where v is the value that stands for none.
func unless[T comparable](none, v T) *T {
	if v == none {
		return nil
	}
	return &v
}

// paired reads "name=value" for each.
func paired(list []string) map[string]string {
	m := make(map[string]string, len(list))
	for _, text := range list {
		name, v, _ := strings.Cut(text, "=")
		m[name] = v
	}
	return m
}

// pairs is paired the other way round, in the order of the names.
func pairs(m map[string]string, names []string) []string {
	var list []string
	for _, name := range names {
		list = append(list, name+"="+m[name])
	}
	return list
}
