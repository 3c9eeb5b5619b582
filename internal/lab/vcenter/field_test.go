package vcenter_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/vcenter"
)

// TestAttributesWhileCloning defines custom attributes while machines are made: each has every attribute once.
func TestAttributesWhileCloning(t *testing.T) {
	s := open(t, start(t, vcenter.Options{}))
	manager, err := object.GetCustomFieldsManager(s.folder.Client())
	must(t, err)
	const n = 8
	vms := make([]*object.VirtualMachine, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { vms[i] = s.machine(t, fmt.Sprintf("web-%d", i)) })
		wg.Go(func() {
			if _, err := manager.Add(t.Context(), fmt.Sprintf("owner-%d", i), "VirtualMachine", nil, nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, vm := range vms {
		var got mo.VirtualMachine
		must(t, vm.Properties(t.Context(), vm.Reference(), []string{"availableField"}, &got))
		names := map[string]bool{}
		for _, f := range got.AvailableField {
			names[f.Name] = true
		}
		if len(got.AvailableField) != n || len(names) != n {
			t.Errorf("attributes %v, want %d", got.AvailableField, n)
		}
	}
	gone := types.ManagedObjectReference{Type: "VirtualMachine", Value: "vm-none"}
	if err := manager.Set(t.Context(), gone, 1, "x"); err == nil {
		t.Error("a machine that does not exist has an attribute now")
	}
}
