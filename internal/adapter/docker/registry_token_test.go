package docker_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/docker"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// tokenServer is a registry that has a token server at the same address and knows one user.
func tokenServer(t *testing.T) (address string) {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("/v2/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", fmt.Sprintf("Bearer realm=%q,service=\"lab\"", server.URL+"/token"))
		http.Error(w, `{"errors":[{"code":"UNAUTHORIZED"}]}`, http.StatusUnauthorized)
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "ci" || password != "secret-7" {
			http.Error(w, `{"errors":[{"code":"DENIED","message":"who are you"}]}`, http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(w, `{"token":"for %s at %s","expires_in":300}`, r.FormValue("scope"), r.FormValue("service"))
	})
	return strings.TrimPrefix(server.URL, "http://")
}

func TestRegistryToken(t *testing.T) {
	e := lab.Serve(t, lab.Options{})
	address := tokenServer(t)
	basic := lab.StartRegistry(t, lab.RegistryOptions{User: "ci", Password: "secret-7"})
	free := lab.StartRegistry(t, lab.RegistryOptions{})
	given := map[string]any{"registries": map[string]string{address: "ci:secret-7"}}
	cases := map[string]struct {
		settings   map[string]any
		repository string
		actions    []string
		token      string
		class      error
		says       string
	}{
		"to pull":        {given, address + "/team/app", nil, "for repository:team/app:pull at lab", nil, ""},
		"to push":        {given, address + "/team/app", []string{"pull", "push"}, "for repository:team/app:pull,push at lab", nil, ""},
		"wrong password": {map[string]any{"registries": map[string]string{address: "ci:guess"}}, address + "/team/app", nil, "", platform.ErrUnauthorised, "credentials from the setting registries"},
		"nobody":         {nil, address + "/team/app", nil, "", platform.ErrUnauthorised, "there are none"},
		"basic":          {given, basic.Address + "/app", nil, "", platform.ErrUnsupported, "user and password with every request"},
		"open":           {given, free.Address + "/app", nil, "", platform.ErrUnsupported, "open to everybody"},
		"a tag":          {given, address + "/app:1", nil, "", platform.ErrInvalid, "repository alone"},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := connectImages(t, e.Host(), k.settings)
			want := platform.RegistryToken{Repository: k.repository, Actions: k.actions}
			err := c.RegistryTokens.Issue(t.Context(), &want)
			if k.class != nil {
				refusal(t, err, k.class, k.says)
				return
			}
			sound(t, err)
			if *want.Token != k.token {
				t.Errorf("the token is %q", *want.Token)
			}
			if ends, err := time.Parse(time.RFC3339, *want.ExpiresAt); err != nil || time.Until(ends) < 4*time.Minute || time.Until(ends) > 5*time.Minute {
				t.Errorf("it ends at %s, %v", *want.ExpiresAt, err)
			}
		})
	}
}

// A registry gives its tags page by page.
func TestRegistryRepository(t *testing.T) {
	e := lab.Serve(t, lab.Options{})
	d := newDepot(t, e)
	var tags []string
	for n := range 12 {
		tags = append(tags, fmt.Sprintf("1.%d", n))
		_, _, err := d.put("team/app", tags[n], "amd64", "same")
		sound(t, err)
	}
	c := connectImages(t, e.Host(), nil)
	have := platform.RegistryRepository{Meta: platform.Meta{ID: new(d.Ref("team/app"))}}
	sound(t, c.RegistryRepositories.Read(t.Context(), &have))
	if !slices.Equal(have.ImageTags, tags) {
		t.Errorf("the tags are %v", have.ImageTags)
	}
	paged := pages(t, 12)
	have = platform.RegistryRepository{Meta: platform.Meta{ID: new(paged + "/team/app")}}
	sound(t, c.RegistryRepositories.Read(t.Context(), &have))
	if !slices.Equal(have.ImageTags, tags) {
		t.Errorf("page by page the tags are %v", have.ImageTags)
	}
	refusal(t, c.RegistryRepositories.Read(t.Context(), &platform.RegistryRepository{Meta: platform.Meta{ID: new(d.Ref("team/none"))}}), platform.ErrNotFound)
}

// pages is a registry that gives five tags at a time, whatever is asked.
func pages(t *testing.T, all int) (address string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/team/app/tags/list" {
			return
		}
		from := 0
		_, _ = fmt.Sscan(r.FormValue("last"), &from)
		var tags []string
		for n := from; n < min(from+5, all); n++ {
			tags = append(tags, fmt.Sprintf(`"1.%d"`, n))
		}
		if from+5 < all {
			w.Header().Set("Link", fmt.Sprintf(`</v2/team/app/tags/list?last=%d>; rel="next"`, from+5))
		}
		fmt.Fprintf(w, `{"name":"team/app","tags":[%s]}`, strings.Join(tags, ","))
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// TLS is demanded of registries unless the user names them, and authorities can be given.
func TestRegistryTLS(t *testing.T) {
	e := lab.Serve(t, lab.Options{})
	r := lab.StartRegistry(t, lab.RegistryOptions{TLS: true}, e)
	id, _ := pushedImage(t, e, r, "app:1", "one")
	name := r.Ref("app:1")
	c := connectImages(t, e.Host(), map[string]any{"registry_ca_file": r.CA})
	seen := platform.RegistryImage{Meta: platform.Meta{ID: &name}}
	sound(t, c.RegistryImages.Read(t.Context(), &seen))
	if *seen.ImageID != id {
		t.Errorf("it is %s", *seen.ImageID)
	}
	got := madeImage(t, c, platform.ContainerImage{Name: name})
	sound(t, c.ContainerImages.Delete(t.Context(), &got))
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	_, port, _ := strings.Cut(strings.TrimPrefix(plain.URL, "http://"), ":")
	strict := connectImages(t, e.Host(), map[string]any{"registry_ca_file": t.TempDir() + "/none"})
	refusal(t, strict.RegistryImages.Read(t.Context(), &platform.RegistryImage{Meta: platform.Meta{ID: new("127.0.0.1:" + port + "/app:1")}}), platform.ErrInvalid, "authority")
}
