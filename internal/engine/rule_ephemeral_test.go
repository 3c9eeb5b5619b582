package engine_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Ephemeral kinds are handed out and never stored.

// ticket has no id: nobody asks for it again.
type ticket struct {
	Platform *string         `tfsdk:"platform"`
	Event    string          `tfsdk:"event"`
	Seat     *string         `tfsdk:"seat"` // chosen where nobody says which
	Doors    []string        `tfsdk:"doors"`
	Guests   map[string]part `tfsdk:"guests"`
	Code     *string         `tfsdk:"code"`

	VSphere *part `tfsdk:"vsphere" virt:"platform"`
	Azure   *part `tfsdk:"azure" virt:"platform"`
}

func ticketSchema() schema.Schema {
	size := attributes{"size": schema.StringAttribute{Optional: true}}
	return schema.Schema{
		Attributes: attributes{
			"platform": schema.StringAttribute{Optional: true, Computed: true},
			"event":    schema.StringAttribute{Required: true}, "seat": schema.StringAttribute{Optional: true, Computed: true},
			"doors":  schema.ListAttribute{Optional: true, ElementType: types.StringType},
			"guests": schema.MapNestedAttribute{Optional: true, NestedObject: schema.NestedAttributeObject{Attributes: size}},
			"code":   schema.StringAttribute{Computed: true, Sensitive: true},
		},
		Blocks: map[string]schema.Block{"vsphere": schema.SingleNestedBlock{Attributes: size}, "azure": schema.SingleNestedBlock{Attributes: size}},
	}
}

// issuer hands out tickets.
type issuer func(ctx context.Context, want *ticket) error

func (f issuer) Issue(ctx context.Context, want *ticket) error { return f(ctx, want) }

func honestIssuer(_ context.Context, want *ticket) error {
	if want.Seat == nil {
		want.Seat = new("any")
	}
	want.Code = new(want.Event + " at " + *want.Platform)
	return nil
}

func tickets(issue issuer) engine.EphemeralKind[ticket] {
	return engine.EphemeralKind[ticket]{
		Name: "ticket", Schema: ticketSchema(), Timeout: 50 * time.Millisecond,
		Of: func(*platform.Conn) platform.Issuer[ticket] {
			if issue == nil {
				return nil
			}
			return issue
		},
	}
}

// theatre is a platform that offers tickets.
func theatre(name string) *cloud {
	c := newCloud()
	c.name = name
	live := platform.Live()
	c.kinds = map[string]platform.Traits{"ticket": {
		"event": live, "code": platform.Computed(), "doors": live.Among("front", "back"), "seat": live, "vsphere": live,
		"guests": platform.Unsupported("one ticket is for one; issue more"), "guests.*": platform.Unsupported("one ticket is for one; issue more"),
	}}
	return c
}

// box serves tickets on platforms.
func box(t *testing.T, issue issuer, hub *engine.Hub) *enginetest.Core {
	t.Helper()
	s := newStage(func() *engine.Hub { return hub })
	k := tickets(issue).Compile()
	s.ephemerals = []func() ephemeral.EphemeralResource{func() ephemeral.EphemeralResource { return engine.NewEphemeral(k) }}
	return s.core(t)
}

func TestEphemeral(t *testing.T) {
	cases := map[string]struct {
		config, want object
	}{
		"the sole platform":      {object{"event": "play"}, object{"platform": "dc1", "seat": "any", "code": "play at dc1", "doors": nil}},
		"a platform by name":     {object{"event": "play", "platform": "dc1"}, object{"platform": "dc1", "code": "play at dc1"}},
		"what the user says":     {object{"event": "play", "seat": "7", "doors": []any{"back"}}, object{"seat": "7", "doors": []any{"back"}}},
		"the platform's block":   {object{"event": "play", "vsphere": object{"size": "1GiB"}}, object{"vsphere": object{"size": "1GiB"}}},
		"a block for others":     {object{"event": "play", "azure": object{"size": "1GiB"}}, object{"azure": object{"size": "1GiB"}}},
		"unknown until an apply": {object{"event": enginetest.Unknown}, object{"code": enginetest.Unknown}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := box(t, honestIssuer, hubOf(theatre("dc1"))).OpenEphemeral("virt_ticket", c.config)
			clean(t, err)
			equalTo(t, "diagnostics", len(e.Diags), 0)
			for attr, want := range c.want {
				equalTo(t, attr, e.At(attr), want)
			}
		})
	}
}

