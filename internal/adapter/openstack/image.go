package openstack

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"net/url"
	"slices"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// images are those of glance. Their stable id is the image's UUID.
type images struct{ *session }

var (
	_ platform.Resource[platform.Image] = (*images)(nil)
	_ platform.Lister[platform.Image]   = (*images)(nil)
	_ platform.Finder[platform.Image]   = (*images)(nil)
	_ platform.Planner[platform.Image]  = (*images)(nil)
)

// Read fills have.
func (g *images) Read(ctx context.Context, have *platform.Image) error {
	i, err := g.glanceImage(ctx, value(have.ID))
	if err != nil {
		return failed("read the image", value(have.ID), err)
	}
	i.fill(have)
	return nil
}

// fill is the one translation from an image of glance. What it was made from is known to nobody.
func (i *glanceImage) fill(have *platform.Image) {
	own := have.OpenStack
	*have = platform.Image{Meta: have.Meta, Name: i.Name, Format: unless("", i.Format)}
	have.ID = &i.ID
	have.Tags = tagMap(i.Tags)
	have.Size, have.CreatedAt = unless(0, i.bytes()), unless("", i.CreatedAt)
	have.Native = i.native()
	have.OpenStack = i.own(own)
}

// own is what only images of glance have; managed names the properties that are.
func (i *glanceImage) own(managed *platform.OpenStackImage) *platform.OpenStackImage {
	own := &platform.OpenStackImage{
		Visibility: unless("", i.Visibility), Protected: &i.Protected, Hidden: &i.Hidden, Container: unless("", i.Container),
		MinDisk: new(platform.Size(i.MinDisk) * platform.GiB), MinMemory: new(platform.Size(i.MinRAM) * platform.MiB),
	}
	if managed == nil || managed.Properties == nil {
		return own
	}
	own.Properties = map[string]string{}
	for key := range managed.Properties {
		if v, there := i.Properties[key]; there {
			own.Properties[key] = v
		}
	}
	return own
}

// native is what tells an image from others of its name, and never changes.
func (i *glanceImage) native() map[string]string {
	told := map[string]string{"owner": i.Owner, "container_format": i.Container}
	if i.HashValue != "" {
		told[cmp.Or(i.HashAlgo, "hash")] = i.HashValue
	}
	return told
}

// complete fills in what was left open.
func (i *glanceImage) complete(want *platform.Image) {
	want.ID, want.Native = &i.ID, i.native()
	want.Size, want.CreatedAt = unless(0, i.bytes()), unless("", i.CreatedAt)
	fillOpen(&want.Format, unless("", i.Format))
}

// List gives the images that the project sees, without hidden ones.
func (g *images) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Image], error] {
	return func(yield func(platform.Entry[platform.Image], error) bool) {
		c, err := g.client(serviceImage)
		if err != nil {
			yield(platform.Entry[platform.Image]{}, err)
			return
		}
		for i, err := range pages[*glanceImage](ctx, c, "images", "images", url.Values{"limit": {"1000"}}) {
			if err != nil {
				yield(platform.Entry[platform.Image]{}, failed("list the images of", g.endpoint(), err))
				return
			}
			fill := func(have *platform.Image) error { i.fill(have); return nil }
			if !yield(platform.Entry[platform.Image]{ID: i.ID, Name: i.Name, Fill: fill}, nil) {
				return
			}
		}
	}
}

// Find resolves an id or a name; hidden images are found where no other has the name.
func (g *images) Find(ctx context.Context, ref string) (string, error) {
	if isUUID(ref) {
		if i, err := g.glanceImage(ctx, ref); err == nil {
			return i.ID, nil
		} else if !isNotFound(err) {
			return "", failed("find the image", ref, err)
		}
	}
	var list []*glanceImage
	var err error
	for _, hidden := range []string{"false", "true"} {
		if list, err = g.glanceImages(ctx, url.Values{"name": {ref}, "os_hidden": {hidden}}); err != nil || len(list) > 0 {
			break
		}
	}
	if err != nil {
		return "", failed("find the image", ref, err)
	}
	if own := slices.DeleteFunc(slices.Clone(list), func(i *glanceImage) bool { return i.Owner != g.project }); len(own) > 0 {
		list = own // administrators see everybody's
	}
	return onlyMatch("image", ref, list, func(i *glanceImage) string { return i.ID })
}

// Update changes what differs, by one request.
func (g *images) Update(ctx context.Context, prior, want *platform.Image) error {
	id := value(prior.ID)
	i, err := g.glanceImage(ctx, id)
	if err == nil {
		i, err = g.editImage(ctx, id, append(i.edits(want, prior), i.retagged(prior.Tags, want.Tags)...))
	}
	if err != nil {
		return failed("change the image", cmp.Or(want.Name, id), blamedImage(err, want))
	}
	i.complete(want)
	return nil
}

// Delete removes an image, with the snapshots of volumes that nova made for it of a machine that boots from one.
func (g *images) Delete(ctx context.Context, have *platform.Image) error {
	id := value(have.ID)
	i, err := g.glanceImage(ctx, id)
	if err == nil {
		err = g.removeImage(ctx, i)
	}
	if isNotFound(err) {
		return nil
	}
	return failed("delete the image", cmp.Or(have.Name, id), err)
}

// removeImage deletes an image and what belongs to it alone.
func (s *session) removeImage(ctx context.Context, i *glanceImage) error {
	if i.Protected {
		return platform.As(platform.ErrConflict, &platform.OpError{
			Op: "delete the image", On: i.Name, Err: errors.New("it is protected"), Hint: "Set openstack.protected = false and apply that first",
		})
	}
	if i.Properties[propMachine] != "" {
		if err := s.dropVolumeSnapshots(ctx, i); err != nil {
			return err
		}
	}
	c, err := s.client(serviceImage)
	if err != nil {
		return err
	}
	return remove(ctx, c, "images/"+i.ID)
}
