package openstack_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/openstack"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/platformtest"
)

// person works in a project by plain HTTP: no code of the adapter, and no library.
type person struct {
	t       *testing.T
	cloud   *lab.Cloud
	project *lab.Project
	serial  atomic.Int64
	image   string              // id of the image that every cloud has
	flavor  string              // with 1 CPU and 2 GiB
	shared  map[string][]string // ids of what all cases share

	mu       sync.Mutex
	token    string
	services map[string]string // by type
}

// fixture is one kind of thing: its case, and what a person does to it. A hook that is nil is something that nobody can;
// then cannot says why, as the suite's Cannot does.
type fixture struct {
	platformtest.Case
	remove func(ctx context.Context, id string) error
	change func(ctx context.Context, c platformtest.Change) error
	slots  func(ctx context.Context, id, what string) ([]string, error)
	twin   func(ctx context.Context, id string) error
	// faults is the calls that fail, by what shall fail: "create", "create half", "update half". Status and Hang are set
	// by the person where they are left out. hangs is the same for operations that hang, where they are other calls.
	faults, hangs map[string][]lab.Fault
	cannot        map[string]string
	given         []string // ids of those that are there already
}

func newPerson(t *testing.T, cloud *lab.Cloud) *person {
	t.Helper()
	p := &person{t: t, cloud: cloud, project: cloud.Project(t, "admin")}
	if err := p.signIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.image = p.find(t.Context(), "image", "images?name=tiny", "images")
	p.share(t.Context())
	return p
}

// hooks are the fixtures of all kinds, one line for each.
func (p *person) fixtures() map[string]fixture {
	return map[string]fixture{
		"machine": p.machines(),

		"network":   p.networks(),
		"router":    p.routers(),
		"public_ip": p.publicIPs(),
		"firewall":  p.firewalls(),

		"disk":            p.disks(),
		"image":           p.imageFixture(),
		"snapshot":        p.snapshots(),
		"placement_group": p.placementGroups(),
		"ssh_key":         p.sshKeys(),
		"project":         p.projects(),
		"host":            {},
	}
}

// signIn takes a token and the catalog that comes with it.
func (p *person) signIn(ctx context.Context) error {
	domain := block{"name": "Default"}
	body := block{"auth": block{
		"identity": block{"methods": []string{"password"}, "password": block{"user": block{"name": p.project.User, "password": p.project.Password, "domain": domain}}},
		"scope":    block{"project": block{"name": p.project.Name, "domain": domain}},
	}}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.project.AuthURL+"/auth/tokens", bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	var said struct {
		Token struct {
			Catalog []struct {
				Type      string
				Endpoints []struct{ Interface, URL string }
			}
		}
	}
	if err := json.NewDecoder(res.Body).Decode(&said); err != nil || res.StatusCode != http.StatusCreated {
		return fmt.Errorf("sign in: %s, %w", res.Status, err)
	}
	p.token, p.services = res.Header.Get("X-Subject-Token"), map[string]string{}
	for _, s := range said.Token.Catalog {
		for _, e := range s.Endpoints {
			if e.Interface == "public" {
				p.services[s.Type] = strings.TrimSuffix(e.URL, "/")
			}
		}
	}
	return nil
}

// address is where a service is, with its version.
func (p *person) address(service string) string {
	base := p.services[service]
	if version := map[string]string{"network": "/v2.0", "image": "/v2"}[service]; !strings.Contains(base, "/v2") {
		return base + version
	}
	return base
}

// do sends one request to a service, by the type that the catalog has for it, and reads the answer into into, which may be
// nil. Of microversions it speaks one that has everything.
func (p *person) do(ctx context.Context, method, service, path string, body, into any) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var text io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		text = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, p.address(service)+"/"+path, text)
	if err != nil {
		return err
	}
	req.Header.Set("X-Auth-Token", p.token)
	req.Header.Set("Content-Type", "application/json")
	switch service {
	case "compute":
		req.Header.Set("OpenStack-API-Version", "compute 2.90")
	case "volumev3":
		req.Header.Set("OpenStack-API-Version", "volume 3.50")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	said, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return &refusal{res.StatusCode, fmt.Sprintf("%s %s %s: %s %s", method, service, path, res.Status, said)}
	}
	if into == nil || len(said) == 0 {
		return nil
	}
	return json.Unmarshal(said, into)
}

