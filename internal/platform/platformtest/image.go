package platformtest

import (
	"maps"

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
	maps.Copy(k.values, openStackImageValues())
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

// openStackImageValues lacks those of web_download, whose source is a URL that the platform's case has. What is protected is
// not deleted, what is hidden is not found by its name.
func openStackImageValues() Values {
	return Values{
		"openstack.visibility":       Of("shared", "private"),
		"openstack.protected":        {Old: true, New: false, Alone: true},
		"openstack.hidden":           {Old: true, New: false, Alone: true},
		"openstack.min_disk":         Of("1GiB", "2GiB"),
		"openstack.min_memory":       Of("64MiB", "128MiB"),
		"openstack.container_format": Of("bare", "ovf"),
		"openstack.properties":       Of(Config{"os_distro": "debian"}, Config{"os_distro": "alpine", "hw_machine_type": "q35"}),
	}
}

const (
	zeros = "0000000000000000000000000000000000000000000000000000000000000000"
	ones  = "1111111111111111111111111111111111111111111111111111111111111111"
)
