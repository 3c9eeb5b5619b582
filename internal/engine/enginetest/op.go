package enginetest

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// op is one operation under way: it collects what the provider says and what it
// breaks. As in core, an operation goes no further once one of the two is an error.
type op struct {
	core    *Core
	address string
	step    string // the request being made
	diags   Diagnostics
	errs    []error
}

func (c *Core) begin(step, address string) *op {
	o := &op{core: c, step: step, address: address}
	if !c.configured {
		o.errs = append(o.errs, fmt.Errorf("%s: %s: the provider is not configured", address, step))
	}
	return o
}

func (o *op) failed() bool { return len(o.errs) > 0 || o.diags.HasErrors() }

func (o *op) err() error { return errors.Join(o.errs...) }

// fail records an error that is not the provider's; true for the caller's return.
func (o *op) fail(err error) {
	o.errs = append(o.errs, fmt.Errorf("%s: %s: %w", o.address, o.step, err))
}

func (o *op) violate(rule Rule, at *path, format string, args ...any) {
	o.errs = append(o.errs, &Violation{
		Rule: rule, Step: o.step, Address: o.address, Path: at.String(), Detail: fmt.Sprintf(format, args...),
	})
}

// check runs a check of values and records what it finds under the rule.
func (o *op) check(rule Rule, run func(f *findings)) {
	var f findings
	run(&f)
	for _, x := range f.list {
		o.violate(rule, x.at, "%s", x.detail)
	}
}

// call makes one request. A panic in the provider is what a crash of its
// process would be.
func call[Q, S any](o *op, step string, f func(context.Context, *Q) (*S, error), req *Q) (resp *S, ok bool) {
	o.step = step
	defer func() {
		if p := recover(); p != nil {
			o.violate(RuleCrash, nil, "panic: %v\n%s", p, debug.Stack())
			ok = false
		}
	}()
	resp, err := f(o.core.ctx, req)
	switch {
	case err != nil:
		o.violate(RuleCrash, nil, "%v", err)
	case resp == nil:
		o.violate(RuleCrash, nil, "no response")
	}
	return resp, err == nil && resp != nil
}

// encode puts a value on the wire.
func (o *op) encode(t tftypes.Type, v tftypes.Value) *tfprotov6.DynamicValue {
	if v.IsNull() {
		return &tfprotov6.DynamicValue{MsgPack: []byte{0xc0}}
	}
	out, err := tfprotov6.NewDynamicValue(t, v)
	if err != nil {
		o.fail(fmt.Errorf("encoding: %w", err))
	}
	return &out
}

// decode takes a value off the wire; absent is null, as in core.
func (o *op) decode(t tftypes.Type, sets bool, in *tfprotov6.DynamicValue) (tftypes.Value, bool) {
	if in == nil || len(in.MsgPack) == 0 && len(in.JSON) == 0 {
		return tftypes.NewValue(t, nil), true
	}
	v, err := in.Unmarshal(t)
	if err != nil {
		o.violate(RuleConform, nil, "%v", err)
		return tftypes.NewValue(t, nil), false
	}
	if sets {
		v = distinct(v)
	}
	return v, true
}

func (o *op) encodeIdentity(rt *resourceType, v tftypes.Value) *tfprotov6.ResourceIdentityData {
	if rt.identity == nil || v.IsNull() {
		return nil
	}
	return &tfprotov6.ResourceIdentityData{IdentityData: o.encode(rt.identityType, v)}
}

// decodeIdentity takes an identity off the wire and checks it. mayBeUnknown is
// for plans that create. No identity is the zero value.
func (o *op) decodeIdentity(rt *resourceType, in *tfprotov6.ResourceIdentityData, mayBeUnknown bool) tftypes.Value {
	if in == nil || in.IdentityData == nil {
		return tftypes.Value{}
	}
	if rt.identity == nil {
		o.violate(RuleIdentity, nil, "returned for a type that has no identity schema")
		return tftypes.Value{}
	}
	v, ok := o.decode(rt.identityType, false, in.IdentityData)
	if !ok || v.IsNull() {
		return tftypes.Value{}
	}
	if !mayBeUnknown && !v.IsFullyKnown() {
		o.violate(RuleIdentity, nil, "has unknown values: %s", show(v))
	}
	return v
}

// sameIdentity demands that an object stays the object that it is. Parts of the
// old identity that are null or unknown may be filled in.
func (o *op) sameIdentity(was, is tftypes.Value) {
	if o.core.mutableIdentity || was.IsNull() || is.IsNull() {
		return
	}
	for k, w := range fields(was) {
		if v := fields(is)[k]; w.IsKnown() && !w.IsNull() && !equal(w, v) {
			o.violate(RuleIdentityChange, (*path)(nil).attr(k), "was %s, is %s", show(w), show(v))
		}
	}
}

// deferral refuses an answer that this client did not say it understands.
func (o *op) deferral(d *tfprotov6.Deferred) {
	if d != nil && !o.diags.HasErrors() {
		o.violate(RuleDeferred, nil, "%v", d.Reason)
	}
}
