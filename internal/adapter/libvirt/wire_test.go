package libvirt

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/digitalocean/go-libvirt"
)

// packetOf writes a packet of the program that the protocol is about.
func packetOf(procedure, kind, serial, status uint32, body ...byte) []byte {
	var b []byte
	for _, word := range []uint32{uint32(packetHead + len(body)), remoteProgram, 1, procedure, kind, serial, status} {
		b = binary.BigEndian.AppendUint32(b, word)
	}
	return append(b, body...)
}

func words(list ...uint32) []byte {
	var b []byte
	for _, w := range list {
		b = binary.BigEndian.AppendUint32(b, w)
	}
	return b
}

// imitate is a server that greets as a daemon does and answers every further call with what answer gives.
func imitate(conn net.Conn, answer func(head) []byte) {
	defer conn.Close()
	for {
		var raw [packetHead]byte
		if _, err := io.ReadFull(conn, raw[:]); err != nil {
			return
		}
		h := headOf(raw[:])
		if _, err := io.CopyN(io.Discard, conn, int64(h.length)-packetHead); err != nil {
			return
		}
		reply := packetOf(h.procedure, packetReply, h.serial, packetOK)
		switch h.procedure {
		case 66: // which authentication there is: none
			reply = packetOf(h.procedure, packetReply, h.serial, packetOK, words(1, 0)...)
		case procOpen, 2:
		default:
			reply = answer(h)
		}
		if _, err := conn.Write(reply); err != nil {
			return
		}
	}
}

// imitated is a client of such servers: each connection is another one.
func imitated(t *testing.T, answer func(head) []byte) *client {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go imitate(conn, answer)
		}
	}()
	u, err := parseURI("qemu+tcp://" + l.Addr().String() + "/system")
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(u, (&dialer{uri: u}).dial, 500*time.Millisecond)
	t.Cleanup(func() { _ = c.close(t.Context()) })
	return c
}

// domains makes a call whose answer has lengths in lengths.
func domains(t *testing.T, c *client) ([]libvirt.Domain, error) {
	t.Helper()
	return ask(t.Context(), c, func(l *libvirt.Libvirt) ([]libvirt.Domain, error) {
		list, _, err := l.ConnectListAllDomains(1, 0)
		return list, err
	})
}

// oneDomain is a good answer to it.
func oneDomain() []byte {
	return slices.Concat(words(1, 3), []byte("web\x00"), make([]byte, 16), words(7, 1))
}

