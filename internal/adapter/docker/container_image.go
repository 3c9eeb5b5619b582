package docker

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/distribution/reference"
	"github.com/moby/moby/api/types/image"
	"github.com/moby/moby/client"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// containerImages are the images of the engine. Their stable id is that of their content.
type containerImages struct {
	*session
	sought sync.Map // id to the name by which an import found it
}

var (
	_ platform.Resource[platform.ContainerImage] = (*containerImages)(nil)
	_ platform.Lister[platform.ContainerImage]   = (*containerImages)(nil)
	_ platform.Finder[platform.ContainerImage]   = (*containerImages)(nil)
	_ platform.Planner[platform.ContainerImage]  = (*containerImages)(nil)
)

// nameless is what the docker tool calls an image without a name.
const nameless = "<none>"

// inspect looks at an image by any spelling.
func (k *containerImages) inspect(ctx context.Context, ref string) (image.InspectResponse, error) {
	ctx, cancel := k.brief(ctx)
	defer cancel()
	got, err := k.client.ImageInspect(ctx, ref)
	return got.InspectResponse, failed("read the image", ref, err)
}

// named looks at the image that a name means. Written out, it is not taken for the beginning of an id.
func (k *containerImages) named(ctx context.Context, name string) (image.InspectResponse, error) {
	parsed, err := parseName(name)
	if err != nil {
		return image.InspectResponse{}, err
	}
	return k.inspect(ctx, parsed.String())
}

// Read fills have.
func (k *containerImages) Read(ctx context.Context, have *platform.ContainerImage) error {
	got, err := k.inspect(ctx, *have.ID)
	if err != nil {
		return err
	}
	k.fill(ctx, got, have)
	return nil
}

// fill is the one translation from an image of the engine's.
func (k *containerImages) fill(ctx context.Context, got image.InspectResponse, have *platform.ContainerImage) {
	bound := *have
	*have = platform.ContainerImage{Meta: have.Meta}
	have.ID = &got.ID
	fillImageNames(ctx, got, have, bound, k.soughtName(got.ID))
	have.Digest = bound.Digest // what it was pulled by is a fact of the past
	if platform.Importing(ctx) && have.Digest == nil {
		have.Digest = manifestDigest(got, have.Name)
	}
	have.OSArch = new(spellPlatform(got.Os, got.Architecture, got.Variant))
	have.Size = new(platform.Size(got.Size))
	if got.Created != "" && !strings.HasPrefix(got.Created, "0001-") {
		have.CreatedAt = &got.Created
	}
	have.Native = imageNative(got)
}

// fillImageNames says which of the names that the state knows the image has; on an import all that it has.
func fillImageNames(ctx context.Context, got image.InspectResponse, have *platform.ContainerImage, bound platform.ContainerImage, sought string) {
	has := func(name string) bool {
		return slices.ContainsFunc(got.RepoTags, func(tag string) bool { return sameName(tag, name) })
	}
	tags := slices.Sorted(slices.Values(slices.DeleteFunc(slices.Clone(got.RepoTags), func(tag string) bool { return strings.HasPrefix(tag, nameless) })))
	have.Name = nameless
	switch {
	case bound.Name != "" && has(bound.Name):
		have.Name = bound.Name
	case bound.Name == "" && sought != "" && has(sought):
		have.Name = sought
	case bound.Name == "" && len(tags) > 0:
		have.Name = tags[0]
	}
	for _, name := range bound.References {
		if has(name) {
			have.References = append(have.References, name)
		}
	}
	if !platform.Importing(ctx) {
		return
	}
	have.References = nil
	for _, tag := range tags {
		if !sameName(tag, have.Name) {
			have.References = append(have.References, tag)
		}
	}
}

// soughtName is the name by which an import found the image.
func (k *containerImages) soughtName(id string) string {
	name, _ := k.sought.Load(id)
	text, _ := name.(string)
	return text
}

// manifestDigest is the digest of the manifest under which the image came from the name's repository, else from any.
func manifestDigest(got image.InspectResponse, name string) *string {
	own, err := parseName(name)
	var other *string
	for _, digested := range slices.Sorted(slices.Values(got.RepoDigests)) {
		named, digest, found := strings.Cut(digested, "@")
		if !found {
			continue
		}
		other = &digest
		if repo, errRepo := reference.ParseNormalizedNamed(named); err == nil && errRepo == nil && repo.Name() == own.Name() {
			return &digest
		}
	}
	return other
}

