package platformtest

import (
	"fmt"

	"github.com/terraform-virt/terraform-provider-virt/internal/kind"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func firewallSubject() *subject {
	k := newSubject(kind.Firewall())
	k.values = Values{
		"description": Of("one", "two"),
		"tags":        tagPair(),

		"rules.*.direction":   Of(platform.RuleIngress, platform.RuleEgress),
		"rules.*.family":      Of(platform.RuleIPv4, platform.RuleIPv6),
		"rules.*.protocol":    {Old: "tcp", New: "udp", With: Config{"rules": Config{"one": Config{"ports": nil}}}},
		"rules.*.ports":       Of("443", "8000-8080"),
		"rules.*.cidr":        Of("10.0.0.0/8", "10.1.0.0/16"),
		"rules.*.firewall_id": Of(Other("firewall", 0), Other("firewall", 1)),
		"rules.*.self":        Of(false, true),
		"rules.*.description": Of("one", "two"),

		"openstack.stateful":       Of(true, false),
		"openstack.default_egress": Of(false, true),
	}
	k.elements = map[string]func(b *Bench, n int) Config{
		"rules": func(_ *Bench, n int) Config {
			return Config{"direction": platform.RuleIngress, "protocol": "tcp", "ports": fmt.Sprint(8080 + n)}
		},
	}
	k.stubs = map[string]Config{"rules": {"direction": platform.RuleIngress}}
	k.update = []string{"description", "rules.*.cidr", "tags"}
	k.byHand = []string{"name", "description", "rules.*.cidr", "tags"}
	return k
}
