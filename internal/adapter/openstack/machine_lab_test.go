package openstack_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/adapter/openstack"
	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/openstack"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// place is a project of a test's own with one network, a proxy in front of it, and a connection through that.
type place struct {
	*person
	t       *testing.T
	proxy   *lab.Proxy
	conn    *platform.Conn
	network string
}

func newPlace(t *testing.T) *place {
	t.Helper()
	cloud := lab.Start(t)
	p := &place{person: &person{t: t, cloud: cloud, project: cloud.Project(t, "admin")}, t: t, proxy: lab.NewProxy(t, cloud)}
	if err := p.signIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.image = p.find(t.Context(), "image", "images?name=tiny", "images")
	var err error
	if p.network, err = p.made(t.Context(), "network", "networks", "network", block{"name": "net"}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.made(t.Context(), "network", "subnets", "subnet", block{"name": "sub", "network_id": p.network, "cidr": "10.0.0.0/24", "ip_version": 4}); err != nil {
		t.Fatal(err)
	}
	p.conn = p.open(nil)
	p.proxy.Calls()
	return p
}

// open connects through the proxy.
func (p *place) open(more map[string]any) *platform.Conn {
	p.t.Helper()
	all := settings(p.project.Through(p.proxy), map[string]any{"api_timeout": time.Minute})
	maps.Copy(all, more)
	conn, err := openstack.New().Open(p.t.Context(), platform.NewConfig(all))
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(p.t.Context())) })
	return conn
}

// machine is one with an adapter whose address is waited for, and with a disk of its own where that is said.
func (p *place) machine(name string, disk bool) *platform.Machine {
	m := &platform.Machine{
		Name: name, ImageID: &p.image, NICs: map[string]platform.NIC{"eth0": {NetworkID: &p.network}},
		WaitFor: &platform.WaitFor{Address: new("10.0.0.0/24")},
	}
	if disk {
		m.Disks = map[string]platform.MachineDisk{"data": {Size: new(platform.GiB)}}
	}
	return m
}

// create makes a machine within half a minute.
func (p *place) create(m *platform.Machine) (id string, err error) {
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	err = p.conn.Machines.Create(ctx, m, func(made string) { id = made })
	return id, err
}

// count is how many things of a sort the project has.
func (p *place) count(service, path, key string) int {
	p.t.Helper()
	var list map[string][]struct{ ID string }
	if err := p.do(p.t.Context(), "GET", service, path, nil, &list); err != nil {
		p.t.Fatal(err)
	}
	return len(list[key])
}

// holds demands so many servers, ports and volumes.
func (p *place) holds(servers, ports, volumes int) {
	p.t.Helper()
	s := p.count("compute", "servers", "servers")
	n := p.count("network", "ports?project_id="+p.projectID(), "ports")
	v := p.count("volumev3", "volumes", "volumes")
	if s != servers || n != ports || v != volumes {
		p.t.Errorf("the project has %d servers, %d ports and %d volumes; want %d, %d and %d", s, n, v, servers, ports, volumes)
	}
}

func (p *place) projectID() string { return p.project.ID }

