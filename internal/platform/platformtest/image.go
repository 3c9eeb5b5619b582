package platformtest

import (
	"github.com/terraform-virt/terraform-provider-virt/internal/kind"
)

func imageSubject() *subject {
	k := newSubject(kind.Image())
	file := func(n int) func(b *Bench) any { return func(b *Bench) any { return b.File(n) } }
	k.values = Values{
		"source":     Of(file(0), file(1)),
		"format":     Of("raw", "qcow2"),
		"machine_id": {Old: Other("machine", 0), New: Other("machine", 1), Without: []string{"source"}, Alone: true},
		"tags":       Of(Config{"role": "web"}, Config{"role": "db", "tier": "1"}),
		"checksum": {
			Old: "sha256:" + zeros, New: "sha256:" + ones, With: Config{"source": "https://images.invalid/one.raw"}, Alone: true,
		},
	}
	k.minimal = func(b *Bench) Config {
		if a, _ := b.kind.attribute("source"); b.supports(a) {
			return Config{"source": b.File(0)}
		}
		return Config{"machine_id": b.Other("machine", 0)}
	}
	k.update = []string{"tags"}
	k.byHand = []string{"name", "tags"}
	return k
}

const (
	zeros = "0000000000000000000000000000000000000000000000000000000000000000"
	ones  = "1111111111111111111111111111111111111111111111111111111111111111"
)
