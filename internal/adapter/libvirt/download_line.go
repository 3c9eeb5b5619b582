package libvirt

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"

	"github.com/digitalocean/go-libvirt"
)

// maxPacket is the largest packet that libvirt sends.
const maxPacket = 64 << 20

// newDownloadLine is a connection for one download, whose content goes to into.
func newDownloadLine(c *client, into io.Writer) *uploadLine {
	line := &uploadLine{refused: make(chan error, 1)}
	line.client = &client{uri: c.uri, dial: func(ctx context.Context) (net.Conn, error) {
		conn, err := c.dial(ctx)
		if err != nil {
			return nil, err
		}
		return &receiver{Conn: conn, into: into, told: line.tell}, nil
	}}
	c.calls.Add(1)
	return line
}

// receiver takes the packets of a download off the connection before go-libvirt sees them. The server may send the first
// of them before it answers the call: go-libvirt then takes the content for the answer and the answer for the end, and
// waits for ever.
type receiver struct {
	net.Conn
	into io.Writer
	told func(error) // the end, nil where all has come
	rest []byte      // of a packet that is not ours
}

// Read gives the packets that are not the download's.
func (r *receiver) Read(b []byte) (int, error) {
	for len(r.rest) == 0 {
		packet, err := r.packet()
		if err != nil {
			return 0, err
		}
		if !r.takes(packet) {
			r.rest = packet
		}
	}
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// packet reads one packet, its length included.
func (r *receiver) packet() ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(r.Conn, length[:]); err != nil {
		return nil, ended(err)
	}
	n := binary.BigEndian.Uint32(length[:])
	if n < headerSize || n > maxPacket {
		return nil, errors.New("the server does not speak libvirt's protocol")
	}
	packet := make([]byte, n)
	copy(packet, length[:])
	_, err := io.ReadFull(r.Conn, packet[len(length):])
	return packet, ended(err)
}

func ended(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return io.EOF
	}
	return err
}

// takes keeps a packet of the download.
func (r *receiver) takes(packet []byte) bool {
	word := func(n int) uint32 { return binary.BigEndian.Uint32(packet[4*n:]) }
	if word(3) != procDownload || word(4) != typeStream {
		return false
	}
	body := packet[headerSize:]
	switch {
	case word(6) == statusFailed:
		err, ok := readRefusal(body)
		if !ok {
			err = libvirt.Error{Message: "the server broke the download off"}
		}
		r.told(err)
	case len(body) == 0:
		r.told(nil)
	default:
		_, _ = r.into.Write(body) // a buffer, which never fails
	}
	return true
}
