package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/moby/moby/client"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Create pushes the image. A tag that is there already is nobody's to overwrite silently.
func (k *registryImages) Create(ctx context.Context, want *platform.RegistryImage, made func(string)) error {
	p, err := k.placeOf(want.Name)
	if err != nil {
		return platform.At(err, "name")
	}
	defer k.alone("push " + p.ref.Name())()
	c, err := k.open()
	if err != nil {
		return err
	}
	_, err = c.puller.Head(ctx, p.ref)
	if err == nil {
		return failed("push the image", want.Name, &platform.ExistsError{Name: want.Name, ID: want.Name})
	}
	if err = k.byRegistry("look for the image", want.Name, p.host, err); !isNotFound(err) {
		return err
	}
	return k.publish(ctx, p, want, func() {
		want.ID = new(want.Name)
		made(want.Name)
	})
}

// Update pushes another image under the same name.
func (k *registryImages) Update(ctx context.Context, _, want *platform.RegistryImage) error {
	p, err := k.placeOf(want.Name)
	if err != nil {
		return platform.At(err, "name")
	}
	defer k.alone("push " + p.ref.Name())()
	c, err := k.open()
	if err != nil {
		return err
	}
	if _, err := c.puller.Head(ctx, p.ref); err != nil { // what is gone is made by a creation
		return k.byRegistry("look for the image", want.Name, p.host, err)
	}
	return k.publish(ctx, p, want, func() {})
}

// publish pushes and reads what came of it.
func (k *registryImages) publish(ctx context.Context, p imagePlace, want *platform.RegistryImage, made func()) error {
	if want.ImageID == nil {
		return platform.At(platform.As(platform.ErrInvalid, errors.New("needed: the image to push")), "image_id")
	}
	if err := k.pushAs(ctx, p, *want.ImageID, want.Name); err != nil {
		return err
	}
	made()
	got, err := k.manifest(ctx, p)
	if err != nil {
		return err
	}
	seen := platform.RegistryImage{Meta: want.Meta, Name: want.Name}
	if err := k.fill(ctx, p, got, &seen); err != nil {
		return err
	}
	want.Digest, want.OSArch, want.Native = seen.Digest, seen.OSArch, seen.Native
	return nil
}

// pushAs lets the engine push an image under a name, which the image has to have there for that long.
func (k *registryImages) pushAs(ctx context.Context, p imagePlace, id, name string) (err error) {
	images := &containerImages{session: k.session}
	before, err := images.named(ctx, name)
	was := before.ID
	if err != nil && !isNotFound(err) {
		return err
	}
	if was != id {
		if err := images.giveName(ctx, id, name); err != nil {
			return platform.At(err, "image_id")
		}
		defer func() {
			ctx, cancel := k.after(ctx)
			defer cancel()
			err = errors.Join(err, k.giveBack(ctx, images, was, id, name))
		}()
	}
	header, err := k.authHeader(p.host)
	if err != nil {
		return err
	}
	err = persist(ctx, func() error {
		err := k.push(ctx, p, header)
		if errors.Is(registryClass(err), platform.ErrUnreachable) && k.arrived(ctx, p, id) {
			return nil
		}
		return err
	})
	return k.byRegistry("push the image", name, p.host, err)
}

// arrived looks whether an image came to the registry although the answer was lost.
func (k *registryImages) arrived(ctx context.Context, p imagePlace, id string) bool {
	var seen platform.RegistryImage
	got, err := k.manifest(ctx, p)
	return err == nil && k.fill(ctx, p, got, &seen) == nil && value(seen.ImageID) == id
}

// giveBack gives the name back to the image that had it, or to nobody. The image stays, whatever other names it has.
func (k *registryImages) giveBack(ctx context.Context, images *containerImages, was, id, name string) error {
	if was != "" {
		return images.giveName(ctx, was, name)
	}
	got, err := images.inspect(ctx, id)
	if err != nil || len(got.RepoTags) < 2 {
		return err // it would go with its last name
	}
	return images.takeNames(ctx, id, []string{name})
}

// push pushes once.
func (k *registryImages) push(ctx context.Context, p imagePlace, header string) error {
	stream, err := k.client.ImagePush(ctx, p.named.String(), client.ImagePushOptions{RegistryAuth: header})
	if err != nil {
		return err
	}
	defer stream.Close()
	pushed := false
	for m, err := range stream.JSONMessages(ctx) {
		if err != nil {
			return err
		}
		if m.Error != nil {
			return m.Error
		}
		var aux struct{ Digest string }
		if m.Aux != nil && json.Unmarshal(*m.Aux, &aux) == nil && aux.Digest != "" || strings.Contains(m.Status, "digest: sha256:") {
			pushed = true
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if !pushed && !k.podman {
		return errors.New("unexpected EOF: the engine ended the push without a word about its end")
	}
	return nil
}

// Delete deletes the manifest by its digest, unless the tag means another one by now.
func (k *registryImages) Delete(ctx context.Context, have *platform.RegistryImage) error {
	if have.Keep != nil && *have.Keep {
		return nil
	}
	p, err := k.placeOf(*have.ID)
	if err != nil {
		return err
	}
	c, err := k.open()
	if err != nil {
		return err
	}
	now, err := c.puller.Head(ctx, p.ref)
	if err != nil {
		if err = k.byRegistry("look for the image", *have.ID, p.host, err); isNotFound(err) {
			return nil
		}
		return err
	}
	if have.Digest != nil && now.Digest.String() != *have.Digest {
		platform.Warn(ctx, fmt.Errorf("%s stays in the registry: somebody else pushed %s there, which replaced %s", *have.ID, now.Digest, *have.Digest))
		return nil
	}
	err = k.byRegistry("delete the image", *have.ID, p.host, c.pusher.Delete(ctx, p.ref.Digest(now.Digest.String())))
	switch {
	case isNotFound(err):
		return nil
	case errors.Is(err, platform.ErrUnsupported):
		return platform.As(platform.ErrUnsupported, &platform.OpError{
			Op: "delete the image", On: *have.ID, Err: errors.New("the registry " + p.host + " lets nothing be deleted"),
			Hint: "Set keep = true to leave it there, or allow deletions in the registry's configuration",
		})
	}
	return err
}
