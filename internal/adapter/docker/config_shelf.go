package docker

import (
	"context"

	"github.com/moby/moby/api/types/swarm"
	"github.com/moby/moby/client"
)

func (k *configs) what() string { return "config" }

func (k *configs) list(ctx context.Context, f client.Filters) ([]version, error) {
	ctx, cancel := k.brief(ctx)
	defer cancel()
	answer, err := k.client.ConfigList(ctx, client.ConfigListOptions{Filters: f})
	var list []version
	for _, s := range answer.Items {
		list = append(list, configVersion(s))
	}
	return list, err
}

func configVersion(s swarm.Config) version {
	return version{id: s.ID, meta: s.Meta, name: s.Spec.Name, labels: s.Spec.Labels, data: s.Spec.Data, drivers: s.Spec.Templating}
}

func (k *configs) inspect(ctx context.Context, ref string) (version, error) {
	ctx, cancel := k.brief(ctx)
	defer cancel()
	answer, err := k.client.ConfigInspect(ctx, ref, client.ConfigInspectOptions{})
	return configVersion(answer.Config), err
}

func (k *configs) put(ctx context.Context, v version) (string, error) {
	ctx, cancel := k.brief(ctx)
	defer cancel()
	answer, err := k.client.ConfigCreate(ctx, client.ConfigCreateOptions{Spec: swarm.ConfigSpec{
		Annotations: swarm.Annotations{Name: v.name, Labels: v.labels}, Data: v.data, Templating: v.drivers,
	}})
	return answer.ID, err
}

func (k *configs) relabel(ctx context.Context, v version, labels map[string]string) error {
	ctx, cancel := k.brief(ctx)
	defer cancel()
	_, err := k.client.ConfigUpdate(ctx, v.id, client.ConfigUpdateOptions{Version: v.meta.Version, Spec: swarm.ConfigSpec{
		Annotations: swarm.Annotations{Name: v.name, Labels: labels}, Data: v.data, Templating: v.drivers,
	}})
	return err
}

func (k *configs) remove(ctx context.Context, id string) error {
	ctx, cancel := k.brief(ctx)
	defer cancel()
	_, err := k.client.ConfigRemove(ctx, id, client.ConfigRemoveOptions{})
	return err
}

var _ shelf = (*configs)(nil)
