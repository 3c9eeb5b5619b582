package enginetest

import (
	"errors"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Ephemeral is the outcome of [Core.OpenEphemeral].
type Ephemeral struct {
	Diags Diagnostics
	Value tftypes.Value
	// Later says that the configuration has unknown values, so that core does not
	// ask the provider before apply: Value has unknowns for what is computed.
	Later   bool
	RenewAt time.Time // zero for never
}

// At is the plain form of one part of the object; see the function [At].
func (e *Ephemeral) At(steps ...any) any { return At(e.Value, steps...) }

// OpenEphemeral opens an ephemeral resource and closes it again, as core does at
// the end of every command that needed it. Beyond core, a result that contradicts
// the configuration is a violation.
func (c *Core) OpenEphemeral(typeName string, config Config) (*Ephemeral, error) {
	o := c.begin("open", "ephemeral."+typeName)
	b := c.ephemerals[typeName]
	if b == nil {
		o.fail(errors.New("the provider has no such ephemeral resource"))
	}
	if o.failed() {
		return &Ephemeral{}, o.err()
	}
	v, err := b.config(config)
	if err != nil {
		o.fail(err)
		return &Ephemeral{}, o.err()
	}
	out := &Ephemeral{Value: b.propose(tftypes.NewValue(b.typ, tftypes.UnknownValue), v), Later: !v.IsFullyKnown()}
	if o.validateEphemeral(typeName, o.encode(b.typ, v)) && !out.Later {
		o.openEphemeral(typeName, b, o.encode(b.typ, v), out)
	}
	out.Diags = o.diags
	return out, o.err()
}

func (o *op) validateEphemeral(typeName string, config *tfprotov6.DynamicValue) bool {
	resp, ok := call(o, "validate", o.core.server.ValidateEphemeralResourceConfig, &tfprotov6.ValidateEphemeralResourceConfigRequest{
		TypeName: typeName, Config: config,
	})
	if ok {
		o.take(resp.Diagnostics)
	}
	return !o.failed()
}

func (o *op) openEphemeral(typeName string, b *body, config *tfprotov6.DynamicValue, out *Ephemeral) {
	resp, ok := call(o, "open", o.core.server.OpenEphemeralResource, &tfprotov6.OpenEphemeralResourceRequest{
		TypeName: typeName, Config: config, ClientCapabilities: &tfprotov6.OpenEphemeralResourceClientCapabilities{},
	})
	if !ok {
		return
	}
	o.take(resp.Diagnostics)
	if o.deferral(resp.Deferred); o.failed() {
		return
	}
	asked := out.Value
	if out.Value, ok = o.decode(b.typ, b.hasSets, resp.Result); !ok {
		return
	}
	out.RenewAt = resp.RenewAt
	if out.Value.IsNull() {
		o.violate(RuleEphemeral, nil, "the provider returned a null object")
	}
	o.check(RuleEphemeral, func(f *findings) { f.unknowns(out.Value, nil) })
	o.check(RuleEphemeral, func(f *findings) { f.complete(b, asked, out.Value, nil) })
	closed, ok := call(o, "close", o.core.server.CloseEphemeralResource, &tfprotov6.CloseEphemeralResourceRequest{
		TypeName: typeName, Private: resp.Private,
	})
	if ok {
		o.take(closed.Diagnostics)
	}
}
