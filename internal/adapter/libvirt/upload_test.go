package libvirt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/digitalocean/go-libvirt"
	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// sparse is content with something at the given MiB and of the given length in MiB.
func sparse(length int, at ...int) []byte {
	b := make([]byte, length<<20)
	for _, mib := range at {
		copy(b[mib<<20:], noise(byte(mib), 1<<20))
	}
	return b
}

func TestGaps(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		content []byte
		want    []int64 // offset and length of every range, in MiB
	}{
		{"nothing", nil, nil},
		{"zeros", sparse(40), nil},
		{"full", sparse(3, 0, 1, 2), []int64{0, 3}},
		{"small gap", sparse(30, 0, 29), []int64{0, 30}},
		{"large gap", sparse(36, 0, 35), []int64{0, 1, 35, 1}},
		{"gap at the start", sparse(5, 4), []int64{4, 1}},
		{"gap at the end", sparse(50, 1), []int64{1, 1}},
		{"several", sparse(90, 2, 3, 44, 45, 50, 89), []int64{2, 2, 44, 7, 89, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGaps(iotest.OneByteReader(bytes.NewReader(c.content)))
			if len(c.content) > 5<<20 {
				g = newGaps(bytes.NewReader(c.content))
			}
			copied := make([]byte, len(c.content))
			var got []int64
			for {
				offset, more, err := g.next()
				if err != nil {
					t.Fatal(err)
				}
				if !more {
					break
				}
				data, err := io.ReadAll(g)
				if err != nil {
					t.Fatal(err)
				}
				copy(copied[offset:], data)
				got = append(got, offset>>20, int64(len(data))>>20)
			}
			if diff := cmp.Diff(c.want, got); diff != "" || !bytes.Equal(copied, c.content) {
				t.Error(diff, bytes.Equal(copied, c.content))
			}
		})
	}
}

func TestGapsBreakOff(t *testing.T) {
	t.Parallel()
	g := newGaps(iotest.TimeoutReader(bytes.NewReader(sparse(3, 0, 1, 2))))
	if _, more, err := g.next(); err != nil || !more {
		t.Fatal(more, err)
	}
	if data, err := io.ReadAll(g); !errors.Is(err, iotest.ErrTimeout) {
		t.Errorf("%d bytes, %v", len(data), err)
	}
}

// packet is one of the protocol.
func packet(procedure, status uint32, body []byte) []byte {
	var b []byte
	for _, word := range []uint32{uint32(headerSize + len(body)), 0x20008086, 1, procedure, 3, 7, status} {
		b = binary.BigEndian.AppendUint32(b, word)
	}
	return append(b, body...)
}

func refusalBody(text string) []byte {
	var b []byte
	for _, word := range []uint32{38, 18, 1, uint32(len(text))} {
		b = binary.BigEndian.AppendUint32(b, word)
	}
	return append(b, text...)
}

func TestListener(t *testing.T) {
	t.Parallel()
	stream := packet(1, 0, []byte("0123456789"))
	stream = append(stream, packet(procUpload, 0, nil)...)
	stream = append(stream, packet(2, statusFailed, refusalBody("not this"))...)
	stream = append(stream, packet(procUpload, statusFailed, refusalBody("No space left"))...)
	stream = append(stream, packet(procUpload, statusFailed, []byte("short"))...)
	for _, cut := range []int{1, 3, 28, 29, len(stream)} {
		var told []error
		l := &listener{told: func(err error) { told = append(told, err) }}
		for rest := stream; len(rest) > 0; {
			n := min(cut, len(rest))
			l.hear(rest[:n])
			rest = rest[n:]
		}
		if diff := cmp.Diff([]error{libvirt.Error{Code: 38, Message: "No space left"}}, told); diff != "" {
			t.Error(cut, diff)
		}
	}
}

func FuzzListener(f *testing.F) {
	f.Add(packet(procUpload, statusFailed, refusalBody("No space left")))
	f.Add(packet(1, 0, []byte("0123456789")))
	f.Fuzz(func(_ *testing.T, data []byte) {
		l := &listener{told: func(error) {}}
		l.hear(data)
		_, _ = readRefusal(data)
	})
}

func FuzzPack(f *testing.F) {
	f.Add([]byte(qcow2Magic + strings.Repeat("\x00", 200)))
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = pack(bytes.NewReader(data), int64(len(data))) })
}

// TestCutUpload loses the connection in the middle of an upload; the server stays.
func TestCutUpload(t *testing.T) {
	t.Parallel()
	h := newStorageHost(t)
	wire := &cutter{target: h.SocketPath, after: 20 << 20}
	s := connect(t, "qemu+unix:///system?socket="+url.QueryEscape(wire.serve(t)))
	source := file(t, "a", noise(11, 64<<20))
	for name, want := range map[string]*platform.Image{
		"raw": {Name: "cut", Source: &source}, "checked": {Name: "cut", Source: &source, Checksum: new("sha256:" + sum(nil))},
	} {
		start := time.Now()
		err := newImages(s).Create(t.Context(), want, func(id string) { t.Error("made", id) })
		isClass(t, err, platform.ErrUnreachable)
		if took := time.Since(start); took > 20*time.Second {
			t.Error(name, took)
		}
		clean(t, h, "default", "cut")
	}
	if cuts := wire.cuts.Load(); cuts != 2 {
		t.Errorf("cut %d times", cuts)
	}
}

// TestCancelledUpload ends the time of an upload whose source hangs.
func TestCancelledUpload(t *testing.T) {
	t.Parallel()
	h := newStorageHost(t)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	hang, end := io.Pipe()
	defer func() { _ = end.Close() }()
	content := io.MultiReader(bytes.NewReader(noise(12, 1<<20)), hang)
	start := time.Now()
	_, err := h.s.uploadVolume(ctx, "default", "hangs", formatRaw, content, 2<<20)
	isClass(t, err, platform.ErrTimeout)
	if took := time.Since(start); took > 5*time.Second {
		t.Error(took)
	}
	clean(t, h, "default", "hangs")
}

// TestSparseUpload sends what there is, and the host keeps no more.
func TestSparseUpload(t *testing.T) {
	t.Parallel()
	h := newStorageHost(t)
	data := sparse(130, 0, 1, 64, 128)
	v, err := h.s.uploadVolume(t.Context(), "default", "sparse", formatRaw, bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	content(t, v.key, data)
	if v.allocation > 8<<20 || v.capacity != 130<<20 {
		t.Errorf("%s of %s are allocated", v.allocation, v.capacity)
	}
}

// cutter passes a socket on, and cuts every connection that has sent enough.
type cutter struct {
	target string
	after  int64
	cuts   atomic.Int32
}

func (c *cutter) serve(t *testing.T) string {
	dir, err := os.MkdirTemp("", "cut") //nolint:usetesting // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "s")
	l, err := new(net.ListenConfig).Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close(); _ = os.RemoveAll(dir) })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go c.pass(conn)
		}
	}()
	return path
}

func (c *cutter) pass(conn net.Conn) {
	defer conn.Close()
	server, err := new(net.Dialer).Dial("unix", c.target)
	if err != nil {
		return
	}
	defer server.Close()
	go func() { _, _ = io.Copy(conn, server) }()
	if n, _ := io.CopyN(server, conn, c.after); n == c.after {
		c.cuts.Add(1)
	}
}
