package engine

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// UpgradeState leads the state of every released version to the present one, on raw JSON: old structs are not kept.
func (r *Resource[T, P]) UpgradeState(context.Context) map[int64]resource.StateUpgrader {
	upgraders := map[int64]resource.StateUpgrader{}
	for version := range r.Upgrades {
		upgraders[int64(version)] = resource.StateUpgrader{
			StateUpgrader: func(_ context.Context, req resource.UpgradeStateRequest, resp *resource.UpgradeStateResponse) {
				state, err := r.upgrade(req.RawState, version)
				if err != nil {
					resp.Diagnostics.AddError("Cannot upgrade the state of "+r.Name, sentence(err.Error()))
					return
				}
				resp.DynamicValue = state
			},
		}
	}
	return upgraders
}

// upgrade applies every step from a version on.
func (r *Compiled[T, P]) upgrade(raw *tfprotov6.RawState, version int) (*tfprotov6.DynamicValue, error) {
	if raw == nil || raw.JSON == nil {
		return nil, fmt.Errorf("version %d of the state is not stored as JSON", version)
	}
	var state map[string]any
	if err := json.Unmarshal(raw.JSON, &state); err != nil {
		return nil, fmt.Errorf("version %d of the state cannot be read: %w", version, err)
	}
	for _, step := range r.Upgrades[version:] {
		if err := step(state); err != nil {
			return nil, fmt.Errorf("from version %d: %w", version, err)
		}
	}
	upgraded, err := json.Marshal(state)
	if err != nil {
		return nil, fmt.Errorf("the upgraded state cannot be written: %w", err)
	}
	return &tfprotov6.DynamicValue{JSON: upgraded}, nil
}
