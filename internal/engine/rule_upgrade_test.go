package engine_test

import (
	"errors"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/kind"
)

// Rule 13: the state of every released version leads to the present one, on raw JSON.

// history is the machine as if it had two versions before: version 0 called its description "notes", version 1 kept
// the memory in MiB.
func history(core func(*stage) *enginetest.Core, fake *cloud) (*enginetest.Core, *[]int) {
	ran := &[]int{}
	k := kind.Machine()
	k.Schema.Version = 2
	k.Upgrades = []func(map[string]any) error{
		func(state map[string]any) error {
			*ran = append(*ran, 0)
			state["description"] = state["notes"]
			delete(state, "notes")
			return nil
		},
		func(state map[string]any) error {
			*ran = append(*ran, 1)
			mib, ok := state["memory_mib"].(float64)
			if !ok {
				return errors.New("memory_mib is missing")
			}
			delete(state, "memory_mib")
			if mib == 4096 {
				state["memory"] = "4GiB"
			}
			return nil
		},
	}
	s := newStage(func() *engine.Hub { return hubOf(fake) })
	s.machine = k.Compile()
	return core(s), ran
}

func TestStateUpgrades(t *testing.T) {
	cases := map[string]struct {
		version int64
		json    string
		ran     []int
	}{
		"two versions ago": {0, `{"id":"vm-1","platform":"dc1","name":"web","notes":"x","memory_mib":4096,"cpus":1}`, []int{0, 1}},
		"one version ago":  {1, `{"id":"vm-1","platform":"dc1","name":"web","description":"x","memory_mib":4096,"cpus":1}`, []int{1}},
		"the present one":  {2, `{"id":"vm-1","platform":"dc1","name":"web","description":"x","memory":"4GiB","cpus":1}`, []int{}},
	}
	cfg := config(object{"description": "x", "memory": "4096MiB"})
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newCloud()
			core, ran := history(func(s *stage) *enginetest.Core { return s.core(t) }, fake)
			core.Resource("virt_machine", "first").Must(t).PlanApply(cfg)
			r := core.Resource("virt_machine", "web")
			*ran = []int{}
			r.Load(enginetest.Stored{SchemaVersion: c.version, JSON: []byte(c.json)})
			got := r.Must(t).Refresh().State
			equalTo(t, "steps", *ran, c.ran)
			equalTo(t, "description", got.At("description"), any("x"))
			equalTo(t, "memory", got.At("memory"), any("4GiB"))
			equalTo(t, "what is new", got.At("firmware"), any("bios"))
			r.Must(t).Empty(cfg)
		})
	}
}

func TestFailedStateUpgrade(t *testing.T) {
	core, _ := history(func(s *stage) *enginetest.Core { return s.core(t) }, newCloud())
	r := core.Resource("virt_machine", "web")
	r.Load(enginetest.Stored{SchemaVersion: 0, JSON: []byte(`{"id":"vm-1"}`)})
	got, err := r.Refresh()
	clean(t, err)
	says(t, got.Diags, "", "Cannot upgrade the state of machine", "memory_mib is missing", "version 0")
}

func TestDamagedPrivateData(t *testing.T) {
	fake := newCloud()
	r := web(t, fake)
	r.Must(t).Converge(config())
	stored, err := r.State().Store()
	clean(t, err)
	stored.Private = []byte(`{"virt":"eyJlbmRwb2ludCI6NX0="}`) // base64 of {"endpoint":5}
	r.Load(stored)
	got, err := r.Refresh()
	clean(t, err)
	mentions(t, got.Diags, "", "private data", "import it again")
}
