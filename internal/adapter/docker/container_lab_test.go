package docker_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/adapter/docker"
	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/docker"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// dialled opens a connection to an engine or to a proxy in front of it.
func dialled(t *testing.T, host string) *platform.Conn {
	t.Helper()
	d := docker.New()
	c, err := platform.Resolve(d.Settings, map[string]any{"host": host, "config_dir": t.TempDir()}, platform.Source{
		Block: d.Name, Name: "main", Env: func(string) (string, bool) { return "", false },
	})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := d.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// TestContainerAnswersLost loses the answer of every call that makes or starts something: there is one container, and it
// runs.
func TestContainerAnswersLost(t *testing.T) {
	e := lab.Serve(t, lab.Options{})
	lab.Image(t, e, "lab/server:1", lab.ImageOptions{})
	p := lab.StartProxy(t, e)
	conn := dialled(t, p.Host())
	for _, path := range []string{"/containers/create", "/containers/{id}/start"} {
		p.Inject(lab.Fault{Method: "POST", Path: path, Times: 1, Lose: true})
	}
	var made []string
	want := &platform.Container{Name: "web", ImageID: "lab/server:1"}
	if err := conn.Containers.Create(t.Context(), want, func(id string) { made = append(made, id) }); err != nil {
		t.Fatal(err)
	}
	if got := strings.Fields(lab.CLI(t, e, "ps", "--quiet", "--no-trunc")); len(made) != 1 || len(got) != 1 || got[0] != made[0] || *want.Power != platform.PowerOn {
		t.Errorf("made %v, running %v, power %v", made, got, *want.Power)
	}
	p.Inject(lab.Fault{Method: "POST", Path: "/containers/create", Times: 1, Lose: true})
	var exists *platform.ExistsError
	err := conn.Containers.Create(t.Context(), &platform.Container{Name: "web", ImageID: "lab/server:1"}, func(string) { t.Error("another one was made") })
	if err == nil || errors.As(err, &exists) {
		t.Errorf("the refusal was lost, but the error is %v", err)
	}
}

// TestContainerWaits ends waiting when the deadline comes, saying what was seen, and soon when it is cancelled.
func TestContainerWaits(t *testing.T) {
	e := lab.Serve(t, lab.Options{})
	lab.Image(t, e, "lab/checked:1", lab.ImageOptions{HealthCheck: 200 * time.Millisecond, Env: map[string]string{"SERVER_HEALTH": "after:3s"}})
	conn := dialled(t, e.Host())
	healthy := func(name string) *platform.Container {
		return &platform.Container{
			Name: name, ImageID: "lab/checked:1", WaitFor: &platform.ContainerWait{State: new(platform.WaitHealthy)},
			HealthCheck: &platform.HealthCheck{Retries: new(int64(100))},
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	err := conn.Containers.Create(ctx, healthy("late"), func(string) {})
	var timeout *platform.TimeoutError
	if !errors.As(err, &timeout) || !strings.Contains(timeout.Seen, "not yet") {
		t.Errorf("the error is %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	time.AfterFunc(time.Second, stop)
	began := time.Now()
	err = conn.Containers.Create(ctx, healthy("cancelled"), func(string) {})
	if took := time.Since(began); !errors.Is(err, context.Canceled) || took > 2*time.Second {
		t.Errorf("cancelled after a second, it ended after %s with %v", took, err)
	}
	began = time.Now()
	if err := conn.Containers.Create(t.Context(), healthy("healthy"), func(string) {}); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("healthy after three seconds, it was noticed after %s", took)
	}
}

// TestContainerFound finds a container by all that people call it.
func TestContainerFound(t *testing.T) {
	e := lab.Serve(t, lab.Options{})
	lab.Image(t, e, "lab/server:1", lab.ImageOptions{})
	id := strings.TrimSpace(lab.CLI(t, e, "create", "--name", "web", "lab/server:1"))
	finder, ok := dialled(t, e.Host()).Containers.(platform.Finder[platform.Container])
	if !ok {
		t.Fatal("containers cannot be found")
	}
	for _, ref := range []string{"web", "/web", id, id[:12], id[:4]} {
		if got, err := finder.Find(t.Context(), ref); err != nil || got != id {
			t.Errorf("%s is %s, %v", ref, got, err)
		}
	}
	if _, err := finder.Find(t.Context(), "nothing"); !errors.Is(err, platform.ErrNotFound) {
		t.Errorf("nothing: %v", err)
	}
	for range 16 { // by then two begin with the same digit
		lab.CLI(t, e, "create", "lab/server:1")
	}
	var several *platform.AmbiguousError
	found := false
	for _, digit := range "0123456789abcdef" {
		_, err := finder.Find(t.Context(), string(digit))
		found = found || errors.As(err, &several)
	}
	if !found {
		t.Error("no beginning of an id is ambiguous")
	}
}
