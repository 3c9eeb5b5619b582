package libvirt

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Formats of volumes.
const (
	formatQcow2 = "qcow2"
	formatRaw   = "raw"
)

// volume is one volume of a pool.
type volume struct {
	rpc        libvirt.StorageVol
	pool       string // name
	name       string
	key        string // path: the one spelling that machines, users and other volumes share
	format     string // "qcow2", "raw", "iso" …
	backing    string // path of the file that it holds the differences to; "" is none
	block      bool   // a block device, not a file
	capacity   platform.Size
	allocation platform.Size
	changed    time.Time // when its content changed last; zero where the host does not tell
}

// volume finds a volume by its path. One that somebody else put there becomes known by a refresh of its pool.
func (s *session) volume(ctx context.Context, key string) (*volume, error) {
	found, err := s.lookUp(ctx, key)
	if absent(err) {
		err = s.noVolume()
	}
	if err != nil {
		return nil, failed("find the volume", key, err)
	}
	v, err := s.describe(ctx, found)
	if absent(err) {
		err = s.noVolume()
	}
	return v, failed("read the volume", key, err)
}

// absent says that libvirt knows no such volume.
func absent(err error) bool { return is(err, libvirt.ErrNoStorageVol) }

func (s *session) noVolume() error {
	return platform.As(platform.ErrNotFound, fmt.Errorf("no storage pool of %s has it", s.uri.where()))
}

// lookUp resolves a path, after a refresh of the pool around it if need be. A volume whose file is gone is none: libvirt
// remembers it until the next refresh.
func (s *session) lookUp(ctx context.Context, key string) (libvirt.StorageVol, error) {
	if !path.IsAbs(key) {
		return libvirt.StorageVol{}, platform.As(platform.ErrNotFound, errors.New("a volume is named by its path, such as /var/lib/libvirt/images/a.qcow2"))
	}
	look := func(l *libvirt.Libvirt) (libvirt.StorageVol, error) { return l.StorageVolLookupByPath(key) }
	found, err := ask(ctx, s.client, look)
	if !is(err, libvirt.ErrNoStorageVol) {
		return found, err
	}
	around, missing := s.poolOn(ctx, path.Dir(key))
	if missing != nil {
		return found, missing
	}
	if around == nil {
		if asleep := s.asleep(ctx, path.Dir(key)); asleep != nil {
			err = asleep
		}
		return found, err
	}
	if err := s.refresh(ctx, *around); err != nil {
		return found, err
	}
	return ask(ctx, s.client, look)
}

// asleep fails when a pool with that folder is there but not active: nobody knows what lies in it, so nothing may be
// taken as gone.
func (s *session) asleep(ctx context.Context, dir string) error {
	pools, err := ask(ctx, s.client, func(l *libvirt.Libvirt) ([]libvirt.StoragePool, error) {
		pools, _, err := l.ConnectListAllStoragePools(1, libvirt.ConnectListStoragePoolsInactive)
		return pools, err
	})
	if err != nil {
		return err
	}
	for _, rpc := range pools {
		document, err := s.poolDocument(ctx, rpc)
		if err != nil && !is(err, libvirt.ErrNoStoragePool) {
			return err
		}
		if err == nil && poolOf(rpc, document).path == dir {
			return inactive(rpc.Name)
		}
	}
	return nil
}

func inactive(pool string) error {
	return platform.As(platform.ErrConflict, fmt.Errorf("the storage pool %s is not active: start it with `virsh pool-start %[1]s`", pool))
}

// named finds a volume by pool and name; nil is none.
func (s *session) named(ctx context.Context, p *pool, name string) (*libvirt.StorageVol, error) {
	found, err := ask(ctx, s.client, func(l *libvirt.Libvirt) (libvirt.StorageVol, error) { return l.StorageVolLookupByName(p.rpc, name) })
	if is(err, libvirt.ErrNoStorageVol) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &found, nil
}

// describe reads a volume's document.
func (s *session) describe(ctx context.Context, rpc libvirt.StorageVol) (*volume, error) {
	text, err := ask(ctx, s.client, func(l *libvirt.Libvirt) (string, error) { return l.StorageVolGetXMLDesc(rpc, 0) })
	if fileGone(err) {
		return nil, platform.As(platform.ErrNotFound, err)
	}
	if err != nil {
		return nil, err
	}
	return readVolume(rpc, text)
}

// fileGone says that libvirt knows a volume whose file somebody removed.
func fileGone(err error) bool {
	var told libvirt.Error
	return errors.As(err, &told) && strings.Contains(told.Message, "No such file or directory")
}

// readVolume is the one translation of a volume's document.
func readVolume(rpc libvirt.StorageVol, text string) (*volume, error) {
	var document libvirtxml.StorageVolume
	if err := document.Unmarshal(text); err != nil {
		return nil, err
	}
	v := &volume{
		rpc: rpc, pool: rpc.Pool, name: document.Name, key: rpc.Key, block: document.Type == "block",
		capacity: sizeOf(document.Capacity), allocation: sizeOf(document.Allocation), format: formatRaw,
	}
	if t := document.Target; t != nil {
		v.key = t.Path
		if t.Format != nil {
			v.format = t.Format.Type
		}
		if t.Timestamps != nil {
			v.changed = timestamp(t.Timestamps.Mtime)
		}
	}
	if document.BackingStore != nil {
		v.backing = document.BackingStore.Path
	}
	return v, nil
}

func sizeOf(s *libvirtxml.StorageVolumeSize) platform.Size {
	if s == nil {
		return 0
	}
	return platform.Size(s.Value) //nolint:gosec // libvirt writes bytes, and no disk has 8 EiB
}

// timestamp reads seconds since 1970 with a fraction; the zero time is one that cannot be read.
func timestamp(text string) time.Time {
	seconds, fraction, _ := strings.Cut(text, ".")
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || n == 0 {
		return time.Time{}
	}
	nanos, _ := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
	return time.Unix(n, nanos).UTC()
}
