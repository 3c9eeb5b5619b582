package platformtest

import (
	"fmt"

	"github.com/terraform-virt/terraform-provider-virt/internal/kind"
)

// publicIPSubject needs the ids of two external networks. Which network adapters can be reached from there may be the
// platform's case to say, as the addresses are.
func publicIPSubject() *subject {
	k := newSubject(kind.PublicIP())
	k.values = Values{
		"description": Of("one", "two"),
		"network_id":  Of(Other(externalNetworks, 0), Other(externalNetworks, 1)),
		"address":     {Old: free(), New: free(), Alone: true},
		"nic_id":      Of(Another(nicPart), Another(nicPart)),
		"tags":        tagPair(),

		"openstack.dns_name":   Of("web", "db"),
		"openstack.dns_domain": Of("app.example.net.", "db.example.net."),
	}
	k.update = []string{"description", "nic_id", "tags"}
	k.byHand = []string{"name", "description", "nic_id", "tags"}
	return k
}

// free is an address that nothing else asks for.
func free() func(*Bench) any {
	return func(b *Bench) any { return fmt.Sprintf("203.0.113.%d", 200+b.serial.Add(1)%50) }
}
