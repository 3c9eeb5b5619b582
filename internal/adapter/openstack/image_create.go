package openstack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/source"
)

// bare is the container of an image that is not wrapped.
const bare = "bare"

// Create makes an image of a file, of what lies at a URL, or of a machine.
func (g *images) Create(ctx context.Context, want *platform.Image, made func(id string)) error {
	if err := g.imageNameFree(ctx, want.Name); err != nil {
		return failed("make the image", want.Name, err)
	}
	way := g.transfer
	switch {
	case want.MachineID != nil:
		way = g.capture
	case want.Source == nil:
		err := errors.New("an image needs a source, or the machine_id of a machine that it is made from")
		return platform.At(platform.As(platform.ErrInvalid, err), "source")
	}
	i, err := way(ctx, want, made)
	if err != nil {
		return failed("make the image", want.Name, blamedImage(err, want))
	}
	i.complete(want)
	return nil
}

// transfer makes an image of a source. One that did not get whole is deleted.
func (g *images) transfer(ctx context.Context, want *platform.Image, made func(id string)) (*glanceImage, error) {
	b, err := g.bringer(ctx, want)
	if err != nil {
		return nil, err
	}
	defer b.close()
	id, err := g.register(ctx, want, b.format)
	if err != nil {
		return nil, err
	}
	made(id)
	want.ID = &id
	if err := b.bring(ctx, id); err != nil {
		g.dropImage(ctx, id)
		return nil, err
	}
	return g.finish(ctx, id, want)
}

// finish clears the mark of a creation that has not ended, and sets what would have been in its way before.
func (g *images) finish(ctx context.Context, id string, want *platform.Image) (*glanceImage, error) {
	edits := []edit{replaced("tags", tagList(want.Tags))}
	if value(value(want.OpenStack).Protected) {
		edits = append(edits, replaced("protected", true))
	}
	if value(value(want.OpenStack).Hidden) {
		edits = append(edits, replaced("os_hidden", true))
	}
	return g.editImage(ctx, id, edits)
}

// register makes the image without its content.
func (g *images) register(ctx context.Context, want *platform.Image, format string) (string, error) {
	c, err := g.client(serviceImage)
	if err != nil {
		return "", err
	}
	own, birth := value(want.OpenStack), newBirth()
	spec := map[string]any{}
	for key, v := range own.Properties {
		spec[key] = v
	}
	maps.Copy(spec, map[string]any{
		"name": want.Name, "disk_format": format, "container_format": cmp.Or(value(own.Container), bare),
		"visibility": cmp.Or(value(own.Visibility), private),
		"min_disk":   int64(value(own.MinDisk) / platform.GiB), "min_ram": int64(value(own.MinMemory) / platform.MiB),
		"tags": tagList(want.Tags, markUnfinished, birth),
	})
	got := &glanceImage{}
	err = post(ctx, c, "images", spec, got)
	if unanswered(ctx, err) && g.imageBorn(ctx, want.Name, got, func(i *glanceImage) bool { return slices.Contains(i.Tags, birth) }) {
		err = nil
	}
	return got.ID, err
}

// imageBorn looks for an image whose creation was not answered.
func (s *session) imageBorn(ctx context.Context, name string, into *glanceImage, is func(*glanceImage) bool) bool {
	return sought(ctx, func(ctx context.Context) bool {
		list, err := s.glanceImages(ctx, s.owned(url.Values{"name": {name}}))
		n := slices.IndexFunc(list, is)
		if err != nil || n < 0 {
			return false
		}
		*into = *list[n]
		return true
	})
}

// private is the visibility of an image of which nobody says another.
const private = "private"

// goal is the value that an attribute is to have: what is wanted, or the default where it was given before and is not any
// more. Otherwise nobody minds.
func goal[T any](want, prior *T, none T) (T, bool) {
	if want != nil {
		return *want, true
	}
	return none, prior != nil
}

