package enginetest

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Data is the outcome of [Core.ReadData].
type Data struct {
	Diags Diagnostics
	Value tftypes.Value
	// Later says that the configuration has unknown values, so that core does not
	// ask the provider before apply: Value has unknowns for what is computed.
	Later bool
}

// At is the plain form of one part of the object; see the function [At].
func (d *Data) At(steps ...any) any { return At(d.Value, steps...) }

// ReadData reads a data source.
func (c *Core) ReadData(typeName string, config Config) (*Data, error) {
	o := c.begin("read", "data."+typeName)
	b := c.data[typeName]
	if b == nil {
		o.fail(errors.New("the provider has no such data source"))
	}
	if o.failed() {
		return &Data{}, o.err()
	}
	v, err := b.config(config)
	if err != nil {
		o.fail(err)
		return &Data{}, o.err()
	}
	out := &Data{Value: tftypes.NewValue(b.typ, nil), Later: !v.IsFullyKnown()}
	if out.Later {
		out.Value = b.propose(tftypes.NewValue(b.typ, tftypes.UnknownValue), v)
	}
	o.readData(typeName, b, o.encode(b.typ, v), out)
	out.Diags = o.diags
	return out, o.err()
}

func (o *op) readData(typeName string, b *body, config *tfprotov6.DynamicValue, out *Data) {
	valid, ok := call(o, "validate", o.core.server.ValidateDataResourceConfig, &tfprotov6.ValidateDataResourceConfigRequest{
		TypeName: typeName, Config: config,
	})
	if ok {
		o.take(valid.Diagnostics)
	}
	if o.failed() || out.Later {
		return
	}
	resp, ok := call(o, "read", o.core.server.ReadDataSource, &tfprotov6.ReadDataSourceRequest{
		TypeName: typeName, Config: config, ClientCapabilities: &tfprotov6.ReadDataSourceClientCapabilities{},
	})
	if !ok {
		return
	}
	o.take(resp.Diagnostics)
	if o.deferral(resp.Deferred); o.failed() {
		return
	}
	if out.Value, ok = o.decode(b.typ, b.hasSets, resp.State); !ok {
		return
	}
	if out.Value.IsNull() {
		o.violate(RuleData, nil, "the provider returned a null object")
	}
	o.check(RuleData, func(f *findings) { f.unknowns(out.Value, nil) })
}

// CallFunction calls one of the provider's functions with plain Go arguments and
// gives its plain result. A refusal by the function is a [FunctionError].
func (c *Core) CallFunction(name string, args ...any) (any, error) {
	o := c.begin("call", "function."+name)
	f := c.functions[name]
	if f == nil {
		o.fail(errors.New("the provider has no such function"))
	}
	if o.failed() {
		return nil, o.err()
	}
	req := &tfprotov6.CallFunctionRequest{Name: name}
	for i, a := range args {
		v, t, err := argument(f, i, a)
		if err != nil {
			o.fail(err)
			return nil, o.err()
		}
		if !v.IsKnown() && !parameter(f, i).AllowUnknownValues {
			return Unknown, nil // core does not call then
		}
		req.Arguments = append(req.Arguments, o.encode(t, v))
	}
	if len(args) < len(f.Parameters) {
		o.fail(fmt.Errorf("%d arguments, but %d parameters", len(args), len(f.Parameters)))
		return nil, o.err()
	}
	return o.callFunction(f, req)
}

// FunctionError is what a provider's function says of its arguments.
type FunctionError struct {
	Text     string
	Argument int // position; -1 for the call as a whole
}

func (e *FunctionError) Error() string {
	if e.Argument < 0 {
		return e.Text
	}
	return fmt.Sprintf("argument %d: %s", e.Argument, e.Text)
}

func (o *op) callFunction(f *tfprotov6.Function, req *tfprotov6.CallFunctionRequest) (any, error) {
	resp, ok := call(o, "call", o.core.server.CallFunction, req)
	if !ok {
		return nil, o.err()
	}
	if resp.Error != nil {
		out := &FunctionError{Text: resp.Error.Text, Argument: -1}
		if at := resp.Error.FunctionArgument; at != nil {
			out.Argument = int(*at)
		}
		return nil, out
	}
	v, ok := o.decode(f.Return.Type, containsSet(f.Return.Type), resp.Result)
	if ok {
		o.check(RuleFunction, func(f *findings) { f.unknowns(v, nil) })
	}
	return Plain(v), o.err()
}

func parameter(f *tfprotov6.Function, i int) *tfprotov6.FunctionParameter {
	if i < len(f.Parameters) {
		return f.Parameters[i]
	}
	return f.VariadicParameter
}

func argument(f *tfprotov6.Function, i int, in any) (tftypes.Value, tftypes.Type, error) {
	p := parameter(f, i)
	if p == nil {
		return tftypes.Value{}, nil, &ConfigError{fmt.Sprint(i), "too many arguments"}
	}
	v, err := convert(unwrap(reflect.ValueOf(in)), p.Type, (*path)(nil).attr(p.Name))
	if err == nil && v.IsNull() && !p.AllowNullValue {
		err = &ConfigError{p.Name, "must not be null"}
	}
	return v, p.Type, err
}
