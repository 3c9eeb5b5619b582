package docker

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// registries speaks to registries without the engine. Connections and tokens are shared by all who ask.
type registries struct {
	*session
	open func() (*registryClient, error) // once
}

// registryClient is what is shared.
type registryClient struct {
	puller    *remote.Puller
	pusher    *remote.Pusher
	transport http.RoundTripper
	platforms sync.Map // digest of a configuration to its os_arch: content does not change
}

// newRegistries prepares; nothing is read or connected before it is needed.
func newRegistries(s *session) *registries {
	return &registries{session: s, open: sync.OnceValues(func() (*registryClient, error) { return s.registryClient() })}
}

func (s *session) registryClient() (*registryClient, error) {
	t, err := s.registryTransport()
	if err != nil {
		return nil, err
	}
	options := []remote.Option{
		remote.WithTransport(t), remote.WithAuthFromKeychain(keychain{s}), remote.WithUserAgent("terraform-provider-virt"),
		remote.WithRetryBackoff(remote.Backoff{Steps: 1}), // the transport has its own
		remote.WithRetryStatusCodes(),
	}
	puller, err := remote.NewPuller(options...)
	if err != nil {
		return nil, err
	}
	pusher, err := remote.NewPusher(options...)
	return &registryClient{puller: puller, pusher: pusher, transport: t}, err
}

// registryTransport is the way to all registries.
func (s *session) registryTransport() (http.RoundTripper, error) {
	strict := &tls.Config{MinVersion: tls.VersionTLS12}
	if file := s.config.String(setRegistryCA); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, invalidFile("the registries' authority", file, err)
		}
		if strict.RootCAs, err = x509.SystemCertPool(); err != nil {
			strict.RootCAs = x509.NewCertPool()
		}
		if !strict.RootCAs.AppendCertsFromPEM(pem) {
			return nil, invalidFile("the registries' authority", file, errors.New("it holds no certificate in PEM format"))
		}
	}
	way := func(t *tls.Config) *http.Transport {
		return &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: t, TLSHandshakeTimeout: 20 * time.Second, ForceAttemptHTTP2: true,
			MaxIdleConnsPerHost: parallel, IdleConnTimeout: 90 * time.Second,
			DialContext: (&net.Dialer{Timeout: 20 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		}
	}
	return &patient{
		strict:   way(strict),
		lenient:  way(&tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}), //nolint:gosec // for registries that the user names, and those of this machine
		insecure: s.insecure,
	}, nil
}

// insecure reports whether a registry may be spoken to without TLS, or without verifying it.
func (s *session) insecure(host string) bool {
	if slices.ContainsFunc(s.config.Strings(setInsecure), func(given string) bool { return canonical(given) == canonical(host) }) {
		return true
	}
	bare, _, err := net.SplitHostPort(host)
	if err != nil {
		bare = host
	}
	ip := net.ParseIP(bare)
	return bare == "localhost" || ip != nil && ip.IsLoopback()
}

// strictness is how go-containerregistry shall speak to a registry.
func (s *session) strictness(host string) []name.Option {
	if s.insecure(host) {
		return []name.Option{name.Insecure}
	}
	return nil
}

// patient asks again what a registry is too busy for, or out of order, and sends nothing in the clear that was not meant
// to be.
type patient struct {
	strict, lenient http.RoundTripper
	insecure        func(host string) bool
}

// RoundTrip sends a request.
func (p *patient) RoundTrip(r *http.Request) (*http.Response, error) {
	way, lenient := p.strict, p.insecure(r.URL.Host)
	if lenient {
		way = p.lenient
	}
	if r.URL.Scheme != "https" && !lenient {
		return nil, platform.As(platform.ErrUnauthorised, fmt.Errorf("%s would be spoken to without TLS: name it in %s if it may", r.URL.Host, setInsecure))
	}
	repeatable := r.Body == nil || r.Body == http.NoBody
	for n := 1; ; n++ {
		answer, err := way.RoundTrip(r)
		if !repeatable || n == attempts || r.URL.Path == "/v2/" && err != nil { // that asks whether there is anybody
			return answer, err
		}
		pause, again := patience(answer, err, n)
		if deadline, ok := r.Context().Deadline(); !again || ok && time.Until(deadline) < pause {
			return answer, err
		}
		if answer != nil {
			_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<16)) // so that the connection can be used again
			_ = answer.Body.Close()
		}
		if !waited(r.Context(), pause) {
			return nil, r.Context().Err()
		}
	}
}

// patience is how long to wait before the next attempt; false is that none would help.
func patience(answer *http.Response, err error, n int) (time.Duration, bool) {
	pause := min(firstPause<<(n-1), longPause)
	switch {
	case err != nil:
		return pause, errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	case answer.StatusCode == http.StatusTooManyRequests, answer.StatusCode == http.StatusServiceUnavailable:
		return max(pause, retryAfter(answer.Header.Get("Retry-After"))), true
	case answer.StatusCode >= http.StatusInternalServerError && answer.StatusCode != http.StatusNotImplemented:
		return pause, true
	}
	return 0, false
}

// retryAfter reads the header of that name: seconds, or a point in time.
func retryAfter(text string) time.Duration {
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return time.Until(at)
	}
	return 0
}

// challenge asks a registry how one proves who one is.
func (r *registries) challenge(ctx context.Context, repo name.Repository) (*transport.Challenge, error) {
	c, err := r.open()
	if err != nil {
		return nil, err
	}
	return transport.Ping(ctx, repo.Registry, c.transport)
}
