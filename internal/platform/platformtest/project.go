package platformtest

import (
	"github.com/terraform-virt/terraform-provider-virt/internal/kind"
)

func projectSubject() *subject {
	k := newSubject(kind.Project())
	k.values = Values{
		"description": Of("one", "two"),
		"parent_id":   Of(Other("project", 0), Other("project", 1)),
		"enabled":     Of(true, false),
		"quotas":      Of(Config{"cores": "10"}, Config{"cores": "20", "ram": "4096"}),
		"tags":        tagPair(),
	}
	k.update = []string{"description", "enabled", "quotas", "tags"}
	k.byHand = []string{"name", "description", "enabled", "tags"}
	return k
}
