package engine

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// propCase is one random kind on one random platform and what happens to one object of it. All that a case does
// follows from its seed.
type propCase struct {
	rng    *rand.Rand
	w      writer
	spec   *propSpec
	worlds map[string]*propWorld // by endpoint
	core   *enginetest.Core
	res    *enginetest.Resource

	conn     string         // the connection in the configuration
	cfg      map[string]any // the configuration without it
	defaults map[string]string
	fresh    bool // imported, and not updated since
	imports  int
	log      []string
}

// propServer is a provider with one kind and three connections: a and b lead to one endpoint, c to another.
type propServer struct {
	make func() resource.Resource
	hub  *Hub
}

func (propServer) Metadata(_ context.Context, _ provider.MetadataRequest, r *provider.MetadataResponse) {
	r.TypeName = "virt"
}

func (propServer) Schema(_ context.Context, _ provider.SchemaRequest, r *provider.SchemaResponse) {
	r.Schema = schema.Schema{}
}

func (s propServer) Configure(_ context.Context, _ provider.ConfigureRequest, r *provider.ConfigureResponse) {
	r.ResourceData = s.hub
}
func (propServer) DataSources(context.Context) []func() datasource.DataSource { return nil }

func (s propServer) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{s.make}
}

// newPropCase draws a kind with the shape of T, its platform and the first configuration.
func newPropCase[T any, P Object[T]](ctx context.Context, seed uint64) (*propCase, error) {
	rng := rand.New(rand.NewPCG(seed, 17))
	c := &propCase{rng: rng, w: writer{rng, 70}, spec: drawSpec(rng, reflect.TypeFor[T]()), worlds: map[string]*propWorld{}, conn: "a"}
	if rng.IntN(2) == 0 {
		c.defaults = map[string]string{"owner": "web", "a": "1"}
	}
	soft := map[string]bool{}
	for _, k := range c.spec.kids {
		if (k.trait.Class == platform.ClassRestart || k.trait.Class == platform.ClassReplace) && k.leaf() && rng.IntN(3) == 0 {
			soft[k.name] = true
		}
	}
	tells, blanks, remembers := rng.IntN(2) == 0, rng.IntN(2) == 0, rng.IntN(2) == 0
	for _, at := range []string{"e1", "e2"} {
		c.worlds[at] = &propWorld{endpoint: at, root: c.spec, rng: rng, objects: map[string]*propObject{}, soft: soft, tells: tells, blanks: blanks, remembers: remembers}
	}
	kind := propKind[T, P](c)
	compiled := kind.Compile()
	server := propServer{make: func() resource.Resource { return NewResource(compiled) }, hub: c.hub(rng.IntN(3))}
	factory := func() (tfprotov6.ProviderServer, error) {
		real, err := providerserver.NewProtocol6WithError(server)()
		if err != nil || seed%50 < 2 {
			return real, err
		}
		r := NewResource(compiled)
		r.Configure(ctx, resource.ConfigureRequest{ProviderData: server.hub}, &resource.ConfigureResponse{})
		return newPropFast(ctx, real, r), nil
	}
	core, diags, err := enginetest.Start(ctx, factory, nil, enginetest.WithMutableIdentity(), enginetest.WithoutStateJSON())
	if err != nil || diags.HasErrors() {
		return nil, fmt.Errorf("start: %w %s", err, diags)
	}
	c.core, c.res = core, core.Resource("virt_thing", "x")
	c.cfg = writer{rng, 0}.write(c.spec.kids, nil, nil)
	return c, nil
}

