package platformtest

import (
	"github.com/terraform-virt/terraform-provider-virt/internal/kind"
)

// containerImageSubject is made of images that a person put into a registry: the platform's own values name them.
func containerImageSubject() *subject {
	k := newSubject(kind.ContainerImage())
	built := func(b *Bench, n int) Config {
		return Config{"context": b.Folder(map[string]string{"Dockerfile": "FROM scratch\nCOPY a /\n", "a": b.Name()}), "secrets_wo_version": n}
	}
	k.values = Values{
		"references": Of(
			[]any{func(b *Bench) any { return b.Name() + ":a" }},
			[]any{func(b *Bench) any { return b.Name() + ":b" }, func(b *Bench) any { return b.Name() + ":c" }},
		),
		"build.secrets_wo": {
			Old: Config{"token": "one"}, New: Config{"token": "two"}, Alone: true,
			With: Config{"build": func(b *Bench) any { return built(b, 1) }}, NewWith: Config{"build": Config{"secrets_wo_version": 2}},
		},
		"build.secrets_wo_version": {
			Old: 1, New: 2, Alone: true,
			With: Config{"build": func(b *Bench) any { return built(b, 1) }}, Gone: Config{"build": Config{"secrets_wo": nil}},
		},
	}
	k.update = []string{"references"}
	k.byHand = []string{"references"}
	return k
}

// registryImageSubject is pushed from the store of an engine; the platform's own values say to which registry.
func registryImageSubject() *subject {
	k := newSubject(kind.RegistryImage())
	k.values = Values{"image_id": Of(Other("container_image", 0), Other("container_image", 1))}
	k.minimal = func(b *Bench) Config { return Config{"image_id": b.Other("container_image", 0)} }
	k.update = []string{"image_id"}
	k.byHand = []string{"image_id"}
	return k
}

// registryRepositorySubject is data about the repositories that are given: no registry lists what it has to anybody.
func registryRepositorySubject() *subject {
	k := newDataSubject(kind.RegistryRepository())
	k.cases = []test{
		{"rows", (*Bench).dataRows},
		{"found", func(b *Bench) {
			var there []named
			for _, id := range b.Given[b.kind.name] {
				there = append(there, named{id, id})
			}
			if len(there) == 0 {
				b.t.Fatal("the suite's Given names no repository")
			}
			b.dataFound(there)
		}},
		{"nothing", (*Bench).dataNothing},
	}
	return k
}
