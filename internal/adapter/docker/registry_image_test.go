package docker_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/docker"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Credentials come from the setting, else from the docker tool's configuration and its helpers.
func TestRegistryCredentials(t *testing.T) {
	e := lab.Serve(t, lab.Options{})
	r := lab.StartRegistry(t, lab.RegistryOptions{User: "ci", Password: "pass:word"}, e)
	lab.CLI(t, e, "login", "-u", "ci", "-p", "pass:word", r.Address)
	id, _ := pushedImage(t, e, r, "app:1", "one")
	logged := t.TempDir()
	sound(t, os.WriteFile(filepath.Join(logged, "config.json"), []byte(`{"auths":{"`+r.Address+`":{"auth":"Y2k6cGFzczp3b3Jk"}}}`), 0o600))
	helped := t.TempDir()
	sound(t, os.WriteFile(filepath.Join(helped, "docker-credential-lab"), []byte("#!/bin/sh\necho '{\"Username\":\"ci\",\"Secret\":\"pass:word\"}'\n"), 0o755))
	sound(t, os.WriteFile(filepath.Join(helped, "config.json"), []byte(`{"credHelpers":{"`+r.Address+`":"lab"}}`), 0o600))
	t.Setenv("PATH", helped+string(os.PathListSeparator)+os.Getenv("PATH"))
	cases := map[string]struct {
		settings map[string]any
		refused  string
	}{
		"setting":                   {map[string]any{"registries": map[string]string{r.Address: "ci:pass:word"}}, ""},
		"setting, spelled as a URL": {map[string]any{"registries": map[string]string{"http://" + r.Address + "/v2/": "ci:pass:word"}}, ""},
		"configuration":             {map[string]any{"config_dir": logged}, ""},
		"helper":                    {map[string]any{"config_dir": helped}, ""},
		"none":                      {nil, `registries = { "` + r.Address + `" = "user:password" }`},
		"wrong setting":             {map[string]any{"registries": map[string]string{r.Address: "ci:guess-9"}, "config_dir": logged}, "credentials from the setting registries"},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			c := connectImages(t, e.Host(), k.settings)
			want := platform.ContainerImage{Name: r.Ref("app:1")}
			err := c.ContainerImages.Create(t.Context(), &want, func(string) {})
			read := c.RegistryImages.Read(t.Context(), &platform.RegistryImage{Meta: platform.Meta{ID: new(r.Ref("app:1"))}})
			if k.refused == "" {
				sound(t, err)
				sound(t, read)
				pushed := platform.RegistryImage{Name: r.Ref("out:" + strings.ReplaceAll(strings.ReplaceAll(name, " ", "-"), ",", "")), ImageID: &id}
				sound(t, c.RegistryImages.Create(t.Context(), &pushed, func(string) {}))
				sound(t, c.ContainerImages.Delete(t.Context(), &want))
				return
			}
			for _, err := range []error{err, read} {
				if text := refusal(t, err, platform.ErrUnauthorised, r.Address, k.refused); strings.Contains(text, "guess-9") {
					t.Errorf("it tells the password: %s", text)
				}
			}
		})
	}
}

