package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/distribution/reference"
	"github.com/moby/moby/api/types/image"
	"github.com/moby/moby/api/types/jsonstream"
	"github.com/moby/moby/client"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// pull fetches the image from its registry and fills in its digest.
func (k *containerImages) pull(ctx context.Context, want *platform.ContainerImage) (id string, err error) {
	name, err := parseName(want.Name)
	if err != nil {
		return "", err
	}
	host := canonical(reference.Domain(name))
	from := name.String()
	if want.Digest != nil {
		from = name.Name() + "@" + *want.Digest
	}
	header, err := k.authHeader(host)
	if err != nil {
		return "", err
	}
	options := client.ImagePullOptions{RegistryAuth: header}
	if want.OSArch != nil {
		wanted, err := parsePlatform(*want.OSArch)
		if err != nil {
			return "", err
		}
		options.Platforms = []ocispec.Platform{wanted}
	}
	digest := ""
	err = persist(ctx, func() error {
		stream, err := k.client.ImagePull(ctx, from, options)
		if err != nil {
			return err
		}
		digest, err = pulled(ctx, stream)
		return err
	})
	if err != nil {
		return "", k.byRegistry("pull the image", from, host, err)
	}
	return k.settle(ctx, want, from, digest)
}

// pulled reads the stream of a pull to its end, which is where errors are. It gives the digest of the manifest, where
// the stream tells it.
func pulled(ctx context.Context, stream client.ImagePullResponse) (digest string, err error) {
	defer stream.Close()
	for m, err := range stream.JSONMessages(ctx) {
		if err != nil {
			return "", err
		}
		if m.Error != nil {
			return "", m.Error
		}
		if found, ok := strings.CutPrefix(m.Status, "Digest: "); ok {
			digest = strings.TrimSpace(found)
		}
	}
	return digest, ctx.Err()
}

// settle finds what was pulled. Another name may have been given to it meanwhile, so that the digest counts.
func (k *containerImages) settle(ctx context.Context, want *platform.ContainerImage, from, digest string) (string, error) {
	exact := from
	if name, err := parseName(want.Name); err == nil && digest != "" && want.Digest == nil {
		exact = name.Name() + "@" + digest
	}
	got, err := k.inspect(ctx, exact)
	if isNotFound(err) && exact != from { // Podman does not keep it under what it says
		got, err = k.inspect(ctx, from)
	}
	if err != nil {
		return "", err
	}
	if err := fitting(want.OSArch, got); err != nil {
		return "", errors.Join(err, k.takeNames(ctx, got.ID, []string{want.Name}))
	}
	if want.Digest == nil {
		want.Digest = manifestDigest(got, want.Name)
		if digest != "" {
			want.Digest = &digest
		}
	}
	return got.ID, nil
}

// fitting demands that an image is for what was asked: an engine takes the only one that a registry has.
func fitting(wanted *string, got image.InspectResponse) error {
	if wanted == nil {
		return nil
	}
	var o platform.OSArch
	if is := spellPlatform(got.Os, got.Architecture, got.Variant); o.UnmarshalText([]byte(*wanted)) == nil && is != o.String() {
		return platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("the image is for %s", is)), "os_arch")
	}
	return nil
}

// parsePlatform reads linux/arm64/v8.
func parsePlatform(text string) (ocispec.Platform, error) {
	var o platform.OSArch
	if err := o.UnmarshalText([]byte(text)); err != nil {
		return ocispec.Platform{}, platform.At(platform.As(platform.ErrInvalid, err), "os_arch")
	}
	return ocispec.Platform{OS: o.OS, Architecture: o.Arch, Variant: o.Variant}, nil
}

// spellPlatform writes a platform without what is understood anyway.
func spellPlatform(os, arch, variant string) string {
	return platform.NewOSArch(os, arch, variant).String()
}

// streamed reads a stream of the engine to its end and hands every message to see. An error in the stream is the answer.
func streamed(ctx context.Context, decode func() (jsonstream.Message, error), see func(jsonstream.Message)) error {
	for {
		m, err := decode()
		switch {
		case errors.Is(err, io.EOF):
			return ctx.Err()
		case err != nil && ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return err
		case m.Error != nil:
			return m.Error
		}
		see(m)
	}
}
