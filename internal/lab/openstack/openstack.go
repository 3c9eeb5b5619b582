// Package openstack starts a real OpenStack control plane for tests, demos and measurements: keystone, glance, placement,
// nova, neutron and cinder from Debian's packages, each one process, over a MariaDB of their own. Only what touches a host
// is played: nova's own fake hypervisor, a network driver that binds every port, volumes that are sparse files. It lives
// in mount and process namespaces of its own over a folder of its own, on free ports of the loopback, so that any number
// run side by side. When the program that started one ends, however it ends, the kernel ends everything inside and the
// folder goes.
//
// It needs Linux, root and the packages that make lab installs. The first start on a machine makes a saved state, schemas
// and all, in the user's cache; from it later ones start within seconds.
package openstack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/namespace"
)

// Region is the only region of every cloud.
const Region = "RegionOne"

// Cloud is a running control plane. Every project has flavors from t1.nano (1 cpu, 64 MiB, 1 GB of disk) to t1.large
// (4, 4 GiB, 10 GB), t1.diskless for servers that boot from a volume and t1.huge that fits no host; the image tiny, the
// external network public, the volume types __DEFAULT__ and fast, and the zones nova and edge of routers.
type Cloud struct {
	Dir     string // everything of this cloud, as the machine sees it
	AuthURL string // of keystone, with its version
	Region  string

	space    *space
	ports    map[string]int // by service
	services []*process
	admin    *caller

	mu       sync.Mutex // guards what follows
	projects int
	client   *client // nil before the first call
}

// Start gives a test the control plane that all tests of this process share: the first one starts it, and it ends with
// the process. Tests keep apart by projects. VIRT_LAB_OPENSTACK names one that runs already; see the command serve. Without the needed packages it skips the test; with VIRT_LAB=require it
// fails.
func Start(t testing.TB) *Cloud {
	t.Helper()
	Need(t)
	c, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// shared starts the one that all tests share.
//
//nolint:gochecknoglobals // one per process is its purpose: it takes seconds and a gigabyte, and tests have no other place in common
var shared = sync.OnceValues(func() (*Cloud, error) {
	if dir := os.Getenv(running); dir != "" {
		return attach(dir)
	}
	return Open(context.Background())
})

// Open starts a control plane of one's own. The context is for starting alone: it runs until Close. Errors of a machine
// that lacks something name it, those of a service end with its log.
func Open(ctx context.Context) (*Cloud, error) {
	if err := Missing(); err != nil {
		return nil, err
	}
	saved, err := Prepare(ctx)
	if err != nil {
		return nil, err
	}
	c, err := newCloud(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.restore(ctx, saved); err != nil {
		return nil, errors.Join(fmt.Errorf("start OpenStack in %s: %w", c.Dir, err), c.Close())
	}
	return c, nil
}

// newCloud makes an empty one: a folder in namespaces, and ports.
func newCloud(ctx context.Context) (*Cloud, error) {
	ports, err := freePorts(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "os") // short: a socket's path has 107 bytes at most
	if err != nil {
		return nil, err
	}
	c := &Cloud{Dir: dir, ports: ports}
	c.introduce()
	if err := errors.Join(c.lay(), c.tellPorts()); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if c.space, err = newSpace(ctx, dir); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return c, nil
}

// restore starts everything from a saved state.
func (c *Cloud) restore(ctx context.Context, saved string) error {
	if err := copyTree(ctx, saved, c.under("state")); err != nil {
		return err
	}
	if err := c.startDatabase(ctx); err != nil {
		return err
	}
	if err := c.moveEndpoints(ctx); err != nil {
		return err
	}
	return c.startServices(ctx, services()...)
}

// Close ends the control plane and removes its folder. It is called once, and not on what Start gave.
func (c *Cloud) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client != nil {
		c.client.close()
	}
	err := c.space.Close()
	for _, p := range c.services {
		<-p.done
	}
	return errors.Join(err, namespace.RemoveAll(c.Dir))
}

// under is a path in the cloud's folder.
func (c *Cloud) under(name string) string { return filepath.Join(c.Dir, name) }

// address is where a service listens.
func (c *Cloud) address(service string) string { return fmt.Sprintf("127.0.0.1:%d", c.ports[service]) }

// url is the root of a service.
func (c *Cloud) url(service string) string { return "http://" + c.address(service) }
