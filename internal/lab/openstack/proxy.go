package openstack

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"testing"
	"time"
)

// Proxy stands in front of all services of a cloud, one listener for each, counts calls and lets them fail. Who logs in at
// its AuthURL gets a catalog that leads through it.
type Proxy struct {
	cloud     *Cloud
	addresses map[string]string // by service
	transport *http.Transport
	servers   []*http.Server
	serving   sync.WaitGroup
	stop      chan struct{}

	mu      sync.Mutex // guards what follows
	faults  []*Fault
	calls   map[string]int
	without []string
}

// NewProxy starts a proxy for a test, and ends it with the test.
func NewProxy(t testing.TB, c *Cloud) *Proxy {
	t.Helper()
	p, err := c.Proxy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// Proxy is NewProxy outside of a test; Close ends it.
func (c *Cloud) Proxy(ctx context.Context) (*Proxy, error) {
	p := &Proxy{
		cloud: c, addresses: map[string]string{}, transport: &http.Transport{MaxIdleConnsPerHost: 20},
		calls: map[string]int{}, stop: make(chan struct{}),
	}
	listeners := map[string]net.Listener{}
	for _, s := range services() {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, errors.Join(err, p.Close())
		}
		listeners[s.name], p.addresses[s.name] = l, l.Addr().String()
	}
	for _, s := range services() { // only now every address is known
		p.serve(s, listeners[s.name])
	}
	return p, nil
}

// AuthURL is where to log in, to go through the proxy for everything.
func (p *Proxy) AuthURL() string { return "http://" + p.addresses["keystone"] + "/v3" }

// Close ends the proxy and every connection through it.
func (p *Proxy) Close() error {
	close(p.stop)
	var err error
	for _, s := range p.servers {
		err = errors.Join(err, s.Close())
	}
	p.serving.Wait()
	p.transport.CloseIdleConnections()
	return err
}

// serve stands in front of one service.
func (p *Proxy) serve(s service, l net.Listener) {
	h := &front{proxy: p, name: strings.TrimSuffix(s.catalog, "v3"), forward: p.forward(s.name)}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	p.servers = append(p.servers, server)
	p.serving.Go(func() { _ = server.Serve(l) }) // until Close
}

// forward passes calls on as they came. The services see the name that the client called, and lead to it in their links.
func (p *Proxy) forward(service string) *httputil.ReverseProxy {
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "http", p.cloud.address(service), r.In.Host
		},
		FlushInterval: -1, ErrorLog: log.New(io.Discard, "", 0), Transport: p.transport,
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }, // as the service does: it hangs up
	}
	if service == "keystone" {
		forward.ModifyResponse = p.rewriteCatalog
	}
	return forward
}

// front is the proxy's side towards the clients of one service.
type front struct {
	proxy   *Proxy
	name    string // of the service
	forward *httputil.ReverseProxy
}

// ServeHTTP passes one call on, or does to it what is armed.
func (h *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f := h.proxy.meets(h.name, r)
	switch {
	case f == nil:
		h.forward.ServeHTTP(w, r)
	case f.Hang:
		_, _ = io.Copy(io.Discard, r.Body) // only behind it the client's going is noticed
		select {
		case <-r.Context().Done():
		case <-h.proxy.stop:
		}
		panic(http.ErrAbortHandler)
	case f.Cut:
		panic(http.ErrAbortHandler)
	case f.Lose:
		h.forward.ServeHTTP(&lost{header: http.Header{}}, r)
		if f.Status == 0 {
			panic(http.ErrAbortHandler)
		}
		h.refuse(w, f)
	case f.Rewrite != nil:
		h.change(w, r, f)
	default:
		h.refuse(w, f)
	}
}

// change passes a call on and changes the answer, behind what is done to every one.
func (h *front) change(w http.ResponseWriter, r *http.Request, f *Fault) {
	usual := h.forward.ModifyResponse
	forward := *h.forward
	forward.ModifyResponse = func(response *http.Response) error {
		if usual != nil {
			if err := usual(response); err != nil {
				return err
			}
		}
		return rewrite(response, f.Rewrite)
	}
	forward.ServeHTTP(w, r)
}

// refuse answers with an error.
func (h *front) refuse(w http.ResponseWriter, f *Fault) {
	status := f.Status
	if status == 0 {
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/json")
	for name, values := range f.Header {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	w.WriteHeader(status)
	if f.Body != "" {
		_, _ = io.WriteString(w, f.Body) // the client is gone
		return
	}
	_ = json.NewEncoder(w).Encode(complaint(h.name, status, f.Message)) // as above
}

// lost is an answer that nobody gets.
type lost struct{ header http.Header }

func (l *lost) Header() http.Header         { return l.header }
func (l *lost) Write(b []byte) (int, error) { return len(b), nil }
func (l *lost) WriteHeader(int)             {}
