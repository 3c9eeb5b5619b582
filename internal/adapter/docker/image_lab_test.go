package docker_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/adapter/docker"
	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/docker"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// connectImages opens a connection with settings of the test's own.
func connectImages(t *testing.T, host string, more map[string]any) *platform.Conn {
	t.Helper()
	given := map[string]any{"host": host, "config_dir": t.TempDir()}
	maps.Copy(given, more)
	d := docker.New()
	config, err := platform.Resolve(d.Settings, given, platform.Source{Block: d.Name, Name: "lab", Env: func(string) (string, bool) { return "", false }})
	sound(t, err)
	conn, err := d.Open(t.Context(), config)
	sound(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func sound(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// madeImage makes an image by the adapter and reads it back.
func madeImage(t *testing.T, c *platform.Conn, want platform.ContainerImage) platform.ContainerImage {
	t.Helper()
	made := ""
	if err := c.ContainerImages.Create(t.Context(), &want, func(id string) { made = id }); err != nil {
		t.Fatal(err)
	}
	if made == "" || want.ID == nil || *want.ID != made {
		t.Fatalf("it was made as %q and is %v", made, want.ID)
	}
	return want
}

// pushedImage is an image of the registry that the engine does not have.
func pushedImage(t *testing.T, e *lab.Engine, r *lab.Registry, name, mark string) (id, digest string) {
	t.Helper()
	ref := r.Ref(name)
	id = lab.Image(t, e, ref, lab.ImageOptions{Files: map[string]string{"mark": mark}})
	lab.CLI(t, e, "push", ref)
	digest = strings.TrimSpace(lab.CLI(t, e, "inspect", "--format", "{{index .RepoDigests 0}}", ref))
	lab.CLI(t, e, "rmi", ref)
	_, digest, _ = strings.Cut(digest, "@")
	return id, digest
}

// refusal demands an error of a class that says some things, and gives it.
func refusal(t *testing.T, err, class error, says ...string) string {
	t.Helper()
	if err == nil || class != nil && !errors.Is(err, class) {
		t.Fatalf("the error is %v, of the class %v: %t", err, class, errors.Is(err, class))
	}
	for _, text := range says {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("the error does not say %q: %v", text, err)
		}
	}
	return err.Error()
}

// buildFolder makes a folder to build from.
func buildFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		at := filepath.Join(dir, name)
		sound(t, os.MkdirAll(filepath.Dir(at), 0o755))
		sound(t, os.WriteFile(at, []byte(content), 0o755))
	}
	return dir
}

// secondEngine is another engine that reaches a registry.
func secondEngine(t *testing.T, registry string) *lab.Engine {
	t.Helper()
	e := lab.Serve(t, lab.Options{})
	e.Reach(t, registry)
	return e
}
