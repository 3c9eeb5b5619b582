package kind_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/kind"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// TestFirewallPlan refuses rules that make no sense on any platform, once their parts are known.
func TestFirewallPlan(t *testing.T) {
	always := func(...string) bool { return true }
	for _, c := range []struct {
		name string
		rule platform.FirewallRule
		open string // the attribute that is not known yet
		path string
	}{
		{"from anywhere", platform.FirewallRule{}, "", ""},
		{"from one range", platform.FirewallRule{CIDR: new("10.0.0.0/8"), Self: new(false)}, "", ""},
		{"two other sides", platform.FirewallRule{CIDR: new("10.0.0.0/8"), Self: new(true)}, "", "rules.r"},
		{"two others again", platform.FirewallRule{CIDR: new("10.0.0.0/8"), FirewallID: new("x")}, "", "rules.r"},
		{"ports of nothing", platform.FirewallRule{Ports: new("80")}, "", "rules.r.ports"},
		{"ports of what is not known", platform.FirewallRule{Ports: new("80")}, "protocol", ""},
		{"ports", platform.FirewallRule{Ports: new("80"), Protocol: new("tcp")}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &platform.Plan[platform.Firewall]{
				Want:    &platform.Firewall{Rules: map[string]platform.FirewallRule{"r": c.rule}},
				Changed: always, Left: always,
				Known: func(path ...string) bool { return c.open == "" || path[len(path)-1] != c.open },
			}
			err := kind.Firewall().Plan(p)
			at, _ := errors.AsType[*platform.AttrError](err)
			if (err == nil) != (c.path == "") || at != nil && strings.Join(at.Path, ".") != c.path {
				t.Errorf("got %v", err)
			}
		})
	}
}
