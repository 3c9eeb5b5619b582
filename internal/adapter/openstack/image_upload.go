package openstack

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/source"
)

// bringer brings the content of an image to glance, in one way or the other.
type bringer struct {
	format string
	bring  func(ctx context.Context, id string) error
	close  func()
}

// bringer chooses the way: the service fetches a URL itself where it can and nothing is to be verified; otherwise it goes
// through here.
func (g *images) bringer(ctx context.Context, want *platform.Image) (*bringer, error) {
	from := value(want.Source)
	fetched, err := g.fetched(ctx, want)
	if err != nil {
		return nil, err
	}
	if fetched {
		return &bringer{
			format: cmp.Or(value(want.Format), formatOfName(from)),
			bring:  func(ctx context.Context, id string) error { return g.download(ctx, id, want) },
			close:  func() {},
		}, nil
	}
	c, err := openContent(ctx, from, value(want.Checksum))
	if err != nil {
		return nil, err
	}
	return &bringer{
		format: cmp.Or(value(want.Format), c.format()),
		bring:  func(ctx context.Context, id string) error { return g.upload(ctx, id, c) },
		close:  func() { _ = c.from.Close() },
	}, nil
}

// fetched reports whether the service fetches the source itself.
func (g *images) fetched(ctx context.Context, want *platform.Image) (bool, error) {
	from, asked := value(want.Source), value(want.OpenStack).WebDownload
	switch {
	case !source.IsURL(from), asked != nil && !*asked, asked == nil && want.Checksum != nil:
		return false, nil
	case cmp.Or(value(want.Format), formatOfName(from)) == "":
		if asked == nil {
			return false, nil // the first bytes tell
		}
		err := errors.New("the URL does not tell the format, and the service will not look: set format")
		return false, platform.At(platform.As(platform.ErrInvalid, err), "format")
	}
	c, err := g.client(serviceImage)
	if err != nil {
		return false, err
	}
	var info struct {
		Methods struct{ Value []string } `json:"import-methods"`
	}
	err = get(ctx, c, "info/import", nil, &info)
	offered := err == nil && slices.Contains(info.Methods.Value, "web-download")
	if asked != nil && !offered {
		err := errors.New("the image service does not fetch URLs itself (web-download): set it to false, so that the content goes through this machine")
		return false, platform.At(platform.As(platform.ErrUnsupported, err), "openstack", "web_download")
	}
	return offered, nil
}

// upload sends the content. It is not sent twice.
func (g *images) upload(ctx context.Context, id string, in *content) error {
	c, err := g.client(serviceImage)
	if err != nil {
		return err
	}
	res, err := c.Request(once(ctx), http.MethodPut, c.ServiceURL("images", id, "file"), &gophercloud.RequestOpts{ //nolint:bodyclose // decode does
		RawBody: in, KeepResponseBody: true, OkCodes: []int{http.StatusNoContent},
		MoreHeaders: map[string]string{"Content-Type": "application/octet-stream"},
	})
	err = decode(res, err, nil)
	if err != nil && !lost(err) {
		return failed("upload", in.from.Name, err)
	}
	i, look := g.glanceImage(ctx, id)
	switch {
	case look != nil:
		return failed("look at what became of the upload of", in.from.Name, cmp.Or(err, look))
	case i.Status == "active":
		return failed("upload", in.from.Name, in.arrived(i))
	case err == nil:
		err = errors.New("its status is " + i.Status + " after the upload")
	}
	return failed("upload", in.from.Name, err)
}

// download has the service fetch a URL, and waits.
func (g *images) download(ctx context.Context, id string, want *platform.Image) error {
	c, err := g.client(serviceImage)
	if err != nil {
		return err
	}
	order := map[string]any{"method": map[string]any{"name": "web-download", "uri": *want.Source}}
	if err := post(ctx, c, "images/"+id+"/import", order, nil); err != nil && !lost(err) {
		return platform.At(failed("have the image service fetch", "the source", err), "source")
	}
	begun := false
	return await(ctx, "the image service to fetch the source", func(ctx context.Context) verdict {
		i, err := g.glanceImage(ctx, id)
		if err != nil {
			return verdict{err: err}
		}
		if i.Status == "queued" {
			return g.notFetched(ctx, i, begun)
		}
		begun = true
		return verdict{done: i.Status == "active", seen: "status " + i.Status}
	})
}

// notFetched judges an image that waits to be fetched, or that the service gave up.
func (g *images) notFetched(ctx context.Context, i *glanceImage, begun bool) verdict {
	c, err := g.client(serviceImage)
	if err != nil {
		return verdict{err: err}
	}
	var said struct {
		Tasks []struct{ Status, Message string }
	}
	_ = get(ctx, c, "images/"+i.ID+"/tasks", nil, &said) // clouds may keep them from users
	for _, task := range said.Tasks {
		if task.Status == "failure" {
			return verdict{err: unfetched(task.Message)}
		}
	}
	if begun || i.Properties["os_glance_failed_import"] != "" {
		return verdict{err: unfetched("")}
	}
	return verdict{seen: "status " + i.Status}
}

func unfetched(why string) error {
	return platform.At(&platform.OpError{
		Op: "fetch", On: "the source", Err: errors.New("the image service gave up: " + cmp.Or(tidy(why), "it does not say why")),
		Hint: "Can it reach the URL? With openstack.web_download = false the content goes through this machine",
	}, "source")
}
