package enginetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// State is one object as the state file holds it. It is never changed; operations
// make new ones.
type State struct {
	Value           tftypes.Value
	Private         []byte
	Identity        tftypes.Value // the zero value where there is none
	Tainted         bool          // its creation failed half-way: the next plan replaces it
	SchemaVersion   int64
	IdentityVersion int64

	stored *Stored // what Value is yet to be upgraded from
}

// Stored is an object in a state file, possibly written by an older provider.
type Stored struct {
	SchemaVersion   int64
	JSON            []byte // the object's attributes
	Private         []byte
	IdentityVersion int64
	Identity        []byte // JSON; nil where there is none
	Tainted         bool
}

// At is the plain form of one part of the object; see the function [At].
func (s *State) At(steps ...any) any {
	if s == nil {
		return nil
	}
	return At(s.Value, steps...)
}

// Store writes the object as the state file would hold it.
func (s *State) Store() (Stored, error) {
	if s.stored != nil {
		out := *s.stored
		out.Tainted = s.Tainted
		return out, nil
	}
	out := Stored{SchemaVersion: s.SchemaVersion, Private: s.Private, IdentityVersion: s.IdentityVersion, Tainted: s.Tainted}
	var err error
	if out.JSON, err = MarshalJSON(s.Value); err == nil && !s.Identity.IsNull() {
		out.Identity, err = MarshalJSON(s.Identity)
	}
	return out, err
}

// MarshalJSON writes a value as the state file does. It fails on unknown values,
// which a state cannot hold, and on dynamically typed ones.
func MarshalJSON(v tftypes.Value) ([]byte, error) {
	var out bytes.Buffer
	if err := appendJSON(&out, v); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func appendJSON(out *bytes.Buffer, v tftypes.Value) error {
	switch {
	case v.IsNull():
		out.WriteString("null")
		return nil
	case !v.IsKnown():
		return fmt.Errorf("an unknown value cannot be stored")
	case v.Type().Is(tftypes.DynamicPseudoType):
		return fmt.Errorf("a dynamically typed value cannot be stored here")
	}
	switch v.Type().(type) {
	case tftypes.Object, tftypes.Map:
		return appendJSONFields(out, fields(v))
	case tftypes.List, tftypes.Set, tftypes.Tuple:
		return appendJSONElements(out, elements(v))
	}
	return appendJSONPrimitive(out, v)
}

func appendJSONFields(out *bytes.Buffer, m map[string]tftypes.Value) error {
	out.WriteByte('{')
	for i, k := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			out.WriteByte(',')
		}
		name, err := json.Marshal(k)
		if err != nil {
			return fmt.Errorf("key %q: %w", k, err)
		}
		out.Write(name)
		out.WriteByte(':')
		if err := appendJSON(out, m[k]); err != nil {
			return fmt.Errorf("%s: %w", k, err)
		}
	}
	out.WriteByte('}')
	return nil
}

func appendJSONElements(out *bytes.Buffer, es []tftypes.Value) error {
	out.WriteByte('[')
	for i, e := range es {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := appendJSON(out, e); err != nil {
			return fmt.Errorf("[%d]: %w", i, err)
		}
	}
	out.WriteByte(']')
	return nil
}

func appendJSONPrimitive(out *bytes.Buffer, v tftypes.Value) error {
	var n big.Float
	if v.As(&n) == nil {
		out.WriteString(n.Text('f', -1))
		return nil
	}
	text, err := json.Marshal(Plain(v))
	out.Write(text)
	return err
}

// upgrade passes a state through the provider's upgrade, as core does with every
// object that it reads from a state file, whatever its version.
func (o *op) upgrade(rt *resourceType, s *State) *State {
	if s == nil || s.stored == nil && o.core.skipJSON {
		return s
	}
	stored, err := s.Store()
	if err != nil {
		o.fail(err)
		return nil
	}
	if stored.SchemaVersion > rt.version || stored.IdentityVersion > rt.identityVersion {
		o.fail(fmt.Errorf("the state was written by a newer provider"))
		return nil
	}
	resp, ok := call(o, "upgrade", o.core.server.UpgradeResourceState, &tfprotov6.UpgradeResourceStateRequest{
		TypeName: rt.name, Version: stored.SchemaVersion, RawState: &tfprotov6.RawState{JSON: stored.JSON},
	})
	if !ok {
		return nil
	}
	if o.take(resp.Diagnostics); o.failed() {
		return nil
	}
	out := &State{Private: stored.Private, Identity: s.Identity, Tainted: stored.Tainted, SchemaVersion: rt.version, IdentityVersion: rt.identityVersion}
	if out.Value, ok = o.decode(rt.body.typ, rt.body.hasSets, resp.UpgradedState); ok {
		o.stateRules(rt, out.Value)
	}
	if out.Value.IsNull() {
		o.violate(RuleNullResult, nil, "the upgraded state is null")
	}
	if stored.Identity != nil {
		out.Identity = o.upgradeIdentity(rt, stored)
	}
	if o.failed() {
		return nil
	}
	return out
}

func (o *op) upgradeIdentity(rt *resourceType, stored Stored) tftypes.Value {
	raw := &tfprotov6.RawState{JSON: stored.Identity}
	if rt.identity == nil {
		return tftypes.Value{}
	}
	if stored.IdentityVersion == rt.identityVersion {
		v, err := raw.Unmarshal(rt.identityType)
		if err != nil {
			o.fail(fmt.Errorf("stored identity: %w", err))
		}
		return v
	}
	resp, ok := call(o, "upgrade identity", o.core.server.UpgradeResourceIdentity, &tfprotov6.UpgradeResourceIdentityRequest{
		TypeName: rt.name, Version: stored.IdentityVersion, RawIdentity: raw,
	})
	if !ok {
		return tftypes.Value{}
	}
	if o.take(resp.Diagnostics); o.failed() {
		return tftypes.Value{}
	}
	return o.decodeIdentity(rt, resp.UpgradedIdentity, false)
}

// stateRules are what holds for every object that goes into a state.
func (o *op) stateRules(rt *resourceType, v tftypes.Value) {
	if !v.IsFullyKnown() {
		o.check(RuleUnknownState, func(f *findings) { f.unknowns(v, nil) })
	}
	if rt.body.hasWriteOnly {
		o.check(RuleWriteOnly, func(f *findings) { f.writeOnly(rt.body, v, nil) })
	}
	if len(rt.body.blocks) > 0 {
		o.check(RuleNullBlock, func(f *findings) { f.nullBlocks(rt.body, v, nil) })
	}
}