func TestWireAnswers(t *testing.T) {
	good := func(h head) []byte { return packetOf(h.procedure, packetReply, h.serial, packetOK, oneDomain()...) }
	other := words(packetHead, 0x6b656570, 1, 1, packetMessage, 0, 0) // a ping, which nobody asked for
	for name, c := range map[string]struct {
		answer func(head) []byte
		fails  bool
	}{
		"good":                    {good, false},
		"a ping before":           {func(h head) []byte { return append(slices.Clone(other), good(h)...) }, false},
		"an unknown event before": {func(h head) []byte { return append(packetOf(999, packetMessage, 0, 0, 1, 2, 3), good(h)...) }, false},
		"an event cut short":      {func(h head) []byte { return append(packetOf(318, packetMessage, 0, 0, words(1, 1<<31)...), good(h)...) }, false},
		"twice":                   {func(h head) []byte { return append(good(h), good(h)...) }, false},
		"somebody else's": {func(h head) []byte {
			return append(packetOf(h.procedure, packetReply, h.serial+9, packetOK), good(h)...)
		}, false},
		"a stream before the answer": {func(h head) []byte { return append(packetOf(h.procedure, packetStream, h.serial, 2, 1), good(h)...) }, true},
		"a stream without a call":    {func(h head) []byte { return append(packetOf(209, packetStream, h.serial, 2, 1, 2, 3), good(h)...) }, false},
		"no length":                  {func(head) []byte { return words(0, remoteProgram, 1, 273, 1, 1, 0) }, true},
		"shorter than its header":    {func(head) []byte { return words(packetHead-4, remoteProgram, 1, 273, 1, 1, 0) }, true},
		"4 GiB":                      {func(head) []byte { return words(1<<32-1, remoteProgram, 1, 273, 1, 1, 0) }, true},
		"32 MiB that do not come":    {func(h head) []byte { return words(packetLimit, remoteProgram, 1, h.procedure, 1, h.serial, 0) }, true},
		"nothing in it":              {func(h head) []byte { return packetOf(h.procedure, packetReply, h.serial, packetOK) }, true},
		"2 billion domains": {func(h head) []byte {
			return packetOf(h.procedure, packetReply, h.serial, packetOK, words(1<<31-1, 0)...)
		}, true},
		"a name of 2 GiB": {func(h head) []byte {
			return packetOf(h.procedure, packetReply, h.serial, packetOK, words(1, 1<<31-1, 0, 0)...)
		}, true},
		"an error of 2 GiB": {func(h head) []byte {
			return packetOf(h.procedure, packetReply, h.serial, packetError, words(1, 1, 1, 1<<31-1, 0)...)
		}, true},
		"the answer to another": {func(h head) []byte { return packetOf(14, packetReply, h.serial, packetOK, oneDomain()...) }, true},
		"plain text":            {func(head) []byte { return []byte("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") }, true},
	} {
		t.Run(name, func(t *testing.T) {
			client := imitated(t, c.answer)
			for range 3 {
				list, err := domains(t, client)
				if (err != nil) != c.fails || err == nil && (len(list) != 1 || list[0].Name != "web") {
					t.Fatalf("%v: %v", list, err)
				}
			}
		})
	}
}

// TestWireNoise answers with good answers of which some bytes are wrong or missing. The call comes back, that is all.
func TestWireNoise(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	answers := make(chan []byte, 1)
	c := imitated(t, func(h head) []byte {
		b := <-answers
		if len(b) >= 24 && b[20] == 0xff {
			binary.BigEndian.PutUint32(b[20:], h.serial)
		}
		return b
	})
	c.timeout = 20 * time.Millisecond
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 200 {
		b := packetOf(273, packetReply, 0xff000000, packetOK, oneDomain()...)
		for range 1 + random.IntN(3) {
			b[random.IntN(len(b))] = byte(random.IntN(256))
		}
		if random.IntN(2) == 0 {
			b = b[:random.IntN(len(b))]
		}
		select {
		case answers <- b:
		default:
		}
		_, _ = domains(t, c)
	}
	runtime.ReadMemStats(&after)
	if grown := (after.TotalAlloc - before.TotalAlloc) >> 20; grown > 512 {
		t.Errorf("it took %d MiB", grown)
	}
}

func TestShapes(t *testing.T) {
	stats := slices.Concat(words(1, 3), []byte("web\x00"), make([]byte, 16), words(7), // the domain
		words(2, 1), []byte("a\x00\x00\x00"), words(4, 0, 5), words(1), []byte("b\x00\x00\x00"), words(7, 2), []byte("on\x00\x00"))
	for name, c := range map[string]struct {
		procedure uint32
		body      []byte
		holds     bool
	}{
		"one domain":              {273, oneDomain(), true},
		"no domain":               {273, words(0, 0), true},
		"a domain is missing":     {273, words(2, 0, 0, 0, 0, 0, 0, 0), false},
		"text":                    {14, append(words(5), "<a/>\n\x00\x00\x00"...), true},
		"text without its end":    {14, append(words(9), "<a/>\n\x00\x00\x00"...), false},
		"stats":                   {344, stats, true},
		"stats without their end": {344, stats[:len(stats)-4], false},
		"addresses":               {353, slices.Concat(words(1, 1), []byte("e\x00\x00\x00"), words(0, 1, 0, 2), []byte("ab\x00\x00"), words(24)), true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := shapes()[c.procedure].holds(c.body); got != c.holds {
				t.Errorf("%t", got)
			}
		})
	}
}
