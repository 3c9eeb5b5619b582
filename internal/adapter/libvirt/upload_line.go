package libvirt

import (
	"context"
	"encoding/binary"
	"net"
	"sync"
	"time"

	"github.com/digitalocean/go-libvirt"
)

// What the protocol's header says of a packet (https://libvirt.org/kbase/internals/rpc.html).
const (
	headerSize   = 28 // length, program, version, procedure, type, serial, status; 4 bytes each
	procUpload   = 208
	procDownload = 209
	typeStream   = 3
	statusFailed = 1
	errorLimit   = 64 << 10 // of an error packet that is kept
)

// uploadLine is a connection for one upload. go-libvirt waits for ever when a stream fails in the middle or at its end:
// its sender waits for a reader of its result, and the reader for the sender to take the word that it should stop. So
// the line listens itself for the server's refusal and for the connection's end. What go-libvirt left waiting stays so;
// it is two idle goroutines for each.
type uploadLine struct {
	*client
	refused chan error // the server's answer that ended the stream
}

func newUploadLine(c *client) *uploadLine {
	line := &uploadLine{refused: make(chan error, 1)}
	line.client = &client{uri: c.uri, dial: func(ctx context.Context) (net.Conn, error) {
		conn, err := c.dial(ctx)
		if err != nil {
			return nil, err
		}
		return &listener{Conn: conn, told: line.tell}, nil
	}}
	c.calls.Add(1)
	return line
}

func (u *uploadLine) tell(err error) {
	select {
	case u.refused <- err:
	default:
	}
}

// carry runs the upload until it ends, is refused or lost.
func (u *uploadLine) carry(l *libvirt.Libvirt, upload func() error) error {
	done := make(chan error, 1)
	go func() { done <- upload() }()
	var err error
	select {
	case err := <-done:
		return err
	case err = <-u.refused:
		return err
	case <-l.Disconnected():
		err = libvirt.ErrInterrupted
	}
	select {
	case err := <-done: // it ended by itself
		return err
	case told := <-u.refused:
		return told
	case <-time.After(100 * time.Millisecond):
		return err
	}
}

// listener hears what the server says of the upload.
type listener struct {
	net.Conn
	told func(error)

	mu     sync.Mutex
	header [headerSize]byte
	have   int    // bytes of the header that were read
	left   int    // bytes of the packet that are still to come
	body   []byte // of a packet that tells an error
	keep   bool   // the packet tells one
}

func (l *listener) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	l.hear(b[:n])
	return n, err
}

// hear follows the packets, however they are cut.
func (l *listener) hear(b []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(b) > 0 {
		if l.have < headerSize {
			n := copy(l.header[l.have:], b)
			l.have, b = l.have+n, b[n:]
			l.begin()
			continue
		}
		n := min(l.left, len(b))
		if l.keep && len(l.body)+n <= errorLimit {
			l.body = append(l.body, b[:n]...)
		}
		l.left, b = l.left-n, b[n:]
		l.end()
	}
}

// begin reads the header once it is whole.
func (l *listener) begin() {
	if l.have < headerSize {
		return
	}
	word := func(n int) uint32 { return binary.BigEndian.Uint32(l.header[4*n:]) }
	l.left = max(int(word(0))-headerSize, 0)
	l.keep = word(3) == procUpload && word(6) == statusFailed
	l.body = l.body[:0]
	l.end()
}

// end closes a packet once it is whole.
func (l *listener) end() {
	if l.left > 0 {
		return
	}
	l.have = 0
	if !l.keep {
		return
	}
	l.keep = false
	if err, ok := readRefusal(l.body); ok {
		l.told(err)
	}
}

// readRefusal reads the start of libvirt's error: code, domain and an optional text.
func readRefusal(body []byte) (err libvirt.Error, ok bool) {
	if len(body) < 16 {
		return err, false
	}
	word := func(n int) uint32 { return binary.BigEndian.Uint32(body[4*n:]) }
	length := int(word(3))
	if word(2) == 0 || length < 0 || length > len(body)-16 {
		return libvirt.Error{Code: word(0), Message: "the server refused the upload"}, true
	}
	return libvirt.Error{Code: word(0), Message: string(body[16 : 16+length])}, true
}
