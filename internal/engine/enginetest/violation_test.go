package enginetest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
)

// saboteur changes the answers of a good server.
type saboteur struct {
	tfprotov6.ProviderServer
	thing tftypes.Type
	plan  func(s *saboteur, req *tfprotov6.PlanResourceChangeRequest, resp *tfprotov6.PlanResourceChangeResponse)
	apply func(s *saboteur, req *tfprotov6.ApplyResourceChangeRequest, resp *tfprotov6.ApplyResourceChangeResponse)
	read  func(s *saboteur, resp *tfprotov6.ReadResourceResponse)
	imp   func(s *saboteur, resp *tfprotov6.ImportResourceStateResponse)
	plans int
}

func (s *saboteur) GetProviderSchema(ctx context.Context, req *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	resp, err := s.ProviderServer.GetProviderSchema(ctx, req)
	if err == nil {
		s.thing = resp.ResourceSchemas["test_thing"].ValueType()
	}
	return resp, err
}

func (s *saboteur) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	resp, err := s.ProviderServer.PlanResourceChange(ctx, req)
	s.plans++
	if err == nil && s.plan != nil {
		s.plan(s, req, resp)
	}
	return resp, err
}

func (s *saboteur) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	resp, err := s.ProviderServer.ApplyResourceChange(ctx, req)
	if err == nil && s.apply != nil {
		s.apply(s, req, resp)
	}
	return resp, err
}

func (s *saboteur) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	resp, err := s.ProviderServer.ReadResource(ctx, req)
	if err == nil && s.read != nil {
		s.read(s, resp)
	}
	return resp, err
}

func (s *saboteur) ImportResourceState(ctx context.Context, req *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	resp, err := s.ProviderServer.ImportResourceState(ctx, req)
	if err == nil && s.imp != nil {
		s.imp(s, resp)
	}
	return resp, err
}

// put changes one place of a value on the wire.
func put(t tftypes.Type, dv *tfprotov6.DynamicValue, v any, at ...string) *tfprotov6.DynamicValue {
	in, err := dv.Unmarshal(t)
	if err != nil {
		panic(err)
	}
	p := tftypes.NewAttributePath()
	for i, s := range at {
		if at[0] == "nics" && i == 1 || at[0] == "tags" && i == 1 {
			p = p.WithElementKeyString(s)
		} else {
			p = p.WithAttributeName(s)
		}
	}
	out, err := tftypes.Transform(in, func(here *tftypes.AttributePath, old tftypes.Value) (tftypes.Value, error) {
		if here.Equal(p) {
			return tftypes.NewValue(old.Type(), v), nil
		}
		return old, nil
	})
	if err != nil {
		panic(err)
	}
	back, err := tfprotov6.NewDynamicValue(t, out)
	if err != nil {
		panic(err)
	}
	return &back
}

func planned(v any, at ...string) func(*saboteur, *tfprotov6.PlanResourceChangeRequest, *tfprotov6.PlanResourceChangeResponse) {
	return func(s *saboteur, _ *tfprotov6.PlanResourceChangeRequest, resp *tfprotov6.PlanResourceChangeResponse) {
		resp.PlannedState = put(s.thing, resp.PlannedState, v, at...)
	}
}

func made(v any, at ...string) func(*saboteur, *tfprotov6.ApplyResourceChangeRequest, *tfprotov6.ApplyResourceChangeResponse) {
	return func(s *saboteur, _ *tfprotov6.ApplyResourceChangeRequest, resp *tfprotov6.ApplyResourceChangeResponse) {
		if null, _ := resp.NewState.IsNull(); !null {
			resp.NewState = put(s.thing, resp.NewState, v, at...)
		}
	}
}

func identity(s string) *tfprotov6.ResourceIdentityData {
	t := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"id": tftypes.String}}
	v := any(s)
	if s == "?" {
		v = tftypes.UnknownValue
	}
	dv, err := tfprotov6.NewDynamicValue(t, tftypes.NewValue(t, map[string]tftypes.Value{"id": tftypes.NewValue(tftypes.String, v)}))
	if err != nil {
		panic(err)
	}
	return &tfprotov6.ResourceIdentityData{IdentityData: &dv}
}

type sabotage struct {
	saboteur
	rule  enginetest.Rule
	path  string
	after func(t *testing.T, r *enginetest.Resource) error // default: PlanApply
}