func TestEphemeralRefusals(t *testing.T) {
	here, there := theatre("dc1"), theatre("dc2")
	later, without, sealed := theatre("dc1"), theatre("dc1"), theatre("dc1")
	later.unknown, without.kinds, sealed.readOnly = true, nil, true
	fails := func(err error) issuer { return func(context.Context, *ticket) error { return err } }
	cases := map[string]struct {
		issue  issuer
		hub    *engine.Hub
		config object
		path   string
		says   []string
	}{
		"which platform":          {honestIssuer, hubOf(here, there), nil, "platform", []string{"Cannot issue ticket", "which platform", "dc1, dc2"}},
		"no such platform":        {honestIssuer, hubOf(here), object{"platform": "dc9"}, "platform", []string{`no platform "dc9"`}},
		"the type lacks it":       {honestIssuer, hubOf(without), nil, "platform", []string{"Fake vsphere has no ticket", "machine"}},
		"the connection lacks it": {nil, hubOf(here), nil, "platform", []string{"Fake vsphere has no ticket"}},
		"unknown settings":        {honestIssuer, hubOf(later), nil, "", []string{"not known yet", "apply first"}},
		"an unknown provider":     {honestIssuer, &engine.Hub{Unknown: true}, nil, "", []string{"not known yet", "apply first"}},
		"not taken here":          {honestIssuer, hubOf(here), object{"doors": []any{"roof"}}, "doors", []string{`"roof" is not offered`, "front, back"}},
		"unsupported":             {honestIssuer, hubOf(here), object{"guests": object{"a": object{"size": "1GiB"}}}, "guests", []string{"one ticket is for one"}},
		"the platform refuses":    {fails(platform.At(errors.New("sold out"), "event")), hubOf(here), nil, "event", []string{"sold out"}},
		"a panic":                 {func(context.Context, *ticket) error { panic("boom") }, hubOf(here), nil, "", []string{"issue the ticket", "panic: boom"}},
		"too slow":                {func(ctx context.Context, _ *ticket) error { <-ctx.Done(); return ctx.Err() }, hubOf(here), nil, "", []string{"longer than 50ms to issue the ticket"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := box(t, c.issue, c.hub).OpenEphemeral("virt_ticket", merge(object{"event": "play"}, c.config))
			clean(t, err)
			says(t, e.Diags, c.path, c.says...)
		})
	}
	t.Run("read_only changes nothing here", func(t *testing.T) {
		e, err := box(t, honestIssuer, hubOf(sealed)).OpenEphemeral("virt_ticket", object{"event": "play"})
		clean(t, err)
		equalTo(t, "diagnostics", len(e.Diags), 0)
	})
}

func merge(a, b object) enginetest.Config {
	out := enginetest.Config{}
	for _, m := range []object{a, b} {
		maps.Copy(out, m)
	}
	return out
}

// What the adapter gets is a copy without other platforms' blocks; what it changes of the user's words is not heard.
func TestEphemeralIsAsked(t *testing.T) {
	var got ticket
	spoils := func(ctx context.Context, want *ticket) error {
		got = *want
		platform.Warn(ctx, errors.New("it is the last one"), "seat")
		want.Event, want.Seat = "opera", new("9")
		return nil
	}
	e, err := box(t, spoils, hubOf(theatre("dc1"))).OpenEphemeral("virt_ticket", object{"event": "play", "vsphere": object{"size": "1GiB"}, "azure": object{"size": "1GiB"}})
	clean(t, err)
	says(t, e.Diags, "seat", "While trying to issue ticket", "It is the last one.")
	equalTo(t, "the platform's name", *got.Platform, "dc1")
	equalTo(t, "own block", *got.VSphere.Size, platform.GiB)
	equalTo(t, "other block", got.Azure == nil, true)
	equalTo(t, "event", e.At("event"), any("play"))
	equalTo(t, "seat", e.At("seat"), any("9"))
	equalTo(t, "code", e.At("code"), nil)
}

