package libvirt

import (
	"context"
	"iter"
	"path"
	"strings"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// storagePools are the pools of a connection, active or not. Their stable id is the UUID.
type storagePools struct{ s *session }

var (
	_ platform.Resource[platform.StoragePool] = (*storagePools)(nil)
	_ platform.Lister[platform.StoragePool]   = (*storagePools)(nil)
	_ platform.Finder[platform.StoragePool]   = (*storagePools)(nil)
)

// Types of storage pools in the contract's words, where they differ from libvirt's.
const typeNFS = "nfs"

// typeOf is the contract's word for a type of pools.
func typeOf(kind string) string {
	if kind == poolNFS {
		return typeNFS
	}
	return kind
}

// kindOf is libvirt's word.
func kindOf(word string) string {
	if word == typeNFS {
		return poolNFS
	}
	return word
}

// shelf is a pool as libvirt has it.
type shelf struct {
	rpc       libvirt.StoragePool
	document  *libvirtxml.StoragePool
	active    bool
	autostart bool
}

// at reads a pool by its UUID.
func (p *storagePools) at(ctx context.Context, id string) (*shelf, error) {
	uuid, ok := parseUUID(id)
	if !ok {
		return nil, failed("find the storage pool", id, platform.As(platform.ErrNotFound, invalid("%q is no UUID", id)))
	}
	rpc, err := ask(ctx, p.s.client, func(l *libvirt.Libvirt) (libvirt.StoragePool, error) { return l.StoragePoolLookupByUUID(uuid) })
	if err != nil {
		return nil, failed("find the storage pool", id, err)
	}
	found, err := p.load(ctx, rpc)
	return found, failed("read the storage pool", rpc.Name, err)
}

// load reads what there is to know of a pool.
func (p *storagePools) load(ctx context.Context, rpc libvirt.StoragePool) (*shelf, error) {
	found := &shelf{rpc: rpc}
	active, err := ask(ctx, p.s.client, func(l *libvirt.Libvirt) (int32, error) { return l.StoragePoolIsActive(rpc) })
	if err != nil {
		return nil, err
	}
	auto, err := ask(ctx, p.s.client, func(l *libvirt.Libvirt) (int32, error) { return l.StoragePoolGetAutostart(rpc) })
	if err != nil {
		return nil, err
	}
	found.active, found.autostart = active != 0, auto != 0
	found.document, err = p.s.poolDocument(ctx, rpc)
	return found, err
}

// Read fills have.
func (p *storagePools) Read(ctx context.Context, have *platform.StoragePool) error {
	found, err := p.at(ctx, value(have.ID))
	if err != nil {
		return err
	}
	found.fill(have)
	return nil
}

// fill is the one translation from a pool of libvirt's. One that is not active says nothing of its space.
func (f *shelf) fill(have *platform.StoragePool) {
	d := f.document
	*have = platform.StoragePool{Meta: have.Meta, Name: d.Name, Type: typeOf(d.Type)}
	have.ID = &d.UUID
	if d.Target != nil && d.Target.Path != "" {
		have.Path = &d.Target.Path
	}
	f.fillSource(have)
	state := "inactive"
	if f.active {
		state = "active"
		have.Capacity, have.Available = poolSize(d.Capacity), poolSize(d.Available)
	}
	have.Native = map[string]string{"uuid": d.UUID, "state": state}
	have.Libvirt = &platform.LibvirtStoragePool{Autostart: &f.autostart}
}

func (f *shelf) fillSource(have *platform.StoragePool) {
	source := f.document.Source
	if source == nil {
		return
	}
	for _, device := range source.Device {
		have.Devices = append(have.Devices, device.Path)
	}
	if f.document.Type != poolNFS {
		return
	}
	if len(source.Host) > 0 {
		have.Server = &source.Host[0].Name
	}
	if source.Dir != nil {
		have.Export = &source.Dir.Path
	}
}

func poolSize(s *libvirtxml.StoragePoolSize) *platform.Size {
	if s == nil {
		return nil
	}
	return new(platform.Size(s.Value)) //nolint:gosec // libvirt writes bytes, and no pool has 8 EiB
}

// all reads every pool, several at a time.
func (p *storagePools) all(ctx context.Context) ([]*shelf, error) {
	list, err := ask(ctx, p.s.client, func(l *libvirt.Libvirt) ([]libvirt.StoragePool, error) {
		list, _, err := l.ConnectListAllStoragePools(1, 0)
		return list, err
	})
	if err != nil {
		return nil, failed("list the storage pools of", p.s.uri.where(), err)
	}
	found, errs := make([]*shelf, len(list)), make([]error, len(list))
	each(len(list), func(i int) { found[i], errs[i] = p.load(ctx, list[i]) })
	known := found[:0]
	for i, f := range found {
		if errs[i] != nil && !is(errs[i], libvirt.ErrNoStoragePool) {
			return nil, failed("read the storage pool", list[i].Name, errs[i])
		}
		if errs[i] == nil {
			known = append(known, f)
		}
	}
	return known, nil
}

// List gives every pool.
func (p *storagePools) List(ctx context.Context) iter.Seq2[platform.Entry[platform.StoragePool], error] {
	return func(yield func(platform.Entry[platform.StoragePool], error) bool) {
		all, err := p.all(ctx)
		if err != nil {
			yield(platform.Entry[platform.StoragePool]{}, err)
			return
		}
		for _, f := range all {
			fill := func(have *platform.StoragePool) error { f.fill(have); return nil }
			if !yield(platform.Entry[platform.StoragePool]{ID: f.document.UUID, Name: f.document.Name, Fill: fill}, nil) {
				return
			}
		}
	}
}

// Find resolves a UUID or a name, which libvirt keeps unique.
func (p *storagePools) Find(ctx context.Context, ref string) (string, error) {
	if uuid, ok := parseUUID(ref); ok {
		rpc, err := ask(ctx, p.s.client, func(l *libvirt.Libvirt) (libvirt.StoragePool, error) { return l.StoragePoolLookupByUUID(uuid) })
		if err == nil {
			return spellUUID(rpc.UUID), nil
		}
		if !is(err, libvirt.ErrNoStoragePool) {
			return "", failed("find the storage pool", ref, err)
		}
	}
	rpc, err := ask(ctx, p.s.client, func(l *libvirt.Libvirt) (libvirt.StoragePool, error) { return l.StoragePoolLookupByName(ref) })
	if err != nil {
		return "", failed("find the storage pool", ref, err)
	}
	return spellUUID(rpc.UUID), nil
}

// defaultPath is where libvirt itself would put a pool that says nothing.
func defaultPath(kind, name string) string {
	if kind == poolLogical {
		return path.Join("/dev", name)
	}
	return path.Join("/var/lib/libvirt/images", strings.ReplaceAll(name, "/", "_"))
}