func TestViolations(t *testing.T) {
	again := func(t *testing.T, r *enginetest.Resource) error { // plan after a good apply
		_, err := r.PlanApply(full())
		if err == nil {
			_, err = r.Plan(full())
		}
		return err
	}
	for name, c := range map[string]sabotage{
		"plan changes a configured value": {
			saboteur: saboteur{plan: planned("other", "name")}, rule: enginetest.RuleInvalidPlan, path: "name",
		},
		"plan makes a configured value unknown": {
			saboteur: saboteur{plan: planned(tftypes.UnknownValue, "name")}, rule: enginetest.RuleInvalidPlan, path: "name",
		},
		"plan sets what is not computed": {
			saboteur: saboteur{plan: planned("x", "image")}, rule: enginetest.RuleInvalidPlan, path: "image",
			after: func(_ *testing.T, r *enginetest.Resource) error {
				_, err := r.Plan(enginetest.Config{"name": "x"})
				return err
			},
		},
		"plan changes inside a nested attribute": {
			saboteur: saboteur{plan: planned("x", "nics", "eth0", "network")}, rule: enginetest.RuleInvalidPlan, path: `nics["eth0"].network`,
		},
		"plan drops elements": {
			saboteur: saboteur{plan: planned(map[string]tftypes.Value{}, "nics")}, rule: enginetest.RuleInvalidPlan, path: "nics",
		},
		"plan drops blocks": {
			saboteur: saboteur{plan: planned([]tftypes.Value{}, "port")}, rule: enginetest.RuleInvalidPlan, path: "port",
		},
		"plan nulls blocks": {
			saboteur: saboteur{plan: planned(nil, "port")}, rule: enginetest.RuleInvalidPlan, path: "port",
		},
		"plan nulls a single block": {
			saboteur: saboteur{plan: planned(nil, "login")}, rule: enginetest.RuleInvalidPlan, path: "login",
		},
		"plan is null": {
			saboteur: saboteur{plan: planned(nil)}, rule: enginetest.RuleInvalidPlan,
		},
		"plan has a write-only value": {
			saboteur: saboteur{plan: planned("x", "secret")}, rule: enginetest.RuleWriteOnly, path: "secret",
		},
		"plan asks for the legacy type system": {
			saboteur: saboteur{plan: func(_ *saboteur, _ *tfprotov6.PlanResourceChangeRequest, r *tfprotov6.PlanResourceChangeResponse) {
				r.UnsafeToUseLegacyTypeSystem = true //nolint:staticcheck // what is to be caught
			}}, rule: enginetest.RuleLegacy,
		},
		"plan is deferred": {
			saboteur: saboteur{plan: func(_ *saboteur, _ *tfprotov6.PlanResourceChangeRequest, r *tfprotov6.PlanResourceChangeResponse) {
				r.Deferred = &tfprotov6.Deferred{Reason: tfprotov6.DeferredReasonAbsentPrereq}
			}}, rule: enginetest.RuleDeferred,
		},
		"plan does not decode": {
			saboteur: saboteur{plan: func(_ *saboteur, _ *tfprotov6.PlanResourceChangeRequest, r *tfprotov6.PlanResourceChangeResponse) {
				r.PlannedState = &tfprotov6.DynamicValue{MsgPack: []byte{0x01}}
			}}, rule: enginetest.RuleConform,
		},
		"plan panics": {
			saboteur: saboteur{plan: func(*saboteur, *tfprotov6.PlanResourceChangeRequest, *tfprotov6.PlanResourceChangeResponse) {
				panic("ouch")
			}}, rule: enginetest.RuleCrash,
		},
		"second plan learns another value": {
			saboteur: saboteur{plan: func(s *saboteur, _ *tfprotov6.PlanResourceChangeRequest, r *tfprotov6.PlanResourceChangeResponse) {
				r.PlannedState = put(s.thing, r.PlannedState, s.plans, "size")
			}}, rule: enginetest.RuleFinalPlan, path: "size",
		},
		"second plan forgets a value": {
			saboteur: saboteur{plan: func(s *saboteur, _ *tfprotov6.PlanResourceChangeRequest, r *tfprotov6.PlanResourceChangeResponse) {
				if s.plans == 1 {
					r.PlannedState = put(s.thing, r.PlannedState, 5, "size")
				}
			}}, rule: enginetest.RuleFinalPlan, path: "size",
		},
		"second plan replaces": {
			saboteur: saboteur{plan: func(s *saboteur, _ *tfprotov6.PlanResourceChangeRequest, r *tfprotov6.PlanResourceChangeResponse) {
				if s.plans == 4 {
					r.RequiresReplace = []*tftypes.AttributePath{tftypes.NewAttributePath().WithAttributeName("name")}
				}
			}}, rule: enginetest.RuleFinalPlan,
			after: func(_ *testing.T, r *enginetest.Resource) error {
				_, err := r.PlanApply(full())
				if err == nil {
					config := full()
					config["name"] = "other"
					_, err = r.PlanApply(config)
				}
				return err
			},
		},
		"replacement of a path that is nowhere": {
			saboteur: saboteur{plan: func(_ *saboteur, _ *tfprotov6.PlanResourceChangeRequest, r *tfprotov6.PlanResourceChangeResponse) {
				r.RequiresReplace = []*tftypes.AttributePath{tftypes.NewAttributePath().WithAttributeName("nics").WithElementKeyString("no")}
			}}, rule: enginetest.RuleReplacePath, path: `nics["no"]`, after: again,
		},
		"destroy plans something": {
			saboteur: saboteur{plan: func(_ *saboteur, req *tfprotov6.PlanResourceChangeRequest, r *tfprotov6.PlanResourceChangeResponse) {
				if null, _ := req.Config.IsNull(); null {
					r.PlannedState = req.PriorState
				}
			}}, rule: enginetest.RuleDestroyPlan, after: destroy,
		},
		"result differs from the plan": {
			saboteur: saboteur{apply: made("other", "tags", "role")}, rule: enginetest.RuleResult, path: `tags["role"]`,
		},
		"result has new elements": {
			saboteur: saboteur{apply: made([]tftypes.Value{
				tftypes.NewValue(tftypes.String, "a"), tftypes.NewValue(tftypes.String, "b"), tftypes.NewValue(tftypes.String, "c"),
			}, "roles")}, rule: enginetest.RuleResult, path: "roles",
		},
		"result drops a block": {
			saboteur: saboteur{apply: made(nil, "login")}, rule: enginetest.RuleResult, path: "login",
		},
		"result is unknown": {
			saboteur: saboteur{apply: made(tftypes.UnknownValue, "boot", "path")}, rule: enginetest.RuleUnknownState, path: "boot.path",
		},
		"result is null": {
			saboteur: saboteur{apply: made(nil)}, rule: enginetest.RuleNullResult,
		},
		"result has a write-only value": {
			saboteur: saboteur{apply: made("x", "secret")}, rule: enginetest.RuleWriteOnly, path: "secret",
		},
		"result nulls blocks": {
			saboteur: saboteur{apply: made(nil, "port")}, rule: enginetest.RuleNullBlock, path: "port",
		},
		"object is there after destroy": {
			saboteur: saboteur{apply: func(_ *saboteur, req *tfprotov6.ApplyResourceChangeRequest, r *tfprotov6.ApplyResourceChangeResponse) {
				if null, _ := req.PlannedState.IsNull(); null {
					r.NewState = req.PriorState
				}
			}}, rule: enginetest.RuleDestroyResult, after: destroy,
		},
		"identity is unknown": {
			saboteur: saboteur{apply: func(_ *saboteur, _ *tfprotov6.ApplyResourceChangeRequest, r *tfprotov6.ApplyResourceChangeResponse) {
				r.NewIdentity = identity("?")
			}}, rule: enginetest.RuleIdentity,
		},
		"identity changes with a read": {
			saboteur: saboteur{read: func(_ *saboteur, r *tfprotov6.ReadResourceResponse) { r.NewIdentity = identity("other") }},
			rule:     enginetest.RuleIdentityChange, path: "id", after: again,
		},
		"read is unknown": {
			saboteur: saboteur{read: func(s *saboteur, r *tfprotov6.ReadResourceResponse) {
				r.NewState = put(s.thing, r.NewState, tftypes.UnknownValue, "nics", "eth0", "mac")
			}}, rule: enginetest.RuleUnknownState, path: `nics["eth0"].mac`, after: again,
		},
		"read has a write-only value": {
			saboteur: saboteur{read: func(s *saboteur, r *tfprotov6.ReadResourceResponse) {
				r.NewState = put(s.thing, r.NewState, "x", "secret")
			}}, rule: enginetest.RuleWriteOnly, path: "secret", after: again,
		},
		"import finds two": {
			saboteur: saboteur{imp: func(_ *saboteur, r *tfprotov6.ImportResourceStateResponse) {
				r.ImportedResources = append(r.ImportedResources, r.ImportedResources...)
			}}, rule: enginetest.RuleImport,
			after: func(_ *testing.T, r *enginetest.Resource) error {
				_, err := r.Import("x")
				return err
			},
		},
	} {
		t.Run(name, func(t *testing.T) { c.run(t) })
	}
}

