package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// errNotYet marks what cannot be asked because the provider's configuration is not known yet.
var errNotYet = errors.New("the configuration of this platform is not known yet")

// openTimeout bounds how long a connection may take to open.
const openTimeout = 2 * time.Minute

// Hub holds the configured connections. The provider makes one when it is configured.
type Hub struct {
	Unknown     bool // which platforms there are is not known yet
	NoAhead     bool // read everything one by one
	Connections map[string]*Connection
	DefaultTags map[string]string
}

// Connection is one platform block of the provider. It opens when it is first used.
type Connection struct {
	Name     string
	Type     string // the driver's name
	Unknown  bool   // some of its settings are not known yet
	ReadOnly bool
	Several  bool // other connections have the same type: the type's own variables do not count
	Driver   platform.Driver
	Config   func() (platform.Config, error)
	// Aliases says what a portable name means here, by table: "images", "networks", "sizes".
	Aliases map[string]map[string]string

	mu     sync.Mutex // held while it opens; nobody else waits for that
	conn   atomic.Pointer[platform.Conn]
	err    error
	aheads sync.Map // kind's name -> *ahead[T]
	rules  sync.Map // root of a kind's schema -> *rules
}

// Open connects, once. A failure is remembered, so that a wrong password is not tried for every resource.
func (c *Connection) Open(ctx context.Context) (*platform.Conn, error) {
	if c.Unknown {
		return nil, errNotYet
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if conn := c.conn.Load(); conn != nil || c.err != nil {
		return conn, c.err
	}
	cfg, err := c.Config()
	var conn *platform.Conn
	if err == nil {
		// The end of the request that came first must not end the attempt for the others.
		conn, err = c.dial(context.WithoutCancel(ctx), cfg)
	}
	if err != nil {
		c.err = platform.At(fmt.Errorf("platform %q (%s): %w%s", c.Name, c.Driver.Title, err, c.variables(err)), "platform")
		return nil, c.err
	}
	c.conn.Store(conn)
	return conn, nil
}

// variables says which variables count, where an adapter's hint may have named those of a sole connection.
func (c *Connection) variables(err error) string {
	if !c.Several || !errors.Is(err, platform.ErrUnauthorised) && !errors.Is(err, platform.ErrUnreachable) {
		return ""
	}
	return fmt.Sprintf(". This is one of several platforms of its type: its own variables begin with %s", platform.Variable(c.Name, ""))
}

func (c *Connection) dial(ctx context.Context, cfg platform.Config) (*platform.Conn, error) {
	opened := make(chan *platform.Conn, 1)
	err := call(ctx, openTimeout, "connect", func(ctx context.Context) error {
		conn, err := c.Driver.Open(ctx, cfg)
		opened <- conn
		return err
	})
	if err != nil {
		return nil, err
	}
	conn := <-opened
	if conn == nil {
		return nil, errors.New("the adapter reported success without a connection; this is a bug in the provider")
	}
	return conn, nil
}

// Close ends an opened connection, within the context's deadline even where the adapter does not heed it.
func (c *Connection) Close(ctx context.Context) error {
	conn := c.conn.Load()
	if conn == nil || conn.Close == nil {
		return nil
	}
	done := make(chan error, 1)
	go func() { done <- guarded(ctx, "close the connection", conn.Close) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("the connection did not close in time: %w", ctx.Err())
	}
}

// sealed is the error of any change on a connection that allows none.
func (c *Connection) sealed() error {
	if !c.ReadOnly {
		return nil
	}
	return platform.At(platform.As(platform.ErrUnauthorised, fmt.Errorf("platform %q is read_only: nothing may be changed there", c.Name)), "platform")
}

// traits says whose rules count here: the driver's own, or those of the platform that its settings make it mimic. They
// hold while settings are unknown, unless just these settings choose them.
func (c *Connection) traits() (string, map[string]platform.Traits, error) {
	if c.Driver.Mimic == nil {
		return c.Type, c.Driver.Traits, nil
	}
	if c.Unknown {
		return c.Type, nil, nil
	}
	cfg, err := c.Config()
	if err != nil {
		return "", nil, platform.At(err, "platform")
	}
	like, traits, err := c.Driver.Mimic(cfg)
	if err != nil {
		return "", nil, platform.At(fmt.Errorf("platform %q: %w", c.Name, err), "platform")
	}
	if like == "" {
		return c.Type, c.Driver.Traits, nil
	}
	return like, traits, nil
}

// offers refuses a kind that the platform lacks by its type, before anything connects.
func (c *Connection) offers(kind string) error {
	_, traits, err := c.traits()
	if err != nil || traits == nil { // nobody knows yet whose rules count
		return err
	}
	if _, ok := traits[kind]; ok {
		return nil
	}
	return c.lacking(kind)
}

// lacking is the error of a kind that the platform lacks; it says which ones it has.
func (c *Connection) lacking(kind string) error {
	title := c.Driver.Title
	like, traits, err := c.traits()
	if err == nil && like != c.Type {
		title += " like " + like
	}
	return platform.At(platform.As(platform.ErrUnsupported, fmt.Errorf("%s has no %s here; what platform %q offers: %s",
		title, kind, c.Name, strings.Join(slices.Sorted(maps.Keys(traits)), ", "))), "platform")
}

// rulesOf compiles a kind's rules for this connection, once.
func (c *Connection) rulesOf(kind string, root *node) (*rules, error) {
	if r, ok := c.rules.Load(root); ok {
		return r.(*rules), nil //nolint:forcetypeassert // stored below
	}
	name, traits, err := c.traits()
	if err != nil {
		return nil, err
	}
	r, _ := c.rules.LoadOrStore(root, newRules(root, name, traits[kind]))
	return r.(*rules), nil //nolint:forcetypeassert // stored above
}

func (c *Connection) alias(table, name string) string {
	if native, ok := c.Aliases[table][name]; ok {
		return native
	}
	return name
}

// Get finds a connection by name.
func (h *Hub) Get(name string) (*Connection, error) {
	if h == nil || h.Unknown {
		return nil, errNotYet
	}
	if c, ok := h.Connections[name]; ok {
		return c, nil
	}
	return nil, platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("the provider has no platform %q; it has %s", name, h.Names())), "platform")
}

