package libvirt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/digitalocean/go-libvirt"
	"github.com/digitalocean/go-libvirt/socket/dialers"
)

// link is one connection.
type link struct {
	rpc    *libvirt.Libvirt
	wire   *wire
	listen sync.Once // subscribes to events

	// Under the client's lock:
	under   int  // calls under way
	retired bool // takes no more of them
}

// open dials and greets the server. Its errors say what it tried.
func (c *client) open(ctx context.Context) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, unconnected(c.uri, err)
	}
	l := &link{wire: newWire(conn, c.events.tell)}
	l.rpc = libvirt.NewWithDialer(dialers.NewAlreadyConnected(l.wire))
	done := make(chan error, 1)
	go func() {
		defer close(l.wire.greeted)
		done <- l.guard(func() error { return l.rpc.ConnectToURI(libvirt.ConnectURI(c.uri.name())) })
	}()
	select {
	case err = <-done:
		err = l.explain(err)
	case <-ctx.Done():
		err = fmt.Errorf("the server does not answer: %w", ctx.Err())
	}
	if err != nil {
		l.close()
		return nil, unconnected(c.uri, err)
	}
	return l, nil
}

// alive says whether nothing ended the connection yet.
func (l *link) alive() bool { return l.wire.why() == nil && l.rpc.IsConnected() }

// guard turns a panic of go-libvirt over an answer into an error.
func (l *link) guard(call func() error) (err error) {
	defer func() {
		if told := recover(); told != nil {
			err = fmt.Errorf("the server's answer makes no sense: %v", told)
		}
	}()
	return call()
}

// explain says why the connection ended, which the protocol's own "interrupted" does not.
func (l *link) explain(err error) error {
	if !lost(err) {
		return err
	}
	switch why := l.wire.why(); {
	case why == nil, errors.Is(why, net.ErrClosed):
		return &lostError{"the connection was lost", err}
	case why.Error() == io.EOF.Error():
		return &lostError{"the server closed the connection", err}
	default:
		return &lostError{"the connection was lost: " + why.Error(), errors.Join(err, why)}
	}
}

// lostError is a call whose connection ended before its answer.
type lostError struct {
	text string
	err  error
}

func (l *lostError) Error() string { return l.text }
func (l *lostError) Unwrap() error { return l.err }

// lost says whether an error means that the connection is gone.
func lost(err error) bool {
	return errors.Is(err, libvirt.ErrInterrupted) || errors.Is(err, syscall.EINVAL) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}

// leave says good-bye, so that the daemon's log does not complain of a client that vanished.
func (l *link) leave() {
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_ = l.guard(l.rpc.ConnectClose)
	}()
	select {
	case <-gone:
	case <-time.After(closeLimit):
	}
}

// close ends the connection, and with it every call under way. It does not wait: ssh may take a moment.
func (l *link) close() { go func() { _ = l.wire.Close() }() }

// lines are the open connections of a client, its own and those of streams.
type lines struct {
	mu    sync.Mutex
	open  map[*line]bool
	ended bool
}

// line is one of them.
type line struct {
	net.Conn
	of   *lines
	once sync.Once
	gone chan struct{}
}

// add takes a connection in, unless everything has ended.
func (s *lines) add(conn net.Conn) (net.Conn, error) {
	l := &line{Conn: conn, of: s, gone: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		go func() { _ = conn.Close() }()
		return nil, errClosed
	}
	if s.open == nil {
		s.open = map[*line]bool{}
	}
	s.open[l] = true
	return l, nil
}

// Close closes it; whoever comes second waits until it is.
func (l *line) Close() error {
	var err error
	l.once.Do(func() {
		err = l.Conn.Close()
		l.of.mu.Lock()
		delete(l.of.open, l)
		l.of.mu.Unlock()
		close(l.gone)
	})
	return err
}

// end closes all of them and waits for that, within a limit.
func (s *lines) end(limit time.Duration) {
	s.mu.Lock()
	s.ended = true
	var open []*line
	for l := range s.open {
		open = append(open, l)
	}
	s.mu.Unlock()
	for _, l := range open {
		go func() { _ = l.Close() }()
	}
	late := time.After(limit)
	for _, l := range open {
		select {
		case <-l.gone:
		case <-late:
			return
		}
	}
}