func TestRegistryImage(t *testing.T) {
	e := lab.Serve(t, lab.Options{})
	d := newDepot(t, e)
	c := connectImages(t, e.Host(), nil)
	one := lab.Image(t, e, "one", lab.ImageOptions{Files: map[string]string{"mark": "one"}})
	two := lab.Image(t, e, "two", lab.ImageOptions{Files: map[string]string{"mark": "two"}})
	name := d.Ref("team/app:1.0")
	got := platform.RegistryImage{Name: name, ImageID: &one}
	sound(t, c.RegistryImages.Create(t.Context(), &got, func(string) {}))
	if *got.ID != name || !strings.HasPrefix(*got.Digest, "sha256:") || len(got.OSArch) != 1 || got.OSArch[0] != "linux/amd64" {
		t.Errorf("it is %+v", got)
	}
	if tags := lab.CLI(t, e, "images", "--format", "{{.Repository}}:{{.Tag}}"); strings.Contains(tags, name) {
		t.Errorf("the name stayed in the engine:\n%s", tags)
	}
	if pulled := lab.CLI(t, secondEngine(t, d.Address), "pull", name); !strings.Contains(pulled, *got.Digest) {
		t.Errorf("another engine pulls:\n%s", pulled)
	}
	refusal(t, c.RegistryImages.Create(t.Context(), &platform.RegistryImage{Name: name, ImageID: &two}, func(string) { t.Error("made") }), platform.ErrExists, "exists already")

	t.Run("another image", func(t *testing.T) {
		next := got
		next.ImageID = &two
		sound(t, c.RegistryImages.Update(t.Context(), &got, &next))
		seen := platform.RegistryImage{Meta: platform.Meta{ID: &name}}
		sound(t, c.RegistryImages.Read(t.Context(), &seen))
		if *seen.ImageID != two || *seen.Digest == *got.Digest || *seen.Digest != *next.Digest {
			t.Errorf("it is read as %+v", seen)
		}
		got = next
	})
	t.Run("a name of another image in the engine", func(t *testing.T) {
		taken := d.Ref("team/taken:1")
		lab.CLI(t, e, "tag", two, taken)
		sound(t, c.RegistryImages.Create(t.Context(), &platform.RegistryImage{Name: taken, ImageID: &one}, func(string) {}))
		if is := strings.TrimSpace(lab.CLI(t, e, "inspect", "--format", "{{.Id}}", taken)); is != two {
			t.Errorf("in the engine the name means %s", is)
		}
	})
	t.Run("several platforms", func(t *testing.T) {
		sound(t, d.putList("team/multi", "1", "m"))
		seen := platform.RegistryImage{Meta: platform.Meta{ID: new(d.Ref("team/multi:1"))}}
		sound(t, c.RegistryImages.Read(t.Context(), &seen))
		if strings.Join(seen.OSArch, " ") != "linux/amd64 linux/arm64" || seen.ImageID != nil {
			t.Errorf("it is read as %+v", seen)
		}
	})
	t.Run("deleted unless replaced", func(t *testing.T) {
		stale := got
		stale.Digest = new("sha256:" + strings.Repeat("0", 64))
		var said platform.Warnings
		sound(t, c.RegistryImages.Delete(platform.WithWarnings(t.Context(), &said), &stale))
		if w := said.Take(); len(w) != 1 || !strings.Contains(w[0].Err.Error(), "somebody else pushed") {
			t.Errorf("the warnings are %v", w)
		}
		sound(t, c.RegistryImages.Delete(t.Context(), &got))
		sound(t, c.RegistryImages.Delete(t.Context(), &got))
		refusal(t, c.RegistryImages.Read(t.Context(), &platform.RegistryImage{Meta: platform.Meta{ID: &name}}), platform.ErrNotFound, name)
	})
}

// firstWait is how long the adapter waits at least before it asks again.
const firstWait = 500 * time.Millisecond