// upload gives an image its content.
func (p *person) upload(ctx context.Context, id, content string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, p.address("image")+"/images/"+id+"/file", strings.NewReader(content))
	if err != nil {
		return err
	}
	req.Header.Set("X-Auth-Token", p.token)
	req.Header.Set("Content-Type", "application/octet-stream")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusNoContent {
		return &refusal{res.StatusCode, "upload: " + res.Status}
	}
	return nil
}

// refusal is an answer that is none.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return r.text }

func gone(err error) bool {
	var r *refusal
	return errors.As(err, &r) && r.status == http.StatusNotFound
}

// find is the id of the first of a list.
func (p *person) find(ctx context.Context, service, path, key string) string {
	p.t.Helper()
	list := map[string]json.RawMessage{}
	if err := p.do(ctx, "GET", service, path, nil, &list); err != nil {
		p.t.Fatal(err)
	}
	var items []struct{ ID string }
	if err := json.Unmarshal(list[key], &items); err != nil || len(items) == 0 {
		p.t.Fatalf("%s has nothing: %v", path, err)
	}
	return items[0].ID
}

// made sends a POST and gives the id of what it made.
func (p *person) made(ctx context.Context, service, path, key string, what block) (string, error) {
	answer := map[string]struct{ ID string }{}
	err := p.do(ctx, "POST", service, path, block{key: what}, &answer)
	return answer[key].ID, err
}

// patience is how long one thing by hand may take.
const patience = 3 * time.Minute

// until asks again and again.
func until(ctx context.Context, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for pause := 200 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// Remove takes an object away.
func (p *person) Remove(ctx context.Context, kind, id string) error {
	if do := p.fixtures()[kind].remove; do != nil {
		return do(ctx, id)
	}
	return platformtest.ErrCannot
}

// Change changes one thing.
func (p *person) Change(ctx context.Context, c platformtest.Change) error {
	if do := p.fixtures()[c.Kind].change; do != nil {
		return do(ctx, c)
	}
	return platformtest.ErrCannot
}

// Slots lists the elements of a map in their order.
func (p *person) Slots(ctx context.Context, kind, id, what string) ([]string, error) {
	if do := p.fixtures()[kind].slots; do != nil {
		return do(ctx, id, what)
	}
	return nil, platformtest.ErrCannot
}

// Twin makes another object of the same name.
func (p *person) Twin(ctx context.Context, kind, id string) error {
	if do := p.fixtures()[kind].twin; do != nil {
		return do(ctx, id)
	}
	return platformtest.ErrCannot
}

// Fault gives the settings of a connection through a proxy of its own, which lets the calls fail.
func (p *person) Fault(_ context.Context, f platformtest.Fault) (map[string]any, func(), error) {
	what := f.Verb
	if f.Half {
		what += " half"
	}
	own := p.fixtures()[f.Kind]
	list, ok := own.faults[what]
	if f.Hang {
		if other, hangs := own.hangs[what]; hangs {
			list, ok = other, hangs
		}
	}
	if !ok {
		return nil, nil, platformtest.ErrCannot
	}
	proxy := lab.NewProxy(p.t, p.cloud)
	for _, fault := range list {
		fault.Hang = f.Hang
		if fault.Message == "" {
			fault.Message = "no space left on device"
		}
		if f.Hang {
			fault.Lose, fault.Cut = false, false
		}
		proxy.Inject(fault)
	}
	return settings(p.project.Through(proxy), nil), proxy.Clear, nil
}
