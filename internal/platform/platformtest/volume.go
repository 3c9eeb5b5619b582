package platformtest

import (
	"github.com/terraform-virt/terraform-provider-virt/internal/kind"
)

func volumeSubject() *subject {
	k := newSubject(kind.Volume())
	k.values = Values{
		"tags":           Of(Config{"role": "web"}, Config{"role": "db", "tier": "1"}),
		"docker.driver":  Of("local", "local"),
		"docker.options": Of(Config{"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}, Config{"type": "tmpfs", "device": "tmpfs", "o": "size=2m"}),
	}
	k.update = []string{"tags"}
	k.byHand = []string{"tags"}
	return k
}
