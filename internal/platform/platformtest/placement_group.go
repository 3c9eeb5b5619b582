package platformtest

import (
	"github.com/terraform-virt/terraform-provider-virt/internal/kind"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func placementGroupSubject() *subject {
	k := newSubject(kind.PlacementGroup())
	k.values = Values{
		"policy":                 Of(platform.PlacementSpread, platform.PlacementPack),
		"openstack.max_per_host": {Old: 2, New: 3, With: Config{"policy": platform.PlacementSpread}},
	}
	k.minimal = func(*Bench) Config { return Config{"policy": platform.PlacementSpread} }
	k.update = []string{"policy"}
	k.byHand = []string{"name", "policy"}
	return k
}
