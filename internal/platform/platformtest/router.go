package platformtest

import (
	"fmt"

	"github.com/terraform-virt/terraform-provider-virt/internal/kind"
)

// routerSubject needs the ids of two external networks. Routes lead to the first one of them, so that they need no interface
// beside them; which addresses it has is the platform's case to say.
func routerSubject() *subject {
	k := newSubject(kind.Router())
	outside := Config{"external_network_id": Other(externalNetworks, 0)}
	joined := func(subnet int) Config {
		return Config{"interfaces": Config{"one": Config{"subnet_id": Other(subnetPart, subnet)}}}
	}
	k.values = Values{
		"description":         Of("one", "two"),
		"external_network_id": Of(Other(externalNetworks, 0), Other(externalNetworks, 1)),
		"tags":                tagPair(),

		"interfaces.*.subnet_id": {Old: Other(subnetPart, 0), New: Other(subnetPart, 1), Alone: true},
		"interfaces.*.address":   {Old: within(0, 7), New: within(0, 8), With: joined(0), Alone: true},
		"routes.*.cidr":          {Old: "10.9.0.0/16", New: "10.8.0.0/16", With: outside},
		"routes.*.next_hop":      {Old: "203.0.113.77", New: "203.0.113.78", With: outside},

		"openstack.snat":        {Old: true, New: false, With: outside},
		"openstack.admin_state": Of(false, true),
		"openstack.distributed": Of(false, true),
		"openstack.ha":          Of(false, true),
		"openstack.zones":       Of([]any{"nova"}, []any{"nova"}),
	}
	k.elements = map[string]func(b *Bench, n int) Config{
		"interfaces": func(*Bench, int) Config { return Config{"subnet_id": Another(subnetPart)} },
		"routes": func(_ *Bench, n int) Config {
			return Config{"cidr": fmt.Sprintf("10.%d.0.0/16", 10+n), "next_hop": fmt.Sprintf("203.0.113.%d", 70+n)}
		},
	}
	k.stubs = map[string]Config{"interfaces": {"subnet_id": "none"}, "routes": {"cidr": "10.9.0.0/16", "next_hop": "192.0.2.1"}}
	k.besides = map[string]Config{"routes": outside}
	k.update = []string{"description", "external_network_id", "tags"}
	k.byHand = []string{"name", "description", "tags"}
	return k
}
