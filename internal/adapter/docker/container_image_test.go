package docker_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/docker"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func TestImagePull(t *testing.T) {
	e := lab.Serve(t, lab.Options{})
	r := lab.StartRegistry(t, lab.RegistryOptions{}, e)
	c := connectImages(t, e.Host(), nil)
	id, digest := pushedImage(t, e, r, "app:1", "one")
	newer, _ := pushedImage(t, e, r, "app:1", "two")
	name := r.Ref("app:1")

	t.Run("what the tag means", func(t *testing.T) {
		got := madeImage(t, c, platform.ContainerImage{Name: name, References: []string{"web:blue", "web:latest"}})
		if *got.ID != newer || *got.OSArch != "linux/amd64" || got.Digest == nil || *got.Digest == digest || *got.Size < 1<<20 {
			t.Errorf("it is %s: %+v", *got.ID, got)
		}
		for _, ref := range []string{name, "web:blue", "web"} {
			if is := strings.TrimSpace(lab.CLI(t, e, "inspect", "--format", "{{.Id}}", ref)); is != newer {
				t.Errorf("%s is %s", ref, is)
			}
		}
		err := c.ContainerImages.Create(t.Context(), &platform.ContainerImage{Name: name}, func(string) { t.Error("it was adopted") })
		refusal(t, err, platform.ErrExists, "exists already")
		sound(t, c.ContainerImages.Delete(t.Context(), &got))
		if left := lab.CLI(t, e, "images", "-q", "--no-trunc"); strings.Contains(left, newer) {
			t.Errorf("it is still there:\n%s", left)
		}
		refusal(t, c.ContainerImages.Read(t.Context(), &platform.ContainerImage{Meta: platform.Meta{ID: &newer}}), platform.ErrNotFound)
	})
	t.Run("by its digest", func(t *testing.T) {
		got := madeImage(t, c, platform.ContainerImage{Name: name, Digest: &digest})
		if *got.ID != id {
			t.Errorf("it is %s and not %s", *got.ID, id)
		}
		seen := platform.ContainerImage{Meta: platform.Meta{ID: got.ID}, Name: name, Digest: &digest}
		sound(t, c.ContainerImages.Read(t.Context(), &seen))
		if seen.Name != name || *seen.Digest != digest || seen.References != nil {
			t.Errorf("it is read as %+v", seen)
		}
		sound(t, c.ContainerImages.Delete(t.Context(), &got))
	})
	t.Run("names", func(t *testing.T) {
		got := madeImage(t, c, platform.ContainerImage{Name: name})
		next := got
		next.Name, next.References = "other:1", []string{"z:1", "a:1"}
		sound(t, c.ContainerImages.Update(t.Context(), &got, &next))
		tags := strings.Fields(lab.CLI(t, e, "inspect", "--format", "{{join .RepoTags \" \"}}", *got.ID))
		slices.Sort(tags)
		if !slices.Equal(tags, []string{"a:1", "other:1", "z:1"}) {
			t.Errorf("its names are %v", tags)
		}
		lab.CLI(t, e, "tag", *got.ID, "foreign:1")
		last := next
		last.References = []string{"z:1"}
		sound(t, c.ContainerImages.Update(t.Context(), &next, &last))
		seen := platform.ContainerImage{Meta: platform.Meta{ID: got.ID}, Name: "other:1", References: []string{"z:1", "a:1"}}
		sound(t, c.ContainerImages.Read(t.Context(), &seen))
		if seen.Name != "other:1" || !slices.Equal(seen.References, []string{"z:1"}) {
			t.Errorf("it is read as %+v", seen)
		}
		imported := platform.ContainerImage{Meta: platform.Meta{ID: got.ID}}
		sound(t, c.ContainerImages.Read(platform.WithImporting(t.Context()), &imported))
		if imported.Name != "foreign:1" || !slices.Equal(imported.References, []string{"other:1", "z:1"}) {
			t.Errorf("it is imported as %+v", imported)
		}
		found, err := c.ContainerImages.(platform.Finder[platform.ContainerImage]).Find(t.Context(), "other:1")
		sound(t, err)
		imported = platform.ContainerImage{Meta: platform.Meta{ID: &found}}
		sound(t, c.ContainerImages.Read(platform.WithImporting(t.Context()), &imported))
		if imported.Name != "other:1" {
			t.Errorf("it was sought as other:1 and is imported as %s", imported.Name)
		}
		sound(t, c.ContainerImages.Delete(t.Context(), &last))
		if left := strings.TrimSpace(lab.CLI(t, e, "inspect", "--format", "{{.RepoTags}}", "foreign:1")); left != "[foreign:1]" {
			t.Errorf("what is left has the names %s", left)
		}
	})
}

