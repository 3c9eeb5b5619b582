package libvirt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/digitalocean/go-libvirt"
	"github.com/digitalocean/go-libvirt/socket/dialers"
)

const (
	// dialLimit bounds one attempt to connect.
	dialLimit = 30 * time.Second
	// redialLimit is how long a server that was there before may be away: a daemon's restart takes seconds.
	redialLimit = 30 * time.Second
	// retireGrace is how long calls of others may go on over a connection on which one call hangs.
	retireGrace = 30 * time.Second
)

// client keeps the connection to one server. Calls are multiplexed; a lost connection is dialled again; a call that
// hangs is cut by its context, after which new calls take a fresh connection.
type client struct {
	uri     *uri
	dial    func(ctx context.Context) (net.Conn, error)
	timeout time.Duration // of one call; 0 is none

	calls atomic.Int64 // how many were made, for tests

	mu     sync.Mutex
	link   *link
	closed bool
	events hub
}

// link is one connection.
type link struct {
	rpc   *libvirt.Libvirt
	conn  *watched
	under sync.WaitGroup // calls under way
	once  sync.Once
}

// watched remembers why its stream ended: the protocol's own errors do not say.
type watched struct {
	net.Conn
	why atomic.Pointer[error]
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	if err != nil {
		w.why.CompareAndSwap(nil, &err)
	}
	return n, err
}

// open dials and greets the server.
func (c *client) open(ctx context.Context) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	l := &link{conn: &watched{Conn: conn}}
	l.rpc = libvirt.NewWithDialer(dialers.NewAlreadyConnected(l.conn))
	done := make(chan error, 1)
	go func() { done <- l.rpc.ConnectToURI(libvirt.ConnectURI(c.uri.name())) }()
	select {
	case err = <-done:
	case <-ctx.Done():
		err = fmt.Errorf("the server does not answer: %w", ctx.Err())
	}
	if err != nil {
		_ = conn.Close()
		return nil, l.explain(err)
	}
	return l, nil
}

// alive says whether nothing ended the connection yet.
func (l *link) alive() bool { return l.conn.why.Load() == nil && l.rpc.IsConnected() }

// explain replaces the protocol's "interrupted" by the reason why the stream ended.
func (l *link) explain(err error) error {
	if !lost(err) {
		return err
	}
	if why := l.conn.why.Load(); why != nil && !errors.Is(*why, net.ErrClosed) {
		if errors.Is(*why, io.EOF) && (*why).Error() == io.EOF.Error() {
			return fmt.Errorf("the server closed the connection: %w", err)
		}
		return fmt.Errorf("%w: %w", err, *why)
	}
	return err
}

// lost says whether an error means that the connection is gone.
func lost(err error) bool {
	return errors.Is(err, libvirt.ErrInterrupted) || errors.Is(err, syscall.EINVAL) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, io.EOF) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}

// take gives the connection with one call counted on it; the caller calls under.Done. It dials when there is none.
func (c *client) take(ctx context.Context) (*link, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, net.ErrClosed
	}
	if c.link != nil && c.link.alive() {
		c.link.under.Add(1)
		return c.link, nil
	}
	again := c.link != nil
	l, err := c.open(ctx)
	for wait := 100 * time.Millisecond; err != nil && again && wait < redialLimit && unreachable(err); wait *= 2 {
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(wait):
		}
		l, err = c.open(ctx)
	}
	if err != nil {
		return nil, err
	}
	c.link = l
	c.events.follow(l)
	l.under.Add(1)
	return l, nil
}

func unreachable(err error) bool {
	var op *net.OpError
	return lost(err) || errors.As(err, &op)
}

// retire takes a connection out of use: calls under way may end, new ones get another.
func (c *client) retire(l *link) {
	c.mu.Lock()
	if c.link == l {
		c.link = nil
	}
	c.mu.Unlock()
	go l.close()
}

// close ends a connection once its calls are done, or after a grace.
func (l *link) close() {
	l.once.Do(func() {
		idle := make(chan struct{})
		go func() { l.under.Wait(); close(idle) }()
		select {
		case <-idle:
		case <-time.After(retireGrace):
		}
		_ = l.conn.Close()
	})
}

// close ends the connection at once.
func (c *client) close(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.link == nil {
		return nil
	}
	l := c.link
	c.link = nil
	l.leave()
	return nil
}

// leave says good-bye, for which a connection that is stuck gets a second, and ends the connection.
func (l *link) leave() {
	bye := make(chan struct{})
	go func() { _ = l.rpc.Disconnect(); close(bye) }()
	select {
	case <-bye:
	case <-time.After(time.Second):
	}
	_ = l.conn.Close()
}

// once makes one call. When the context ends first, the call is left to itself and the connection retired.
func once[T any](ctx context.Context, c *client, call func(*libvirt.Libvirt) (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	var none T
	if c.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.timeout)
		defer cancel()
	}
	l, err := c.take(ctx)
	if err != nil {
		return none, err
	}
	c.calls.Add(1)
	done := make(chan answer, 1)
	go func() {
		defer l.under.Done()
		value, err := call(l.rpc)
		done <- answer{value, err}
	}()
	select {
	case a := <-done:
		return a.value, l.explain(a.err)
	case <-ctx.Done():
		c.retire(l)
		return none, fmt.Errorf("the server has not answered: %w", ctx.Err())
	}
}

// ask makes a call that changes nothing: once more when the connection was lost meanwhile.
func ask[T any](ctx context.Context, c *client, call func(*libvirt.Libvirt) (T, error)) (T, error) {
	value, err := once(ctx, c, call)
	if err != nil && lost(err) && ctx.Err() == nil {
		return once(ctx, c, call)
	}
	return value, err
}

// act makes a call that changes something. When the connection was lost before the answer, nobody knows whether it was
// done: it is made once more, and an answer among already says that the first one was.
func act[T any](ctx context.Context, c *client, call func(*libvirt.Libvirt) (T, error), already ...libvirt.ErrorNumber) (T, error) {
	value, err := once(ctx, c, call)
	if err == nil || !lost(err) || ctx.Err() != nil {
		return value, err
	}
	value, err = once(ctx, c, call)
	for _, code := range already {
		if is(err, code) {
			return value, nil
		}
	}
	return value, err
}

// do is act for a call without a result.
func do(ctx context.Context, c *client, call func(*libvirt.Libvirt) error, already ...libvirt.ErrorNumber) error {
	_, err := act(ctx, c, func(l *libvirt.Libvirt) (struct{}, error) { return struct{}{}, call(l) }, already...)
	return err
}

// stream makes a call that moves a stream, on a connection of its own: a slow stream blocks every other call of its
// connection. When the context ends, the connection is cut, and with it the stream.
func (c *client) stream(ctx context.Context, call func(*libvirt.Libvirt) error) error {
	l, err := c.open(ctx)
	if err != nil {
		return err
	}
	c.calls.Add(1)
	done := make(chan error, 1)
	go func() { done <- call(l.rpc) }()
	select {
	case err := <-done:
		go l.leave()
		return l.explain(err)
	case <-ctx.Done():
		_ = l.conn.Close()
		return fmt.Errorf("the transfer was cut: %w", ctx.Err())
	}
}

// is reports whether the server answered with one of the codes.
func is(err error, codes ...libvirt.ErrorNumber) bool {
	var told libvirt.Error
	if !errors.As(err, &told) {
		return false
	}
	for _, code := range codes {
		if told.Code == uint32(code) {
			return true
		}
	}
	return false
}