func TestMachineOutlivesFaults(t *testing.T) {
	wait := http.Header{"Retry-After": {"1"}}
	for name, faults := range map[string][]lab.Fault{
		"a token that ran out": {
			{Service: "compute", Method: "POST", Path: "/servers", Status: 401, Times: 1},
			{Service: "network", Method: "POST", Path: "/ports", Status: 401, Times: 1},
		},
		"too many requests": {
			{Service: "compute", Method: "POST", Path: "/servers", Status: 429, Header: wait, Times: 2},
			{Service: "volume", Method: "POST", Path: "/volumes", Status: 413, Header: wait, Times: 1},
		},
		"a service that is not there for a moment": {
			{Service: "compute", Method: "GET", Status: 503, Times: 2},
			{Service: "network", Method: "GET", Cut: true, Times: 1},
			{Service: "compute", Method: "PUT", Status: 502, Times: 1},
		},
		"answers that are lost": {
			{Service: "network", Method: "POST", Path: "/ports", Lose: true, Times: 1},
			{Service: "volume", Method: "POST", Path: "/volumes", Lose: true, Times: 1},
			{Service: "compute", Method: "POST", Path: "/servers", Lose: true, Times: 1},
		},
		"failures after it was done": {
			{Service: "network", Method: "POST", Path: "/ports", Lose: true, Status: 504, Times: 1},
			{Service: "volume", Method: "POST", Path: "/volumes", Lose: true, Status: 500, Times: 1},
			{Service: "compute", Method: "POST", Path: "/servers", Lose: true, Status: 502, Times: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			for _, f := range faults {
				p.proxy.Inject(f)
			}
			m := p.machine("web", true)
			if _, err := p.create(m); err != nil {
				t.Fatal(err)
			}
			p.holds(1, 1, 1)
			if err := p.conn.Machines.Delete(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			p.holds(0, 0, 0)
		})
	}
}

func TestMachineLeavesNothingBehind(t *testing.T) {
	for name, c := range map[string]struct {
		fault lab.Fault
		quota block // of nova
		says  string
		class error
	}{
		"the second port fails": {
			fault: lab.Fault{Service: "network", Method: "POST", Path: "/ports", After: 1, Status: 409, Message: "No more IP addresses available"},
			says:  "No more IP addresses", class: platform.ErrConflict,
		},
		"the server is refused": {
			fault: lab.Fault{Service: "compute", Method: "POST", Path: "/servers", Status: 400, Message: "Block Device Mapping is Invalid"},
			says:  "Block Device Mapping is Invalid", class: platform.ErrInvalid,
		},
		"a quota is used up": {quota: block{"instances": 0}, says: "instances", class: platform.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			if c.quota != nil {
				if err := p.do(t.Context(), "PUT", "compute", "os-quota-sets/"+p.projectID(), block{"quota_set": c.quota}, nil); err != nil {
					t.Fatal(err)
				}
			} else {
				p.proxy.Inject(c.fault)
			}
			m := p.machine("web", true)
			m.NICs["eth1"] = platform.NIC{NetworkID: &p.network}
			id, err := p.create(m)
			if !errors.Is(err, c.class) || !strings.Contains(err.Error(), c.says) || id != "" {
				t.Errorf("got %v (%v), id %q", err, platform.ClassOf(err), id)
			}
			p.holds(0, 0, 0)
		})
	}
}

func TestMachineGoesWrong(t *testing.T) {
	p := newPlace(t)
	m := p.machine("web", true)
	m.Metadata = map[string]string{"virtlab:spawn": "error"}
	id, err := p.create(m)
	if err == nil || !strings.Contains(err.Error(), "status ERROR") || id == "" {
		t.Fatalf("got %v, id %q", err, id)
	}
	t.Log(err)
	_, err = p.create(p.machine("web", false))
	var exists *platform.ExistsError
	if !errors.As(err, &exists) || !exists.Unfinished || exists.ID != id {
		t.Errorf("a second one: %v", err)
	}
	half := &platform.Machine{Name: "web"}
	half.ID = &id
	if err := p.conn.Machines.Delete(t.Context(), half); err != nil {
		t.Error(err)
	}
	p.holds(0, 0, 0)
	large := p.machine("large", false)
	large.Size = new("t1.huge")
	_, err = p.create(large)
	if err == nil || !strings.Contains(err.Error(), "No valid host") {
		t.Errorf("no host has room, but it says %v", err)
	}
}

func TestMachineWithoutVolumes(t *testing.T) {
	p := newPlace(t)
	p.proxy.Without("volumev3")
	p.conn = p.open(nil)
	m := p.machine("web", false)
	m.CPUs = new(int64(2))
	if _, err := p.create(m); err != nil {
		t.Fatal(err)
	}
	if *m.Size != "t1.medium" || *m.BootDisk.Size != platform.GiB || m.BootDisk.ID != nil || *m.Memory != platform.GiB {
		t.Errorf("the size is %s with a disk of %v and %v", *m.Size, m.BootDisk, m.Memory)
	}
	_, err := p.create(p.machine("disk", true))
	if !errors.Is(err, platform.ErrUnsupported) || !strings.Contains(err.Error(), "volumev3") || !strings.Contains(err.Error(), p.project.Region) {
		t.Errorf("got %v", err)
	}
	if err := p.conn.Machines.Delete(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	p.holds(0, 0, 0)
}

// TestMachineList counts the calls of a list: they do not grow with the machines.
func TestMachineList(t *testing.T) {
	p := newPlace(t)
	for _, name := range []string{"a", "b", "c"} {
		if _, err := p.create(p.machine(name, true)); err != nil {
			t.Fatal(err)
		}
	}
	conn := p.open(nil)
	p.proxy.Calls()
	seen := 0
	for entry, err := range conn.Machines.(platform.Lister[platform.Machine]).List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		m := &platform.Machine{}
		m.ID = &entry.ID
		if err := entry.Fill(m); err != nil || m.Name != entry.Name {
			t.Error(err, m.Name)
		}
		seen++
	}
	calls := p.proxy.Calls()
	total := 0
	for _, n := range calls {
		total += n
	}
	if seen != 3 || total > 6 {
		t.Errorf("%d machines took %d calls: %v", seen, total, calls)
	}
}
