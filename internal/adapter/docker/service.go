package docker

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/moby/moby/api/types/swarm"
	"github.com/moby/moby/client"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// services are Swarm's.
type services struct{ *session }

// outpaced is how often an update is tried again when somebody else changed the service meanwhile.
const outpaced = 10

// Create makes a service and waits until it runs as wanted.
func (k *services) Create(ctx context.Context, want *platform.Service, made func(string)) error {
	if err := k.managing(); err != nil {
		return err
	}
	spec := swarm.ServiceSpec{}
	spec.Labels = labelled(nil, map[string]string{labelCreation: newCreation()})
	if err := k.compose(ctx, &spec, &platform.Service{}, want); err != nil {
		return err
	}
	id, err := k.order(ctx, spec)
	if err != nil {
		return err
	}
	made(id)
	if err := k.settle(ctx, id, want, nil); err != nil {
		return err
	}
	return k.complete(ctx, id, want)
}

// order creates the service. The engine asks the registry for the image's digest, so that every node runs the same.
func (k *services) order(ctx context.Context, spec swarm.ServiceSpec) (string, error) {
	op, name := "create the service", spec.Name
	auth, err := k.imageAuth(spec.TaskTemplate.ContainerSpec.Image)
	if err != nil {
		return "", err
	}
	answer, err := k.client.ServiceCreate(ctx, client.ServiceCreateOptions{Spec: spec, EncodedRegistryAuth: auth, QueryRegistry: unpinned(spec.TaskTemplate.ContainerSpec.Image)})
	if err == nil {
		notPinned(ctx, answer.Warnings)
		return answer.ID, nil
	}
	grace, cancel := graceful(ctx)
	defer cancel()
	if answerLost(err) {
		there, found := k.named(grace, name)
		if found == nil && there.Spec.Labels[labelCreation] == spec.Labels[labelCreation] {
			return there.ID, nil
		}
	}
	if nameTaken(err) {
		there, found := k.named(grace, name)
		if found == nil {
			return "", alreadyThere(op, name, there.ID)
		}
	}
	return "", failed(op, name, err)
}

// notPinned tells that the engine could not ask the registry.
func notPinned(ctx context.Context, warnings []string) {
	for _, text := range warnings {
		platform.Warn(ctx, errors.New(text), "image")
	}
}

// unpinned reports whether a reference leaves open which image it means.
func unpinned(image string) bool {
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return true
	}
	_, pinned := named.(reference.Digested)
	return !pinned
}

// imageAuth is what nodes show to the registry of an image.
func (k *services) imageAuth(image string) (string, error) {
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return "", platform.At(platform.As(platform.ErrInvalid, err), "image")
	}
	return k.authHeader(reference.Domain(named))
}

// named finds a service by its name.
func (k *services) named(ctx context.Context, name string) (swarm.Service, error) {
	list, err := k.list(ctx, client.Filters{}.Add("name", name))
	for _, s := range list {
		if s.Spec.Name == name {
			return s, nil
		}
	}
	return swarm.Service{}, cmp.Or(err, platform.As(platform.ErrNotFound, errors.New("no such service")))
}

// Read tells one service, with one request.
func (k *services) Read(ctx context.Context, have *platform.Service) error {
	if err := k.managing(); err != nil {
		return err
	}
	s, err := k.byID(ctx, *have.ID)
	if err != nil {
		return err
	}
	fillService(have, s, platform.Importing(ctx))
	return nil
}

// byID finds a service with the number of its running tasks, which an inspection does not tell.
func (k *services) byID(ctx context.Context, id string) (swarm.Service, error) {
	list, err := k.list(ctx, client.Filters{}.Add("id", id))
	for _, s := range list {
		if s.ID == id {
			return s, nil
		}
	}
	return swarm.Service{}, failed("read the service", id, cmp.Or(err, platform.As(platform.ErrNotFound, errors.New("no such service"))))
}

func (k *services) list(ctx context.Context, f client.Filters) ([]swarm.Service, error) {
	ctx, cancel := k.brief(ctx)
	defer cancel()
	answer, err := k.client.ServiceList(ctx, client.ServiceListOptions{Filters: f, Status: true})
	return answer.Items, err
}

// Update changes what differs and waits until the service runs so. What is not managed stays as it is.
func (k *services) Update(ctx context.Context, prior, want *platform.Service) error {
	if err := k.managing(); err != nil {
		return err
	}
	old, spec, err := k.revise(ctx, prior, want)
	if err != nil {
		return err
	}
	if err := k.settle(ctx, *prior.ID, want, &old); err != nil {
		return err
	}
	if value(want.Wait) || want.Wait == nil {
		if err := k.dropVersions(ctx, old.Spec, spec); err != nil {
			return err
		}
	}
	return k.complete(ctx, *prior.ID, want)
}

// revise sends the new specification. Whoever changes the service at the same time is not overwritten.
func (k *services) revise(ctx context.Context, prior, want *platform.Service) (swarm.Service, swarm.ServiceSpec, error) {
	for try := 1; ; try++ {
		answer, err := k.client.ServiceInspect(ctx, *prior.ID, client.ServiceInspectOptions{})
		old := answer.Service
		if err != nil {
			return old, swarm.ServiceSpec{}, failed("read the service", want.Name, err)
		}
		spec, err := cloned(old.Spec)
		if err == nil {
			err = k.compose(ctx, &spec, prior, want)
		}
		if err != nil {
			return old, spec, err
		}
		auth, err := k.imageAuth(spec.TaskTemplate.ContainerSpec.Image)
		if err != nil {
			return old, spec, err
		}
		done, err := k.client.ServiceUpdate(ctx, old.ID, client.ServiceUpdateOptions{
			Version: old.Version, Spec: spec, EncodedRegistryAuth: auth,
			QueryRegistry: want.Image != prior.Image && unpinned(spec.TaskTemplate.ContainerSpec.Image),
		})
		if outOfSequence(err) && try < outpaced {
			continue
		}
		if err == nil {
			notPinned(ctx, done.Warnings)
		}
		return old, spec, failed("update the service", want.Name, err)
	}
}

