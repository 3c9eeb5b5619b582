package libvirt

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

// source is an image's content where it comes from.
type source struct {
	io.ReadCloser
	name   string // for messages; without anything secret
	length int64  // -1: nobody says
}

// openSource opens a file of this machine, or a URL.
func openSource(ctx context.Context, from string) (*source, error) {
	u, err := url.Parse(from)
	switch {
	case err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "":
		return openURL(ctx, u)
	case err == nil && u.Scheme == "file" && (u.Host == "" || u.Host == "localhost"):
		return openFile(u.Path)
	case err == nil && u.Host != "":
		return nil, invalid("%s is neither a file nor an http or https URL", u.Redacted())
	}
	return openFile(from)
}

func openFile(name string) (*source, error) {
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
		_ = f.Close()
		return nil, err
	}
	return &source{f, name, info.Size()}, nil
}

// openURL asks for a URL. Proxies are taken from the environment, and certificates are verified. Nobody may have packed
// the content on the way, as its checksum and length count.
func openURL(ctx context.Context, u *url.URL) (*source, error) {
	name := (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String() // a query may hold a token
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, platform.As(platform.ErrInvalid, fmt.Errorf("%s is no URL", name))
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
		_ = answer.Body.Close()
		return nil, refusal(name, answer)
	}
	return &source{answer.Body, path.Base(name), answer.ContentLength}, nil
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
	if via[0].URL.Scheme == "https" && to.URL.Scheme != "https" {
		return fmt.Errorf("it sent us from https to %s, which is not encrypted", to.URL.Scheme)
	}
	return nil
}

func refusal(name string, answer *http.Response) error {
	err := fmt.Errorf("%s: the server answers %s", name, answer.Status)
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
