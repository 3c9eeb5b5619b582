package docker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/distribution/reference"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// registryImages are images in registries. Their stable id is their name, with its registry and its tag.
type registryImages struct{ *registries }

var (
	_ platform.Resource[platform.RegistryImage] = (*registryImages)(nil)
	_ platform.Finder[platform.RegistryImage]   = (*registryImages)(nil)
	_ platform.Planner[platform.RegistryImage]  = (*registryImages)(nil)
)

// imagePlace is a name in a registry in the spellings of those who need it.
type imagePlace struct {
	named reference.NamedTagged
	ref   name.Tag
	host  string // as credentials are kept
}

// placeOf reads a name: with or without registry and tag.
func (r *registries) placeOf(text string) (imagePlace, error) {
	named, err := parseName(text)
	if err != nil {
		return imagePlace{}, err
	}
	p := imagePlace{named: named, host: canonical(reference.Domain(named))}
	p.ref, err = name.NewTag(named.String(), r.strictness(reference.Domain(named))...)
	if err != nil {
		return p, platform.As(platform.ErrInvalid, err)
	}
	return p, nil
}

// Read asks the registry what the tag means now.
func (k *registryImages) Read(ctx context.Context, have *platform.RegistryImage) error {
	p, err := k.placeOf(*have.ID)
	if err != nil {
		return platform.As(platform.ErrNotFound, fmt.Errorf("%q is no name in a registry: %w", *have.ID, err))
	}
	got, err := k.manifest(ctx, p)
	if err != nil {
		return err
	}
	id, meta := *have.ID, have.Meta
	*have = platform.RegistryImage{Meta: meta, Name: id}
	return k.fill(ctx, p, got, have)
}

// manifest fetches the manifest that a tag means.
func (k *registryImages) manifest(ctx context.Context, p imagePlace) (*remote.Descriptor, error) {
	c, err := k.open()
	if err != nil {
		return nil, err
	}
	got, err := c.puller.Get(ctx, p.ref)
	return got, k.byRegistry("read the image", p.ref.Name(), p.host, err)
}

// fill is the one translation from a manifest.
func (k *registryImages) fill(ctx context.Context, p imagePlace, got *remote.Descriptor, have *platform.RegistryImage) error {
	have.Digest = new(got.Digest.String())
	have.Native = map[string]string{"media_type": string(got.MediaType), "size": fmt.Sprint(got.Size)}
	var err error
	switch {
	case got.MediaType.IsIndex():
		have.OSArch, err = platformsOf(got)
	case got.MediaType.IsImage():
		have.ImageID, have.OSArch, err = k.contentOf(ctx, p, got)
	}
	if err == nil && k.contentStore() {
		have.ImageID = have.Digest
	}
	return k.byRegistry("read the image", p.ref.Name(), p.host, err)
}

// contentStore reports whether the engine keeps images in containerd's store, where their id is that of the manifest.
func (s *session) contentStore() bool {
	return slices.ContainsFunc(s.info.DriverStatus, func(pair [2]string) bool {
		return pair[0] == "driver-type" && strings.HasPrefix(pair[1], "io.containerd.snapshotter")
	})
}

// platformsOf lists for what an index holds images.
func platformsOf(got *remote.Descriptor) ([]string, error) {
	index, err := got.ImageIndex()
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, m := range manifest.Manifests {
		if m.Platform != nil && m.Platform.OS != "unknown" { // those are attestations
			found[spellPlatform(m.Platform.OS, m.Platform.Architecture, m.Platform.Variant)] = true
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// contentOf is the id of an image's content and for what it is.
func (k *registryImages) contentOf(ctx context.Context, p imagePlace, got *remote.Descriptor) (*string, []string, error) {
	c, err := k.open()
	if err != nil {
		return nil, nil, err
	}
	image, err := got.Image()
	if err != nil {
		return nil, nil, err
	}
	config, err := image.ConfigName()
	if err != nil {
		return nil, nil, err
	}
	id := config.String()
	if known, ok := c.platforms.Load(id); ok {
		text, _ := known.(string)
		return &id, []string{text}, nil
	}
	blob, err := c.puller.Layer(ctx, p.ref.Context().Digest(id))
	if err != nil {
		return &id, nil, err
	}
	reader, err := blob.Compressed()
	if err != nil {
		return &id, nil, err
	}
	defer reader.Close()
	file, err := v1.ParseConfigFile(reader)
	if err != nil {
		return &id, nil, err
	}
	text := spellPlatform(file.OS, file.Architecture, file.Variant)
	c.platforms.Store(id, text)
	return &id, []string{text}, nil
}

// Find tells whether there is such an image; its id is its name in full.
func (k *registryImages) Find(ctx context.Context, ref string) (string, error) {
	p, err := k.placeOf(ref)
	if err != nil {
		return "", platform.As(platform.ErrNotFound, err)
	}
	c, err := k.open()
	if err != nil {
		return "", err
	}
	if _, err := c.puller.Head(ctx, p.ref); err != nil {
		return "", k.byRegistry("find the image", p.ref.Name(), p.host, err)
	}
	return spellName(ref), nil
}

// spellName is how the id of an image in a registry is spelled: as the docker tool shows it.
func spellName(text string) string {
	named, err := parseName(text)
	if err != nil {
		return text
	}
	return reference.FamiliarString(named)
}

// Plan refuses what is no name.
func (k *registryImages) Plan(_ context.Context, p *platform.Plan[platform.RegistryImage]) error {
	if !p.Known("name") {
		return nil
	}
	named, err := parseName(p.Want.Name)
	if err == nil && spellName(p.Want.Name) != p.Want.Name {
		err = platform.As(platform.ErrInvalid, fmt.Errorf("%q has to be written in full: %s", p.Want.Name, reference.FamiliarString(named)))
	}
	var errs []error
	errs = append(errs, platform.At(err, "name"))
	return errors.Join(errs...)
}
