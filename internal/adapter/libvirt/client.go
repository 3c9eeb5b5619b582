package libvirt

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/digitalocean/go-libvirt"
)

const (
	// dialLimit bounds one attempt to connect.
	dialLimit = 30 * time.Second
	// redialLimit is how long a server that was there before may be away: a daemon's restart takes seconds.
	redialLimit = 30 * time.Second
	// redialPause is the longest pause between two attempts.
	redialPause = 2 * time.Second
	// retireGrace is how long calls of others may go on over a connection on which one call hangs.
	retireGrace = 30 * time.Second
	// closeLimit bounds each of the two halves of closing: to take leave, and to end.
	closeLimit = 800 * time.Millisecond
)

// errClosed is the answer to those who call after the end.
var errClosed = errors.New("the connection was closed")

// client keeps the connection to one server. Calls are multiplexed; a lost connection is dialled again, once for all
// who need it; a call that hangs is cut by its context, after which new calls take a fresh connection.
type client struct {
	uri     *uri
	dial    func(ctx context.Context) (net.Conn, error)
	timeout time.Duration // of one call; 0 is none

	calls  atomic.Int64 // how many were made, for tests
	events hub

	mu     sync.Mutex
	link   *link    // what new calls take; nil is none
	dialed *dialing // under way; nil is none
	was    bool     // the server was there not long ago: it may come back
	lines  lines
	closed bool
}

// newClient connects to nothing yet.
func newClient(u *uri, dial func(context.Context) (net.Conn, error), timeout time.Duration) *client {
	c := &client{uri: u, timeout: timeout}
	c.dial = func(ctx context.Context) (net.Conn, error) {
		conn, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		return c.lines.add(conn)
	}
	return c
}

// dialing is one attempt to connect, and whoever waits for it.
type dialing struct {
	done chan struct{}
	stop context.CancelFunc
	link *link
	err  error
}

// take gives a connection with one call counted on it; the caller releases it. It dials when there is none.
func (c *client) take(ctx context.Context) (*link, error) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, errClosed
	}
	if l := c.link; l != nil && l.alive() {
		l.under++
		c.mu.Unlock()
		return l, nil
	}
	if c.dialed == nil {
		c.dialed = c.redial(ctx, c.was)
	}
	d := c.dialed
	c.mu.Unlock()
	select {
	case <-d.done:
	case <-ctx.Done():
		return nil, fmt.Errorf("there is no connection to %s: %w", c.uri.where(), ctx.Err())
	}
	if d.err != nil {
		return nil, d.err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	d.link.under++
	return d.link, nil
}

// redial starts to connect. It does not end with the one who was first to need the connection: others wait for it, too.
// It needs the lock.
func (c *client) redial(ctx context.Context, again bool) *dialing {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	d := &dialing{done: make(chan struct{}), stop: stop}
	go func() {
		defer close(d.done)
		defer stop()
		d.link, d.err = c.persist(ctx, again)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.dialed, c.link, c.was = nil, d.link, d.err == nil
		if c.closed && d.link != nil {
			d.link, d.err = nil, errClosed
			c.link = nil
		}
	}()
	return d
}

// persist connects. A server that was there before gets the time of a restart.
func (c *client) persist(ctx context.Context, again bool) (*link, error) {
	l, err := c.open(ctx)
	until := time.Now().Add(redialLimit)
	for pause := 50 * time.Millisecond; err != nil && again && unreachable(err) && time.Now().Before(until); pause = min(2*pause, redialPause) {
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(pause):
		}
		l, err = c.open(ctx)
	}
	return l, err
}

func unreachable(err error) bool {
	var op *net.OpError
	return lost(err) || errors.As(err, &op)
}

// release takes one call off a connection. One out of use ends with its last call.
func (c *client) release(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l.under--
	if l.retired && l.under == 0 {
		l.close()
	}
}

// retire takes a connection out of use: calls under way may end, new ones get another.
func (c *client) retire(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link == l {
		c.link = nil
	}
	if !l.retired {
		l.retired = true
		time.AfterFunc(retireGrace, l.close)
	}
}

// close ends every connection, within two seconds whatever the server does. Calls under way end with an error.
func (c *client) close(context.Context) error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	l, d := c.link, c.dialed
	c.link = nil
	c.mu.Unlock()
	if d != nil {
		d.stop()
	}
	if l != nil {
		l.leave()
	}
	c.lines.end(closeLimit)
	return nil
}

// once makes one call. When the context ends first, the call is left to itself and the connection retired.
func once[T any](ctx context.Context, c *client, call func(*libvirt.Libvirt) (T, error)) (T, error) {
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
	defer c.release(l)
	c.calls.Add(1)
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		var a answer
		a.err = l.guard(func() (err error) {
			a.value, err = call(l.rpc)
			return err
		})
		done <- a
	}()
	select {
	case a := <-done:
		if lost(a.err) {
			c.retire(l) // it may not know yet
		}
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
	if is(err, already...) {
		return value, nil
	}
	return value, err
}

// do is act for a call without a result.
func do(ctx context.Context, c *client, call func(*libvirt.Libvirt) error, already ...libvirt.ErrorNumber) error {
	_, err := act(ctx, c, func(l *libvirt.Libvirt) (struct{}, error) { return struct{}{}, call(l) }, already...)
	return err
}

// doUnless makes a call that would be done twice if it were made twice. When the connection was lost before the answer,
// done looks first whether the server did it.
func doUnless(ctx context.Context, c *client, call func(*libvirt.Libvirt) error, done func(*libvirt.Libvirt) (bool, error)) error {
	plain := func(l *libvirt.Libvirt) (struct{}, error) { return struct{}{}, call(l) }
	_, err := once(ctx, c, plain)
	if err == nil || !lost(err) || ctx.Err() != nil {
		return err
	}
	if was, err := ask(ctx, c, done); was || err != nil {
		return err
	}
	_, err = once(ctx, c, plain)
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
	go func() { done <- l.guard(func() error { return call(l.rpc) }) }()
	select {
	case err = <-done:
	case <-ctx.Done():
		l.close()
		return fmt.Errorf("the transfer was cut: %w", ctx.Err())
	}
	err = l.explain(err)
	go func() {
		if err == nil {
			l.leave()
		}
		l.close()
	}()
	return err
}

// is reports whether the server answered with one of the codes.
func is(err error, codes ...libvirt.ErrorNumber) bool {
	var told libvirt.Error
	if !errors.As(err, &told) {
		return false
	}
	for _, code := range codes {
		if told.Code == uint32(code) { //nolint:gosec // libvirt's codes are small
			return true
		}
	}
	return false
}
