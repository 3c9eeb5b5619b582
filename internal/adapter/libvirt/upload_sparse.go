package libvirt

import (
	"context"
	"errors"
	"io"

	"github.com/digitalocean/go-libvirt"
)

const (
	// sparseBlock is the unit in which nothing is looked for.
	sparseBlock = 1 << 20
	// sparseGap is how much nothing is worth a stream of its own behind it: go-libvirt cannot send holes, and after
	// every stream the server looks at the whole pool again.
	sparseGap = 32 << 20
)

// gaps parts content into ranges between which there are only zeros, without keeping more of it than one block.
type gaps struct {
	content io.Reader
	block   []byte // what was read last
	offset  int64  // of the block's first byte that was not handed out
	zeros   int64  // before it, also not handed out
	rest    []byte // of the block
	done    bool
}

func newGaps(content io.Reader) *gaps {
	return &gaps{content: content, block: make([]byte, sparseBlock)}
}

// next goes to the start of the next range; false is the end of the content.
func (g *gaps) next() (offset int64, ok bool, err error) {
	err = g.advance()
	if err != nil || len(g.rest) == 0 {
		return 0, false, err
	}
	g.zeros = 0
	return g.offset, true, nil
}

// advance reads until there is something to hand out, and counts the zeros before it.
func (g *gaps) advance() error {
	for len(g.rest) == 0 && !g.done {
		n, err := io.ReadFull(g.content, g.block)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			g.done, err = true, nil
		}
		if err != nil {
			return err
		}
		if empty(g.block[:n]) {
			g.zeros, g.offset = g.zeros+int64(n), g.offset+int64(n)
			continue
		}
		g.rest = g.block[:n]
	}
	return nil
}

// Read gives a range: until a large gap or the end.
func (g *gaps) Read(b []byte) (int, error) {
	if err := g.advance(); err != nil {
		return 0, err
	}
	if len(g.rest) == 0 || g.zeros >= sparseGap {
		return 0, io.EOF
	}
	if g.zeros > 0 {
		n := int(min(g.zeros, int64(len(b))))
		clear(b[:n])
		g.zeros -= int64(n)
		return n, nil
	}
	n := copy(b, g.rest)
	g.rest, g.offset = g.rest[n:], g.offset+int64(n)
	return n, nil
}

// empty says whether there are only zeros.
func empty(b []byte) bool {
	for len(b) >= 8 {
		if b[0]|b[1]|b[2]|b[3]|b[4]|b[5]|b[6]|b[7] != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// sendSparse writes content into a new file, which is as long as it and all zeros, and leaves out what is zero there.
func (s *session) sendSparse(ctx context.Context, rpc libvirt.StorageVol, content io.Reader) error {
	line := newUploadLine(s.client)
	ranges := newGaps(content)
	return line.stream(ctx, func(l *libvirt.Libvirt) error {
		for {
			offset, more, err := ranges.next()
			if err != nil || !more {
				return err
			}
			err = line.carry(l, func() error {
				return l.StorageVolUpload(rpc, packets{ranges}, uint64(offset), 0, 0) //nolint:gosec // not negative
			})
			if err != nil {
				return err
			}
		}
	})
}
