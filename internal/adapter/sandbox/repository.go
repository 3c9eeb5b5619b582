package sandbox

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// repositories implements [platform.Reader] for what registry images lie in. The id of a repository is its name.
type repositories struct {
	*store
	images *table[record[platform.RegistryImage], *record[platform.RegistryImage]]
}

func (s *repositories) call(verb, id string) call { return call{verb, "registry_repository", "", id} }

// tags gives the tags of each repository, sorted.
func (s *repositories) tags(ctx context.Context) (map[string][]string, error) {
	list, err := s.images.all(ctx)
	all := map[string][]string{}
	for _, n := range list {
		if at := strings.LastIndex(n.Name, ":"); at >= 0 {
			name := n.Name[:at]
			all[name] = append(all[name], n.Name[at+1:])
			slices.Sort(all[name])
		}
	}
	return all, err
}

func (s *repositories) show(name string, tags []string, have *platform.RegistryRepository) {
	have.ID, have.Name, have.ImageTags = &name, name, tags
	have.Native = map[string]string{"dir": s.dir}
}

// look begins a call and finds the repository that it is about.
func (s *repositories) look(ctx context.Context, verb, name string) ([]string, error) {
	c := s.call(verb, name)
	if err := s.begin(ctx, c); err != nil {
		return nil, c.failed(err)
	}
	all, err := s.tags(ctx)
	if err == nil && all[name] == nil {
		err = platform.As(platform.ErrNotFound, fmt.Errorf("no image was pushed to %q", name))
	}
	return all[name], c.failed(err)
}

// Read fills have; see [platform.Reader].
func (s *repositories) Read(ctx context.Context, have *platform.RegistryRepository) error {
	name := deref(have.ID)
	tags, err := s.look(ctx, "read", name)
	if err != nil {
		return err
	}
	s.show(name, tags, have)
	return nil
}

// Find takes the name; see [platform.Finder].
func (s *repositories) Find(ctx context.Context, ref string) (string, error) {
	_, err := s.look(ctx, "find", ref)
	return ref, err
}

// List gives every repository; see [platform.Lister].
func (s *repositories) List(ctx context.Context) iter.Seq2[platform.Entry[platform.RegistryRepository], error] {
	return func(yield func(platform.Entry[platform.RegistryRepository], error) bool) {
		c := s.call("list", "")
		err := s.begin(ctx, c)
		all := map[string][]string{}
		if err == nil {
			all, err = s.tags(ctx)
		}
		if err != nil {
			yield(platform.Entry[platform.RegistryRepository]{}, c.failed(err))
			return
		}
		for _, name := range platform.Keys(all) {
			fill := func(have *platform.RegistryRepository) error { s.show(name, all[name], have); return nil }
			if !yield(platform.Entry[platform.RegistryRepository]{ID: name, Name: name, Fill: fill}, nil) {
				return
			}
		}
	}
}
