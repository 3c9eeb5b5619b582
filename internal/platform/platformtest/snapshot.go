package platformtest

import (
	"github.com/terraform-virt/terraform-provider-virt/internal/kind"
)

func snapshotSubject() *subject {
	k := newSubject(kind.Snapshot())
	k.values = Values{
		"description": Of("one", "two"),
		"machine_id":  Of(Other("machine", 0), Other("machine", 1)),
		"memory":      Of(false, true),
		"quiesce":     Of(false, true),
	}
	k.minimal = func(b *Bench) Config { return Config{"machine_id": b.Other("machine", 0)} }
	k.update = []string{"description"}
	k.byHand = []string{"name", "description"}
	return k
}
