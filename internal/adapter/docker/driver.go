// Package docker is the adapter for container engines that speak the Docker Engine API: Docker itself, with or without
// Swarm, and Podman as far as its compatible API goes; and for the registries that their images come from. It speaks to
// the engine through Moby's client and to registries through go-containerregistry.
package docker

import (
	"context"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// readAhead is how many objects are read singly before one list serves the rest.
const readAhead = 3

// New gives the platform as data.
func New() platform.Driver {
	return platform.Driver{
		Name:       "docker",
		Title:      "Docker",
		Doc:        "Containers, images, networks and volumes of a Docker engine 20.10 or later, services, secrets and configs of a Swarm, and images in registries. Podman by its compatible API, for what that has.",
		Settings:   settings(),
		Conformant: true,
		Traits: map[string]platform.Traits{
			"container": containerTraits(),
			"network":   networkTraits(),
			"volume":    volumeTraits(),
			"host":      hostTraits(),

			"container_image":     containerImageTraits(),
			"registry_image":      registryImageTraits(),
			"registry_repository": registryRepositoryTraits(),

			"service": serviceTraits(),
			"secret":  secretTraits(),
			"config":  configTraits(),

			"join_token":     joinTokenTraits(),
			"registry_token": registryTokenTraits(),
		},
		Ahead: readAhead,
		Open:  open,
	}
}

// open connects once; everything of the connection shares it.
func open(ctx context.Context, c platform.Config) (*platform.Conn, error) {
	s, err := openSession(ctx, c)
	if err != nil {
		return nil, err
	}
	r := newRegistries(s)
	return &platform.Conn{
		Endpoint:             s.info.ID,
		Containers:           &containers{session: s},
		Networks:             &networks{s},
		Volumes:              &volumes{s},
		Hosts:                &hosts{s},
		ContainerImages:      &containerImages{session: s},
		RegistryImages:       &registryImages{r},
		RegistryRepositories: &registryRepositories{r},
		Services:             &services{s},
		Secrets:              &secrets{s},
		Configs:              &configs{s},
		RegistryTokens:       &registryTokens{r},
		JoinTokens:           &joinTokens{s},
		Close:                s.close,
	}, nil
}
