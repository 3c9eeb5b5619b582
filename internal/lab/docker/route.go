package docker

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// engineRoute is a path of Docker's API without its version and with {id} for what names one object:
// /v1.41/containers/web/start is /containers/{id}/start.
func engineRoute(method, path string) string {
	parts := strings.Split(strings.Trim(unversioned(path), "/"), "/")
	if len(parts) < 2 || parts[0] == "swarm" || parts[0] == "system" || parts[0] == "build" {
		return "/" + strings.Join(parts, "/")
	}
	if len(parts) == 2 && slices.Contains(verbs(parts[0], method), parts[1]) {
		return "/" + strings.Join(parts, "/")
	}
	last := len(parts) - 1
	if last >= 2 && slices.Contains(endings(), parts[last]) { // an image's name has slashes
		return "/" + parts[0] + "/{id}/" + parts[last]
	}
	return "/" + parts[0] + "/{id}"
}

// unversioned is a path without its version.
func unversioned(path string) string {
	head, rest, found := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if found && len(head) > 1 && head[0] == 'v' && strings.Trim(head[1:], "0123456789.") == "" {
		return "/" + rest
	}
	return path
}

// verbs are what may stand behind a collection in the place of an object.
func verbs(collection, method string) []string {
	switch {
	case method == http.MethodPost:
		return []string{"create", "prune", "load", "pull"}
	case method == http.MethodDelete:
		return nil
	case collection == "containers":
		return []string{"json"}
	case collection == "images":
		return []string{"json", "search", "get"}
	case collection == "plugins":
		return []string{"privileges"}
	}
	return nil
}

// endings are what may stand behind an object.
func endings() []string {
	return []string{
		"json", "top", "logs", "changes", "export", "stats", "resize", "start", "stop", "restart", "kill", "update", "rename",
		"pause", "unpause", "attach", "wait", "archive", "exec", "history", "push", "tag", "get", "connect", "disconnect",
		"enable", "disable", "upgrade", "set",
	}
}

// registryRoute is a path of a registry with {name}, {ref}, {digest} and {id} for what they stand for.
func registryRoute(_, path string) string {
	for _, rule := range [][2]string{
		{`^/v2/.+/manifests/[^/]+$`, "/v2/{name}/manifests/{ref}"},
		{`^/v2/.+/blobs/uploads/?$`, "/v2/{name}/blobs/uploads/"},
		{`^/v2/.+/blobs/uploads/[^/]+$`, "/v2/{name}/blobs/uploads/{id}"},
		{`^/v2/.+/blobs/[^/]+$`, "/v2/{name}/blobs/{digest}"},
		{`^/v2/.+/tags/list$`, "/v2/{name}/tags/list"},
		{`^/v2/.+/referrers/[^/]+$`, "/v2/{name}/referrers/{digest}"},
	} {
		if regexp.MustCompile(rule[0]).MatchString(path) {
			return rule[1]
		}
	}
	return path
}