// Names lists the connections for messages.
func (h *Hub) Names() string {
	if len(h.Connections) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(h.Connections)), ", ")
}

// Sole is the connection that needs no naming because there is no other.
func (h *Hub) Sole() (string, bool) {
	if h == nil || h.Unknown || len(h.Connections) != 1 {
		return "", false
	}
	for name := range h.Connections {
		return name, true
	}
	return "", false
}

// pick is the name of the connection that a configuration means: the one that it names, or the only one there is.
func (h *Hub) pick(name string) (string, error) {
	if h == nil || h.Unknown {
		return name, errNotYet
	}
	if name != "" {
		return name, nil
	}
	if sole, ok := h.Sole(); ok {
		return sole, nil
	}
	return "", platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("which platform? The provider has several; write one of %s", h.Names())), "platform")
}

// Close ends all connections at once, within the context's deadline.
func (h *Hub) Close(ctx context.Context) error {
	var wait sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	for _, c := range h.Connections {
		wait.Go(func() {
			if err := c.Close(ctx); err != nil {
				mu.Lock()
				errs = append(errs, fmt.Errorf("platform %q: %w", c.Name, err))
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}

// written drops everything that was read ahead from an endpoint: a write may have changed any of it.
func (h *Hub) written(endpoint string) {
	for _, c := range h.Connections {
		if conn := c.conn.Load(); conn != nil && conn.Endpoint == endpoint {
			c.aheads.Range(func(_, a any) bool {
				a.(interface{ drop() }).drop() //nolint:forcetypeassert // only *ahead[T] is stored
				return true
			})
		}
	}
}
