package libvirt

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/digitalocean/go-libvirt"
)

// The protocol's packets: https://libvirt.org/kbase/internals/rpc.html.
const (
	packetHead    = 28         // bytes of length, program, version, procedure, type, serial and status
	packetLimit   = 32<<20 + 4 // bytes of a packet, as libvirt has it
	remoteProgram = 0x20008086
	packetCall    = 0 // types of packets
	packetReply   = 1
	packetMessage = 2
	packetStream  = 3
	packetOK      = 0 // status
	packetError   = 1
	procOpen      = 1
)

// errPacket is a server that does not speak the protocol.
var errPacket = errors.New("the server sent what is no packet of libvirt's protocol")

// wire stands between go-libvirt and the network. go-libvirt trusts the server: a length that is none makes it panic in
// a goroutine of its own or allocate all memory, a second answer to a call, or an event after the last listener left,
// blocks it for ever. So only answers that were asked for and that hold what their lengths say come through, and
// events go to whoever waits for them without go-libvirt.
type wire struct {
	net.Conn
	tell   func(domain libvirt.UUID) // an event is about this domain; about everybody when it is empty
	shapes map[uint32]shape

	// Of the one goroutine that reads:
	from   *bufio.Reader
	packet bytes.Buffer // the rest of one that was let through
	pass   int          // bytes of a stream's packet that are still to come
	opened bool         // the server opened its driver: go-libvirt is about to note that it is connected

	greeted chan struct{} // closed when go-libvirt has

	mu      sync.Mutex
	asked   map[uint32]uint32 // procedures of calls without an answer, by serial
	streams map[uint32]bool   // serials of calls that move a stream
	out     int               // bytes of the call being written that are still to come
	ended   error             // why nothing more can be read
}

func newWire(conn net.Conn, tell func(libvirt.UUID)) *wire {
	return &wire{
		Conn: conn, tell: tell, shapes: shapes(), from: bufio.NewReaderSize(conn, 64<<10),
		asked: map[uint32]uint32{}, streams: map[uint32]bool{}, greeted: make(chan struct{}),
	}
}

// why says what ended the connection; nil while it lasts.
func (w *wire) why() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ended
}

// end notes the first reason and wakes those who wait for events: there will be none. go-libvirt would try again after
// some errors of the network; it does not after this one, whose type it does not know.
func (w *wire) end(err error) error {
	w.mu.Lock()
	if w.ended == nil {
		w.ended = fmt.Errorf("%w", err)
		defer w.tell(libvirt.UUID{})
	}
	defer w.mu.Unlock()
	return w.ended
}

// Read gives the packets that are let through.
func (w *wire) Read(b []byte) (int, error) {
	if err := w.why(); err != nil {
		return 0, err
	}
	n, err := w.read(b)
	if err != nil {
		err = w.end(err)
		if w.opened {
			<-w.greeted // go-libvirt would note both at once, without a lock
		}
	}
	return n, err
}

func (w *wire) read(b []byte) (int, error) {
	for w.packet.Len() == 0 && w.pass == 0 {
		if err := w.next(); err != nil {
			return 0, err
		}
	}
	if w.packet.Len() > 0 {
		return w.packet.Read(b)
	}
	n, err := w.from.Read(b[:min(len(b), w.pass)])
	w.pass -= n
	return n, err
}

// head is what a packet says of itself.
type head struct{ length, program, procedure, kind, serial, status uint32 }

func headOf(b []byte) head {
	word := func(n int) uint32 { return binary.BigEndian.Uint32(b[4*n:]) }
	return head{word(0), word(1), word(3), word(4), word(5), word(6)}
}

// next reads one packet and lets it through or drops it.
func (w *wire) next() error {
	var raw [packetHead]byte
	if _, err := io.ReadFull(w.from, raw[:]); err != nil {
		return err
	}
	h := headOf(raw[:])
	if h.length < packetHead || h.length > packetLimit {
		return errPacket
	}
	w.packet.Reset()
	w.packet.Write(raw[:])
	if w.early(h) {
		return fmt.Errorf("%w: a stream came before its call was answered", errPacket)
	}
	if h.program == remoteProgram && h.kind == packetStream && h.status != packetError && w.expects(h) {
		w.pass = int(h.length) - packetHead
		return nil
	}
	if n, err := io.CopyN(&w.packet, w.from, int64(h.length)-packetHead); err != nil {
		if n > 0 && errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	return w.judge(h, w.packet.Bytes()[packetHead:])
}

// early says that a packet is a stream's content, but that its call has no answer yet: go-libvirt would take it for that.
func (w *wire) early(h head) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	procedure, waiting := w.asked[h.serial]
	return waiting && procedure == h.procedure && h.program == remoteProgram && h.kind == packetStream && h.status != packetError
}

// judge keeps a whole packet or drops it.
func (w *wire) judge(h head, body []byte) error {
	drop := true
	switch {
	case h.program != remoteProgram:
	case h.kind == packetMessage:
		if domain, ok := domainOf(body); ok {
			w.tell(domain)
		}
	case h.kind == packetReply || h.kind == packetStream:
		drop = !w.expects(h)
	}
	if drop {
		w.packet.Reset()
		return nil
	}
	w.opened = w.opened || h.procedure == procOpen && h.status == packetOK
	if !w.fits(h, body) {
		return fmt.Errorf("%w: the answer to procedure %d is cut short", errPacket, h.procedure)
	}
	return nil
}

// fits says whether an answer holds what it says.
func (w *wire) fits(h head, body []byte) bool {
	if h.status == packetError {
		return errorShape().holds(body)
	}
	shape, known := w.shapes[h.procedure]
	return !known || h.kind == packetStream || shape.holds(body)
}

// expects says whether a call waits for the packet, and that it does no longer.
func (w *wire) expects(h head) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if h.kind == packetStream {
		going := w.streams[h.serial]
		if _, early := w.asked[h.serial]; early && h.status == packetError {
			delete(w.asked, h.serial) // go-libvirt takes it for the answer, which is as good
			return true
		}
		if h.status == packetOK || h.status == packetError || h.length == packetHead {
			delete(w.streams, h.serial) // the last one: after it go-libvirt takes no more
		}
		return going
	}
	procedure, ok := w.asked[h.serial]
	if !ok || procedure != h.procedure {
		return false
	}
	delete(w.asked, h.serial)
	if h.status == packetOK && (procedure == procUpload || procedure == procDownload) {
		w.streams[h.serial] = true
	}
	return true
}

// Write passes calls on and notes which answers to expect. go-libvirt writes a packet from its beginning, in one piece
// or more.
func (w *wire) Write(b []byte) (int, error) {
	w.mu.Lock()
	if w.out == 0 && len(b) >= packetHead {
		h := headOf(b)
		w.out = int(h.length)
		if h.kind == packetCall {
			w.asked[h.serial] = h.procedure
		}
	}
	w.out = max(0, w.out-len(b))
	w.mu.Unlock()
	return w.Conn.Write(b)
}

// domainOf is whom an event is about. All the events that are subscribed to begin with the number of the subscription
// and the domain: its name, UUID and number.
func domainOf(body []byte) (domain libvirt.UUID, ok bool) {
	if len(body) < 8 {
		return domain, false
	}
	length := uint64(binary.BigEndian.Uint32(body[4:]))
	at := 8 + (length+3)/4*4
	if at+uint64(len(domain)) > uint64(len(body)) {
		return domain, false
	}
	copy(domain[:], body[at:])
	return domain, true
}
