package openstack

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// tries is how often a request that may be sent twice is sent when the service fails or the connection breaks.
const tries = 3

// transport sends requests: it waits when a service asks to, sends again what may be sent twice, and bounds every
// single request.
type transport struct {
	next    http.RoundTripper
	timeout time.Duration // of one request without its waiting; 0: none
	breath  time.Duration // before the second try; it doubles
}

// newTransport makes the transport of a connection: proxy and TLS. It does not connect.
func newTransport(c platform.Config, config *tls.Config) (*transport, error) {
	config, err := tlsConfig(c, config)
	if err != nil {
		return nil, err
	}
	t := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:     config,
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 16,
		IdleConnTimeout:     90 * time.Second,
		TLSHandshakeTimeout: 15 * time.Second,
	}
	if proxy := c.String(setProxy); proxy != "" {
		address, err := url.Parse(proxy)
		if err != nil || address.Host == "" {
			return nil, platform.As(platform.ErrInvalid, errors.New("the setting proxy must be a URL such as http://proxy.example.net:3128"))
		}
		t.Proxy = http.ProxyURL(address)
	}
	return &transport{next: t, timeout: c.Duration(setTimeout), breath: 500 * time.Millisecond}, nil
}

// tlsConfig puts the settings above what clouds.yaml says.
func tlsConfig(c platform.Config, config *tls.Config) (*tls.Config, error) {
	if config == nil {
		config = &tls.Config{}
	}
	config.MinVersion = tls.VersionTLS12
	if c.Bool(setInsecure) {
		config.InsecureSkipVerify = true // the user's own choice, for labs
	}
	if file := c.String(setCAFile); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, platform.As(platform.ErrInvalid, fmt.Errorf("the setting ca_file: %w", err))
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, platform.As(platform.ErrInvalid, fmt.Errorf("the setting ca_file: %s holds no PEM certificate", file))
		}
	}
	if c.String(setCert) == "" {
		return config, nil
	}
	cert, err := tls.LoadX509KeyPair(c.String(setCert), c.String(setKey))
	if err != nil {
		return nil, platform.As(platform.ErrInvalid, fmt.Errorf("the settings client_certificate and client_key: %w", err))
	}
	config.Certificates = []tls.Certificate{cert}
	return config, nil
}

type onceKey struct{}

// once keeps the transport from sending a request twice although its method would allow it: what the first one did may
// be told by the answer alone.
func once(ctx context.Context) context.Context { return context.WithValue(ctx, onceKey{}, true) }

// RoundTrip sends a request, as often as it takes and is allowed.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	pause := t.breath
	for try := 1; ; try++ {
		res, err := t.send(r)
		wait, again := t.again(r, res, err, try, pause)
		if !again || !t.inTime(r.Context(), wait) {
			return res, err
		}
		body, unread := rewind(r)
		if !unread {
			return res, err
		}
		if res != nil {
			drain(res.Body)
		}
		if err := sleep(r.Context(), wait); err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = body
		pause *= 2
	}
}

// again decides whether to send a request once more, and after how long. What the service refused because of its load
// was not done, whatever the method; there it is heeded as often as it asks.
func (t *transport) again(r *http.Request, res *http.Response, err error, try int, pause time.Duration) (time.Duration, bool) {
	if r.Context().Err() != nil {
		return 0, false
	}
	if res != nil {
		asked, told := retryAfter(res.Header.Get("Retry-After"))
		switch res.StatusCode {
		case http.StatusTooManyRequests:
			return max(asked, pause), told || try < tries
		case http.StatusRequestEntityTooLarge: // of old services; a quota that is used up says it, too, with no time to wait for
			return asked, told && asked > 0
		}
		if res.StatusCode < http.StatusInternalServerError || res.StatusCode == http.StatusNotImplemented || res.StatusCode == http.StatusHTTPVersionNotSupported {
			return 0, false
		}
		return max(asked, pause), try < tries && repeatable(r)
	}
	return pause, err != nil && try < tries && repeatable(r) && !untrusted(err)
}

// repeatable reports whether sending a request twice does what sending it once does. Asking for a token is that, too.
func repeatable(r *http.Request) bool {
	if only, _ := r.Context().Value(onceKey{}).(bool); only {
		return false
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete:
		return true
	case http.MethodPost:
		return strings.HasSuffix(r.URL.Path, "/auth/tokens")
	}
	return false
}

func untrusted(err error) bool {
	var verification *tls.CertificateVerificationError
	return errors.As(err, &verification)
}

// retryAfter reads seconds or a date.
func retryAfter(text string) (time.Duration, bool) {
	if text == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		return time.Duration(max(seconds, 0) * float64(time.Second)), true
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(time.Until(at), 0), true
	}
	return 0, false
}

func (t *transport) inTime(ctx context.Context, wait time.Duration) bool {
	end, bounded := ctx.Deadline()
	return !bounded || time.Until(end) > wait
}

// rewind gives the body again; a stream that was read is gone.
func rewind(r *http.Request) (io.ReadCloser, bool) {
	if r.Body == nil || r.Body == http.NoBody {
		return r.Body, true
	}
	if r.GetBody == nil {
		return nil, false
	}
	body, err := r.GetBody()
	return body, err == nil
}

func drain(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, 1<<16)
	_ = body.Close()
}

// send sends once, with a bound of its own unless it carries or brings a stream.
func (t *transport) send(r *http.Request) (*http.Response, error) {
	if t.timeout <= 0 || streams(r) {
		return t.next.RoundTrip(r)
	}
	ctx, cancel := context.WithTimeoutCause(r.Context(), t.timeout, errSlow)
	res, err := t.next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		if errors.Is(context.Cause(ctx), errSlow) {
			err = fmt.Errorf("%w: no answer within %s (api_timeout)", errSlow, t.timeout)
		}
		cancel()
		return nil, err
	}
	res.Body = &boundBody{res.Body, cancel}
	return res, nil
}

// errSlow is a single request that took longer than the setting api_timeout.
var errSlow = platform.As(platform.ErrTimeout, errors.New("the service is too slow"))

func streams(r *http.Request) bool {
	return r.Body != nil && r.Body != http.NoBody && r.GetBody == nil || strings.HasSuffix(r.URL.Path, "/file")
}

// boundBody lets go of a request's bound when its answer was read.
type boundBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

// Close ends the request.
func (b *boundBody) Close() error {
	err := b.ReadCloser.Close()
	b.cancel()
	return err
}

// close lets go of idle connections.
func (t *transport) close() {
	if idle, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		idle.CloseIdleConnections()
	}
}
