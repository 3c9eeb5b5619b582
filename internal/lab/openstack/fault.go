package openstack

import (
	"net/http"
	"slices"
)

// Fault is what a proxy does to some calls. Without Hang, Lose, Cut and Rewrite it answers Status by itself, and the
// service never hears of the call.
type Fault struct {
	Service string                   // of the calls that meet it, as Proxy.Calls names it: "compute"; empty is every one
	Method  string                   // empty is every one
	Path    string                   // as Proxy.Calls has it, such as "/servers/{id}/action", or one path of the service; empty is every one
	Match   func(*http.Request) bool // a further condition; it may read the body, which is there again afterwards; nil is none
	After   int                      // so many calls go through first
	Times   int                      // so many calls meet it; 0 is every one

	Status  int         // of the answer; 0 is 500
	Message string      // of the answer, in the service's format of errors
	Body    string      // of the answer, instead of Message
	Header  http.Header // of the answer

	Hang    bool                // the call never reaches the service and is never answered
	Lose    bool                // the service does it, and the answer is lost: the connection is cut, or Status is answered where it is given
	Cut     bool                // the connection is cut before the service hears of the call
	Rewrite func([]byte) []byte // the service does it, and the body of its answer is changed
}

// Inject arms a fault. Of several that fit a call the first one counts.
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

// Calls is how many calls came since the last time that it was asked, by service, method and path: like "compute GET
// /servers/detail", "volume POST /volumes/{id}/action" or, of the second page and later ones, "network GET /ports?marker".
// Paths have no versions and no project ids.
func (p *Proxy) Calls() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	calls := p.calls
	p.calls = map[string]int{}
	return calls
}

// Total is how many calls came since Calls was asked, those for tokens included.
func (p *Proxy) Total() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	total := 0
	for _, n := range p.calls {
		total += n
	}
	return total
}

// Without takes services out of the catalog, by the types that stand there, such as volumev3; without any they are all
// back. It holds for logins from then on.
func (p *Proxy) Without(types ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.without = types
}

// omits says whether the catalog lacks a type.
func (p *Proxy) omits(kind string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Contains(p.without, kind)
}

// meets counts a call and gives the fault that is armed for it.
func (p *Proxy) meets(service string, r *http.Request) *Fault {
	path := route(r.URL.Path)
	key := service + " " + r.Method + " " + path
	if r.URL.Query().Has("marker") {
		key += "?marker"
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[key]++
	for i, f := range p.faults {
		if !f.fits(service, path, r) {
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

// fits says whether a call is one of those that meet the fault.
func (f *Fault) fits(service, path string, r *http.Request) bool {
	switch {
	case f.Service != "" && f.Service != service, f.Method != "" && f.Method != r.Method:
		return false
	case f.Path != "" && f.Path != path && f.Path != unversioned(r.URL.Path):
		return false
	}
	return f.Match == nil || matches(r, f.Match)
}
