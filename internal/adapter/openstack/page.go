package openstack

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
)

// get reads path, below the service's address, into into. A query may be nil.
func get(ctx context.Context, c *gophercloud.ServiceClient, path string, query url.Values, into any) error {
	return fetch(ctx, c, c.ServiceURL(path)+encoded(query), into)
}

// post sends body to path and reads the answer into into, which may be nil.
func post(ctx context.Context, c *gophercloud.ServiceClient, path string, body, into any) error {
	return call(ctx, c, http.MethodPost, path, body, into)
}

// put is post by PUT. It may be sent twice; wrap ctx by once where that would do harm.
func put(ctx context.Context, c *gophercloud.ServiceClient, path string, body, into any) error {
	return call(ctx, c, http.MethodPut, path, body, into)
}

// remove deletes path. What is gone already is no error.
func remove(ctx context.Context, c *gophercloud.ServiceClient, path string) error {
	err := call(ctx, c, http.MethodDelete, path, nil, nil)
	if isNotFound(err) {
		return nil
	}
	return err
}

// call sends one request with a JSON body, or none, and reads a JSON answer, if there is one and somebody wants it.
func call(ctx context.Context, c *gophercloud.ServiceClient, method, path string, body, into any) error {
	res, err := c.Request(ctx, method, c.ServiceURL(path), &gophercloud.RequestOpts{ //nolint:bodyclose // decode does
		JSONBody: body, KeepResponseBody: true, OkCodes: []int{http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent},
	})
	return decode(res, err, into)
}

func fetch(ctx context.Context, c *gophercloud.ServiceClient, address string, into any) error {
	res, err := c.Request(ctx, http.MethodGet, address, &gophercloud.RequestOpts{KeepResponseBody: true, OkCodes: []int{http.StatusOK, http.StatusMultipleChoices}}) //nolint:bodyclose // decode does
	return decode(res, err, into)
}

func decode(res *http.Response, err error, into any) error {
	if err != nil {
		return err
	}
	defer drain(res.Body)
	if into == nil || res.StatusCode == http.StatusNoContent {
		return nil
	}
	return json.NewDecoder(res.Body).Decode(into)
}

// pages lists everything under key of path, page by page, as the service cuts it.
func pages[T any](ctx context.Context, c *gophercloud.ServiceClient, path, key string, query url.Values) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		for address := c.ServiceURL(path) + encoded(query); address != ""; {
			page := map[string]json.RawMessage{}
			var list []T
			err := fetch(ctx, c, address, &page)
			if raw, ok := page[key]; ok && err == nil {
				err = json.Unmarshal(raw, &list)
			}
			if err != nil {
				yield(none, err)
				return
			}
			for _, item := range list {
				if !yield(item, nil) {
					return
				}
			}
			next := nextPage(c, page, key)
			if next == address || len(list) == 0 {
				return
			}
			address = next
		}
	}
}

// nextPage finds the link to the following page: servers_links, or glance's next.
func nextPage(c *gophercloud.ServiceClient, page map[string]json.RawMessage, key string) string {
	var links []struct{ Rel, Href string }
	if json.Unmarshal(page[key+"_links"], &links) == nil {
		for _, l := range links {
			if l.Rel == "next" {
				return beside(c, l.Href)
			}
		}
	}
	var next string
	if json.Unmarshal(page["next"], &next) == nil && next != "" {
		return beside(c, next)
	}
	var more struct{ Next string }
	if json.Unmarshal(page["links"], &more) == nil && more.Next != "" { // keystone's
		return beside(c, more.Next)
	}
	return ""
}

// beside keeps to the address that the catalog gives: behind a proxy services name themselves wrongly.
func beside(c *gophercloud.ServiceClient, link string) string {
	to, err := url.Parse(link)
	base, wrong := url.Parse(c.Endpoint)
	if err != nil || wrong != nil {
		return link
	}
	_, rest, found := strings.Cut(to.Path, versionStep(base.Path))
	if !found {
		rest = to.Path
		return base.Scheme + "://" + base.Host + rest + "?" + to.RawQuery
	}
	prefix, _, _ := strings.Cut(base.Path, versionStep(base.Path))
	return base.Scheme + "://" + base.Host + prefix + versionStep(base.Path) + rest + "?" + to.RawQuery
}

// versionStep is the "/v2.1/" of a path.
func versionStep(path string) string {
	for step := range strings.SplitSeq(path, "/") {
		if isVersion(step) {
			return "/" + step + "/"
		}
	}
	return "/"
}

// collect lists everything that pages yields.
func collect[T any](seq iter.Seq2[T, error]) ([]T, error) {
	var list []T
	for item, err := range seq {
		if err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	return list, nil
}

// all is collect of pages.
func all[T any](ctx context.Context, c *gophercloud.ServiceClient, path, key string, query url.Values) ([]T, error) {
	return collect(pages[T](ctx, c, path, key, query))
}

func encoded(query url.Values) string {
	if len(query) == 0 {
		return ""
	}
	return "?" + query.Encode()
}

// wrapped is a body such as {"server": {…}}.
func wrapped(key string, v any) map[string]any { return map[string]any{key: v} }

// isNull reports a JSON value that is not there.
func isNull(raw json.RawMessage) bool { return len(raw) == 0 || bytes.Equal(raw, []byte("null")) }
