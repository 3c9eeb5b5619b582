package vsphere

import (
	"context"
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	soapsession "github.com/vmware/govmomi/session"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/vcenter"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// lab is a simulated vCenter with one connection of ours and an independent client.
type lab struct {
	*vcenter.Server
	conn     *platform.Conn
	machines *machines
	finder   *find.Finder
	network  string
}

func config(s *vcenter.Server, more map[string]any) platform.Config {
	values := map[string]any{
		"server": s.Host, "user": s.User, "password": s.Password, "ca_file": s.CAFile, "api_timeout": time.Minute,
		"parallel_requests": int64(16), "vim_keep_alive": int64(10), "datacenter": vcenter.Datacenter, "cluster": vcenter.Cluster,
		"datastore": vcenter.Datastore,
	}
	maps.Copy(values, more)
	return platform.NewConfig(values)
}

func serve(t *testing.T, o vcenter.Options) *vcenter.Server {
	t.Helper()
	o.Dir = t.TempDir()
	s, err := vcenter.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func start(t *testing.T, o vcenter.Options) *lab {
	t.Helper()
	l := &lab{Server: serve(t, o)}
	l.connect(t, nil)
	l.finder = client(t, l.Server)
	pg, err := l.finder.Network(t.Context(), vcenter.Network)
	if err != nil {
		t.Fatal(err)
	}
	l.network = pg.Reference().Value
	l.Reset()
	return l
}

func (l *lab) connect(t *testing.T, more map[string]any) {
	t.Helper()
	conn, err := New().Open(t.Context(), config(l.Server, more))
	if err != nil {
		t.Fatal(err)
	}
	l.conn, l.machines = conn, adapterOf(t, conn)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
}

// adapterOf gives the machines of a connection as the adapter's own type.
func adapterOf(t *testing.T, c *platform.Conn) *machines {
	t.Helper()
	m, ok := c.Machines.(*machines)
	if !ok {
		t.Fatalf("machines are %T", c.Machines)
	}
	return m
}

// client is the independent one.
func client(t *testing.T, s *vcenter.Server) *find.Finder {
	t.Helper()
	u := *s.URL
	u.User = nil
	sc := soap.NewClient(&u, false)
	if err := sc.SetRootCAs(s.CAFile); err != nil {
		t.Fatal(err)
	}
	vc, err := vim25.NewClient(t.Context(), sc)
	if err != nil {
		t.Fatal(err)
	}
	c := &govmomi.Client{Client: vc, SessionManager: soapsession.NewManager(vc)}
	if err := c.Login(t.Context(), s.URL.User); err != nil {
		t.Fatal(err)
	}
	f := find.NewFinder(vc)
	dc, err := f.Datacenter(t.Context(), vcenter.Datacenter)
	if err != nil {
		t.Fatal(err)
	}
	return f.SetDatacenter(dc)
}

// native gives the machine as the independent client sees it.
func (l *lab) native(t *testing.T, name string) (*object.VirtualMachine, mo.VirtualMachine) {
	t.Helper()
	vm, err := l.finder.VirtualMachine(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	var got mo.VirtualMachine
	if err := vm.Properties(t.Context(), vm.Reference(), nil, &got); err != nil {
		t.Fatal(err)
	}
	return vm, got
}

// image is the id of the lab's template.
func (l *lab) image(t *testing.T) *string {
	t.Helper()
	id, err := l.machines.Find(t.Context(), vcenter.Template)
	if err != nil {
		t.Fatal(err)
	}
	return &id
}

// machine is a small one with a disk and an adapter.
func (l *lab) machine(name string) *platform.Machine {
	m := &platform.Machine{Name: name, CPUs: new(int64(1)), Memory: new(512 * platform.MiB)}
	m.BootDisk = &platform.BootDisk{Size: new(platform.GiB)}
	m.NICs = map[string]platform.NIC{"eth0": {NetworkID: &l.network}}
	return m
}

func (l *lab) create(t *testing.T, m *platform.Machine) *platform.Machine {
	t.Helper()
	var ids []string
	if err := l.machines.Create(t.Context(), m, func(id string) { ids = append(ids, id) }); err != nil {
		t.Fatal(err)
	}
	if len(ids) != 1 || ids[0] != value(m.ID) {
		t.Fatalf("made %v, id %v", ids, value(m.ID))
	}
	return m
}

// read gives what Read tells of a machine whose bindings are known.
func (l *lab) read(t *testing.T, m *platform.Machine) *platform.Machine {
	t.Helper()
	got := bound(m)
	if err := l.machines.Read(t.Context(), got); err != nil {
		t.Fatal(err)
	}
	return got
}

// bound keeps the id and the bindings, as the engine does.
func bound(m *platform.Machine) *platform.Machine {
	b := &platform.Machine{}
	b.ID = m.ID
	if m.BootDisk != nil {
		b.BootDisk = &platform.BootDisk{ID: m.BootDisk.ID}
	}
	b.Disks = map[string]platform.MachineDisk{}
	for k, d := range m.Disks {
		b.Disks[k] = platform.MachineDisk{ID: d.ID}
	}
	b.NICs = map[string]platform.NIC{}
	for k, n := range m.NICs {
		b.NICs[k] = platform.NIC{ID: n.ID, MAC: n.MAC}
	}
	return b
}

// with copies a machine far enough for a test to change it.
func with(m *platform.Machine, change func(*platform.Machine)) *platform.Machine {
	c := *m
	if m.BootDisk != nil {
		b := *m.BootDisk
		c.BootDisk = &b
	}
	if m.VSphere != nil {
		v := *m.VSphere
		c.VSphere = &v
	}
	c.Disks, c.NICs, c.Tags = nil, nil, nil
	for k, d := range m.Disks {
		if c.Disks == nil {
			c.Disks = map[string]platform.MachineDisk{}
		}
		c.Disks[k] = d
	}
	for k, n := range m.NICs {
		if c.NICs == nil {
			c.NICs = map[string]platform.NIC{}
		}
		c.NICs[k] = n
	}
	for k, v := range m.Tags {
		if c.Tags == nil {
			c.Tags = map[string]string{}
		}
		c.Tags[k] = v
	}
	change(&c)
	return &c
}

func (l *lab) update(t *testing.T, prior *platform.Machine, change func(*platform.Machine)) *platform.Machine {
	t.Helper()
	want := with(prior, change)
	if err := l.machines.Update(t.Context(), prior, want); err != nil {
		t.Fatal(err)
	}
	return want
}

// wantClass checks the class of an error, and that it says something.
func wantClass(t *testing.T, err, class error) {
	t.Helper()
	if !errors.Is(err, class) {
		t.Errorf("error %v is not %v", err, class)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
