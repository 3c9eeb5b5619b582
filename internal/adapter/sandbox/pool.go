package sandbox

import (
	"context"
	"errors"
	"slices"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// defaultPoolMiB is how much a new pool holds: 1 TiB.
const defaultPoolMiB = 1 << 20

// pool is a storage pool as its file has it. Disks lie in it that name it as their storage.
type pool struct {
	head
	Type    string   `json:"type"` // dir, nfs, fs or logical
	Path    string   `json:"path"`
	Server  string   `json:"server,omitempty"`
	Export  string   `json:"export,omitempty"`
	Devices []string `json:"devices,omitempty"`
	MiB     int64    `json:"mib"` // what it can hold
}

func (p *pool) check() error {
	if p.MiB < 1 || p.Type == "" {
		return errors.New("a storage pool needs type and mib")
	}
	return nil
}

// pools implements [platform.Resource] for storage pools.
type pools struct {
	shelf[platform.StoragePool, *platform.StoragePool, pool, *pool]
}

func newPools(s *store, like likeness) *pools {
	p := &pools{}
	p.shelf = newShelf(s.pools, like, p.fillPool)
	return p
}

func (s *pools) fillPool(ctx context.Context, p *pool, have *platform.StoragePool) {
	have.Name, have.Type, have.Path, have.Server, have.Export = p.Name, p.Type, some(p.Path), some(p.Server), some(p.Export)
	have.Devices, have.Capacity = slices.Clone(p.Devices), size(p.MiB)
	have.Available = new(platform.Size(max(0, p.MiB-s.used(ctx, p.Name))) * platform.MiB)
	have.Native = map[string]string{"file": s.file("storage_pool", p.id)}
}

// used is how many MiB lie in the pool called name. What cannot be read counts nothing.
func (s *pools) used(ctx context.Context, name string) int64 {
	var sum int64
	volumes, _ := s.disks.all(ctx)
	for _, v := range volumes {
		if v.Storage == name {
			sum += v.MiB
		}
	}
	machines, _ := s.machines.all(ctx)
	for _, m := range machines {
		for _, d := range m.Disks {
			if d.Storage == name && !d.Volume {
				sum += d.MiB
			}
		}
	}
	return sum
}

// Create makes a pool.
func (s *pools) Create(ctx context.Context, want *platform.StoragePool, made func(id string)) error {
	p := &pool{head: head{Name: want.Name}, MiB: defaultPoolMiB}
	return s.make(ctx, want, p, made, func(*change) error {
		if err := s.table.free(ctx, want.Name, "", nil); err != nil {
			return err
		}
		return s.settings(p, &platform.StoragePool{}, want)
	}, nil)
}

func (s *pools) settings(p *pool, prior, want *platform.StoragePool) error {
	p.Name, p.Type = want.Name, want.Type
	set(&p.Path, prior.Path, want.Path, "/pools/"+p.id)
	if p.Path == "" {
		p.Path = "/pools/" + p.id
	}
	set(&p.Server, prior.Server, want.Server, "")
	set(&p.Export, prior.Export, want.Export, "")
	if want.Devices != nil || prior.Devices != nil {
		p.Devices = slices.Clone(want.Devices)
	}
	return setBlock(&p.head, s.like.block, prior, want)
}

// Update changes a pool.
func (s *pools) Update(ctx context.Context, prior, want *platform.StoragePool) error {
	p, err := s.revise(ctx, want.Name, want, func(_ *change, p *pool) error {
		if want.Name != p.Name {
			return s.table.free(ctx, want.Name, p.id, nil)
		}
		return nil
	}, func(_ *change, p *pool) error { return s.settings(p, prior, want) })
	if err != nil {
		return err
	}
	s.complete(ctx, p, want)
	return nil
}

// Delete forgets a pool; the disks in it stay.
func (s *pools) Delete(ctx context.Context, have *platform.StoragePool) error {
	return s.destroy(ctx, have, func(*change, *pool) error { return nil }, func(*change, *pool) error { return nil })
}
