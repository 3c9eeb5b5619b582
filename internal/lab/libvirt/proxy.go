package libvirt

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
)

// Procedure is the number of a remote procedure in libvirt's protocol (src/remote/remote_protocol.x).
type Procedure uint32

// Fault is what a proxy does to the calls of one procedure.
type Fault struct {
	Procedure Procedure
	After     int  // so many calls go through first
	Times     int  // so many calls meet it; 0 is every one
	Hang      bool // the call never reaches the server and is never answered
	Lose      bool // the server does it, and the connection is cut before the answer; otherwise the server never hears of it
	Code      uint32
	Message   string // of the error that the client gets
}

// Proxy stands between clients and a server and lets calls fail. It understands the packets' headers alone.
type Proxy struct {
	SocketPath string

	server   string
	listener net.Listener
	stop     context.CancelFunc
	done     sync.WaitGroup

	mu     sync.Mutex
	faults []*Fault
	calls  map[Procedure]int
	conns  map[net.Conn]bool
}

// Header of a packet, behind its length: program, version, procedure, type, serial, status; all big endian.
const (
	headerSize  = 28
	atProcedure = 12
	atType      = 16
	atSerial    = 20
	atStatus    = 24
	remote      = 0x20008086 // the program
	typeCall    = 0
	typeReply   = 1
	statusError = 1
)

// StartProxy listens in a folder of its own, in front of a server's socket.
func StartProxy(ctx context.Context, server string) (*Proxy, error) {
	dir, err := os.MkdirTemp("", "lp")
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "s")
	l, err := new(net.ListenConfig).Listen(ctx, "unix", path)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	p := &Proxy{SocketPath: path, server: server, listener: l, stop: stop, calls: map[Procedure]int{}, conns: map[net.Conn]bool{}}
	p.done.Go(func() { p.accept(ctx) })
	return p, nil
}

// URI is the address for clients.
func (p *Proxy) URI() string { return "qemu+unix:///system?socket=" + p.SocketPath }

// Close ends the proxy and every connection through it.
func (p *Proxy) Close() error {
	p.stop()
	err := p.listener.Close()
	p.Cut()
	p.done.Wait()
	return errors.Join(err, os.RemoveAll(filepath.Dir(p.SocketPath)))
}

// Inject arms a fault.
func (p *Proxy) Inject(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, &f)
}

// Clear disarms every fault.
func (p *Proxy) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = nil
}

// Cut closes every connection, as a network does that goes away.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		_ = conn.Close()
	}
}

// Calls is how many calls of each procedure came since the last time that it was asked.
func (p *Proxy) Calls() map[Procedure]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	calls := p.calls
	p.calls = map[Procedure]int{}
	return calls
}

func (p *Proxy) accept(ctx context.Context) {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := new(net.Dialer).DialContext(ctx, "unix", p.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.serve(client, server)
	}
}

// line is one client's connection.
type line struct {
	proxy          *Proxy
	client, server net.Conn
	write          sync.Mutex       // of packets to the client
	lose           map[[4]byte]bool // serials whose answer is not to come through
	mu             sync.Mutex
}

func (p *Proxy) serve(client, server net.Conn) {
	p.mu.Lock()
	p.conns[client], p.conns[server] = true, true
	p.mu.Unlock()
	l := &line{proxy: p, client: client, server: server, lose: map[[4]byte]bool{}}
	end := func() {
		_ = client.Close()
		_ = server.Close()
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.conns, client)
		delete(p.conns, server)
	}
	p.done.Go(func() { defer end(); l.forth() })
	p.done.Go(func() { defer end(); l.back() })
}

// forth carries the client's packets.
func (l *line) forth() {
	for {
		packet, err := readPacket(l.client)
		if err != nil {
			return
		}
		if f := l.proxy.meets(packet); f != nil {
			switch {
			case f.Lose:
				l.mu.Lock()
				l.lose[[4]byte(packet[atSerial:])] = true
				l.mu.Unlock()
			case f.Hang:
				continue
			default:
				if l.refuse(packet, f) != nil {
					return
				}
				continue
			}
		}
		if _, err := l.server.Write(packet); err != nil {
			return
		}
	}
}

// back carries the server's packets.
func (l *line) back() {
	for {
		packet, err := readPacket(l.server)
		if err != nil {
			return
		}
		l.mu.Lock()
		lost := binary.BigEndian.Uint32(packet[atType:]) == typeReply && l.lose[[4]byte(packet[atSerial:])]
		l.mu.Unlock()
		if lost {
			return
		}
		l.write.Lock()
		_, err = l.client.Write(packet)
		l.write.Unlock()
		if err != nil {
			return
		}
	}
}

// meets counts a call and gives the fault that is armed for it.
func (p *Proxy) meets(packet []byte) *Fault {
	if binary.BigEndian.Uint32(packet[4:]) != remote || binary.BigEndian.Uint32(packet[atType:]) != typeCall {
		return nil
	}
	procedure := Procedure(binary.BigEndian.Uint32(packet[atProcedure:]))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[procedure]++
	for i, f := range p.faults {
		if f.Procedure != procedure {
			continue
		}
		if f.After > 0 {
			f.After--
			return nil
		}
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				p.faults = append(p.faults[:i:i], p.faults[i+1:]...)
			}
		}
		return f
	}
	return nil
}

// refuse answers a call with an error.
func (l *line) refuse(call []byte, f *Fault) error {
	packet := append([]byte(nil), call[:headerSize]...)
	binary.BigEndian.PutUint32(packet[atType:], typeReply)
	binary.BigEndian.PutUint32(packet[atStatus:], statusError)
	packet = append(packet, remoteError(f.Code, f.Message)...)
	binary.BigEndian.PutUint32(packet, uint32(len(packet)))
	l.write.Lock()
	defer l.write.Unlock()
	_, err := l.client.Write(packet)
	return err
}

// remoteError is a virNetMessageError in XDR: code, domain, message, level, no domain object, three texts, two numbers,
// no network object.
func remoteError(code uint32, message string) []byte {
	b := binary.BigEndian.AppendUint32(nil, code)
	b = binary.BigEndian.AppendUint32(b, 10) // VIR_FROM_QEMU
	b = binary.BigEndian.AppendUint32(b, 1)
	b = binary.BigEndian.AppendUint32(b, uint32(len(message)))
	b = append(b, message...)
	b = append(b, make([]byte, -len(message)&3)...)
	b = binary.BigEndian.AppendUint32(b, 2) // VIR_ERR_ERROR
	for range 7 {
		b = binary.BigEndian.AppendUint32(b, 0)
	}
	return b
}

// readPacket reads one packet, its length included.
func readPacket(r io.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n < headerSize || n > 64<<20 {
		return nil, errors.New("no packet of libvirt's protocol")
	}
	packet := make([]byte, n)
	copy(packet, length[:])
	_, err := io.ReadFull(r, packet[4:])
	return packet, err
}
