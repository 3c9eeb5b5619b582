package docker

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Proxy stands between clients and an engine or a registry, counts calls and lets them fail. Streams and connections
// that change their protocol pass through it.
type Proxy struct {
	Address string // the path of its unix socket in front of an engine; host and port on the loopback for a registry

	route    func(method, path string) string
	complain func(status int, message string) any // the body of an error
	forward  *httputil.ReverseProxy
	server   *http.Server
	stop     chan struct{}
	served   chan error

	mu     sync.Mutex
	faults []*Fault
	calls  map[string]int
}

// StartProxy starts a proxy in front of an engine for a test.
func StartProxy(t testing.TB, e *Engine) *Proxy {
	t.Helper()
	p, err := NewProxy(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	p.lend(t)
	return p
}

// NewProxy starts a proxy in front of an engine; Close ends it.
func NewProxy(ctx context.Context, e *Engine) (*Proxy, error) {
	dir, err := os.MkdirTemp(e.Dir, "p") // short, for a socket; and it goes with the engine, whatever happens
	if err != nil {
		return nil, err
	}
	p := &Proxy{Address: filepath.Join(dir, "s"), route: engineRoute}
	p.complain = func(_ int, message string) any { return map[string]string{"message": message} }
	p.forward = newForward("http", "docker", &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", e.Socket())
	}})
	return p, p.start(ctx, "unix")
}

// StartRegistryProxy starts a proxy in front of a registry for a test, without TLS of its own, and makes it known to the
// engines.
func StartRegistryProxy(t testing.TB, r *Registry, engines ...*Engine) *Proxy {
	t.Helper()
	p := &Proxy{Address: "127.0.0.1:0", route: registryRoute}
	p.complain = func(status int, message string) any {
		return map[string]any{"errors": []map[string]string{{"code": registryCode(status), "message": message}}}
	}
	scheme, transport := "http", new(http.Transport)
	if r.CA != "" {
		pem, err := os.ReadFile(r.CA)
		if err != nil {
			t.Fatal(err)
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(pem)
		scheme, transport.TLSClientConfig = "https", &tls.Config{RootCAs: pool}
	}
	p.forward = newForward(scheme, r.Address, transport)
	if err := p.start(t.Context(), "tcp"); err != nil {
		t.Fatal(err)
	}
	p.lend(t)
	for _, e := range engines {
		e.Reach(t, p.Address)
	}
	return p
}

// Host is the address of a proxy in front of an engine, as in DOCKER_HOST.
func (p *Proxy) Host() string { return "unix://" + p.Address }

// Ref is the full name of an image in the registry behind the proxy.
func (p *Proxy) Ref(name string) string { return p.Address + "/" + name }

// newForward passes calls on as they came, and bytes as soon as they come.
func newForward(scheme, host string, transport *http.Transport) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = scheme, host, r.In.Host
			r.Out.Header.Set("X-Forwarded-Proto", "http") // a registry says by it where an upload goes on
		},
		Transport: transport, FlushInterval: -1, ErrorLog: log.New(io.Discard, "", 0),
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }, // as the server does: it hangs up
	}
}

// start serves until Close.
func (p *Proxy) start(ctx context.Context, network string) error {
	l, err := new(net.ListenConfig).Listen(ctx, network, p.Address)
	if err != nil {
		return err
	}
	p.Address, p.calls, p.stop = l.Addr().String(), map[string]int{}, make(chan struct{})
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	p.served = make(chan error, 1)
	go func() { p.served <- p.server.Serve(l) }()
	return nil
}

// Close ends the proxy and every connection through it.
func (p *Proxy) Close() error {
	close(p.stop)
	if err := errors.Join(p.server.Close(), <-p.served); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// lend closes the proxy at the end of the test.
func (p *Proxy) lend(t testing.TB) {
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
}

// ServeHTTP passes one call on, or does to it what is armed.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f := p.meets(r.Method, r.URL.Path)
	switch {
	case f == nil:
		p.forward.ServeHTTP(w, r)
	case f.Hang:
		_, _ = io.Copy(io.Discard, r.Body) // only behind it the client's going is noticed
		select {
		case <-r.Context().Done():
		case <-p.stop:
		}
		panic(http.ErrAbortHandler)
	case f.Lose:
		p.forward.ServeHTTP(&lost{header: http.Header{}}, r)
		panic(http.ErrAbortHandler)
	case f.Cut:
		p.cut(w, r, f)
	default:
		p.refuse(w, f)
	}
}

// cut cuts the connection in the midst of a body.
func (p *Proxy) cut(w http.ResponseWriter, r *http.Request, f *Fault) {
	switch {
	case f.Sent > 0:
		r.Body = &short{Reader: io.LimitReader(r.Body, f.Sent), Closer: r.Body}
		p.forward.ServeHTTP(&lost{header: http.Header{}}, r)
	case f.Got > 0:
		p.forward.ServeHTTP(&limited{ResponseWriter: w, left: f.Got}, r)
	}
	panic(http.ErrAbortHandler)
}

// refuse answers with an error.
func (p *Proxy) refuse(w http.ResponseWriter, f *Fault) {
	status := f.Status
	if status == 0 {
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/json")
	for name, values := range f.Header {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(p.complain(status, f.Message)) // the client is gone
}

// registryCode is what a registry calls an error.
func registryCode(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "UNAUTHORIZED"
	case http.StatusForbidden:
		return "DENIED"
	case http.StatusNotFound:
		return "NAME_UNKNOWN"
	case http.StatusTooManyRequests:
		return "TOOMANYREQUESTS"
	}
	return "UNKNOWN"
}

// lost is an answer that nobody gets.
type lost struct{ header http.Header }

func (l *lost) Header() http.Header         { return l.header }
func (l *lost) Write(b []byte) (int, error) { return len(b), nil }
func (l *lost) WriteHeader(int)             {}

// limited is an answer of which the client gets the beginning.
type limited struct {
	http.ResponseWriter
	left int64
}

// Unwrap lets the proxy flush.
func (l *limited) Unwrap() http.ResponseWriter { return l.ResponseWriter }

// Write hangs up at the limit.
func (l *limited) Write(b []byte) (int, error) {
	part := b[:min(int64(len(b)), l.left)]
	n, err := l.ResponseWriter.Write(part)
	if l.left -= int64(n); l.left == 0 || err != nil {
		_ = http.NewResponseController(l.ResponseWriter).Flush() // what was allowed is to arrive
		panic(http.ErrAbortHandler)
	}
	return n, nil
}

// short is a body that breaks off.
type short struct {
	io.Reader
	io.Closer
}

// Read ends with an error where a whole body would end.
func (s *short) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
