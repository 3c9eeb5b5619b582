package openstack

import "testing"

func TestRoute(t *testing.T) {
	t.Parallel()
	const uuid, hex = "d5dbe763-5f6e-4950-9149-b974f389473d", "6a5249e153f04248b8e301735d69e4e0"
	for path, want := range map[string]string{
		"/":                                     "/",
		"/v3":                                   "/",
		"/v2.1/":                                "/",
		"/v3/auth/tokens":                       "/auth/tokens",
		"/v3/auth/catalog":                      "/auth/catalog",
		"/v3/projects/" + hex:                   "/projects/{id}",
		"/v2.1/servers":                         "/servers",
		"/v2.1/servers/detail":                  "/servers/detail",
		"/v2.1/servers/" + uuid:                 "/servers/{id}",
		"/v2.1/flavors/1":                       "/flavors/{id}",
		"/v2.1/os-keypairs/mine":                "/os-keypairs/{id}",
		"/v2.0/ports":                           "/ports",
		"/v2.0/ports/" + uuid:                   "/ports/{id}",
		"/v2.0/quotas/" + hex:                   "/quotas/{id}",
		"/v2.0/qos/policies/" + hex:             "/qos/policies/{id}",
		"/v2/images/" + uuid:                    "/images/{id}",
		"/v2/images/" + uuid + "/file":          "/images/{id}/file",
		"/v2/info/import":                       "/info/import",
		"/v2.1/servers/" + uuid + "/action":     "/servers/{id}/action",
		"/v2.1/servers/" + uuid + "/metadata/k": "/servers/{id}/metadata/{id}",
		"/v2.1/servers/" + uuid + "/os-interface/" + uuid:         "/servers/{id}/os-interface/{id}",
		"/v2.1/os-quota-sets/" + hex + "/detail":                  "/os-quota-sets/{id}/detail",
		"/v2.0/quotas/" + hex + "/details.json":                   "/quotas/{id}/details.json",
		"/v2.0/routers/" + uuid + "/add_router_interface":         "/routers/{id}/add_router_interface",
		"/v3/" + hex + "/volumes":                                 "/volumes",
		"/v3/" + hex + "/volumes/detail":                          "/volumes/detail",
		"/v3/" + hex + "/volumes/" + uuid + "/action":             "/volumes/{id}/action",
		"/v3/" + hex + "/types/" + uuid + "/extra_specs/a":        "/types/{id}/extra_specs/{id}",
		"/v3/projects/" + hex + "/users/" + hex + "/roles/" + hex: "/projects/{id}/users/{id}/roles/{id}",
	} {
		if got := route(path); got != want {
			t.Errorf("%s: %s, not %s", path, got, want)
		}
	}
}
