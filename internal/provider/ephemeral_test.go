package provider

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// pass is handed out and never stored.
type pass struct {
	Platform *string `tfsdk:"platform"`
	Code     *string `tfsdk:"code"`
}

type passes struct{}

func (passes) Issue(_ context.Context, want *pass) error {
	want.Code = new("of " + *want.Platform)
	return nil
}

// TestEphemeralKindsAreServed asks the real provider, with a kind and a platform of its own, behind the wrapper that
// keeps it quiet.
func TestEphemeralKindsAreServed(t *testing.T) {
	kind := engine.EphemeralKind[pass]{
		Name: "pass", Timeout: time.Minute, Of: func(*platform.Conn) platform.Issuer[pass] { return passes{} },
		Schema: schema.Schema{Attributes: map[string]schema.Attribute{
			"platform": schema.StringAttribute{Optional: true, Computed: true}, "code": schema.StringAttribute{Computed: true, Sensitive: true},
		}},
	}
	p := With("test", platform.Driver{
		Name: "gate", Title: "Gate", Traits: map[string]platform.Traits{"pass": {"code": platform.Computed()}},
		Open: func(context.Context, platform.Config) (*platform.Conn, error) {
			return &platform.Conn{Endpoint: "gate"}, nil
		},
	})
	p.ephemerals = append(p.ephemerals, issue(kind))
	serve := func() (tfprotov6.ProviderServer, error) {
		server, err := providerserver.NewProtocol6WithError(p)()
		return hush(server), err
	}
	core := enginetest.New(t, serve, enginetest.Config{"platform": []any{map[string]any{"name": "main", "gate": map[string]any{}}}})
	e, err := core.OpenEphemeral("virt_pass", nil)
	if err != nil || e.Diags.HasErrors() {
		t.Fatalf("%v\n%s", err, e.Diags)
	}
	if e.At("code") != "of main" || e.At("platform") != "main" {
		t.Errorf("got %v", enginetest.Plain(e.Value))
	}
	if err := p.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestEveryEphemeralAttributeHasATrait finds attributes that a platform's table says nothing about.
func TestEveryEphemeralAttributeHasATrait(t *testing.T) {
	for _, d := range Platforms() {
		for _, k := range ephemerals() {
			if traits, ok := d.Traits[k.name]; ok {
				if missing := k.missing(traits, d.Name); missing != nil {
					t.Errorf("%s %s: no trait for %s", d.Name, k.name, strings.Join(missing, ", "))
				}
			}
		}
	}
}
