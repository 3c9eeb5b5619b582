package libvirt

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/digitalocean/go-libvirt"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// uploadPrefix starts the names of volumes that an upload has not completed yet.
const uploadPrefix = ".virt-upload-"

// parcel is content on its way into a pool.
type parcel struct {
	content io.Reader
	length  int64         // bytes; -1 is as many as come
	format  string        // qcow2 or raw
	size    platform.Size // of the disk that the content is; 0 where only its end will tell
	verify  func() error  // judges what was sent, once all of it was
}

// uploadVolume makes a volume with the given content, of length bytes. Either all of it stands under the name or
// nothing does.
func (s *session) uploadVolume(ctx context.Context, poolName, name, format string, content io.Reader, length int64) (*volume, error) {
	on := poolName + "/" + name
	p, err := s.pool(ctx, poolName)
	if err != nil {
		return nil, failed("upload the volume", on, err)
	}
	sent, err := pack(content, length)
	if err == nil && sent.format != format {
		err = invalid("its content is %s and not %s", sent.format, format)
	}
	if err != nil {
		return nil, failed("upload the volume", on, err)
	}
	v, err := s.upload(ctx, p, name, sent)
	return v, failed("upload the volume", on, err)
}

// upload sends the content into a temporary volume. Only when the server has all of it, it copies that to the final
// name, which it does to the end even if we are gone: libvirt cannot rename a volume, and what stands under a name
// can be used by anybody. Where the file system cannot share blocks, the copy takes the host as long again as the upload
// over a socket of its own took, and for that time the space.
func (s *session) upload(ctx context.Context, p *pool, name string, sent *parcel) (*volume, error) {
	unlock, err := s.pools.lock(ctx, p.name)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := s.vacant(ctx, p, name); err != nil {
		return nil, err
	}
	part, err := s.allocate(ctx, p, sent.temporary(p, name), nil)
	if err != nil {
		return nil, err
	}
	defer func() {
		if left := s.discard(ctx, p, part.name); left != nil {
			platform.Warn(ctx, failed("remove the temporary volume", part.place(), left))
		}
	}()
	s.sweep(ctx, p, part)
	if err := s.fill(ctx, p, part, sent); err != nil {
		return nil, err
	}
	if part, err = s.volume(ctx, part.key); err != nil {
		return nil, err
	}
	return s.allocate(ctx, p, volumeSpec{pool: p.name, name: name, size: max(sent.size, part.capacity), format: sent.format}, part)
}

// temporary describes the volume that the content goes to first.
func (c *parcel) temporary(p *pool, name string) volumeSpec {
	id := make([]byte, 4)
	_, _ = rand.Read(id) // never fails
	return volumeSpec{
		pool: p.name, name: uploadPrefix + name + "-" + hex.EncodeToString(id), format: c.format,
		size: max(c.size, platform.Size(c.length), 1),
	}
}

// fill sends the content.
func (s *session) fill(ctx context.Context, p *pool, part *volume, sent *parcel) error {
	counted := &counter{Reader: sent.content}
	var err error
	if sent.format == formatRaw && sent.length > sparseGap && !p.block() {
		err = s.sendSparse(ctx, part.rpc, counted)
	} else {
		err = s.send(ctx, part.rpc, counted, max(sent.length, 0))
	}
	if err != nil {
		return err
	}
	if sent.length >= 0 && counted.n != sent.length {
		return fmt.Errorf("the content has %d bytes where %d were announced", counted.n, sent.length)
	}
	if sent.verify != nil {
		return sent.verify()
	}
	return nil
}

// send writes a stream into a volume; a length of 0 is as much as comes.
func (s *session) send(ctx context.Context, rpc libvirt.StorageVol, content io.Reader, length int64) error {
	line := newUploadLine(s.client)
	return line.stream(ctx, func(l *libvirt.Libvirt) error {
		return line.carry(l, func() error {
			return l.StorageVolUpload(rpc, packets{content}, 0, uint64(length), 0) //nolint:gosec // not negative
		})
	})
}

// packetSize is what virsh sends at a time, too. Packets of the 4 MiB that go-libvirt would send take three times as
// long: the server writes one only once it has all of it.
const packetSize = 256 << 10

// packets cuts a stream.
type packets struct{ io.Reader }

// Read fills a packet: a stream from the network comes in smaller pieces.
func (p packets) Read(b []byte) (int, error) {
	n, err := io.ReadFull(p.Reader, b[:min(len(b), packetSize)])
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return n, err
}

// counter counts what is read.
type counter struct {
	io.Reader
	n int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n += int64(n)
	return n, err
}
