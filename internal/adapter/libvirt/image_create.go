package libvirt

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/source"
)

// Create uploads a file, passes on what a URL gives, or copies a machine's boot disk.
func (i *images) Create(ctx context.Context, want *platform.Image, made func(id string)) error {
	if (want.Source == nil) == (want.MachineID == nil) {
		return failed("make the image", want.Name, platform.At(invalid("an image is made either from a source or from a machine"), "source"))
	}
	p, err := i.s.storage(ctx, value(want.Libvirt).Pool)
	if err != nil {
		return failed("make the image", want.Name, platform.At(err, "libvirt", "pool"))
	}
	var v *volume
	if want.MachineID != nil {
		v, err = i.copyMachine(ctx, p, want)
	} else {
		v, err = i.bring(ctx, p, want)
	}
	if err != nil {
		announce(err, made)
		return failed("make the image", want.Name, err)
	}
	made(v.key)
	v.completeImage(want)
	return nil
}

// copyMachine copies the whole boot disk of a machine that is off.
func (i *images) copyMachine(ctx context.Context, p *pool, want *platform.Image) (*volume, error) {
	if want.Checksum != nil {
		return nil, platform.At(invalid("a checksum is that of a source: a machine's disk has none"), "checksum")
	}
	file, running, err := i.s.bootVolume(ctx, *want.MachineID)
	if err == nil && running {
		err = platform.As(platform.ErrConflict, errors.New("the machine is on, and its disk changes while it is copied: power it off first"))
	}
	if err != nil {
		return nil, platform.At(err, "machine_id")
	}
	return i.s.makeVolume(ctx, volumeSpec{pool: p.name, name: want.Name, format: value(want.Format), source: file})
}

// bring uploads the source. One that this connection brought into the pool a moment ago under another name, by the same
// checksum, is copied there instead.
func (i *images) bring(ctx context.Context, p *pool, want *platform.Image) (*volume, error) {
	known := ""
	if want.Checksum != nil {
		known = p.uuid + " " + *want.Checksum
		unlock, err := i.s.pools.lock(ctx, known)
		if err != nil {
			return nil, err
		}
		defer unlock()
		if twin := i.twin(ctx, known); twin != nil && (want.Format == nil || *want.Format == twin.diskType()) {
			return i.s.makeVolume(ctx, volumeSpec{pool: p.name, name: want.Name, format: twin.diskType(), source: twin.key})
		}
	}
	v, err := i.transfer(ctx, p, want)
	if err == nil && known != "" {
		i.mu.Lock()
		i.sent[known] = v
		i.mu.Unlock()
	}
	return v, err
}

// twin is a volume with the same content, if nobody has written to it since; nil is none.
func (i *images) twin(ctx context.Context, known string) *volume {
	i.mu.Lock()
	twin := i.sent[known]
	i.mu.Unlock()
	if twin == nil {
		return nil
	}
	now, err := i.s.volume(ctx, twin.key)
	if err != nil || now.changed.IsZero() || !now.changed.Equal(twin.changed) || now.capacity != twin.capacity {
		return nil
	}
	return now
}

// transfer uploads the source, and judges its checksum before the volume gets its name.
func (i *images) transfer(ctx context.Context, p *pool, want *platform.Image) (*volume, error) {
	from, err := source.Open(ctx, *want.Source)
	if err != nil {
		return nil, platform.At(err, "source")
	}
	defer from.Close()
	summed := &summer{Reader: from}
	if want.Checksum != nil {
		summed.hash = sha256.New()
	}
	sent, err := pack(summed, from.Length)
	if err != nil {
		return nil, platform.At(err, "source")
	}
	if want.Format != nil && *want.Format != sent.format {
		return nil, platform.At(invalid("%s is %s", from.Name, sent.format), "format")
	}
	if p.block() && sent.format != formatRaw {
		err := invalid("%s is %s, and the pool %s has block devices, which hold raw disks: convert it with `qemu-img convert -O raw`", from.Name, sent.format, p.name)
		return nil, platform.At(err, "source")
	}
	sent.verify = func() error { return summed.verify(want.Checksum) }
	v, err := i.s.upload(ctx, p, want.Name, sent)
	if summed.err != nil {
		return nil, platform.At(fmt.Errorf("%s broke off: %w", from.Name, summed.err), "source")
	}
	if errors.Is(err, platform.ErrExists) {
		err = platform.At(err, "name")
	}
	return v, err
}

// summer makes the checksum of what passes, and keeps the error that ended it.
type summer struct {
	io.Reader
	hash hash.Hash // nil where nobody asks
	err  error
}

func (s *summer) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	if s.hash != nil {
		_, _ = s.hash.Write(b[:n]) // never fails
	}
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

func (s *summer) verify(want *string) error {
	if want == nil {
		return nil
	}
	got := "sha256:" + hex.EncodeToString(s.hash.Sum(nil))
	if got == *want {
		return nil
	}
	return platform.At(invalid("what came has %s: the source was changed or damaged", got), "checksum")
}
