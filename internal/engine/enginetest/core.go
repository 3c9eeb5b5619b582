package enginetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Factory makes a provider server, as providerserver.NewProtocol6WithError
// returns it. It is called once per [New], [Core.Restart] and first
// [Core.Validate]; make the provider inside it where a restart should forget
// what the provider keeps in memory.
type Factory = func() (tfprotov6.ProviderServer, error)

// Core is one configured provider, seen from Terraform core. Operations may run
// in parallel, each on its own [Resource]; Restart may not.
type Core struct {
	ctx       context.Context
	factory   Factory
	server    tfprotov6.ProviderServer
	validator func() (tfprotov6.ProviderServer, error) // never configured, made when first needed

	*schemas
	config     tftypes.Value
	configured bool

	version         string
	skipJSON        bool
	mutableIdentity bool
}

// schemas is what a provider says of itself.
type schemas struct {
	provider   *body
	resources  map[string]*resourceType
	data       map[string]*body
	lists      map[string]*body
	ephemerals map[string]*body
	functions  map[string]*tfprotov6.Function
	canMove    bool
}

// Option changes how a [Core] works.
type Option func(*Core)

// WithoutStateJSON skips writing every state as JSON and having the provider
// upgrade it again before each use: for loops over very many plans.
func WithoutStateJSON() Option { return func(c *Core) { c.skipJSON = true } }

// WithVersion sets the Terraform version that the provider is told.
func WithVersion(v string) Option { return func(c *Core) { c.version = v } }

// WithSchemasOf takes the provider's schemas from a [Core] that has them already, as Terraform asks for them once and
// not before every operation. Both providers have to be the same one.
func WithSchemasOf(other *Core) Option {
	return func(c *Core) { c.schemas = other.schemas }
}

// WithMutableIdentity lets identities change, as core does since it lets
// providers declare them mutable on their side. Without it any change is a
// violation, as in the versions before.
func WithMutableIdentity() Option { return func(c *Core) { c.mutableIdentity = true } }

// New starts and configures a provider; it fails the test where that fails.
func New(t testing.TB, factory Factory, config Config, opts ...Option) *Core {
	t.Helper()
	c, diags, err := Start(t.Context(), factory, config, opts...)
	if err == nil && diags.HasErrors() {
		err = errors.New(diags.String())
	}
	if err != nil {
		t.Fatalf("enginetest: starting the provider: %v", err)
	}
	return c
}

// Start is New for tests of the configuration itself. Where the provider refuses
// the configuration, the diagnostics say so and operations on the Core fail.
// The context is that of all requests.
func Start(ctx context.Context, factory Factory, config Config, opts ...Option) (*Core, Diagnostics, error) {
	c := &Core{ctx: ctx, factory: factory, version: "1.14.0", schemas: &schemas{}}
	c.validator = sync.OnceValues(c.factory)
	for _, o := range opts {
		o(c)
	}
	o := &op{core: c, address: "provider"}
	if c.server = o.start(); c.server == nil || !o.load() {
		return c, o.diags, o.err()
	}
	var err error
	if c.config, err = c.provider.config(config); err != nil {
		return c, o.diags, fmt.Errorf("provider: %w", err)
	}
	o.configure()
	return c, o.diags, o.err()
}

// Restart replaces the provider by a new one with the same configuration, as it
// happens between the commands plan and apply. Resources keep their state.
func (c *Core) Restart() (Diagnostics, error) {
	o := &op{core: c, address: "provider"}
	c.configured = false
	if c.server = o.start(); c.server != nil {
		o.configure()
	}
	return o.diags, o.err()
}

// Stop tells the provider to cancel what it is doing, as an interrupt does.
func (c *Core) Stop() error {
	o := &op{core: c, address: "provider"}
	resp, ok := call(o, "stop", c.server.StopProvider, &tfprotov6.StopProviderRequest{})
	if ok && resp.Error != "" {
		o.fail(errors.New(resp.Error))
	}
	return o.err()
}

func (o *op) start() tfprotov6.ProviderServer {
	o.step = "start"
	s, err := o.core.factory()
	if err != nil {
		o.fail(err)
		return nil
	}
	return s
}

// configure validates the provider's configuration and hands it over.
func (o *op) configure() {
	c := o.core
	config := o.encode(c.provider.typ, c.config)
	v, ok := call(o, "validate provider", c.server.ValidateProviderConfig, &tfprotov6.ValidateProviderConfigRequest{Config: config})
	if ok {
		o.take(v.Diagnostics)
	}
	if o.failed() {
		return
	}
	r, ok := call(o, "configure", c.server.ConfigureProvider, &tfprotov6.ConfigureProviderRequest{
		TerraformVersion: c.version, Config: config, ClientCapabilities: &tfprotov6.ConfigureProviderClientCapabilities{},
	})
	if ok {
		o.take(r.Diagnostics)
	}
	c.configured = !o.failed()
}

// load fetches and compiles the schemas.
func (o *op) load() bool {
	c := o.core
	if c.provider != nil {
		return true
	}
	s, ok := call(o, "schema", c.server.GetProviderSchema, &tfprotov6.GetProviderSchemaRequest{})
	if !ok {
		return false
	}
	o.take(s.Diagnostics)
	ids, ok := call(o, "identity schemas", c.server.GetResourceIdentitySchemas, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if !ok {
		return false
	}
	o.take(ids.Diagnostics)
	c.canMove = s.ServerCapabilities != nil && s.ServerCapabilities.MoveResourceState
	c.functions = s.Functions
	c.provider = o.compile("provider", s.Provider)
	c.data, c.lists = o.compileAll("data", s.DataSourceSchemas), o.compileAll("list", s.ListResourceSchemas)
	c.ephemerals = o.compileAll("ephemeral", s.EphemeralResourceSchemas)
	c.resources = make(map[string]*resourceType, len(s.ResourceSchemas))
	for name, rs := range s.ResourceSchemas {
		rt := &resourceType{name: name, version: rs.Version, body: o.compile(name, rs)}
		if id := ids.IdentitySchemas[name]; id != nil {
			rt.identity, rt.identityType, rt.identityVersion = id, id.ValueType(), id.Version
		}
		c.resources[name] = rt
	}
	return !o.failed()
}

func (o *op) compileAll(what string, in map[string]*tfprotov6.Schema) map[string]*body {
	out := make(map[string]*body, len(in))
	for name, s := range in {
		out[name] = o.compile(what+"."+name, s)
	}
	return out
}

func (o *op) compile(address string, s *tfprotov6.Schema) *body {
	var block *tfprotov6.SchemaBlock
	if s != nil {
		block = s.Block
	}
	b, err := compileBlock(block)
	if err != nil {
		o.errs = append(o.errs, &Violation{Rule: RuleSchema, Step: o.step, Address: address, Detail: err.Error()})
	}
	return b
}
