package docker

import (
	"context"

	"github.com/moby/moby/api/types/swarm"
	"github.com/moby/moby/client"
)

func (k *secrets) what() string { return "secret" }

func (k *secrets) list(ctx context.Context, f client.Filters) ([]version, error) {
	ctx, cancel := k.brief(ctx)
	defer cancel()
	answer, err := k.client.SecretList(ctx, client.SecretListOptions{Filters: f})
	var list []version
	for _, s := range answer.Items {
		list = append(list, secretVersion(s))
	}
	return list, err
}

func secretVersion(s swarm.Secret) version {
	return version{id: s.ID, meta: s.Meta, name: s.Spec.Name, labels: s.Spec.Labels, drivers: s.Spec.Templating}
}

func (k *secrets) inspect(ctx context.Context, ref string) (version, error) {
	ctx, cancel := k.brief(ctx)
	defer cancel()
	answer, err := k.client.SecretInspect(ctx, ref, client.SecretInspectOptions{})
	return secretVersion(answer.Secret), err
}

func (k *secrets) put(ctx context.Context, v version) (string, error) {
	ctx, cancel := k.brief(ctx)
	defer cancel()
	answer, err := k.client.SecretCreate(ctx, client.SecretCreateOptions{Spec: swarm.SecretSpec{
		Annotations: swarm.Annotations{Name: v.name, Labels: v.labels}, Data: v.data, Templating: v.drivers,
	}})
	return answer.ID, err
}

func (k *secrets) relabel(ctx context.Context, v version, labels map[string]string) error {
	ctx, cancel := k.brief(ctx)
	defer cancel()
	_, err := k.client.SecretUpdate(ctx, v.id, client.SecretUpdateOptions{Version: v.meta.Version, Spec: swarm.SecretSpec{
		Annotations: swarm.Annotations{Name: v.name, Labels: labels}, Templating: v.drivers,
	}})
	return err
}

func (k *secrets) remove(ctx context.Context, id string) error {
	ctx, cancel := k.brief(ctx)
	defer cancel()
	_, err := k.client.SecretRemove(ctx, id, client.SecretRemoveOptions{})
	return err
}

var _ shelf = (*secrets)(nil)
