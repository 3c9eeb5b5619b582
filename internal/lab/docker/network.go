package docker

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
)

// dial connects to an address of the network namespace.
func (s *space) dial(ctx context.Context, address string) (net.Conn, error) {
	var conn net.Conn
	err := within(s.PID(), func() (err error) {
		conn, err = new(net.Dialer).DialContext(ctx, "tcp", address)
		return err
	})
	return conn, err
}

// listen listens on an address of the network namespace.
func (s *space) listen(ctx context.Context, address string) (net.Listener, error) {
	var l net.Listener
	err := within(s.PID(), func() (err error) {
		l, err = new(net.ListenConfig).Listen(ctx, "tcp", address)
		return err
	})
	return l, err
}

// Dial connects to a TCP address as the engine's host sees it: a container's, or 127.0.0.1 with a published port. The
// address is of numbers, for names are another namespace's affair.
func (e *Engine) Dial(ctx context.Context, address string) (net.Conn, error) {
	return e.space.dial(ctx, address)
}

// HTTP is a client whose connections begin on the engine's host, and which keeps none of them.
func (e *Engine) HTTP() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(ctx context.Context, _, address string) (net.Conn, error) { return e.Dial(ctx, address) },
	}}
}

// Reach makes an address on the machine's loopback, such as 127.0.0.1:5000, the same on the engine's host, until the
// test ends.
func (e *Engine) Reach(t testing.TB, address string) {
	t.Helper()
	l, err := e.space.listen(t.Context(), address)
	if err != nil {
		t.Fatalf("let the engine reach %s: %v", address, err)
	}
	r := newRelay(t.Context(), l, func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", address)
	})
	t.Cleanup(r.close)
}

// relay carries connections from a listener to where dial leads.
type relay struct {
	listener net.Listener
	dial     func(context.Context) (net.Conn, error)
	stop     context.CancelFunc
	done     sync.WaitGroup
}

// newRelay starts one; close, and not the context, ends it with the listener and every connection.
func newRelay(ctx context.Context, l net.Listener, dial func(context.Context) (net.Conn, error)) *relay {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	r := &relay{listener: l, dial: dial, stop: stop}
	r.done.Go(func() { r.accept(ctx) })
	return r
}

func (r *relay) close() {
	r.stop()
	_ = r.listener.Close()
	r.done.Wait()
}

func (r *relay) accept(ctx context.Context) {
	for {
		client, err := r.listener.Accept()
		if err != nil {
			return // closed
		}
		r.done.Go(func() {
			defer client.Close()
			server, err := r.dial(ctx)
			if err != nil {
				return
			}
			defer server.Close()
			defer context.AfterFunc(ctx, func() { _ = errors.Join(client.Close(), server.Close()) })()
			join(client, server)
		})
	}
}

// join carries bytes both ways until both ends are done; the end of one direction is passed on as such.
func join(a, b net.Conn) {
	var both sync.WaitGroup
	both.Go(func() { carry(a, b, b) })
	both.Go(func() { carry(b, a, a) })
	both.Wait()
}

// carry copies until the source ends, and ends the target's direction. What is broken on one side ends both.
func carry(to net.Conn, from io.Reader, source net.Conn) {
	_, err := io.Copy(to, from)
	half, ok := to.(interface{ CloseWrite() error })
	if err == nil && ok && half.CloseWrite() == nil {
		return
	}
	_ = to.Close()
	_ = source.Close()
}
