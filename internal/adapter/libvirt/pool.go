package libvirt

import (
	"context"
	"errors"
	"path"
	"strings"
	"time"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"
)

// Types of pools, in libvirt's words.
const (
	poolDir     = "dir"
	poolFS      = "fs"
	poolNFS     = "netfs"
	poolLogical = "logical"
)

// pool is an active storage pool.
type pool struct {
	rpc  libvirt.StoragePool
	name string
	uuid string
	kind string // "dir", "fs", "netfs", "logical" …
	path string // directory, mount point or the volume group's folder of devices
}

// pool finds an active pool by its name.
func (s *session) pool(ctx context.Context, name string) (*pool, error) {
	found, err := ask(ctx, s.client, func(l *libvirt.Libvirt) (libvirt.StoragePool, error) { return l.StoragePoolLookupByName(name) })
	if err != nil {
		return nil, failed("find the storage pool", name, err)
	}
	active, err := ask(ctx, s.client, func(l *libvirt.Libvirt) (int32, error) { return l.StoragePoolIsActive(found) })
	if err == nil && active == 0 {
		err = inactive(name)
	}
	if err != nil {
		return nil, failed("use the storage pool", name, err)
	}
	document, err := s.poolDocument(ctx, found)
	if err != nil {
		return nil, failed("read the storage pool", name, err)
	}
	return poolOf(found, document), nil
}

// storage finds the pool that an attribute names, or else the connection's.
func (s *session) storage(ctx context.Context, name *string) (*pool, error) {
	if name != nil {
		return s.pool(ctx, *name)
	}
	return s.pool(ctx, s.config.String(setPool))
}

// poolDocument reads what libvirt says of a pool, active or not.
func (s *session) poolDocument(ctx context.Context, rpc libvirt.StoragePool) (*libvirtxml.StoragePool, error) {
	text, err := ask(ctx, s.client, func(l *libvirt.Libvirt) (string, error) { return l.StoragePoolGetXMLDesc(rpc, 0) })
	if err != nil {
		return nil, err
	}
	document := &libvirtxml.StoragePool{}
	return document, document.Unmarshal(text)
}

func poolOf(rpc libvirt.StoragePool, document *libvirtxml.StoragePool) *pool {
	p := &pool{rpc: rpc, name: document.Name, uuid: document.UUID, kind: document.Type}
	if document.Target != nil {
		p.path = document.Target.Path
	}
	return p
}

// file is the path that a volume of this name has in the pool.
func (p *pool) file(volume string) string { return path.Join(p.path, volume) }

// block says whether the pool's volumes are block devices, which hold one raw disk each.
func (p *pool) block() bool {
	return p.kind == poolLogical || p.kind == "disk" || p.kind == "iscsi" || p.kind == "scsi"
}

// poolOn finds the active pool whose folder is dir; nil is none.
func (s *session) poolOn(ctx context.Context, dir string) (*libvirt.StoragePool, error) {
	found, err := ask(ctx, s.client, func(l *libvirt.Libvirt) (libvirt.StoragePool, error) { return l.StoragePoolLookupByTargetPath(dir) })
	if is(err, libvirt.ErrNoStoragePool) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &found, nil
}

// refresh lets a pool see what others put into its folder. Where somebody allocates in it at this moment, that is
// waited for.
func (s *session) refresh(ctx context.Context, rpc libvirt.StoragePool) error {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := do(ctx, s.client, func(l *libvirt.Libvirt) error { return l.StoragePoolRefresh(rpc, 0) })
		if !jobsRunning(err) {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
}

// jobsRunning says that libvirt refuses something because it allocates a volume just now. It has no code of its own.
func jobsRunning(err error) bool {
	var told libvirt.Error
	return errors.As(err, &told) &&
		(strings.Contains(told.Message, "asynchronous jobs running") || strings.Contains(told.Message, "still being allocated") ||
			strings.Contains(told.Message, "still in use"))
}