// complete fills in what the configuration left open.
func (k *services) complete(ctx context.Context, id string, want *platform.Service) error {
	s, err := k.allotted(ctx, id)
	if err != nil {
		return err
	}
	is := &platform.Service{Ports: want.Ports, Mounts: want.Mounts, Secrets: want.Secrets, Configs: want.Configs}
	fillService(is, s, false)
	want.ID, want.Running, want.Native = is.ID, is.Running, is.Native
	fillOpen(&want.Mode, is.Mode)
	fillOpen(&want.Replicas, is.Replicas)
	for key, p := range want.Ports {
		now := is.Ports[key]
		fillOpen(&p.Protocol, now.Protocol)
		fillOpen(&p.Published, now.Published)
		fillOpen(&p.Mode, now.Mode)
		want.Ports[key] = p
	}
	return nil
}

// allotted finds a service once the swarm has chosen the ports that were left to it, which it does right after a change
// and whether anything runs or not. A swarm that does not is asked no longer than a moment.
func (k *services) allotted(ctx context.Context, id string) (swarm.Service, error) {
	for end := time.Now().Add(10 * time.Second); ; {
		s, err := k.byID(ctx, id)
		if err != nil || !awaitsPorts(s) || time.Now().After(end) {
			return s, err
		}
		select {
		case <-ctx.Done():
			return s, ctx.Err()
		case <-time.After(100 * time.Millisecond): // no event tells of it
		}
	}
}

// awaitsPorts reports whether the swarm has a port to choose.
func awaitsPorts(s swarm.Service) bool {
	if s.Spec.EndpointSpec == nil {
		return false
	}
	return slices.ContainsFunc(s.Spec.EndpointSpec.Ports, func(p swarm.PortConfig) bool {
		mesh := orUsual(p.PublishMode, swarm.PortConfigPublishModeIngress) == swarm.PortConfigPublishModeIngress
		return mesh && p.PublishedPort == 0 && !slices.ContainsFunc(s.Endpoint.Ports, func(e swarm.PortConfig) bool {
			return e.TargetPort == p.TargetPort && e.Protocol == p.Protocol && e.PublishMode == p.PublishMode && e.PublishedPort != 0
		})
	})
}

// Delete removes a service and waits until its containers are gone, so that networks, volumes, secrets and configs are
// free.
func (k *services) Delete(ctx context.Context, have *platform.Service) error {
	if err := k.managing(); err != nil {
		return err
	}
	answer, err := k.client.ServiceInspect(ctx, *have.ID, client.ServiceInspectOptions{})
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return failed("read the service", have.Name, err)
	}
	tasks, err := k.tasks(ctx, *have.ID)
	if err != nil {
		return failed("list the tasks of the service", have.Name, err)
	}
	if _, err := k.client.ServiceRemove(ctx, *have.ID, client.ServiceRemoveOptions{}); err != nil && !cerrdefs.IsNotFound(err) {
		return failed("delete the service", have.Name, err)
	}
	if err := k.drained(ctx, have.Name, tasks); err != nil {
		return err
	}
	return k.dropVersions(ctx, answer.Service.Spec, swarm.ServiceSpec{})
}

// Find takes a name, an id or the beginning of one.
func (k *services) Find(ctx context.Context, ref string) (string, error) {
	if err := k.managing(); err != nil {
		return "", err
	}
	if s, err := k.named(ctx, ref); err == nil || !isNotFound(err) {
		return s.ID, failed("find the service", ref, err)
	}
	list, err := k.list(ctx, client.Filters{}.Add("id", ref))
	if err != nil {
		return "", failed("find the service", ref, err)
	}
	switch len(list) {
	case 0:
		return "", platform.As(platform.ErrNotFound, errors.New("no such service: "+ref))
	case 1:
		return list[0].ID, nil
	}
	several := &platform.AmbiguousError{Ref: ref}
	for _, s := range list {
		several.Matches = append(several.Matches, s.ID)
	}
	return "", several
}

// List tells all services with one request.
func (k *services) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Service], error] {
	return func(yield func(platform.Entry[platform.Service], error) bool) {
		err := k.managing()
		var list []swarm.Service
		if err == nil {
			list, err = k.list(ctx, nil)
		}
		if err != nil {
			yield(platform.Entry[platform.Service]{}, failed("list the services", "", err))
			return
		}
		for _, s := range list {
			fill := func(have *platform.Service) error { fillService(have, s, platform.Importing(ctx)); return nil }
			if !yield(platform.Entry[platform.Service]{ID: s.ID, Name: s.Spec.Name, Fill: fill}, nil) {
				return
			}
		}
	}
}

var (
	_ platform.Lister[platform.Service]  = (*services)(nil)
	_ platform.Finder[platform.Service]  = (*services)(nil)
	_ platform.Planner[platform.Service] = (*services)(nil)
)
