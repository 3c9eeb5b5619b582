package platform_test

import (
	"strings"
	"testing"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func settings() []platform.Setting {
	return []platform.Setting{
		{Name: "server", Required: true, Env: []string{"VSPHERE_SERVER"}},
		{Name: "password", Sensitive: true, Type: platform.IntSetting},
		{Name: "insecure", Type: platform.BoolSetting},
		{Name: "timeout", Type: platform.DurationSetting, Default: "90s"},
		{Name: "seed", Type: platform.StringsSetting},
		{Name: "mode", OneOf: []string{"a", "b"}},
	}
}

func resolve(given map[string]any, sole bool, env map[string]string) (platform.Config, error) {
	return platform.Resolve(settings(), given, platform.Source{
		Block: "vsphere", Name: "dc-1", Sole: sole,
		Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
	})
}

func TestResolve(t *testing.T) {
	c, err := resolve(map[string]any{"insecure": true, "seed": []string{"x"}}, true, map[string]string{"VSPHERE_SERVER": "vc", "VIRT_DC_1_PASSWORD": "7"})
	if err != nil {
		t.Fatal(err)
	}
	if c.String("server") != "vc" || !c.Bool("insecure") || c.Duration("timeout") != 90*time.Second || c.Int("password") != 7 || c.Strings("seed")[0] != "x" {
		t.Errorf("%+v", c)
	}
}

func TestResolveEnvironmentOfSeveralConnections(t *testing.T) {
	env := map[string]string{"VSPHERE_SERVER": "shared"}
	if _, err := resolve(nil, false, env); err == nil || !strings.Contains(err.Error(), "VIRT_DC_1_SERVER") || strings.Contains(err.Error(), "VSPHERE_SERVER") {
		t.Errorf("the tools' own variable must not count for one of several connections: %v", err)
	}
	env["VIRT_DC_1_SERVER"] = "own"
	if c, err := resolve(nil, true, env); err != nil || c.String("server") != "own" {
		t.Errorf("the connection's own variable comes first: %v, %v", c.String("server"), err)
	}
}

func TestResolveRefuses(t *testing.T) {
	base := map[string]string{"VSPHERE_SERVER": "vc"}
	for _, c := range []struct {
		name  string
		given map[string]any
		env   map[string]string
		want  string
	}{
		{"missing", nil, map[string]string{}, "set it in its vsphere block or in the environment (VIRT_DC_1_SERVER or VSPHERE_SERVER)"},
		{"duration", map[string]any{"timeout": "soon"}, base, "vsphere.timeout"},
		{"one of", map[string]any{"mode": "c"}, base, "it takes a, b"},
		{"bool from environment", nil, map[string]string{"VSPHERE_SERVER": "vc", "VIRT_DC_1_INSECURE": "maybe"}, "VIRT_DC_1_INSECURE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := resolve(c.given, true, c.env); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v; want %q", err, c.want)
			}
		})
	}
}

func TestResolveKeepsSecretsOutOfErrors(t *testing.T) {
	_, err := resolve(map[string]any{"password": "hunter2"}, true, map[string]string{"VSPHERE_SERVER": "vc"})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}
