package engine

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// private is what the engine remembers of an object beside its state. Terraform stores it and shows it to nobody.
type private struct {
	// Endpoint is the fingerprint of where the object lives.
	Endpoint string `json:"endpoint,omitempty"`
	// Imported says that values which the platform cannot tell may be adopted without a change.
	Imported bool `json:"imported,omitempty"`
	// Fresh says that the read after the import is still to come.
	Fresh bool `json:"fresh,omitempty"`
	// Provisional lists, by the path of their map, the keys that an import invented.
	Provisional map[string][]string `json:"provisional,omitempty"`
}

const privateKey = "virt"

// keeper is the private data of a framework request.
type keeper interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

// keeping is the private data of a framework response.
type keeping interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

func loadPrivate(ctx context.Context, from keeper) (private, diag.Diagnostics) {
	var p private
	raw, diags := from.GetKey(ctx, privateKey)
	if len(raw) == 0 || diags.HasError() {
		return p, diags
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		diags.AddError("Damaged private data", "The state's private data of this resource cannot be read: "+err.Error()+". Remove the resource from the state and import it again.")
	}
	return p, diags
}

func (p private) save(ctx context.Context, to keeping) diag.Diagnostics {
	raw, err := json.Marshal(p)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Cannot save private data", err.Error())}
	}
	return to.SetKey(ctx, privateKey, raw)
}

func (p private) provisional(path, key string) bool { return slices.Contains(p.Provisional[path], key) }

// markProvisional notes every key of every keyed map with bindings: nobody chose them.
func (p *private) markProvisional(r *rules, state tftypes.Value) {
	p.Provisional = map[string][]string{}
	for _, n := range r.keyed() {
		v, _ := lookup(state, n.path)
		for key := range object(v) {
			p.Provisional[n.path.String()] = append(p.Provisional[n.path.String()], key)
		}
		slices.Sort(p.Provisional[n.path.String()])
	}
}
