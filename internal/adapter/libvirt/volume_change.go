package libvirt

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/digitalocean/go-libvirt"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// growVolume makes a volume larger that no running domain has open. One of that size or more stays as it is.
func (s *session) growVolume(ctx context.Context, key string, to platform.Size) error {
	v, err := s.volume(ctx, key)
	if err != nil || v.capacity >= to {
		return err
	}
	unlock, err := s.pools.lock(ctx, v.pool)
	if err != nil {
		return failed("grow the volume", key, err)
	}
	defer unlock()
	return failed("grow the volume", key, s.resize(ctx, v.rpc, to))
}

func (s *session) resize(ctx context.Context, rpc libvirt.StorageVol, to platform.Size) error {
	return do(ctx, s.client, func(l *libvirt.Libvirt) error {
		return l.StorageVolResize(rpc, uint64(to), 0) //nolint:gosec // sizes are positive
	})
}

// deleteVolume removes a volume; one that is gone already is fine.
func (s *session) deleteVolume(ctx context.Context, key string) error {
	rpc, err := s.lookUp(ctx, key)
	if absent(err) || isNotFound(err) {
		return nil
	}
	if err != nil {
		return failed("delete the volume", key, err)
	}
	unlock, err := s.pools.lock(ctx, rpc.Pool)
	if err != nil {
		return failed("delete the volume", key, err)
	}
	defer unlock()
	return failed("delete the volume", key, s.removeVolume(ctx, rpc))
}

func (s *session) removeVolume(ctx context.Context, rpc libvirt.StorageVol) error {
	err := do(ctx, s.client, func(l *libvirt.Libvirt) error { return l.StorageVolDelete(rpc, 0) }, libvirt.ErrNoStorageVol)
	if is(err, libvirt.ErrNoStorageVol) {
		return nil
	}
	return err
}

// downloadVolume reads a small volume whole. One that is larger than limit bytes is an ErrInvalid.
func (s *session) downloadVolume(ctx context.Context, key string, limit int64) ([]byte, error) {
	rpc, err := s.lookUp(ctx, key)
	if absent(err) {
		err = s.noVolume()
	}
	if err != nil {
		return nil, failed("read the content of the volume", key, err)
	}
	content := &limited{limit: limit}
	line := newDownloadLine(s.client, content)
	err = line.stream(ctx, func(l *libvirt.Libvirt) error {
		return line.carry(l, func() error {
			return l.StorageVolDownload(rpc, io.Discard, 0, uint64(limit)+1, 0) //nolint:gosec // a limit is positive
		})
	})
	if err == nil && content.over {
		err = invalid("it has more than %d bytes", limit)
	}
	if err != nil {
		return nil, failed("read the content of the volume", key, err)
	}
	return content.Bytes(), nil
}

// limited is a buffer that forgets what is beyond its limit.
type limited struct {
	bytes.Buffer
	limit int64
	over  bool
}

func (l *limited) Write(b []byte) (int, error) {
	room := l.limit - int64(l.Len())
	if int64(len(b)) > room {
		l.over = true
		_, _ = l.Buffer.Write(b[:max(room, 0)])
		return len(b), nil
	}
	return l.Buffer.Write(b)
}

// place names a volume for messages.
func (v *volume) place() string { return fmt.Sprintf("%s (pool %s)", v.key, v.pool) }