func TestImageBuild(t *testing.T) {
	e := lab.Serve(t, lab.Options{})
	c := connectImages(t, e.Host(), nil)
	dir := buildFolder(t, map[string]string{"Dockerfile": "FROM scratch\nARG V=1\nLABEL v=$V\nCOPY a /a\n", "a": "content", ".dockerignore": "log\n"})
	got := madeImage(t, c, platform.ContainerImage{Name: "built:1", Build: &platform.ImageBuild{Context: &dir, Args: map[string]string{"V": "7"}, Labels: map[string]string{"by": "us"}}})
	if is := strings.TrimSpace(lab.CLI(t, e, "inspect", "--format", "{{.Id}} {{json .Config.Labels}}", "built:1")); is != *got.ID+` {"by":"us","v":"7"}` {
		t.Errorf("it is %s", is)
	}
	sound(t, c.ContainerImages.Delete(t.Context(), &got))
	bad := buildFolder(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY nothing /\n"})
	err := c.ContainerImages.Create(t.Context(), &platform.ContainerImage{Name: "built:2", Build: &platform.ImageBuild{Context: &bad}}, func(string) { t.Error("made") })
	t.Log(refusal(t, err, nil, "cannot build the image built:2", "nothing"))
}

// A pull outlives a restart of the engine.
func TestImagePullOverRestart(t *testing.T) {
	e := lab.Serve(t, lab.Options{})
	r := lab.StartRegistry(t, lab.RegistryOptions{}, e)
	front := lab.StartRegistryProxy(t, r, e)
	c := connectImages(t, e.Host(), nil)
	id, _ := pushedImage(t, e, r, "app:1", "one")
	front.Inject(lab.Fault{Method: "GET", Path: "/v2/{name}/blobs/{digest}", Hang: true, Times: 2})
	restarted := make(chan error, 1)
	go func() {
		time.Sleep(300 * time.Millisecond)
		restarted <- e.Restart(context.WithoutCancel(t.Context()))
	}()
	got := madeImage(t, c, platform.ContainerImage{Name: front.Ref("app:1")})
	sound(t, <-restarted)
	if *got.ID != id {
		t.Errorf("it is %s", *got.ID)
	}
}

// What containers use stays, and is told.
func TestImageInUse(t *testing.T) {
	e := lab.Serve(t, lab.Options{})
	c := connectImages(t, e.Host(), nil)
	cases := map[string]struct {
		run  []string
		name bool // it keeps its name
		says string
	}{
		"running": {[]string{"run", "-d", "--name", "user"}, false, "lost its name"},
		"stopped": {[]string{"create", "--name", "user"}, true, "used by user"},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			id := lab.Image(t, e, "used:1", lab.ImageOptions{Files: map[string]string{"mark": name}})
			lab.CLI(t, e, append(k.run, "used:1")...)
			var said platform.Warnings
			sound(t, c.ContainerImages.Delete(platform.WithWarnings(t.Context(), &said), &platform.ContainerImage{Meta: platform.Meta{ID: &id}, Name: "used:1"}))
			if w := said.Take(); len(w) != 1 || !strings.Contains(w[0].Err.Error(), k.says) {
				t.Errorf("the warnings are %v", w)
			}
			tags := strings.TrimSpace(lab.CLI(t, e, "inspect", "--format", "{{.RepoTags}}", id))
			if (tags == "[used:1]") != k.name {
				t.Errorf("its names are %s", tags)
			}
			lab.CLI(t, e, "rm", "-f", "user")
			lab.CLI(t, e, "rmi", "-f", id)
		})
	}
}

// One request reads an image.
func TestImageCounts(t *testing.T) {
	e := lab.Serve(t, lab.Options{})
	front := lab.StartProxy(t, e)
	c := connectImages(t, front.Host(), nil)
	id := lab.Image(t, e, "counted:1", lab.ImageOptions{})
	front.Calls()
	sound(t, c.ContainerImages.Read(t.Context(), &platform.ContainerImage{Meta: platform.Meta{ID: &id}, Name: "counted:1"}))
	if calls := front.Calls(); len(calls) != 1 || calls["GET /images/{id}/json"] != 1 {
		t.Errorf("the calls are %v", calls)
	}
}