// A client that understands it is told to come again.
func TestEphemeralIsDeferred(t *testing.T) {
	k := tickets(honestIssuer).Compile()
	typ := k.Schema.Type().TerraformType(t.Context())
	attrs := map[string]tftypes.Value{}
	for name, a := range typ.(tftypes.Object).AttributeTypes {
		attrs[name] = tftypes.NewValue(a, nil)
	}
	attrs["event"] = tftypes.NewValue(tftypes.String, "play")
	config, err := tfprotov6.NewDynamicValue(typ, tftypes.NewValue(typ, attrs))
	clean(t, err)
	s := newStage(func() *engine.Hub { return &engine.Hub{Unknown: true} })
	s.ephemerals = []func() ephemeral.EphemeralResource{func() ephemeral.EphemeralResource { return engine.NewEphemeral(k) }}
	resp, err := s.server(t).OpenEphemeralResource(t.Context(), &tfprotov6.OpenEphemeralResourceRequest{
		TypeName: "virt_ticket", Config: &config, ClientCapabilities: &tfprotov6.OpenEphemeralResourceClientCapabilities{DeferralAllowed: true},
	})
	clean(t, err)
	equalTo(t, "diagnostics", len(resp.Diagnostics), 0)
	if resp.Deferred == nil || resp.Deferred.Reason != tfprotov6.DeferredReasonProviderConfigUnknown {
		t.Fatalf("deferred: %v", resp.Deferred)
	}
}

// A kind that embeds what resources have takes the user's limit.
func TestEphemeralTimeouts(t *testing.T) {
	type pass struct {
		platform.Meta
		Code *string `tfsdk:"code"`
	}
	slow := passes[pass](func(ctx context.Context, _ *pass) error { <-ctx.Done(); return ctx.Err() })
	k := engine.EphemeralKind[pass]{
		Name: "pass", Timeout: time.Hour, Of: func(*platform.Conn) platform.Issuer[pass] { return slow },
		Schema: schema.Schema{
			Attributes: attributes{
				"id": schema.StringAttribute{Computed: true}, "platform": schema.StringAttribute{Optional: true, Computed: true},
				"code": schema.StringAttribute{Computed: true},
			},
			Blocks: map[string]schema.Block{"timeouts": timeoutsBlock()},
		},
	}.Compile()
	c := newCloud()
	c.kinds = map[string]platform.Traits{"pass": {"code": platform.Computed()}}
	s := newStage(func() *engine.Hub { return hubOf(c) })
	s.ephemerals = []func() ephemeral.EphemeralResource{func() ephemeral.EphemeralResource { return engine.NewEphemeral(k) }}
	e, err := s.core(t).OpenEphemeral("virt_pass", object{"timeouts": object{"read": "30ms"}})
	clean(t, err)
	says(t, e.Diags, "", "longer than 30ms")
}

type passes[T any] func(ctx context.Context, want *T) error

func (f passes[T]) Issue(ctx context.Context, want *T) error { return f(ctx, want) }

func TestEphemeralNeedsTraits(t *testing.T) {
	k, table := tickets(nil).Compile(), theatre("dc1").kinds["ticket"]
	equalTo(t, "complete", k.Missing(table, "vsphere"), []string(nil))
	delete(table, "seat")
	equalTo(t, "without", k.Missing(table, "vsphere"), []string{"seat"})
}

// oddTicket has what only resources can have.
type oddTicket struct {
	ticket
	Secret  *string `tfsdk:"secret"`
	Version *string `tfsdk:"secret_version"`
}

func TestCompilePanicsOnOddEphemeralKinds(t *testing.T) {
	cases := map[string]struct {
		change func(s *schema.Schema)
		says   string
	}{
		"sound": {func(*schema.Schema) {}, ""},
		"write-only": {func(s *schema.Schema) {
			s.Attributes["secret"] = schema.StringAttribute{Optional: true, WriteOnly: true}
		}, "secret: nothing is stored"},
		"no field":    {func(s *schema.Schema) { s.Attributes["row"] = schema.StringAttribute{Optional: true} }, `"row" has no field`},
		"no platform": {func(s *schema.Schema) { s.Attributes["platform"] = schema.StringAttribute{Computed: true} }, "needs the attribute platform"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				said := fmt.Sprint(recover())
				if c.says == "" && said != "<nil>" || c.says != "" && (!strings.Contains(said, "ephemeral kind ticket: ") || !strings.Contains(said, c.says)) {
					t.Errorf("said %q, want %q", said, c.says)
				}
			}()
			k := engine.EphemeralKind[oddTicket]{Name: "ticket", Schema: ticketSchema()}
			k.Schema.Attributes["secret"] = schema.StringAttribute{Optional: true}
			k.Schema.Attributes["secret_version"] = schema.StringAttribute{Optional: true}
			c.change(&k.Schema)
			k.Compile()
		})
	}
}
