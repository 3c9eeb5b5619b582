// Package source opens what an image is made from: a file of the machine that the provider runs on, or a URL. It is what
// adapters share that send an image themselves; what they check of the content and where they send it is theirs.
package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

const (
	// headerLimit is how long a web server may take until it starts to answer.
	headerLimit = time.Minute
	// hops is how often it may send us elsewhere.
	hops = 10
)

// Source is content on its way, from its first byte on.
type Source struct {
	io.ReadCloser
	Name   string // the file, or the last part of the URL's path: for messages, without anything secret
	Length int64  // in bytes; -1 where the web server does not tell it
}

// IsURL reports whether it lies on a web server: an http or https URL.
func IsURL(from string) bool {
	u, err := url.Parse(from)
	return err == nil && onWeb(u)
}

func onWeb(u *url.URL) bool { return (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" }

// Open opens a file, which may be written as a path or as file:///path, or a URL. Errors are classified: what is not
// there is platform.ErrNotFound; what can't be an image, platform.ErrInvalid; a web server's refusals are
// platform.ErrUnauthorised and platform.ErrThrottled.
func Open(ctx context.Context, from string) (*Source, error) {
	u, err := url.Parse(from)
	switch {
	case err == nil && onWeb(u):
		return openURL(ctx, u)
	case err == nil && u.Scheme == "file" && (u.Host == "" || u.Host == "localhost"):
		return openFile(u.Path)
	case err == nil && u.Host != "":
		return nil, invalid("%s is neither a file nor an http or https URL", u.Redacted())
	}
	return openFile(from)
}

func openFile(name string) (*Source, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, platform.As(platform.ErrNotFound, err)
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = invalid("%s is no file", name)
	}
	if err == nil && info.Size() == 0 {
		err = invalid("%s is empty", name)
	}
	if err != nil {
		_ = f.Close() // it was not even read
		return nil, err
	}
	return &Source{f, name, info.Size()}, nil
}

// openURL asks for a URL. Proxies are taken from the environment, and certificates are verified. Nobody may have packed
// the content on the way, as its checksum and length count.
func openURL(ctx context.Context, u *url.URL) (*Source, error) {
	name := (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String() // a query may hold a token
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, invalid("%s is no URL", name)
	}
	request.Header.Set("User-Agent", "terraform-provider-virt")
	client := &http.Client{Transport: transport(), CheckRedirect: redirect}
	answer, err := client.Do(request)
	if told := (*url.Error)(nil); errors.As(err, &told) {
		err = told.Err
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if answer.StatusCode != http.StatusOK {
		_ = answer.Body.Close() // it says nothing more
		return nil, refusal(name, answer)
	}
	return &Source{answer.Body, path.Base(name), answer.ContentLength}, nil
}

func transport() *http.Transport {
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, TLSHandshakeTimeout: headerLimit,
		ResponseHeaderTimeout: headerLimit, DisableCompression: true, DisableKeepAlives: true,
	}
}

// redirect follows, but never from a verified server to one that anybody can pretend to be.
func redirect(to *http.Request, via []*http.Request) error {
	if len(via) >= hops {
		return fmt.Errorf("it sent us elsewhere %d times", hops)
	}
	if via[len(via)-1].URL.Scheme == "https" && to.URL.Scheme != "https" {
		return invalid("it sent us from https to %s, where anybody may change the content: write the URL that it leads to", to.URL.Scheme)
	}
	return nil
}

func refusal(name string, answer *http.Response) error {
	err := fmt.Errorf("%s: the web server answers %s", name, answer.Status)
	switch answer.StatusCode {
	case http.StatusNotFound, http.StatusGone:
		return platform.As(platform.ErrNotFound, err)
	case http.StatusUnauthorized, http.StatusForbidden:
		return platform.As(platform.ErrUnauthorised, err)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return platform.As(platform.ErrThrottled, err)
	}
	return err
}

func invalid(format string, args ...any) error {
	return platform.As(platform.ErrInvalid, fmt.Errorf(format, args...))
}
