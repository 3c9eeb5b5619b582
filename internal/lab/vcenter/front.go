package vcenter

import (
	"bytes"
	"encoding/xml"
	"io"
	"maps"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// front is what clients talk to: it names and counts every call and lets faults answer it before the simulator does.
type front struct {
	next    http.Handler
	turns   *turns
	latency time.Duration
	done    chan struct{} // closed at the end: nothing may hang longer

	running sync.Map // address of the request to what the simulator knows of it: see began

	mu     sync.Mutex
	closed bool
	calls  map[string]int
	faults []*Fault
}

func newFront(next http.Handler, latency time.Duration) *front {
	turns := newTurns()
	return &front{next: turns.files(next), turns: turns, latency: latency, done: make(chan struct{}), calls: map[string]int{}}
}

// Calls is how often every method was called since the start or the last Reset: SOAP methods by their name
// ("RetrievePropertiesEx"), all others by method and path ("GET /api/vcenter/vm").
func (s *Server) Calls() map[string]int {
	s.front.mu.Lock()
	defer s.front.mu.Unlock()
	return maps.Clone(s.front.calls)
}

// Total is how many calls were made since the start or the last Reset.
func (s *Server) Total() int {
	n := 0
	for _, calls := range s.Calls() {
		n += calls
	}
	return n
}

// Reset sets all counts to zero.
func (s *Server) Reset() {
	s.front.mu.Lock()
	defer s.front.mu.Unlock()
	clear(s.front.calls)
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer f.recovered(w, r)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client went away
	}
	name := callName(r, body)
	r.Body = io.NopCloser(bytes.NewReader(markEmptied(body)))
	fault := f.record(name, body)
	if !f.wait(r, f.latency) {
		return
	}
	if fault != nil {
		f.apply(w, r, fault)
		return
	}
	f.next.ServeHTTP(w, r)
}

// record counts a call and takes the first fault that is meant for it.
func (f *front) record(name string, body []byte) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls[name]++
	for _, fault := range f.faults {
		if fault.Task == nil && fault.take(name, string(body)) {
			return fault
		}
	}
	return nil
}

// apply answers a call as the fault says.
func (f *front) apply(w http.ResponseWriter, r *http.Request, fault *Fault) {
	if !f.wait(r, fault.Delay) {
		return
	}
	switch {
	case fault.Hang:
		select {
		case <-f.done:
		case <-r.Context().Done():
		}
	case fault.Cut:
		cut(w)
	case fault.CutAfter:
		f.next.ServeHTTP(discard{http.Header{}}, r)
		cut(w)
	case fault.Status != 0:
		if fault.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(fault.RetryAfter.Seconds())))
		}
		http.Error(w, http.StatusText(fault.Status), fault.Status)
	case fault.SOAP != nil:
		writeFault(w, fault)
	default:
		f.next.ServeHTTP(w, r)
	}
}

// wait reports false when the client went away or the server closes.
func (f *front) wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	select {
	case <-time.After(d):
		return true
	case <-f.done:
	case <-r.Context().Done():
	}
	return false
}

// release lets hanging calls go.
func (f *front) release() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.closed {
		f.closed = true
		close(f.done)
	}
}

// cut drops the connection without an answer.
func cut(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if connection, _, err := h.Hijack(); err == nil {
			_ = connection.Close()
			return
		}
	}
	panic(http.ErrAbortHandler) // HTTP/2 has no connection of its own per call: this resets the stream
}

// discard swallows an answer.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// emptied stands for a text that a call sets to "", which the simulator cannot tell from a text left out.
const emptied = "\ue000"

func markEmptied(body []byte) []byte {
	for _, element := range []string{"annotation", "description"} {
		body = bytes.ReplaceAll(body, []byte("<"+element+"></"+element+">"), []byte("<"+element+">"+emptied+"</"+element+">"))
	}
	return body
}

// callName is the SOAP method, or method and path of any other call.
func callName(r *http.Request, body []byte) string {
	if bytes.Contains(body[:min(len(body), 512)], []byte("Envelope")) {
		if name := soapMethod(body); name != "" {
			return name
		}
	}
	return r.Method + " " + r.URL.Path
}

// soapMethod is the name of the first element inside the body of an envelope.
func soapMethod(body []byte) string {
	inside := false
	for d := xml.NewDecoder(bytes.NewReader(body)); ; {
		token, err := d.Token()
		if err != nil {
			return ""
		}
		start, ok := token.(xml.StartElement)
		switch {
		case ok && inside:
			return start.Name.Local
		case ok && start.Name.Local == "Body":
			inside = true
		}
	}
}