func destroy(t *testing.T, r *enginetest.Resource) error {
	t.Helper()
	r.Must(t).PlanApply(full())
	_, err := r.Destroy()
	return err
}

func (c *sabotage) run(t *testing.T) {
	core, _ := newCore(t, twist(func(good tfprotov6.ProviderServer) tfprotov6.ProviderServer {
		s := c.saboteur
		s.ProviderServer = good
		return &s
	}))
	r := core.Resource("test_thing", "web")
	var err error
	if c.after != nil {
		err = c.after(t, r)
	} else {
		_, err = r.PlanApply(full())
	}
	for _, v := range enginetest.Violations(err) {
		if v.Rule == c.rule && v.Path == c.path {
			if !strings.Contains(err.Error(), string(c.rule)) {
				t.Fatalf("the message does not name the rule: %v", err)
			}
			return
		}
	}
	t.Fatalf("got %v, want %q at %q", err, c.rule, c.path)
}

func TestStateAfterViolation(t *testing.T) {
	core, _ := newCore(t, twist(func(good tfprotov6.ProviderServer) tfprotov6.ProviderServer {
		return &saboteur{ProviderServer: good, apply: made(tftypes.UnknownValue, "boot", "path")}
	}))
	r := core.Resource("test_thing", "web")
	if _, err := r.PlanApply(full()); !enginetest.Breaks(err, enginetest.RuleUnknownState) {
		t.Fatalf("got %v", err)
	}
	if s := r.State(); s == nil || !s.Tainted || s.At("id") != "id-1" || s.At("boot", "path") != nil {
		t.Fatalf("what exists must be saved, tainted, without unknowns: %+v", s)
	}
}
