package docker

import (
	"net/http"
	"slices"
)

// Fault is what a proxy does to some calls. Without Hang, Lose and Cut it answers Status by itself, and the server never
// hears of the call.
type Fault struct {
	Method string // of the calls that meet it; empty is every one
	Path   string // a route as Proxy.Calls has it, or one path without version; empty is every one
	After  int    // so many calls go through first
	Times  int    // so many calls meet it; 0 is every one

	Status  int         // of the answer; 0 is 500
	Message string      // of the answer, in the server's format of errors
	Header  http.Header // of the answer

	Hang bool // the call never reaches the server and is never answered
	Lose bool // the server does it, and the connection is cut before the answer
	Cut  bool // the connection is cut: see Sent and Got

	Sent int64 // with Cut: so many bytes of the call's body still reach the server; 0 is that it hears nothing
	Got  int64 // with Cut: the call reaches the server and so many bytes of the answer's body still reach the client
}

// Inject arms a fault.
func (p *Proxy) Inject(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, &f)
}

// Clear disarms every fault. Calls that hang already do so until their client gives up.
func (p *Proxy) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = nil
}

// Calls is how many calls came since the last time that it was asked, by method and route: an engine's are like
// "POST /containers/{id}/start", a registry's like "PUT /v2/{name}/manifests/{ref}".
func (p *Proxy) Calls() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	calls := p.calls
	p.calls = map[string]int{}
	return calls
}

// meets counts a call and gives the fault that is armed for it.
func (p *Proxy) meets(method, path string) *Fault {
	route := p.route(method, path)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[method+" "+route]++
	for i, f := range p.faults {
		if f.Method != "" && f.Method != method || f.Path != "" && f.Path != route && f.Path != unversioned(path) {
			continue
		}
		if f.After > 0 {
			f.After--
			return nil
		}
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				p.faults = slices.Delete(p.faults, i, i+1)
			}
		}
		return f
	}
	return nil
}
