package engine_test

import (
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
)

// Rule 12: what the user takes out of the configuration goes back to the platform's default; what was never managed is
// left alone.

func TestRemovalResets(t *testing.T) {
	cases := map[string]struct {
		set    object
		unset  object
		native func(*machine) bool // it is back at the default
	}{
		"text":     {object{"description": "x"}, nil, func(m *machine) bool { return m.Description == nil }},
		"map":      {object{"metadata": object{"a": "b"}}, nil, func(m *machine) bool { return m.Metadata == nil }},
		"map key":  {object{"metadata": object{"a": "b", "c": "d"}}, object{"metadata": object{"a": "b"}}, func(m *machine) bool { return len(m.Metadata) == 1 }},
		"block":    {object{"vsphere": object{"folder": "web"}}, nil, func(m *machine) bool { return m.VSphere == nil }},
		"in block": {object{"placement": object{"host": "h1"}}, object{"placement": object{}}, func(m *machine) bool { return m.Placement.Host == nil }},
		"elements": {object{"disks": object{"a": object{"size": "2GiB"}}}, object{"disks": object{}}, func(m *machine) bool { return len(m.Disks) == 0 }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newCloud()
			m := web(t, fake).Must(t)
			m.Converge(config(c.set))
			if c.native(fake.vms["vm-1"]) {
				t.Fatal("it was never set")
			}
			fake.took()
			m.Converge(config(c.unset))
			if !c.native(fake.vms["vm-1"]) {
				t.Fatalf("not reset: %+v", fake.vms["vm-1"])
			}
			if n := fake.count("update"); n != 1 {
				t.Fatalf("%d updates", n)
			}
		})
	}
}

func TestNeverManagedIsLeftAlone(t *testing.T) {
	fake := newCloud()
	m := web(t, fake).Must(t)
	m.Converge(config())
	vm := fake.vms["vm-1"]
	vm.Description, vm.Metadata, vm.Tags = new("by hand"), map[string]string{"by": "hand"}, map[string]string{"by": "hand"}
	m.Converge(config(object{"cpus": 4}))
	equalTo(t, "description", *vm.Description, "by hand")
	equalTo(t, "metadata", vm.Metadata, map[string]string{"by": "hand"})
	equalTo(t, "tags", vm.Tags, map[string]string{"by": "hand"})
	equalTo(t, "cpus", *vm.CPUs, int64(4))
}

func TestRemovalOfWhatEveryObjectHasKeepsIt(t *testing.T) {
	fake := newCloud()
	m := web(t, fake).Must(t)
	m.Converge(config(object{"cpus": 4, "memory": "4096MiB"}))
	p := m.Plan(config())
	equalTo(t, "action", p.Action, enginetest.NoOp)
	equalTo(t, "cpus", p.At("cpus"), int64(4))
	equalTo(t, "memory as it was spelled", p.At("memory"), "4096MiB")
}
