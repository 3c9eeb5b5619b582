package docker

import (
	"context"
	"fmt"
	"slices"

	"github.com/distribution/reference"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// registryRepositories are what registries have under a name. Their stable id is that name.
type registryRepositories struct{ *registries }

var (
	_ platform.Reader[platform.RegistryRepository] = (*registryRepositories)(nil)
	_ platform.Finder[platform.RegistryRepository] = (*registryRepositories)(nil)
)

// repository reads the name of a repository.
func (r *registries) repository(text string) (name.Repository, string, error) {
	named, err := reference.ParseNormalizedNamed(text)
	if err == nil && !reference.IsNameOnly(named) {
		err = fmt.Errorf("%q has a tag or a digest: write registry and repository alone", text)
	}
	if err != nil {
		return name.Repository{}, "", platform.As(platform.ErrInvalid, err)
	}
	host := reference.Domain(named)
	repo, err := name.NewRepository(named.Name(), r.strictness(host)...)
	return repo, canonical(host), err
}

// Read lists the tags, page by page.
func (k *registryRepositories) Read(ctx context.Context, have *platform.RegistryRepository) error {
	repo, host, err := k.repository(*have.ID)
	if err != nil {
		return platform.As(platform.ErrNotFound, err)
	}
	c, err := k.open()
	if err != nil {
		return err
	}
	tags, err := c.puller.List(ctx, repo)
	if err != nil {
		return k.byRegistry("list the tags of", *have.ID, host, err)
	}
	slices.SortFunc(tags, platform.CompareNatural)
	*have = platform.RegistryRepository{Meta: have.Meta, Name: *have.ID, ImageTags: tags}
	have.Native = map[string]string{"registry": host, "repository": repo.RepositoryStr()}
	return nil
}

// Find tells whether there is such a repository; its id is its name as the docker tool shows it.
func (k *registryRepositories) Find(ctx context.Context, ref string) (string, error) {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return "", platform.As(platform.ErrNotFound, err)
	}
	found := platform.RegistryRepository{Meta: platform.Meta{ID: new(reference.FamiliarString(named))}}
	return *found.ID, k.Read(ctx, &found)
}
