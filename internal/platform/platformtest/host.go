package platformtest

import (
	"github.com/terraform-virt/terraform-provider-virt/internal/kind"
)

func hostSubject() *subject {
	k := newDataSubject(kind.Host())
	k.volatile = []string{"memory_free"}
	return k
}