// edits lists what differs between an image and what is wanted, but for its tags.
func (i *glanceImage) edits(want, prior *platform.Image) []edit {
	var list []edit
	if i.Name != want.Name {
		list = append(list, replaced("name", want.Name))
	}
	own, old := value(want.OpenStack), value(prior.OpenStack)
	if v, told := goal(own.Visibility, old.Visibility, private); told && v != i.Visibility {
		list = append(list, replaced("visibility", v))
	}
	if v, told := goal(own.Protected, old.Protected, false); told && v != i.Protected {
		list = append(list, replaced("protected", v))
	}
	if v, told := goal(own.Hidden, old.Hidden, false); told && v != i.Hidden {
		list = append(list, replaced("os_hidden", v))
	}
	if v, told := goal(own.MinDisk, old.MinDisk, 0); told && int64(v/platform.GiB) != i.MinDisk {
		list = append(list, replaced("min_disk", int64(v/platform.GiB)))
	}
	if v, told := goal(own.MinMemory, old.MinMemory, 0); told && int64(v/platform.MiB) != i.MinRAM {
		list = append(list, replaced("min_ram", int64(v/platform.MiB)))
	}
	return append(list, i.reproperty(old.Properties, own.Properties)...)
}

// reproperty lists what differs in the properties that are managed.
func (i *glanceImage) reproperty(prior, want map[string]string) []edit {
	var list []edit
	for _, key := range platform.Keys(want) {
		if v, there := i.Properties[key]; !there || v != want[key] {
			list = append(list, property("add", key, want[key]))
		}
	}
	for _, key := range platform.Keys(prior) {
		_, stays := want[key]
		if _, there := i.Properties[key]; there && !stays {
			list = append(list, property("remove", key, nil))
		}
	}
	return list
}

// retagged is the change of the tags, none where nobody manages them. Marks of ours stay.
func (i *glanceImage) retagged(prior, want map[string]string) []edit {
	if prior == nil && want == nil {
		return nil
	}
	tags := want
	if want == nil {
		tags = tagMap(i.Tags)
		for key := range prior {
			delete(tags, key)
		}
	}
	list := tagList(tags, marksOf(i.Tags)...)
	if is := slices.Sorted(slices.Values(i.Tags)); slices.Equal(is, list) {
		return nil
	}
	return []edit{replaced("tags", list)}
}

// blamedImage ties a refusal to what it is about.
func blamedImage(err error, want *platform.Image) error {
	text := strings.ToLower(plain(err).Error())
	switch {
	case statusOf(err) == http.StatusForbidden && !isQuota(&answer{status: http.StatusForbidden, text: text}) && value(value(want.OpenStack).Visibility) != "":
		return platform.At(failed("make the image visible as "+*want.OpenStack.Visibility, want.Name, err), "openstack", "visibility")
	case strings.Contains(text, "disk_format"):
		return platform.At(failed("make the image", want.Name, err), "format")
	}
	return err
}

// Plan refuses what glance would refuse, and what nobody could verify.
func (g *images) Plan(_ context.Context, p *platform.Plan[platform.Image]) error {
	errs := []error{checkTags(p.Want.Tags, 255, "")}
	refuse := func(text string, path ...string) {
		errs = append(errs, platform.At(platform.As(platform.ErrInvalid, errors.New(text)), path...))
	}
	want, own := p.Want, value(p.Want.OpenStack)
	if p.Prior == nil && p.Left("source") && p.Left("machine_id") {
		refuse("an image needs a source, or the machine_id of a machine that it is made from", "source")
	}
	if want.Source != nil && want.MachineID != nil {
		refuse("an image is made from a source or from a machine", "machine_id")
	}
	if want.MachineID != nil && p.Prior == nil && want.Format != nil {
		refuse("the compute service chooses the format of an image that is made from a machine: leave it out", "format")
	}
	if value(own.WebDownload) && p.Prior == nil {
		if want.Checksum != nil {
			refuse("what the service fetches itself cannot be verified here: leave out checksum, or set web_download = false", "openstack", "web_download")
		}
		if p.Known("source") && !source.IsURL(value(want.Source)) {
			refuse("the service fetches a URL alone, and source is a file of this machine", "openstack", "web_download")
		}
	}
	for _, key := range platform.Keys(own.Properties) {
		if slices.Contains(imageFields(), key) || strings.HasPrefix(key, "os_glance") || strings.HasPrefix(key, ours) {
			errs = append(errs, platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("%q is no property but a field of images, or reserved", key)), "openstack", "properties", key))
		}
	}
	return errors.Join(errs...)
}
