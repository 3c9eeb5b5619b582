package sandbox

import (
	"os"
	"strings"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// TestContainerLife makes a container, changes it, edits its file and imports it.
func TestContainerLife(t *testing.T) {
	l := newLab(t, "", nil)
	app := l.network(&platform.Network{Name: "app"})
	data := &platform.Volume{Name: "data", Labels: platform.Labels{Tags: map[string]string{"role": "db"}}}
	must(t, l.Volumes.Create(t.Context(), data, func(string) {}))
	c := &platform.Container{
		Name: "web", ImageID: "nginx:1.27", Env: map[string]string{"A": "1"}, EnvWO: map[string]string{"PASSWORD": "hush"},
		Memory:      new(64 * platform.MiB),
		Ports:       map[string]platform.ContainerPort{"http": {Port: 80}, "https": {Port: 443, HostPort: new(int64(8443))}},
		Mounts:      map[string]platform.ContainerMount{"data": {Target: "/data", VolumeID: data.ID}},
		Networks:    map[string]platform.ContainerNetwork{"app": {NetworkID: *app.ID}},
		HealthCheck: &platform.HealthCheck{Command: []string{"true"}, Retries: new(int64(3))},
	}
	must(t, l.Containers.Create(t.Context(), c, func(string) {}))
	if p := c.Ports["http"]; *p.Protocol != "tcp" || p.HostPort == nil || p.ID == nil || *c.Power != platform.PowerOn || len(c.Addresses) != 1 || c.ExitCode != nil {
		t.Errorf("made: %+v, port %+v", c, p)
	}
	have := func() *platform.Container {
		return &platform.Container{Meta: platform.Meta{ID: c.ID}, Ports: map[string]platform.ContainerPort{"http": {ID: c.Ports["http"].ID}}}
	}
	got := have()
	must(t, l.Containers.Read(t.Context(), got))
	same(t, got.Ports, map[string]platform.ContainerPort{"http": c.Ports["http"]})
	same(t, got.EnvWO, map[string]string(nil))

	want := *c
	want.Power, want.Memory, want.HealthCheck, want.ExitCode, want.Addresses = new(platform.PowerOff), nil, nil, nil, nil
	want.Ports = map[string]platform.ContainerPort{"www": {Port: 8080, ID: c.Ports["http"].ID}}
	prior := *c
	prior.Ports = map[string]platform.ContainerPort{"www": c.Ports["http"], "https": c.Ports["https"]} // an imported element under its new key
	must(t, l.Containers.Update(t.Context(), &prior, &want))
	same(t, *want.ExitCode, int64(0))
	imported := &platform.Container{Meta: platform.Meta{ID: c.ID}}
	must(t, l.Containers.Read(platform.WithImporting(t.Context()), imported))
	if len(imported.Ports) != 1 || imported.Ports["www"].Port != 8080 || imported.Memory != nil || imported.HealthCheck != nil || imported.Env["A"] != "1" {
		t.Errorf("after the update: %+v", imported)
	}
	l.edit("container", c.ID, func(doc map[string]any) {
		told, _ := doc["attributes"].(map[string]any)
		told["env"] = map[string]any{"A": "2"}
	})
	must(t, l.Containers.Read(t.Context(), imported))
	same(t, imported.Env["A"], "2")
	l.edit("container", c.ID, func(doc map[string]any) { doc["attributes"] = map[string]any{"imagge": "x"} })
	fails(t, l.Containers.Read(t.Context(), have()), platform.ErrInvalid, "")
	must(t, os.Remove(l.dir+"/container/"+*c.ID+".json"))
	must(t, l.Containers.Delete(t.Context(), have()))
}

// TestContainerRefused refers to what is not there.
func TestContainerRefused(t *testing.T) {
	l := newLab(t, "", nil)
	for path, c := range map[string]*platform.Container{
		"mounts.data.volume_id":   {Mounts: map[string]platform.ContainerMount{"data": {Target: "/data", VolumeID: new("gone")}}},
		"networks.app.network_id": {Networks: map[string]platform.ContainerNetwork{"app": {NetworkID: "gone"}}},
	} {
		c.Name, c.ImageID = "web", "nginx"
		fails(t, l.Containers.Create(t.Context(), c, func(string) {}), platform.ErrNotFound, path)
	}
}

// TestContainerThatEnds waits for the end of a container.
func TestContainerThatEnds(t *testing.T) {
	l := newLab(t, "", nil)
	c := &platform.Container{Name: "job", ImageID: "job", WaitFor: &platform.ContainerWait{State: new(platform.WaitExited)}}
	must(t, l.Containers.Create(t.Context(), c, func(string) {}))
	same(t, []any{*c.Power, *c.ExitCode, len(c.Addresses)}, []any{platform.PowerOff, int64(0), 0})
}

// TestImageIDs follow from what is in an image, and pushed ones show which image lies there.
func TestImageIDs(t *testing.T) {
	l := newLab(t, "", nil)
	image := func(hash string) *platform.ContainerImage {
		i := &platform.ContainerImage{Name: "app:1", SourceHash: &hash, Keep: new(true)}
		must(t, l.ContainerImages.Create(t.Context(), i, func(string) {}))
		must(t, l.ContainerImages.Delete(t.Context(), i))
		return i
	}
	one, again, other := image("a"), image("a"), image("b") // kept ones make room for the next of the name
	if *one.ID != *again.ID || *one.ID == *other.ID {
		t.Errorf("ids %s, %s, %s", *one.ID, *again.ID, *other.ID)
	}
	must(t, l.ContainerImages.Read(t.Context(), other))
	pushed := &platform.RegistryImage{Name: "registry.example.net/app:1", ImageID: one.ID}
	must(t, l.RegistryImages.Create(t.Context(), pushed, func(string) {}))
	want := *pushed
	want.ImageID, want.Digest = other.ID, nil
	must(t, l.RegistryImages.Update(t.Context(), pushed, &want))
	if *want.Digest == *pushed.Digest {
		t.Error("another image has the same digest")
	}
	must(t, l.RegistryImages.Create(t.Context(), &platform.RegistryImage{Name: "registry.example.net/app:0", ImageID: one.ID}, func(string) {}))
	repository := &platform.RegistryRepository{Meta: platform.Meta{ID: new("registry.example.net/app")}}
	must(t, l.RegistryRepositories.Read(t.Context(), repository))
	same(t, repository.ImageTags, []string{"0", "1"})
}

// TestSecretVersions change with the value, and no file has it.
func TestSecretVersions(t *testing.T) {
	l := newLab(t, "", nil)
	s := &platform.Secret{Name: "s", ValueWO: new("hush"), ValueWOVersion: new(int64(1))}
	must(t, l.Secrets.Create(t.Context(), s, func(string) {}))
	tagged := *s
	tagged.ValueWO, tagged.Tags = nil, map[string]string{"a": "b"}
	must(t, l.Secrets.Update(t.Context(), s, &tagged))
	same(t, *tagged.VersionID, *s.VersionID)
	changed := tagged
	changed.ValueWO, changed.VersionID = new("other"), nil
	must(t, l.Secrets.Update(t.Context(), &tagged, &changed))
	if *changed.VersionID == *s.VersionID {
		t.Error("another value has the same version")
	}
	b, err := os.ReadFile(l.dir + "/secret/" + *s.ID + ".json")
	must(t, err)
	if strings.Contains(string(b), "other") || strings.Contains(string(b), "hush") {
		t.Errorf("the file has the value:\n%s", b)
	}
	config := &platform.ConfigFile{Name: "c", Value: new("one")}
	must(t, l.Configs.Create(t.Context(), config, func(string) {}))
	service := &platform.Service{
		Name: "web", Image: "app:1", Replicas: new(int64(3)), Configs: map[string]platform.ServiceConfig{"app.conf": {ConfigID: *config.VersionID}},
		Ports: map[string]platform.ServicePort{"http": {Port: 80}},
	}
	must(t, l.Services.Create(t.Context(), service, func(string) {}))
	same(t, []any{*service.Running, *service.Configs["app.conf"].Target, *service.Ports["http"].Mode}, []any{int64(3), "/app.conf", "ingress"})
}
