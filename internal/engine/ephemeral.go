package engine

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	ephemeralschema "github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// EphemeralKind declares one kind of thing that is handed out and never stored. Its struct needs no id; it needs the
// optional and computed attribute `platform`. Where it embeds [platform.Meta], timeouts.read is the user's limit.
type EphemeralKind[T any] struct {
	Name string
	// Schema is written like that of a resource. What the configuration leaves open is filled in by the adapter.
	Schema schema.Schema
	// Of picks the kind's adapter from a connection; nil when the platform has none.
	Of      func(*platform.Conn) platform.Issuer[T]
	Timeout time.Duration
}

// CompiledEphemeral is such a kind whose schema and struct were found to agree.
type CompiledEphemeral[T any] struct {
	EphemeralKind[T]
	root *node
	ask  ephemeralschema.Schema
}

// Compile checks a kind, once, and panics where schema and struct disagree, like that of a [Kind].
func (k EphemeralKind[T]) Compile() *CompiledEphemeral[T] {
	root, err := compile(context.Background(), k.Schema, reflect.TypeFor[T]())
	if err == nil {
		err = checkEphemeral(root)
	}
	if err != nil {
		panic("ephemeral kind " + k.Name + ": " + err.Error())
	}
	root.attrs["platform"].local = true
	return &CompiledEphemeral[T]{k, root, ephemeralSchema(k.Schema)}
}

// checkEphemeral finds what only resources can have.
func checkEphemeral(root *node) error {
	if at := root.attrs["platform"]; at == nil || !at.optional || !at.computed || !at.typ.Is(tftypes.String) {
		return errors.New("it needs the attribute platform, a string that is optional and computed")
	}
	var errs []error
	root.walk(func(n *node) {
		if n.writeOnly || n.derived {
			errs = append(errs, fmt.Errorf("%s: nothing is stored, so it can be neither write-only nor derived", n.path))
		}
	})
	return errors.Join(errs...)
}

// Missing lists the attributes that a table of traits says nothing about.
func (k *CompiledEphemeral[T]) Missing(table platform.Traits, driver string) []string {
	return missing(k.root, table, driver)
}

// Ephemeral is the ephemeral resource of a kind. The framework makes one for every request.
type Ephemeral[T any] struct {
	*CompiledEphemeral[T]
	hub *Hub
}

// NewEphemeral makes the ephemeral resource of a kind.
func NewEphemeral[T any](k *CompiledEphemeral[T]) *Ephemeral[T] {
	return &Ephemeral[T]{CompiledEphemeral: k}
}

// Metadata names the ephemeral resource.
func (e *Ephemeral[T]) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + e.Name
}

// Schema gives the kind's schema.
func (e *Ephemeral[T]) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = e.ask
}

// Configure takes the hub from the provider.
func (e *Ephemeral[T]) Configure(_ context.Context, req ephemeral.ConfigureRequest, _ *ephemeral.ConfigureResponse) {
	if hub, ok := req.ProviderData.(*Hub); ok {
		e.hub = hub
	}
}

// Open hands out what the configuration asks for. What it says stays as it is written; the rest is the adapter's.
func (e *Ephemeral[T]) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	report := reporter{root: e.root, summary: "Cannot issue " + e.Name}
	config, rules, issuer, err := e.prepare(ctx, req.Config.Raw)
	if errors.Is(err, errNotYet) && req.ClientCapabilities.DeferralAllowed {
		resp.Deferred = &ephemeral.Deferred{Reason: ephemeral.DeferredReasonProviderConfigUnknown}
		return
	}
	if errors.Is(err, errNotYet) {
		err = fmt.Errorf("%w: apply first what its configuration depends on", err)
	}
	var said platform.Warnings
	got := e.root.null()
	if err == nil {
		got, err = e.issue(platform.WithWarnings(ctx, &said), rules.strip(config), issuer)
	}
	report.warn(&resp.Diagnostics, "While trying to issue "+e.Name, said.Take())
	if err != nil {
		report.add(&resp.Diagnostics, err)
		return
	}
	resp.Result.Raw = e.root.fill(e.root.loosen(config, config), got)
}

// prepare finds the connection and judges by its rules, before it opens, what is asked for. What it gives back says
// which platform that is.
func (e *Ephemeral[T]) prepare(ctx context.Context, config tftypes.Value) (tftypes.Value, *rules, platform.Issuer[T], error) {
	name, err := e.hub.pick(text(get(config, "platform")))
	if err != nil {
		return config, nil, nil, err
	}
	c, err := e.hub.Get(name)
	if err == nil {
		err = c.offers(e.Name)
	}
	if err != nil {
		return config, nil, nil, err
	}
	rules, err := c.rulesOf(e.Name, e.root)
	if err != nil {
		return config, nil, nil, err
	}
	config = with(config, "platform", tftypes.NewValue(tftypes.String, name))
	j := &judge{rules: rules, creating: true}
	j.group(e.root, nil, config, config, e.root.null())
	if err := errors.Join(j.refused...); err != nil {
		return config, nil, nil, err
	}
	conn, err := c.Open(ctx)
	if err != nil {
		return config, nil, nil, err
	}
	issuer := e.Of(conn)
	if issuer == nil {
		err = c.lacking(e.Name)
	}
	return config, rules, issuer, err
}

// issue asks the adapter, under a deadline and on a private copy.
func (e *Ephemeral[T]) issue(ctx context.Context, config tftypes.Value, issuer platform.Issuer[T]) (tftypes.Value, error) {
	want := new(T)
	if err := Decode(config, want); err != nil {
		return config, fmt.Errorf("the values of this %s cannot be read: %w", e.Name, err)
	}
	var m platform.Meta
	if err := decodeTimeouts(get(config, "timeouts"), &m); err != nil {
		return config, err
	}
	limit := reading().limit(&m, Timeouts{Read: e.Timeout})
	if err := call(ctx, limit, "issue the "+e.Name, func(ctx context.Context) error { return issuer.Issue(ctx, want) }); err != nil {
		return config, err
	}
	got, err := encode(e.root.typ, reflect.ValueOf(want).Elem())
	if err != nil {
		return config, fmt.Errorf("what the adapter returned cannot be handed out: %w; this is a bug in the provider", err)
	}
	return got, nil
}

var _ ephemeral.EphemeralResourceWithConfigure = (*Ephemeral[platform.Machine])(nil)
