package sandbox

import (
	"context"
	"fmt"
	"iter"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

const (
	hostName   = "sandbox"
	hostCPUs   = 64
	hostMemory = 256 * platform.GiB
)

// hosts implements [platform.Reader] for the one host that a sandbox is. Its id is that of the sandbox.
type hosts struct{ *store }

func (s *hosts) call(verb, id string) call { return call{verb, "host", "", id} }

// show fills have. Running machines take of the memory.
func (s *hosts) show(ctx context.Context, have *platform.Host) error {
	list, err := s.machines.all(ctx)
	if err != nil {
		return err
	}
	free := hostMemory
	for _, m := range list {
		if m.State == running {
			free -= platform.Size(m.MemoryMiB) * platform.MiB
		}
	}
	have.ID, have.Name = new(s.endpoint), hostName
	have.CPUs, have.Memory, have.MemoryFree = new(int64(hostCPUs)), new(hostMemory), new(max(0, free))
	have.CPUModel, have.Architecture, have.Version = new("none"), new("x86_64"), new("sandbox 1")
	have.Native = map[string]string{"dir": s.dir}
	return nil
}

// Read fills have; see [platform.Reader].
func (s *hosts) Read(ctx context.Context, have *platform.Host) error {
	id := deref(have.ID)
	c := s.call("read", id)
	if err := s.begin(ctx, c); err != nil {
		return c.failed(err)
	}
	if id != s.endpoint {
		return c.failed(s.missing(id))
	}
	return c.failed(s.show(ctx, have))
}

func (s *hosts) missing(ref string) error {
	return platform.As(platform.ErrNotFound, fmt.Errorf("there is no host %q: a sandbox is the one host %q", ref, hostName))
}

// List gives the one host; see [platform.Lister].
func (s *hosts) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Host], error] {
	return func(yield func(platform.Entry[platform.Host], error) bool) {
		c := s.call("list", "")
		if err := s.begin(ctx, c); err != nil {
			yield(platform.Entry[platform.Host]{}, c.failed(err))
			return
		}
		yield(platform.Entry[platform.Host]{ID: s.endpoint, Name: hostName, Fill: func(have *platform.Host) error { return s.show(ctx, have) }}, nil)
	}
}

// Find takes the id or the name; see [platform.Finder].
func (s *hosts) Find(ctx context.Context, ref string) (string, error) {
	c := s.call("find", ref)
	if err := s.begin(ctx, c); err != nil {
		return "", c.failed(err)
	}
	if ref != s.endpoint && ref != hostName {
		return "", c.failed(s.missing(ref))
	}
	return s.endpoint, nil
}
