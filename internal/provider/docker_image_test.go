package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/docker"
)

const imageChain = `
resource "virt_container_image" "app" {
  name       = "app:1"
  references = ["app:latest"]
  build {
    context            = "APP"
    args               = { VERSION = "1" }
    secrets_wo         = { token = "sesame-31" }
    secrets_wo_version = 1
  }
}
resource "virt_registry_image" "app" {
  name     = "REGISTRY/team/app:1"
  image_id = virt_container_image.app.id
}
data "virt_registry_repository" "app" {
  name       = "REGISTRY/team/app"
  depends_on = [virt_registry_image.app]
}
output "tags" { value = data.virt_registry_repository.app.image_tags }
output "digest" { value = virt_registry_image.app.digest }
`

// imageFolder is a folder to build from; a step of the build needs the secret.
func imageFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	addServer(t, dir)
	text := "FROM scratch\nARG VERSION\nLABEL version=$VERSION\nCOPY . /\nRUN --mount=type=secret,id=token,required [\"/server\", \"echo\", \"done\"]\n"
	for name, content := range map[string]string{"Dockerfile": text, "page": "one", ".dockerignore": "*.log\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestDockerImageChain builds, pushes, changes what is built from, and pulls what was pushed with another engine.
func TestDockerImageChain(t *testing.T) {
	e := docker.Serve(t, docker.Options{})
	r := docker.StartRegistry(t, docker.RegistryOptions{}, e)
	dir := imageFolder(t)
	config := dockerBlock(e.Host(), t.TempDir()) + strings.NewReplacer("APP", dir, "REGISTRY", r.Address).Replace(imageChain)
	w := newWorkspace(t, config)
	w.must(0, apply()...)
	w.nothing()
	w.hides(filepath.Join(w.Dir, "terraform.tfstate"), "sesame-31")
	first := w.resource("virt_container_image.app").text("id")

	w.edit(filepath.Join(dir, "build.log"), "noise") // named in .dockerignore
	w.nothing()
	w.edit(filepath.Join(dir, "page"), "two")
	p := w.must(2, "plan", "-detailed-exitcode")
	w.says(p, "virt_container_image.app must be replaced", "source_hash", "virt_registry_image.app will be updated in-place")
	w.must(0, apply()...)
	w.nothing()
	second := w.resource("virt_container_image.app").text("id")
	if first == second {
		t.Error("the image is the same")
	}
	if all := docker.CLI(t, e, "images", "-q", "--no-trunc"); strings.Contains(all, first) {
		t.Errorf("the first image is still there:\n%s", all)
	}

	other := docker.Serve(t, docker.Options{})
	other.Reach(t, r.Address)
	pulled := docker.CLI(t, other, "pull", r.Ref("team/app:1"))
	if !strings.Contains(pulled, w.resource("virt_registry_image.app").text("digest")) {
		t.Errorf("another engine pulls:\n%s", pulled)
	}
	if is := strings.TrimSpace(docker.CLI(t, other, "inspect", "--format", "{{.Id}} {{.Config.Labels.version}}", r.Ref("team/app:1"))); is != second+" 1" {
		t.Errorf("it got %s", is)
	}

	docker.CLI(t, other, "build", "-t", r.Ref("team/app:1"), "--label", "by=somebody", otherFolder(t))
	docker.CLI(t, other, "push", r.Ref("team/app:1"))
	p = w.must(2, "plan", "-detailed-exitcode")
	w.says(p, "virt_registry_image.app will be updated in-place", "image_id")
	w.must(0, apply()...)
	w.nothing()
	w.must(0, "destroy", "-auto-approve")
	if left := strings.TrimSpace(docker.CLI(t, e, "images", "-q")); left != "" {
		t.Errorf("images are left: %s", left)
	}
}

// otherFolder is a folder from which the classic builder can build.
func otherFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM scratch\nLABEL somebody=else\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func (w *workspace) edit(file, text string) {
	w.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
}

const pulledImage = `
data "virt_registry_image" "app" { name = "REGISTRY/app:1" }
resource "virt_container_image" "app" {
  name    = "REGISTRY/app:1"
  digest  = data.virt_registry_image.app.digest
  os_arch = "linux/x86_64"
}
resource "virt_container" "web" {
  name     = "web"
  image_id = virt_container_image.app.id
}
`

// TestDockerImagePinned follows a tag by the digest that it means, and a container follows the image.
func TestDockerImagePinned(t *testing.T) {
	e := docker.Serve(t, docker.Options{})
	r := docker.StartRegistry(t, docker.RegistryOptions{}, e)
	publish := func(mark string) string {
		t.Helper()
		id := docker.Image(t, e, r.Ref("app:1"), docker.ImageOptions{Files: map[string]string{"mark": mark}})
		docker.CLI(t, e, "push", r.Ref("app:1"))
		return id
	}
	one := publish("one")
	docker.CLI(t, e, "rmi", r.Ref("app:1"))
	w := newWorkspace(t, dockerBlock(e.Host(), t.TempDir())+strings.ReplaceAll(pulledImage, "REGISTRY", r.Address))
	w.must(0, apply()...)
	w.nothing()
	if is := w.resource("virt_container_image.app").text("id"); is != one {
		t.Errorf("it is %s", is)
	}
	two := publish("two") // the tag in the engine moves with it
	docker.CLI(t, e, "rmi", r.Ref("app:1"))
	p := w.must(2, "plan", "-detailed-exitcode")
	w.says(p, "virt_container_image.app must be replaced", "virt_container.web must be replaced")
	w.must(0, apply()...)
	w.nothing()
	if is := strings.TrimSpace(docker.CLI(t, e, "inspect", "--format", "{{.Image}}", "web")); is != two {
		t.Errorf("the container is made of %s", is)
	}
	w.must(0, "destroy", "-auto-approve")
}

// TestDockerImageImport takes over what docker pull made: the configuration that Terraform writes plans nothing.
func TestDockerImageImport(t *testing.T) {
	e := docker.Serve(t, docker.Options{})
	r := docker.StartRegistry(t, docker.RegistryOptions{}, e)
	docker.Image(t, e, r.Ref("app:1"), docker.ImageOptions{})
	docker.CLI(t, e, "push", r.Ref("app:1"))
	docker.CLI(t, e, "rmi", r.Ref("app:1"))
	docker.CLI(t, e, "pull", r.Ref("app:1"))
	docker.CLI(t, e, "tag", r.Ref("app:1"), "also:1")
	w := newWorkspace(t, dockerBlock(e.Host(), t.TempDir())+`
import {
  to = virt_container_image.app
  id = "dc1/`+r.Ref("app:1")+`"
}
import {
  to = virt_registry_image.app
  id = "dc1/`+r.Ref("app:1")+`"
}
`)
	w.must(0, "plan", "-generate-config-out=generated.tf")
	w.must(0, apply()...)
	w.nothing()
	got := w.resource("virt_container_image.app")
	if got.text("name") != r.Ref("app:1") || got.text("source_hash") != "" {
		t.Errorf("it is imported as %s", got.text("name"))
	}
}

// TestDockerImageErrors are those that a user meets first.
func TestDockerImageErrors(t *testing.T) {
	e := docker.Serve(t, docker.Options{})
	r := docker.StartRegistry(t, docker.RegistryOptions{User: "ci", Password: "secret"}, e)
	image := func(lines string) string { return "resource \"virt_container_image\" \"x\" {\n" + lines + "\n}\n" }
	cases := map[string]struct {
		config string
		args   []string
		says   []string
	}{
		"no such folder":  {image("name = \"x:1\"\nbuild { context = \"/nowhere\" }"), plan(), []string{"/nowhere", "no such file"}},
		"no context":      {image("name = \"x:1\"\nbuild { target = \"x\" }"), plan(), []string{"Needed: the folder to build from"}},
		"no name":         {image(`name = "App:1"`), plan(), []string{"is no name of an image"}},
		"a digest there":  {image(`name = "x@sha256:` + strings.Repeat("0", 64) + `"`), plan(), []string{"the digest in the attribute digest"}},
		"no architecture": {image("name = \"x:1\"\nos_arch = \"arm64\""), plan(), []string{"linux/amd64 or linux/arm/v7"}},
		"no credentials":  {image(`name = "` + r.Ref("x:1") + `"`), apply(), []string{"wants credentials and there are none", "registries"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorkspace(t, dockerBlock(e.Host(), t.TempDir())+c.config)
			w.fails(c.args, c.says...)
		})
	}
}
