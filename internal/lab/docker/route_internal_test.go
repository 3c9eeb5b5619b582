package docker

import (
	"strings"
	"testing"
)

func TestRoutes(t *testing.T) {
	t.Parallel()
	for call, want := range map[string]string{
		"GET /_ping":                          "/_ping",
		"GET /v1.41/version":                  "/version",
		"GET /volumes/v1":                     "/volumes/{id}",
		"GET /v1.41/containers/json":          "/containers/json",
		"GET /v1.41/containers/web/json":      "/containers/{id}/json",
		"DELETE /v1.41/containers/json":       "/containers/{id}",
		"POST /v1.41/containers/create":       "/containers/create",
		"POST /v1.41/containers/web/start":    "/containers/{id}/start",
		"PUT /containers/web/archive":         "/containers/{id}/archive",
		"GET /v1.41/images/a.b:5000/c/d/json": "/images/{id}/json",
		"DELETE /images/a.b:5000/c/d:1":       "/images/{id}",
		"POST /images/a.b:5000/c/push":        "/images/{id}/push",
		"POST /v1.41/images/load":             "/images/load",
		"GET /distribution/a/b/json":          "/distribution/{id}/json",
		"POST /networks/n/connect":            "/networks/{id}/connect",
		"POST /v1.41/services/s/update":       "/services/{id}/update",
		"POST /swarm/init":                    "/swarm/init",
		"GET /system/df":                      "/system/df",
		"POST /build":                         "/build",
		"POST /build/prune":                   "/build/prune",
		"GET /v1.41/events":                   "/events",
	} {
		method, path, _ := strings.Cut(call, " ")
		if got := engineRoute(method, path); got != want {
			t.Errorf("%s: %s, not %s", call, got, want)
		}
	}
	for path, want := range map[string]string{
		"/v2/":                           "/v2/",
		"/v2/a/b/manifests/1":            "/v2/{name}/manifests/{ref}",
		"/v2/a/blobs/sha256:00":          "/v2/{name}/blobs/{digest}",
		"/v2/a/blobs/uploads/":           "/v2/{name}/blobs/uploads/",
		"/v2/a/b/blobs/uploads/0815-abc": "/v2/{name}/blobs/uploads/{id}",
		"/v2/a/tags/list":                "/v2/{name}/tags/list",
		"/v2/_catalog":                   "/v2/_catalog",
	} {
		if got := registryRoute("GET", path); got != want {
			t.Errorf("%s: %s, not %s", path, got, want)
		}
	}
}