// What a registry does wrong is told, or waited for.
func TestRegistryFaults(t *testing.T) {
	e := lab.Serve(t, lab.Options{})
	r := lab.StartRegistry(t, lab.RegistryOptions{}, e)
	front := lab.StartRegistryProxy(t, r, e)
	c := connectImages(t, e.Host(), nil)
	pushedImage(t, e, r, "app:1", "one")
	own := lab.Image(t, e, "own", lab.ImageOptions{Files: map[string]string{"mark": "own"}})
	manifest := "/v2/{name}/manifests/{ref}"
	pull := func(t *testing.T, name string) error {
		t.Helper()
		want := platform.ContainerImage{Name: front.Ref(name)}
		err := c.ContainerImages.Create(t.Context(), &want, func(string) {})
		if err == nil {
			sound(t, c.ContainerImages.Delete(t.Context(), &want))
		}
		return err
	}
	read := func(t *testing.T, name string) error {
		t.Helper()
		return c.RegistryImages.Read(t.Context(), &platform.RegistryImage{Meta: platform.Meta{ID: new(front.Ref(name))}})
	}
	push := func(t *testing.T, name string) error {
		t.Helper()
		return c.RegistryImages.Create(t.Context(), &platform.RegistryImage{Name: front.Ref(name), ImageID: &own}, func(string) {})
	}
	cases := map[string]struct {
		do    func(t *testing.T, name string) error
		name  string
		fault lab.Fault
		class error
		says  string
		least time.Duration
	}{
		"pull: unknown":         {do: pull, name: "app:2", class: platform.ErrNotFound, says: "Check name, tag and digest"},
		"pull: unauthorised":    {do: pull, name: "app:1", fault: lab.Fault{Path: manifest, Status: 401, Message: "not you"}, class: platform.ErrUnauthorised, says: "wants credentials"},
		"pull: denied":          {do: pull, name: "app:1", fault: lab.Fault{Path: manifest, Status: 403, Message: "not you"}, class: platform.ErrUnauthorised, says: "denied"},
		"pull: busy":            {do: pull, name: "app:1", fault: lab.Fault{Path: manifest, Status: 429, Times: 2, Message: "slow down", Header: http.Header{"Retry-After": {"1"}}}, least: firstWait},
		"pull: out of order":    {do: pull, name: "app:1", fault: lab.Fault{Path: manifest, Status: 503, Times: 2, Message: "later"}, least: firstWait},
		"pull: stays so":        {do: pull, name: "app:1", fault: lab.Fault{Path: manifest, Status: 500, Message: "broken"}, class: platform.ErrUnreachable, says: "Does the registry"},
		"pull: cut":             {do: pull, name: "app:1", fault: lab.Fault{Method: "GET", Path: "/v2/{name}/blobs/{digest}", Cut: true, Got: 1000, Times: 1}},
		"read: unknown":         {do: read, name: "app:2", class: platform.ErrNotFound, says: "app:2"},
		"read: unauthorised":    {do: read, name: "app:1", fault: lab.Fault{Path: manifest, Status: 401, Message: "not you"}, class: platform.ErrUnauthorised, says: "wants credentials"},
		"read: busy":            {do: read, name: "app:1", fault: lab.Fault{Path: manifest, Status: 429, Times: 1, Header: http.Header{"Retry-After": {"2"}}}, least: 2 * time.Second},
		"read: out of order":    {do: read, name: "app:1", fault: lab.Fault{Path: manifest, Status: 502, Times: 2}, least: time.Second},
		"push: unauthorised":    {do: push, name: "p1:1", fault: lab.Fault{Method: "POST", Path: "/v2/{name}/blobs/uploads/", Status: 401, Message: "not you"}, class: platform.ErrUnauthorised, says: "wants credentials"},
		"push: cut at a layer":  {do: push, name: "p2:1", fault: lab.Fault{Method: "PATCH", Path: "/v2/{name}/blobs/uploads/{id}", Cut: true, Sent: 5000, Times: 1}},
		"push: manifest broken": {do: push, name: "p3:1", fault: lab.Fault{Method: "PUT", Path: manifest, Status: 500, Times: 1, Message: "later"}},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			if k.fault.Path != "" {
				front.Inject(k.fault)
				defer front.Clear()
			}
			began := time.Now()
			err := k.do(t, k.name)
			t.Logf("%s: %v", time.Since(began).Round(time.Millisecond), err)
			if k.class == nil {
				sound(t, err)
			} else {
				refusal(t, err, k.class, k.says)
			}
			if took := time.Since(began); took < k.least {
				t.Errorf("it waited for %s only", took)
			}
		})
	}
	t.Run("push: cut half-way for good", func(t *testing.T) {
		front.Inject(lab.Fault{Method: "PUT", Path: manifest, Cut: true})
		err := push(t, "broken:1")
		t.Log(err)
		refusal(t, err, platform.ErrUnreachable, "push the image", front.Ref("broken:1"))
		front.Clear()
		refusal(t, read(t, "broken:1"), platform.ErrNotFound)
		sound(t, push(t, "broken:1"))
		sound(t, read(t, "broken:1"))
	})
	t.Run("nothing may be deleted", func(t *testing.T) {
		got := platform.RegistryImage{Name: front.Ref("kept:1"), ImageID: &own}
		sound(t, c.RegistryImages.Create(t.Context(), &got, func(string) {}))
		front.Inject(lab.Fault{Method: "DELETE", Status: 405, Message: "unsupported"})
		refusal(t, c.RegistryImages.Delete(t.Context(), &got), platform.ErrUnsupported, "keep = true")
		got.Keep = new(true)
		sound(t, c.RegistryImages.Delete(t.Context(), &got))
	})
}