func propKind[T any, P Object[T]](c *propCase) Kind[T, P] {
	k := Kind[T, P]{
		Name: "thing", Schema: c.spec.schema(),
		Of: func(conn *platform.Conn) platform.Resource[T] {
			return propAdapter[T, P]{c.worlds[conn.Endpoint]}
		},
		Timeouts: Timeouts{Create: time.Minute, Read: time.Minute, Update: time.Minute, Delete: time.Minute},
		Plan: func(p *platform.Plan[T]) error {
			for what, alters := range map[string]string{"power": "booted_at", "parts": "loose_parts", "ports": "loose_ports"} {
				if c.spec.kid(what) != nil && p.Changed(what) && (p.Prior != nil || what == "power") {
					p.Recompute(alters)
				}
			}
			return nil
		},
	}
	if c.spec.kid("power") != nil {
		k.Restart = &Restart[T]{
			Running: func(t *T) bool { return plainOf(t)["power"] == platform.PowerOn },
			Allowed: func(t *T) *bool {
				if v, ok := plainOf(t)["allow"].(bool); ok {
					return &v
				}
				return nil
			},
			Moment: "booted_at",
		}
	}
	return k
}

func (c *propCase) hub(ahead int) *Hub {
	h := &Hub{Connections: map[string]*Connection{}, DefaultTags: c.defaults}
	for name, endpoint := range map[string]string{"a": "e1", "b": "e1", "c": "e2"} {
		h.Connections[name] = &Connection{
			Name: name, Type: "acme",
			Config: func() (platform.Config, error) { return platform.Config{}, nil },
			Driver: platform.Driver{
				Name: "acme", Title: "Acme", Ahead: ahead, Traits: map[string]platform.Traits{"thing": c.spec.table()},
				Open: func(context.Context, platform.Config) (*platform.Conn, error) {
					return &platform.Conn{Endpoint: endpoint}, nil
				},
			},
		}
	}
	return h
}

// full is a configuration as the user writes it.
func (c *propCase) full(cfg map[string]any) enginetest.Config {
	out := enginetest.Config{"platform": c.conn, "name": "web"}
	maps.Copy(out, cfg)
	return out
}

func (c *propCase) world() *propWorld {
	if c.conn == "c" {
		return c.worlds["e2"]
	}
	return c.worlds["e1"]
}

// object is the object in the state, as the platform has it; nil where there is none.
func (c *propCase) object() *propObject {
	if c.res.State() == nil {
		return nil
	}
	for _, w := range c.worlds {
		if o := w.objects[fmt.Sprint(c.res.State().At("id"))]; o != nil {
			return o
		}
	}
	return nil
}

// state is the object in the state as plain values.
func (c *propCase) state() map[string]any {
	if c.res.State() == nil {
		return nil
	}
	return asMap(enginetest.Plain(c.res.State().Value))
}

func (c *propCase) note(format string, args ...any) {
	for i := range args {
		args[i] = marked(args[i])
	}
	c.log = append(c.log, fmt.Sprintf(format, args...))
}

// marked makes unknown values readable.
func marked(v any) any {
	if v == any(enginetest.Unknown) {
		return "?"
	}
	if m, ok := v.(map[string]any); ok {
		out := map[string]any{}
		for k, e := range m {
			out[k] = marked(e)
		}
		return out
	}
	return v
}

// shot is a copy of an object, to compare with later.
func (o *propObject) shot() *propObject {
	if o == nil {
		return nil
	}
	out := &propObject{id: o.id, boots: o.boots, v: deepCopy(o.v).(map[string]any), elems: map[string][]*propElem{}}
	for name, list := range o.elems {
		for _, e := range list {
			copied := *e
			copied.v = deepCopy(e.v).(map[string]any)
			out.elems[name] = append(out.elems[name], &copied)
		}
	}
	return out
}

func deepCopy(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	out := map[string]any{}
	for k, e := range m {
		out[k] = deepCopy(e)
	}
	return out
}

// excused reports whether the provider may refuse: no restart is allowed, something would have to shrink, or imported
// elements cannot be told apart.
func (c *propCase) excused(cfg map[string]any, diags enginetest.Diagnostics) bool {
	for _, d := range diags.Errors() {
		switch {
		case cfg["allow"] == false && strings.Contains(d.Detail, "allow_restart = false forbids"):
		case strings.Contains(d.Detail, "cannot become smaller"):
		case c.fresh && strings.Contains(d.Detail, "which all fit"):
		default:
			return false
		}
	}
	return diags.HasErrors()
}
