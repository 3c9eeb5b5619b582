package docker

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/moby/moby/api/types/container"
)

// imageDefaults remembers what images fill in. An image's id is that of its content, so that nothing here ever changes.
type imageDefaults struct {
	mu   sync.Mutex
	byID map[string]*imageDefault
}

// imageDefault is what an image fills into a container that does not say it.
type imageDefault struct {
	env, labels               map[string]string
	entrypoint, cmd           []string
	user, workingDir, stopSig string
	health                    *container.HealthConfig
	volumes                   []string
}

// defaultsOf asks for an image once. One that is gone fills in nothing that anybody could know of.
func (k *containers) defaultsOf(ctx context.Context, id string) (*imageDefault, error) {
	k.images.mu.Lock()
	defer k.images.mu.Unlock()
	if d := k.images.byID[id]; d != nil {
		return d, nil
	}
	ctx, cancel := k.brief(ctx)
	defer cancel()
	d := &imageDefault{}
	answer, err := k.client.ImageInspect(ctx, id)
	switch {
	case isNotFound(err):
	case err != nil:
		return nil, failed("read the image", id, err)
	case answer.Config != nil:
		c := answer.Config
		d = &imageDefault{
			env: paired(c.Env), labels: c.Labels, entrypoint: c.Entrypoint, cmd: c.Cmd, user: c.User, workingDir: c.WorkingDir,
			stopSig: c.StopSignal, health: c.Healthcheck, volumes: slices.Sorted(maps.Keys(c.Volumes)),
		}
	}
	if k.images.byID == nil {
		k.images.byID = map[string]*imageDefault{}
	}
	k.images.byID[id] = d
	return d, nil
}

// filledBy finds what the image of a container filled in. Without labels of somebody's, a refresh needs none of it.
func (k *containers) filledBy(ctx context.Context, c *container.InspectResponse, importing bool) (*imageDefault, error) {
	foreign := func(label string) bool { return !strings.HasPrefix(label, labelPrefix) }
	if !importing && !slices.ContainsFunc(slices.Collect(maps.Keys(c.Config.Labels)), foreign) {
		return &imageDefault{}, nil
	}
	return k.defaultsOf(ctx, c.Image)
}
