package openstack

import (
	"regexp"
	"slices"
	"strings"
)

// unversioned is a path without its version and, as cinder has it, the project behind it: /v3/{project}/volumes is
// /volumes.
func unversioned(path string) string {
	path = regexp.MustCompile(`^/v[0-9.]+(/|$)`).ReplaceAllString(path, "/")
	return regexp.MustCompile(`^/[0-9a-f]{32}(/|$)`).ReplaceAllString(path, "/")
}

// route is an unversioned path with {id} for what names one object: collections and objects take turns, but for some
// words.
func route(path string) string {
	parts := strings.Split(strings.Trim(unversioned(path), "/"), "/")
	collection := true
	for i, part := range parts {
		switch {
		case collection && slices.Contains(groups(), part):
			// What follows is a collection, too.
		case collection:
			collection = false
		case !slices.Contains(words(), part):
			parts[i] = "{id}"
			collection = true
		}
	}
	return "/" + strings.Join(parts, "/")
}

// groups are what stands in front of collections.
func groups() []string { return []string{"auth", "qos", "lbaas", "info", "schemas", "fwaas"} }

// words are what may stand behind a collection in the place of an object.
func words() []string {
	return []string{"detail", "details", "default", "defaults", "summary", "statistics"}
}
