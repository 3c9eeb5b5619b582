package platform_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func TestKeysInNaturalOrder(t *testing.T) {
	got := platform.Keys(map[string]int{"eth10": 0, "eth2": 0, "eth1": 0, "a": 0, "eth02": 0, "eth": 0, "eth2b": 0})
	want := []string{"a", "eth", "eth1", "eth2", "eth2b", "eth02", "eth10"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
