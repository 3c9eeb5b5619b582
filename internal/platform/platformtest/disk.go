package platformtest

import (
	"github.com/terraform-virt/terraform-provider-virt/internal/kind"
)

func diskSubject() *subject {
	k := newSubject(kind.Disk())
	k.values = Values{
		"size":      Of("1GiB", "2GiB"),
		"source_id": {Old: Other("disk", 0), New: Other("disk", 1), Without: []string{"size"}, Alone: true},
		"tags":      Of(Config{"role": "web"}, Config{"role": "db", "tier": "1"}),

		"openstack.zone":            Of("nova", "nova"),
		"openstack.scheduler_hints": Of(Config{"different_host": Other("disk", 0)}, Config{"different_host": Other("disk", 1)}),
	}
	k.minimal = func(*Bench) Config { return Config{"size": "1GiB"} }
	k.update = []string{"size", "tags"}
	k.byHand = []string{"name", "size", "tags"}
	return k
}