// imageNative is what the engine says of an image beyond the shared attributes.
func imageNative(got image.InspectResponse) map[string]string {
	native := map[string]string{"layers": fmt.Sprint(len(got.RootFS.Layers))}
	add := func(key, value string) {
		if value != "" {
			native[key] = value
		}
	}
	add("author", got.Author)
	add("comment", got.Comment)
	if got.Config != nil {
		add("user", got.Config.User)
		add("working_dir", got.Config.WorkingDir)
		add("stop_signal", got.Config.StopSignal)
		add("entrypoint", strings.Join(got.Config.Entrypoint, " "))
		add("command", strings.Join(got.Config.Cmd, " "))
		ports := platform.Keys(got.Config.ExposedPorts)
		add("ports", strings.Join(ports, " "))
	}
	return native
}

// List gives every image that has a name: one request for all, and one for each.
func (k *containerImages) List(ctx context.Context) iter.Seq2[platform.Entry[platform.ContainerImage], error] {
	return func(yield func(platform.Entry[platform.ContainerImage], error) bool) {
		found, err := k.all(ctx)
		if err != nil {
			yield(platform.Entry[platform.ContainerImage]{}, err)
			return
		}
		for _, got := range found {
			var named platform.ContainerImage
			k.fill(ctx, got, &named)
			fill := func(have *platform.ContainerImage) error { k.fill(ctx, got, have); return nil }
			if !yield(platform.Entry[platform.ContainerImage]{ID: got.ID, Name: named.Name, Fill: fill}, nil) {
				return
			}
		}
	}
}

// all reads every image that has a name, several at a time.
func (k *containerImages) all(ctx context.Context) ([]image.InspectResponse, error) {
	brief, cancel := k.brief(ctx)
	defer cancel()
	list, err := k.client.ImageList(brief, client.ImageListOptions{})
	if err != nil {
		return nil, failed("list the images of", k.route.where(), err)
	}
	var ids []string
	for _, item := range list.Items {
		if slices.ContainsFunc(item.RepoTags, func(tag string) bool { return !strings.HasPrefix(tag, nameless) }) {
			ids = append(ids, item.ID)
		}
	}
	found, errs := make([]image.InspectResponse, len(ids)), make([]error, len(ids))
	var wait sync.WaitGroup
	slots := make(chan struct{}, parallel)
	for i, id := range ids {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			found[i], errs[i] = k.inspect(ctx, id)
		})
	}
	wait.Wait()
	there := found[:0]
	for i, got := range found {
		if errs[i] != nil && !isNotFound(errs[i]) {
			return nil, errs[i]
		}
		if errs[i] == nil {
			there = append(there, got)
		}
	}
	return there, nil
}

// Find takes a name, an id or the beginning of one.
func (k *containerImages) Find(ctx context.Context, ref string) (string, error) {
	got, err := k.inspect(ctx, ref)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(got.RepoTags, func(tag string) bool { return sameName(tag, ref) }) {
		k.sought.Store(got.ID, ref)
	}
	return got.ID, nil
}

// Plan refuses what is no name, and what Podman cannot build with.
func (k *containerImages) Plan(_ context.Context, p *platform.Plan[platform.ContainerImage]) error {
	var errs []error
	if p.Known("name") {
		_, err := parseName(p.Want.Name)
		errs = append(errs, platform.At(err, "name"))
	}
	if p.Known("references") {
		for _, name := range p.Want.References {
			_, err := parseName(name)
			errs = append(errs, platform.At(err, "references"))
		}
	}
	if b := p.Want.Build; b != nil && k.podman && (b.SecretsWO != nil || b.SecretsWOVersion != nil) {
		err := platform.As(platform.ErrUnsupported, errors.New("not supported here: Podman's compatible API takes no secrets for builds; build with Docker"))
		errs = append(errs, platform.At(err, "build", "secrets_wo"))
	}
	return errors.Join(errs...)
}
