package platformtest

import (
	"fmt"

	"github.com/terraform-virt/terraform-provider-virt/internal/kind"
)

func networkSubject() *subject {
	k := newSubject(kind.Network())
	k.values = Values{
		"description": Of("one", "two"),
		"vlan":        Of(100, 200),
		"mtu":         Of(1500, 9000),
		"tags":        Of(Config{"role": "web"}, Config{"role": "db", "tier": "1"}),

		"subnets.*.cidr":              Of("10.20.0.0/24", "10.21.0.0/24"),
		"subnets.*.gateway":           Of("10.10.0.1", "10.10.0.2"),
		"subnets.*.dns":               Of([]any{"10.10.0.53"}, []any{"10.10.0.54", "10.10.0.53"}),
		"subnets.*.dhcp.first":        {Old: "10.10.0.10", New: "10.10.0.20", With: dhcp()},
		"subnets.*.dhcp.last":         {Old: "10.10.0.100", New: "10.10.0.110", With: dhcp()},
		"subnets.*.dhcp.reservations": {Old: Config{"00:50:56:01:02:03": "10.10.0.9"}, New: Config{"00:50:56:01:02:03": "10.10.0.8"}, With: dhcp()},

		"docker.driver":       Of("bridge", "overlay"),
		"docker.internal":     {Old: false, New: true, With: Config{"mode": "overlay"}, Alone: true},
		"docker.attachable":   Of(true, false),
		"docker.ingress":      Of(false, true),
		"docker.options":      Of(Config{"com.docker.network.bridge.enable_icc": "false"}, Config{"com.docker.network.bridge.enable_icc": "true"}),
		"docker.ipam_driver":  Of("default", "some-plugin"),
		"docker.ipam_options": Of(Config{"one": "1"}, Config{"one": "2", "two": "2"}),
		"docker.reserved": {
			Old: Config{"router": "10.10.0.7"}, New: Config{"router": "10.10.0.8"},
			With: Config{"subnets": Config{"one": Config{"cidr": "10.10.0.0/24"}}}, Alone: true,
		},
	}
	k.elements = map[string]func(b *Bench, n int) Config{
		"subnets": func(_ *Bench, n int) Config { return Config{"cidr": fmt.Sprintf("10.10.%d.0/24", n)} },
	}
	k.stubs = map[string]Config{"subnets": {"cidr": "10.10.0.0/24"}}
	k.update = []string{"description", "vlan", "mtu", "tags"}
	k.byHand = []string{"name", "description", "vlan", "mtu", "tags", "subnets.*.gateway"}
	return k
}

func dhcp() Config {
	return Config{"subnets": Config{"one": Config{"dhcp": Config{"first": "10.10.0.10", "last": "10.10.0.100"}}}}
}
