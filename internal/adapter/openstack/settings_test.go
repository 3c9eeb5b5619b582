package openstack

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gophercloud/gophercloud/v2"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

const cloudsYAML = `clouds:
  home:
    auth:
      auth_url: https://home.example.net:5000/v3
      username: ops
      project_name: web
      user_domain_name: people
      project_domain_name: teams
    region_name: north
    interface: internal
  robot:
    auth_type: v3applicationcredential
    auth:
      auth_url: https://home.example.net:5000/v3
      application_credential_id: abc
    region_name: north
`

const secureYAML = `clouds:
  home:
    auth:
      password: hidden
  robot:
    auth:
      application_credential_secret: hidden
`

// said is what of an access tests compare.
type said struct {
	Auth           gophercloud.AuthOptions
	Region, Facing string
}

// home is what clouds.yaml and secure.yaml say of that cloud.
func home() said {
	return said{
		gophercloud.AuthOptions{
			IdentityEndpoint: "https://home.example.net:5000/v3", Username: "ops", Password: "hidden", DomainName: "people", AllowReauth: true,
			Scope: &gophercloud.AuthScope{ProjectName: "web", DomainName: "teams"},
		}, "north", "internal",
	}
}

func TestAccess(t *testing.T) {
	with := func(change func(*said)) said {
		s := home()
		change(&s)
		return s
	}
	lab := said{gophercloud.AuthOptions{
		IdentityEndpoint: "http://lab/v3", Username: "u", Password: "p", DomainID: "default", AllowReauth: true,
		Scope: &gophercloud.AuthScope{ProjectName: "web", DomainID: "default"},
	}, "", "public"}
	for name, c := range map[string]struct {
		given map[string]any
		env   map[string]string
		want  said
	}{
		"a cloud of clouds.yaml, its secrets beside it": {given: map[string]any{"cloud": "home"}, want: home()},
		"the cloud is named by the environment":         {env: map[string]string{"OS_CLOUD": "home"}, want: home()},
		"variables go above a cloud that they name": {
			env:  map[string]string{"OS_CLOUD": "home", "OS_REGION_NAME": "south"},
			want: with(func(s *said) { s.Region = "south" }),
		},
		"variables meant for another cloud stay away from the block's": {
			given: map[string]any{"cloud": "home"},
			env:   map[string]string{"OS_REGION_NAME": "south", "OS_USERNAME": "eve", "OS_PASSWORD": "x", "OS_PROJECT_ID": "y", "OS_AUTH_URL": "http://elsewhere"},
			want:  home(),
		},
		"the block goes above the cloud": {
			given: map[string]any{"cloud": "home", "region": "south", "interface": "publicURL", "project_id": "77"},
			want: with(func(s *said) {
				s.Region, s.Facing, s.Auth.Scope = "south", "public", &gophercloud.AuthScope{ProjectID: "77"}
			}),
		},
		"an application credential of a cloud": {
			given: map[string]any{"cloud": "robot"},
			want: said{gophercloud.AuthOptions{
				IdentityEndpoint: "https://home.example.net:5000/v3", ApplicationCredentialID: "abc", ApplicationCredentialSecret: "hidden", AllowReauth: true,
			}, "north", "public"},
		},
		"another way to sign in replaces the cloud's": {
			given: map[string]any{"cloud": "home", "token": "t"},
			want: with(func(s *said) {
				s.Auth.Username, s.Auth.Password, s.Auth.DomainName, s.Auth.TokenID, s.Auth.AllowReauth = "", "", "people", "t", false
			}),
		},
		"variables of the tool, the domain left out": {
			env:  map[string]string{"OS_AUTH_URL": "http://lab/v3", "OS_USERNAME": "u", "OS_PASSWORD": "p", "OS_TENANT_NAME": "web"},
			want: lab,
		},
		"the block's address keeps a cloud of the environment away": {
			given: map[string]any{"auth_url": "http://lab/v3", "username": "u", "password": "p", "project_name": "web"},
			env:   map[string]string{"OS_CLOUD": "home"},
			want:  lab,
		},
		"the whole system": {
			given: map[string]any{"auth_url": "http://lab/v3", "username": "u", "password": "p", "system_scope": "all"},
			want: said{gophercloud.AuthOptions{
				IdentityEndpoint: "http://lab/v3", Username: "u", Password: "p", DomainID: "default", AllowReauth: true, Scope: &gophercloud.AuthScope{System: true},
			}, "", "public"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := newAccess(resolved(t, c.given, c.env))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, said{a.auth, a.region, a.facing}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// resolved resolves settings where a folder holds clouds.yaml.
func resolved(t *testing.T, given map[string]any, env map[string]string) platform.Config {
	t.Helper()
	folder := t.TempDir()
	for file, text := range map[string]string{"clouds.yaml": cloudsYAML, "secure.yaml": secureYAML} {
		if err := os.WriteFile(filepath.Join(folder, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	all := map[string]any{"clouds_file": filepath.Join(folder, "clouds.yaml")}
	maps.Copy(all, given)
	c, err := platform.Resolve(settings(), all, platform.Source{
		Block: "openstack", Name: "x", Sole: true,
		Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAccessRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		given map[string]any
		says  string
	}{
		"no address":      {map[string]any{"username": "u"}, "auth_url is missing"},
		"nobody":          {map[string]any{"auth_url": "http://lab/v3"}, "nobody is named"},
		"a cloud unknown": {map[string]any{"cloud": "moon"}, `cloud "moon" not found`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newAccess(resolved(t, c.given, nil))
			if err == nil || !strings.Contains(err.Error(), c.says) || platform.ClassOf(err) == nil {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}
